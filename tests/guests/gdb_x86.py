"""What gdb.py needs to know of x86."""

import re

SETTINGS = ["set architecture i386", "set disassembly-flavor att"]
SYMBOL = "__ia32_sys_umask"
ENTRY = 0x100000
PC = "eip"
STATUS = "eflags"      # a register that GDB must list
RETURN_ADDRESS = "*(unsigned *)$esp"
RESULT = "$eax"
APPEND = "nokaslr"
EARLY = 0x1000000      # where the kernel begins once it is unpacked


def is_kernel(gdb):
    return gdb.value("$cs") & 3 == 0


def is_user(gdb):
    return gdb.value("$cs") & 3 == 3


def remark(gdb):
    return f"cs {gdb.value('$cs'):#x}"


def check_kernel(_):
    return None


def holds(condition, flags):
    c, p, z, s, o = (flags >> bit & 1 for bit in (0, 2, 6, 7, 11))
    value = {"o": o, "b": c, "e": z, "be": c or z, "s": s, "p": p, "l": s != o,
             "le": z or s != o}
    opposite = {"no": "o", "ae": "b", "ne": "e", "a": "be", "ns": "s", "np": "p", "ge": "l",
                "g": "le"}
    return not value[opposite[condition]] if condition in opposite else value[condition]


def after(gdb):
    """Where a step must lead as far as the text of the instruction says it; None: it does not."""
    (_, text), (following, _) = gdb.next_two()
    jump = re.match(r"(call|jmp)\w?\s+(0x[0-9a-f]+)", text)
    if jump:
        return int(jump[2], 16)
    jump = re.match(r"j([a-z]{1,2})\s+(0x[0-9a-f]+)", text)
    if jump and jump[1] not in ("cx", "ec"):
        return int(jump[2], 16) if holds(jump[1], gdb.value("$eflags")) else following
    if re.match(r"ret", text):
        return gdb.value("*(unsigned *)$esp")
    if re.match(r"(call|jmp|j|loop|int|sys|iret|hlt|rep|lret|ljmp|lcall)", text):
        return None
    return following
