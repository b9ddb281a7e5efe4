#!/usr/bin/env python3
"""Exact runs: with --icount two runs are the same, whatever translates and however it is cut.

Traces of the state at every 100,000 instructions, compared by tools/lockstep: interpreter and code
generator over the first 50 million instructions; then, over a whole boot to power-off, the code
generator with itself, with other block lengths, another register allocation and a small cache.
"""

import os
import subprocess
import sys

from guest import CONSOLE, Failure
from kinds import HERE
from results import TREE, Script

script = Script()


def agree(*options):
    def run():
        done = subprocess.run(
            [os.path.join(TREE, "tools/lockstep"), "--limit", "300", "backends", "--every",
             "100000", *options, "--", script.program, "--guest", HERE.name,
             "--kernel", script.files[HERE.kernel],
             "--initrd", script.files["initramfs.cpio.gz"], "--memory", "256M",
             "--append", CONSOLE + " run=true"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0 or "agree" not in done.stdout:
            raise Failure(done.stdout.strip())
        return "up to " + done.stdout.split()[-2]
    return run


script.test("interpreter", agree("--to", "50000000"))
script.test("twice", agree("--first=", "--second="))
script.test("blocks", agree("--first=", "--second=--block-limit 5 --random-alloc 7"))
script.test("cache", agree("--first=--cache 256K --windows 2", "--second="))
sys.exit(script.end())
