#!/usr/bin/env python3
"""Guests of random bytes: whatever they do, the program goes on until it is told to end.

    tests/guests/wild.py PROGRAM-FOLDER [COUNT [FIRST]]

Image N is made from N alone, so one that fails can be run again. There are four kinds, whose details
wild_arm.py, wild_sparc.py and wild_x86.py know: random bytes started in two ways; code that keeps going, because all
its exception vectors lead back into it; and such code with the MMU on and a random page table.
What counts as failure: the program ends by itself in any other way than a guest may cause (power
off: status 0; a reset starts it anew), reports itself as broken, or does not end at SIGTERM.
"""

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time

from guest import with_extra
from kinds import HERE
from results import program_path

image = importlib.import_module("wild_" + HERE.name).image  # (option that takes it, bytes)
RUN = 0.05          # seconds an image runs
END = 5             # seconds SIGTERM may take
AT_ONCE = 2


class Wild:
    """One image being run."""

    def __init__(self, program, number, folder):
        self.number = number
        self.path = os.path.join(folder, f"wild{number}")
        option, data = image(number)
        with open(self.path, "wb") as f:
            f.write(data)
        options = [["--icount"], [], ["--cache", "256K"], ["--block-limit", "3"],
                   ["--backend", "interp"], ["--windows", "2"]][number // 4 % 6]
        self.words = [program, "--guest", HERE.name, option, self.path, "--memory", "16M", "--serial",
                      "none", *with_extra(options)]
        self.began = time.monotonic()
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def judge(self):
        """None, or what went wrong."""
        left = self.began + RUN - time.monotonic()
        try:
            self.process.wait(max(left, 0.001))
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGTERM)
        try:
            errors = self.process.communicate(timeout=END)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return f"it did not end {END} s after SIGTERM"
        os.remove(self.path)
        status = self.process.returncode
        if status not in (0, -signal.SIGTERM) or "tetrapla: " in errors or "broken" in errors:
            return f"status {status}: " + " | ".join(errors.strip().split("\n")[-3:])[:400]
        return None


def main():
    program = program_path()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    failed, running = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + count + AT_ONCE):
            if number < first + count:
                running.append(Wild(program, number, folder))
            if len(running) == AT_ONCE or number >= first + count and running:
                wild = running.pop(0)
                why = wild.judge()
                if why:
                    failed += 1
                    print(f"FAIL wild {wild.number}: {why}: {' '.join(wild.words[1:])}")
    if not failed:
        print(f"ok wild {count} images")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
