"""What gdb.py needs to know of SPARC."""

import re

SETTINGS = ["set architecture sparc", "set endian big"]
SYMBOL = "sys_umask"
# There is no grep among klibc's tools.
FIND = f"while read -r at kind name; do [ $name = {SYMBOL} ] && echo $at && break; done </proc/kallsyms"
ENTRY = 0xf0004000
PC = "pc"
STATUS = "psr"  # a register that GDB must list
RETURN_ADDRESS = "($o7 + 8)"
RESULT = "$o0"
APPEND = ""
EARLY = None  # no address is known that every kernel comes by
SUPERVISOR = 0x80


def is_kernel(gdb):
    return gdb.value("$psr") & SUPERVISOR != 0


def is_user(gdb):
    return not is_kernel(gdb)


def remark(gdb):
    return f"psr {gdb.value('$psr'):#x}"


def check_kernel(_):
    return None


def after(gdb):
    """Where a step must lead: to nPC, unless the slot may be annulled or there is a trap."""
    (_, text), _ = gdb.next_two()
    if re.match(r"f?b\w*,a|t[a-z]+\s|save|restore|rett", text):
        return None
    return gdb.value("$npc")
