"""The images of wild.py for ARM: random bytes, the same behind the header of a zImage, code with
vectors that lead back into it, such code with the MMU on and a random page table.
"""

import random
import struct

RAM = 0x40000000
SIZE = 64 << 10
ENTRY = RAM + 0x10000  # where a raw image is put; the code does not rely on it

# Words with random operands in the bits that are 0 in the mask.
KINDS = [  # (fixed bits, mask): classes worth more than chance gives them
    (0xee000f10, 0xff000f10), (0xee100f10, 0xff100f10),  # MCR, MRC p15
    (0xec400f00, 0xfff00f00), (0xec500f00, 0xfff00f00),  # MCRR, MRRC p15
    (0xe1000000, 0xff900000), (0xe3200000, 0xffb0f000),  # miscellaneous, MSR, hints
    (0xf1000000, 0xfff1fe20), (0xf5000000, 0xff000000),  # CPS, SETEND, barriers, preloads
    (0xe8000000, 0xfe000000), (0xf8000000, 0xfe000000),  # LDM, STM, RFE, SRS
    (0xe1800f90, 0xff800ff0), (0xef000000, 0xff000000),  # exclusives, SVC
    (0xf2000000, 0xfe000000), (0xf4000000, 0xff100000),  # NEON
    (0xec000a00, 0xfe000e00), (0xee000a00, 0xff000e00),  # VFP
    (0xea000000, 0xff000000), (0xe4000000, 0xfe000000),  # branches, loads and stores
]
BRANCHES = 0xea000000


def words(rng, count):
    out = []
    for _ in range(count):
        choice = rng.random()
        word = rng.getrandbits(32)
        if choice < 0.35:
            fixed, mask = rng.choice(KINDS)
            word = word & ~mask & 0xffffffff | fixed
            if fixed == BRANCHES:  # near ones: they stay in the image
                word = fixed | rng.randrange(-64, 64) & 0xffffff
        elif choice < 0.75:
            word = word & 0x0fffffff | 0xe0000000
        out.append(word)
    return out


# Each vector goes on somewhere behind the prologue. r12 moves, so not always at the same place.
VECTORS = [
    0xe28cc044,  # 1: add ip, ip, #0x44
    0xe3ccc803,  #    bic ip, ip, #0x30000
    0xe3ccc003,  #    bic ip, ip, #3
    0xe28f0a01,  #    add r0, pc, #0x1000
    0xe080000c,  #    add r0, r0, ip
    0xe1a0f000,  #    mov pc, r0
]


def prologue(mmu):
    """Vectors at the next page of the image; with mmu, tables behind it, and the MMU on."""
    code = [
        0xe28f0c01,  # add r0, pc, #0x100         8 + 0x100
        0xe2400008,  # sub r0, r0, #8             → the vectors at offset 0x100
        0xee0c0f10,  # mcr p15, 0, r0, c12, c0, 0 VBAR
        0xe3a0c000,  # mov ip, #0
    ]
    if mmu:
        code += [
            0xe28f0901,  # add r0, pc, #0x4000
            0xe3c00dff,  # bic r0, r0, #0x3fc0
            0xe3c0003f,  # bic r0, r0, #0x3f      table: 16 KiB aligned, behind here
            0xe1a01a20,  # lsr r1, r0, #20
            0xe1a02a01,  # lsl r2, r1, #20
            0xe3822b03,  # orr r2, r2, #0xc00     section, full access
            0xe3822002,  # orr r2, r2, #2
            0xe7802101,  # str r2, [r0, r1, lsl #2]  this megabyte as it is
            0xee020f10,  # mcr p15, 0, r0, c2, c0, 0
            0xe3e02000,  # mvn r2, #0
            0xee032f10,  # mcr p15, 0, r2, c3, c0, 0  all domains: manager
            0xee112f10,  # mrc p15, 0, r2, c1, c0, 0
            0xe3822001,  # orr r2, r2, #1
            0xee012f10,  # mcr p15, 0, r2, c1, c0, 0
        ]
    code += [0xea000000 | (0x200 - 4 * len(code) - 8) >> 2]  # b 0x200
    code += [0] * (0x40 - len(code))
    code += [0xea000000 | (0x20 - 4 * n - 8 & 0x3ffffff) >> 2 for n in range(8)] + VECTORS
    return code + [0xe320f000] * (0x80 - len(code))


def image(number):
    rng = random.Random(number)
    kind = number % 4
    if kind == 0:
        return "--kernel", rng.randbytes(SIZE)
    if kind == 1:
        code = bytearray(rng.randbytes(SIZE))
        code[0:8 * 4] = struct.pack("<8I", *[0xe1a00000] * 8)  # as a real one: first no-ops
        struct.pack_into("<III", code, 0x24, 0x016f2818, 0, SIZE)
        struct.pack_into("<I", code, 0x20, 0xea000000 | 2 + rng.randrange(1000))
        return "--kernel", bytes(code)
    code = prologue(kind == 3)
    code += words(rng, SIZE // 4 - len(code))
    if kind == 3:  # most of a random table maps RAM, in sections with all rights and attributes
        for n in range(0x1000, SIZE // 4):
            if rng.random() < 0.7:
                code[n] = RAM | rng.randrange(16) << 20 | rng.getrandbits(20) & 0xfffec | 2
            elif rng.random() < 0.5:
                code[n] = RAM | rng.randrange(SIZE >> 10) << 10 | 1
    return "--kernel", struct.pack(f"<{len(code)}I", *code)
