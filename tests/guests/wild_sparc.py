"""The images of wild.py for SPARC: random bytes as firmware, an ELF program of random bytes, one whose
trap table leads back into it, such a program with random tables of the MMU.
"""

import random
import struct

SIZE = 64 << 10
START = 0xf0004000  # where the program is linked, as Linux
HANDLER_WORD, TABLE_WORD, CODE_WORD = 0x200, 0x400, 0x800  # of the program
TABLE, CODE = START + 4 * TABLE_WORD, START + 4 * CODE_WORD
CONTEXTS, REGIONS, RANDOM = 0x8000, 0x8400, 0x9000  # tables of the MMU, physical addresses
G0, G7, O7, L0, L1 = 0, 7, 15, 16, 17
ADD, AND, OR, ANDN, SLL, RD_PSR, WR_PSR, WR_WIM, WR_TBR, JMPL = (
    0x00, 0x01, 0x02, 0x05, 0x25, 0x29, 0x31, 0x32, 0x33, 0x38)
STA = 0x14
NOP = 0x01000000
MOST_RAM = 0x1000000  # all entries but a tenth lead there
WRITES = 0x81800000  # of Y, PSR, WIM, TBR

# Words with random operands in the bits that are 0 in the mask.
KINDS = [  # (fixed bits, mask): classes worth more than chance gives them
    (WRITES, 0xc1e00000), (0x81400000, 0xc1e00000),  # WRPSR and its neighbours, RDPSR and its
    (0x81e00000, 0xc1e80000), (0x81c00000, 0xc1e00000),  # SAVE, RESTORE, JMPL, RETT, Ticc, FLUSH
    (0xc0800000, 0xc0802000), (0xc0a00060, 0xc0a02fe0),  # alternate spaces; flushes
    (0xc0a00080, 0xc0a02fe0), (0xc0801fe0, 0xc0803fe0),  # the MMU's registers; calls of the board
    (0xc0680000, 0xc0f80000), (0xc0180000, 0xc0980000),  # LDSTUB, SWAP; LDD, STD
    (0x81a00000, 0xc1f00000), (0xc1000000, 0xc1800000),  # floating point and its loads
    (0x10800000, 0x11c00000), (0x00800000, 0x01c00000),  # branches
]
BRANCHES = (0x10800000, 0x00800000)


def three(op3, rd, rs1, second, op=2):
    """A word of format 3; second: a register, or (number,)."""
    second = 1 << 13 | second[0] & 0x1fff if isinstance(second, tuple) else second
    return op << 30 | rd << 25 | op3 << 19 | rs1 << 14 | second


def sethi(rd, value):
    return rd << 25 | 4 << 22 | value >> 10


def go(words):
    return 0x10800000 | words & 0x3fffff  # ba


def words(rng, count):
    out = []
    for _ in range(count):
        choice = rng.random()
        word = rng.getrandbits(32)
        if choice < 0.35:
            fixed, mask = rng.choice(KINDS)
            word = word & ~mask & 0xffffffff | fixed
            if fixed in BRANCHES:  # near ones: they stay in the image
                word = word & 0xffc00000 | rng.randrange(-64, 64) & 0x3fffff
        elif choice < 0.75:
            word = word & 0x7fffffff | 0x80000000 if word >> 30 & 1 else word | 0x80000000
        if word & 0xc1e00000 == WRITES and rng.random() < 0.95:
            word &= ~(3 << 19)  # WRY: the others soon end all
        out.append(word)
    return out


# Each trap goes on somewhere in the code. %g7 moves, so not always at the same place.
HANDLER = [
    three(WR_WIM, 0, G0, (0,)),
    three(RD_PSR, L0, 0, 0),
    three(OR, L0, L0, (0x20,)),  # traps again
    three(WR_PSR, 0, L0, (0,)), NOP, NOP, NOP,
    three(ADD, G7, G7, (0x44,)),
    three(AND, L1, G7, (0xffc,)),
    three(SLL, L1, L1, (3,)),
    sethi(L0, CODE),
    three(JMPL, G0, L0, L1), NOP,
]


def prologue(mmu):
    """From START to CODE: a beginning, and the handler of traps, and their table."""
    code = [sethi(L0, TABLE), three(WR_TBR, 0, L0, (0,))]
    if mmu:
        code += [three(OR, L0, G0, (CONTEXTS >> 4,)), three(OR, L1, G0, (0x100,)),
                 three(STA, L0, L1, 4 << 5, op=3),   # the MMU's context table
                 three(OR, L1, G0, (0x400,)),
                 three(STA, G0, L1, 3 << 5, op=3)]   # all is flushed
    code += [three(RD_PSR, L0, 0, 0), three(ANDN, L0, L0, (0xf00,)), sethi(L1, 0x1000),
             three(OR, L0, L0, L1), three(WR_PSR, 0, L0, (0,)), NOP, NOP, NOP]
    code += [go(CODE_WORD - len(code)), NOP]
    code += [NOP] * (HANDLER_WORD - len(code)) + HANDLER
    code += [NOP] * (TABLE_WORD - len(code))
    while len(code) < CODE_WORD:
        code += [go(HANDLER_WORD - len(code)), NOP, NOP, NOP]
    return code


def random_entry(rng):
    """An entry of a table: mostly pages of RAM with all rights, or a further table."""
    choice = rng.random()
    if choice < 0.6:
        return rng.randrange(MOST_RAM) >> 4 & 0xfff00 | rng.getrandbits(8) & 0xfc | 2
    if choice < 0.9:
        return rng.randrange(RANDOM, SIZE, 0x100) >> 4 | 1
    return rng.getrandbits(32)


def tables(rng, code):
    """Random tables in the words of a program; the region that it runs in is as it was."""
    first = (START & 0xffffff) // 4
    for at in range(CONTEXTS // 4, len(code) + first):
        code[at - first] = random_entry(rng)
    code[CONTEXTS // 4 - first] = REGIONS >> 4 | 1
    code[REGIONS // 4 - first + (START >> 24)] = 0x80 | 3 << 2 | 2


def program(code):
    """An ELF file that is loaded and begins at START."""
    header = b"\x7fELF\1\2\1" + bytes(9) + struct.pack(
        ">HHIIIIIHHHHHH", 2, 2, 1, START, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    segment = struct.pack(">IIIIIIII", 1, 84, START, START, len(code), len(code), 7, 8)
    return header + segment + code


def image(number):
    rng = random.Random(number)
    kind = number % 4
    if kind == 0:
        return "--bios", rng.randbytes(SIZE)
    if kind == 1:
        return "--kernel", program(rng.randbytes(SIZE))
    code = prologue(kind == 3)
    code += words(rng, SIZE // 4 - len(code))
    if kind == 3:
        tables(rng, code)
    return "--kernel", program(struct.pack(f">{len(code)}I", *code))
