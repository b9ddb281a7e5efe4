#!/usr/bin/env python3
"""--dump, --stats and tools/dump-host, on the first instructions of a kernel."""

import os
import re
import subprocess
import sys

from guest import Failure
from results import TREE, Script

script = Script()

# Letters, and a line that each must print.
LETTERS = {
    "g": r"^guest block 40\w+ mode",
    "i": r"^IR after lift",
    "sc": r"^IR after state",
    "d": r"^IR after dead",
    "r": r"insn 0x40\w+\s",
    "h": r"^host \w+:( [0-9a-f]{2}){16}$",
    "e": r"^enter 40\w+ mode \w+ flags \w+( \w{8}){16}$",
    "w": r"^mmu fill 40\w+ map operations",
    "v": None,
}


def dump(letters, *options, limit="20000"):
    run = subprocess.run(
        [script.program, "--kernel", script.files["vmlinuz"], "--memory", "64M", "--icount",
         "--trace-state", f"/dev/null,to={limit}", "--dump", letters, *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        timeout=60, check=False)
    if run.returncode != 3:
        raise Failure(f"--dump {letters}: exit status {run.returncode}")
    return run.stderr


def letters():
    for word, pattern in LETTERS.items():
        text = dump(word)
        if pattern and not re.search(pattern, text, re.M):
            raise Failure(f"--dump {word} does not print {pattern}")
    quiet = dump("v")
    if "IR" in quiet or "host" in quiet:
        raise Failure("--dump v prints something")


def disassembly():
    run = subprocess.run([os.path.join(TREE, "tools/dump-host")], input=dump("gh", limit="2000"),
                         stdout=subprocess.PIPE, text=True, check=True)
    lines = run.stdout.split("\n")
    code = [line for line in lines if re.match(r"  [0-9a-f]{8,}  [a-z]", line)]
    if any(line.startswith("host ") for line in lines) or "(bad)" in run.stdout:
        raise Failure("it is not all disassembled")
    if len(code) < 100 or not any("guest block" in line for line in lines):
        raise Failure("something is missing")
    return f"{len(code)} instructions"


def stats():
    text = dump("", "--stats", limit="3000000")
    if "3000000 guest instructions run" not in text:
        raise Failure("the number of instructions is not exact")
    for name in ("nanoseconds translating", "in translated code", "in the dispatcher"):
        if not re.search(rf"^ *[1-9]\d* +{name}", text, re.M):
            raise Failure(f"--stats does not say how long: {name}")


script.test("letters", letters)
script.test("dump-host", disassembly)
script.test("stats", stats)
sys.exit(script.end())
