"""What the scripts here share: the files of the guest, a line per test, the exit status.

GUEST_PROGRAM in the environment names the folder of the program, hosted if it is not set.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from guest import REDUCED, Failure
from kinds import HERE

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def guest_files():
    """{name: path} of the guest in the cache, fetched if need be."""
    run = subprocess.run([os.path.join(TREE, "tools", "fetch-guests"), "--where", HERE.name],
                         stdout=subprocess.PIPE, text=True, check=True)
    return {line.split(" ", 1)[0].split("/", 1)[1]: line.split(" ", 1)[1]
            for line in run.stdout.splitlines()}


def program_path():
    return os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build",
                        os.environ.get("GUEST_PROGRAM") or "hosted", "tetrapla")


class Script:
    """The tests of one file: script.test(name, function); script.end() is the exit status.

    A reduced pass runs two at a time: they wait for translated code, not for time."""

    def __init__(self):
        self.program = program_path()
        self.only = sys.argv[2:]
        self.files = guest_files()
        self.failed = 0
        self.pool = ThreadPoolExecutor(2 if REDUCED else 1)

    def test(self, name, function):
        """Run it now, or in a reduced pass soon; its result is printed when it is there."""
        if self.only and name not in self.only:
            return
        done = self.pool.submit(self.run, name, function)
        if not REDUCED:
            done.result()

    def run(self, name, function):
        began = time.monotonic()
        try:
            remark = function() or ""
            line = f"ok {name} {remark}".rstrip() + f" ({time.monotonic() - began:.1f} s)"
        except Exception as failure:  # in a thread, others would go unseen
            self.failed += 1
            kind = "" if isinstance(failure, (Failure, OSError)) else type(failure).__name__ + " "
            line = f"FAIL {name} {kind}" + str(failure).replace("\n", " | ")
        print(line, flush=True)

    def skip(self, name, reason):
        print(f"skip {name}: {reason}", flush=True)

    def end(self):
        self.pool.shutdown()
        return 1 if self.failed else 0
