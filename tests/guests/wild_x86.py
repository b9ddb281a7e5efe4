"""The images of wild.py for x86: firmware of random bytes, and of code in real mode with vectors that
lead back into it; Multiboot kernels of code with such an IDT, and with paging on besides.

Code is random bytes, half of them forms worth more than chance gives them. Control registers,
descriptor tables and ports are written at random; so most images end in a shutdown, which resets.
"""

import random
import struct

SIZE = 64 << 10
LOAD = 0x100000      # where a kernel is put
IDT, GDT, TABLE, CODE = 0x800, 0x1000, 0x2000, 0x3000  # offsets in a kernel
STACK = LOAD + SIZE + 0x8000
MAGIC, FLAGS = 0x1badb002, 0x10000

# Forms: bytes; None is a random byte.
FORMS = [
    [0x0f, 0x20, None], [0x0f, 0x22, None], [0x0f, 0x21, None], [0x0f, 0x23, None],  # MOV CR, DR
    [0x0f, 0x01, None], [0x0f, 0x00, None], [0x0f, 0x06], [0x0f, 0x08], [0x0f, 0x09],  # tables, TLB
    [0x8e, None], [0x8c, None], [0x07], [0x1f], [0x0f, 0xa1], [0xc4, None], [0x0f, 0xb2, None],
    [0xea, None, None, None, None, 0x10, 0], [0x9a, None, None, None, None, 0x10, 0], [0xcb], [0xcf],
    [0xcd, None], [0xcc], [0xce], [0x0f, 0x34], [0x0f, 0x35], [0xf4], [0xfa], [0xfb],
    [0x0f, 0x30], [0x0f, 0x32], [0x0f, 0xa2], [0x0f, 0x31], [0x9c], [0x9d], [0x0f, 0xae, None],
    [0xf3, 0xa4], [0xf3, 0xab], [0xf2, 0xae], [0xf3, 0x6d], [0xf3, 0xa6], [0xe4, None], [0xe6, None],
    [0xec], [0xee], [0xef], [0xff, None], [0xf7, None], [0xf6, None], [0x8d, None], [0x0f, None],
    [0x66, 0x0f, None, None], [0xf2, 0x0f, None, None], [0xf3, 0x0f, None, None], [0x66], [0x67],
    [0xd8, None], [0xd9, None], [0xdb, None], [0xdd, None], [0xdf, None], [0x9b], [0x62, None],
    [0xeb, None], [0x74, None], [0xe2, None], [0xe8, None, 0, 0, 0], [0xf0, 0x0f, 0xb1, None],
    [0xb9, None, 0, 0, 0], [0xb9, 0x74, 1, 0, 0], [0xb9, 0x1b, 0, 0, 0], [0xc8, None, None, None],
]


def code(rng, count):
    out = bytearray()
    while len(out) < count:
        if rng.random() < 0.5:
            out += bytes(rng.randrange(256) if b is None else b for b in rng.choice(FORMS))
        else:
            out += rng.randbytes(rng.randrange(1, 6))
    return out[:count]


def target(rng):
    return rng.randrange(CODE, SIZE - 0x100)


def firmware(rng, body):
    """64 KiB that end with the reset vector, a far jump to a routine that fills the vector table."""
    fill = bytes([
        0x31, 0xff, 0x8e, 0xc7, 0x8e, 0xd7, 0xbc, 0x00, 0x7c,  # xor di, di; mov es, di; mov ss, di; ...
        0xbe, 0x00, 0x08, 0xb9, 0x00, 0x02,                    # mov si, IDT; mov cx, 512
        0x2e, 0xf3, 0xa5,                                      # rep cs movsw
        0xe9]) + struct.pack("<H", CODE - 0x115)               # jmp CODE
    image = bytearray(body)
    image[0x100:0x100 + len(fill)] = fill
    image[IDT:IDT + 0x400] = b"".join(struct.pack("<HH", target(rng), 0xf000) for _ in range(256))
    image[-16:-11] = b"\xea" + struct.pack("<HH", 0x100, 0xf000)
    return bytes(image)


def gate(rng):
    """To the image mostly; some are of random kinds."""
    at, kind = LOAD + target(rng), rng.choice([0x8e, 0x8f, 0x8e, 0xee, 0xef])
    if rng.random() < 0.1:
        kind = rng.randrange(256)
    return struct.pack("<HHBBH", at & 0xffff, 0x10, 0, kind, at >> 16)


def kernel(rng, paging):
    """A Multiboot kernel: lgdt, lidt, a stack, with paging 4 MiB pages of which the first is sane."""
    start = bytes([0x0f, 0x01, 0x15]) + struct.pack("<I", LOAD + 0x7e0)
    start += bytes([0x0f, 0x01, 0x1d]) + struct.pack("<I", LOAD + 0x7e8)
    start += b"\xbc" + struct.pack("<I", STACK)
    if paging:
        start += bytes([0x0f, 0x20, 0xe0, 0x0c, 0x10, 0x0f, 0x22, 0xe0])  # CR4.PSE
        start += b"\xb8" + struct.pack("<I", LOAD + TABLE) + bytes([0x0f, 0x22, 0xd8])
        start += bytes([0x0f, 0x20, 0xc0, 0x0d, 0, 0, 0, 0x80, 0x0f, 0x22, 0xc0])  # CR0.PG
    start += b"\xe9" + struct.pack("<i", CODE - 0x20 - len(start) - 5)
    image = bytearray(code(rng, SIZE))
    struct.pack_into("<8I", image, 0, MAGIC, FLAGS, -(MAGIC + FLAGS) & 0xffffffff, LOAD, LOAD,
                     LOAD + SIZE, LOAD + SIZE, LOAD + 0x20)
    image[0x20:0x20 + len(start)] = start
    struct.pack_into("<HI", image, 0x7e0, 0xfff, LOAD + GDT)
    struct.pack_into("<HI", image, 0x7e8, 0x7ff, LOAD + IDT)
    image[IDT:GDT] = b"".join(gate(rng) for _ in range(256))
    struct.pack_into("<4Q", image, GDT, 0, 0, 0x00cf9a000000ffff, 0x00cf92000000ffff)
    if paging:
        for n in range(1024):
            entry = rng.randrange(4) << 22 | rng.getrandbits(12) & 0xf7f | 0x81
            if n == 0:
                entry = 0x87
            elif rng.random() < 0.3:
                entry = rng.getrandbits(32)
            struct.pack_into("<I", image, TABLE + 4 * n, entry)
    return bytes(image)


def image(number):
    rng = random.Random(number)
    kind = number % 4
    if kind == 0:
        return "--bios", rng.randbytes(SIZE)
    if kind == 1:
        return "--bios", firmware(rng, code(rng, SIZE))
    return "--kernel", kernel(rng, kind == 3)
