"""What gdb.py needs to know of ARM."""

import re

SETTINGS = ["set architecture arm"]
SYMBOL = "sys_umask"
ENTRY = 0x40010000
PC = "pc"
STATUS = "cpsr"        # a register that GDB must list
RETURN_ADDRESS = "(unsigned)$lr"
RESULT = "$r0"
APPEND = ""
EARLY = 0xffff0008     # is reached while the kernel starts
SVC, USER = 0x13, 0x10


def is_kernel(gdb):
    return gdb.value("$cpsr") & 31 == SVC


def is_user(gdb):
    return gdb.value("$cpsr") & 31 == USER


def remark(gdb):
    return "Thumb" if gdb.value("$cpsr") >> 5 & 1 else "ARM"


def check_kernel(gdb):
    """None, or what is wrong with what GDB sees of the kernel."""
    vector = gdb.value("*(unsigned *)0xffff0008")
    return None if vector >> 16 == 0xe59f else f"the system call vector holds {vector:#x}"


def holds(condition, cpsr):
    n, z, c, v = (cpsr >> bit & 1 for bit in (31, 30, 29, 28))
    return {"eq": z, "ne": not z, "cs": c, "cc": not c, "mi": n, "pl": not n, "vs": v,
            "vc": not v, "hi": c and not z, "ls": not c or z, "ge": n == v, "lt": n != v,
            "gt": not z and n == v, "le": z or n != v, "": True}[condition]


def after(gdb):
    """Where a step must lead as far as the text of the instruction says it; None: it does not."""
    (_, text), (following, _) = gdb.next_two()
    jump = re.match(r"(b|bl)(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|)(?:\.[nw])?\s+(0x[0-9a-f]+)",
                    text)
    if jump:
        return int(jump[3], 16) if holds(jump[2], gdb.value("$cpsr")) else following
    if re.match(r"(svc|blx|cbn?z|tb[bh])|.*\bpc\b|.*\^", text):
        return None
    if re.match(r"bx\w*\s+lr", text):
        return gdb.value("$lr") & ~1 if text.startswith("bx\t") else None
    return following
