"""What the scripts here share: the files of the guest, a line per test, the exit status."""

import os
import subprocess
import sys
import time

from guest import Failure

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def guest_files():
    """{name: path} of the ARM guest in the cache, fetched if need be."""
    run = subprocess.run([os.path.join(TREE, "tools", "fetch-guests"), "--where", "arm"],
                         stdout=subprocess.PIPE, text=True, check=True)
    return {line.split(" ", 1)[0].split("/", 1)[1]: line.split(" ", 1)[1]
            for line in run.stdout.splitlines()}


class Script:
    """The tests of one file: script.test(name, function); script.end() is the exit status."""

    def __init__(self):
        self.program = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build",
                                    "hosted", "tetrapla")
        self.only = sys.argv[2:]
        self.files = guest_files()
        self.failed = 0

    def test(self, name, function):
        if self.only and name not in self.only:
            return
        began = time.monotonic()
        try:
            remark = function() or ""
            line = f"ok {name} {remark}".rstrip() + f" ({time.monotonic() - began:.1f} s)"
        except (Failure, OSError) as failure:
            self.failed += 1
            line = f"FAIL {name} " + str(failure).replace("\n", " | ")
        print(line, flush=True)

    def end(self):
        return 1 if self.failed else 0
