#!/usr/bin/env python3
"""No vector or x87 instruction is reached from the fault upcall: the registers there are the guest's.

    check.py [PROGRAM]     an ELF file of the VM task, with symbols

Follows calls and jumps in the disassembly from `upcall_handler`, and from what it calls through pointers:
walks of page tables, the code generator's way out. `vm_broken` ends the machine, so it may do anything.
Upcalls are entered with registers live and leave without loading them (vm.h), so one instruction is enough to
corrupt a guest, once in a while.
"""

import os
import re
import subprocess
import sys

ROOTS = ("upcall_handler", "arm_walk", "x86_walk", "sparc_walk")
ALSO = r"^\w*escape$"  # of the code generator
END = ("vm_broken",)
LIVE = re.compile(r"%[xyz]mm\d|%st\b|%mm\d|^(f(?!s:)[a-z0-9]+|emms|v[a-z0-9]+|ldmxcsr|stmxcsr)\b")
BRANCH = re.compile(r"^(?:call|jmp|j[a-z]+)\s+([0-9a-f]+) <")


def disassemble(path):
    """{address: (name, instructions, addresses branched to)}, a function each."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    functions, now = {}, None
    for line in text.splitlines():
        head = re.match(r"^([0-9a-f]+) <(.+)>:$", line)
        if head:
            now = functions.setdefault(int(head[1], 16), (head[2], [], set()))
            continue
        part = line.split("\t")
        if now is None or len(part) < 2:
            continue
        now[1].append(part[1].strip())
        to = BRANCH.match(part[1])
        if to:
            now[2].add(int(to[1], 16))
    return functions


def main():
    built = os.path.join(os.path.dirname(sys.argv[0]), "../programs/vm.full.elf")
    functions = disassemble(sys.argv[1] if len(sys.argv) > 1 else built)
    starts = sorted(functions)
    by_name = {}
    for at in starts:
        by_name.setdefault(functions[at][0], []).append(at)
    roots = [at for name, places in by_name.items() for at in places
             if name in ROOTS or re.match(ALSO, name)]
    missing = [name for name in ROOTS if name not in by_name]
    seen, todo, bad = {}, [(at, None) for at in roots], []
    while todo:
        at, via = todo.pop()
        if at in seen or at not in functions or functions[at][0] in END:
            continue
        seen[at] = via
        todo += [(to, at) for to in functions[at][2]]
    for at in seen:
        live = [text for text in functions[at][1] if LIVE.search(text)]
        if live:
            way, via = functions[at][0], seen[at]
            while via is not None:
                way, via = functions[via][0] + " > " + way, seen[via]
            bad.append(f"{way}: {live[0]}")
    if missing or bad or len(seen) < 50:
        print("FAIL faultpath:", "; ".join([f"there is no {name}" for name in missing] + bad)
              or f"only {len(seen)} functions found")
        return 1
    print(f"ok faultpath: {len(seen)} functions")
    return 0


sys.exit(main())
