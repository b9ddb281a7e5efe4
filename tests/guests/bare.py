#!/usr/bin/env python3
"""Small kernels of our own, tests/guest/*.S, for what Linux does too rarely or never.

Each is started as a raw image and ends by itself: power-off (status 0) if all was right, else reset.
"""

import os
import shutil
import subprocess
import sys
import tempfile

from guest import Failure, with_extra
from results import TREE, Script

script = Script()
COMPILER, OBJCOPY = "arm-linux-gnueabihf-gcc", "arm-linux-gnueabihf-objcopy"
ENTRY = "0x40010000"


def image(name, folder):
    source = os.path.join(TREE, "tests/guest", name + ".S")
    elf, raw = (os.path.join(folder, name + ending) for ending in (".elf", ".bin"))
    subprocess.run([COMPILER, "-nostdlib", "-static", "-Wl,--build-id=none", "-Wl,-Ttext=" + ENTRY,
                    "-o", elf, source], check=True)
    subprocess.run([OBJCOPY, "-O", "binary", elf, raw], check=True)
    return raw


def right(path, *options):
    def run():
        done = subprocess.run([script.program, "--kernel", path, "--memory", "16M", "--serial", "none", "--no-reboot",
                               *with_extra(options)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60, check=False)
        if done.returncode:
            raise Failure(f"status {done.returncode}: {done.stdout.strip()[-300:]}")
    return run


if shutil.which(COMPILER) is None:
    script.skip("bare", f"there is no {COMPILER}")
    sys.exit(script.end())
with tempfile.TemporaryDirectory() as place:
    domains = image("domains", place)
    script.test("bare-domains", right(domains))
    script.test("bare-domains-windows-2", right(domains, "--windows", "2"))
    script.test("bare-domains-interpreter", right(domains, "--backend", "interp"))
    script.test("bare-domains-icount", right(domains, "--icount", "--block-limit", "2"))
    loops = image("loops", place)
    script.test("bare-loops", right(loops))
    script.test("bare-loops-interpreter", right(loops, "--backend", "interp"))
    script.test("bare-loops-icount", right(loops, "--icount", "--block-limit", "2"))
sys.exit(script.end())
