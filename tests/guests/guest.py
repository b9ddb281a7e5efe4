"""A guest in the hosted translator: start it, read its serial console, type, measure its memory.

The console is the program's standard input and output. Everything that came is kept; wait() looks
only at what came after the last match, so a prompt is never taken for an older one.

What differs between architectures is in kinds.py. Two variables of the environment serve second
passes (tests/suites.txt): GUEST_OPTIONS holds options for every guest that does not have them already;
GUEST_REDUCED, where those make guests slow, asks for less work and more patience. GUEST_PATIENCE=N
multiplies the time limits, on a busy machine.
"""

import os
import re
import select
import signal
import subprocess
import time

from kinds import HERE

CONSOLE = f"console={HERE.console} quiet"
PROMPT = rb"/ # (\x1b\[6n)?"  # busybox's shell, which asks the terminal where the cursor is


REDUCED = bool(os.environ.get("GUEST_REDUCED"))
PATIENCE = (10 if REDUCED else 1) * int(os.environ.get("GUEST_PATIENCE") or 1)  # of busy machines


def with_extra(options):
    """The options, and those of GUEST_OPTIONS (--NAME=VALUE ...) that are not among them."""
    given = {option.lstrip("-").split("=")[0] for option in options if option.startswith("-")}
    return list(options) + [option for option in os.environ.get("GUEST_OPTIONS", "").split()
                            if option.lstrip("-").split("=")[0] not in given]


class Failure(Exception):
    """The guest did not do what was expected; the text says what, and ends with its last lines."""


class Guest:
    def __init__(self, program, kernel=None, initrd=None, append="", memory="256M", options=()):
        words = [program, "--guest", HERE.name, "--memory", memory, *with_extra(options)]
        if kernel:
            words += ["--kernel", kernel]
        if kernel and append is not None:
            words += ["--append", (CONSOLE + " " + append).strip()]
        if initrd:
            words += ["--initrd", initrd]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.text = b""   # all the console said
        self.errors = b""  # and what the program said on standard error
        self.seen = 0
        self.began = time.monotonic()
        self.commands = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def tail(self):
        lines = self.text.decode(errors="replace").replace("\r", "").split("\n")
        return " | ".join(line for line in lines[-6:] if line.strip())[-500:]

    def read(self, seconds):
        """Take what comes within that time; False at the end of both streams."""
        streams = [s for s in (self.process.stdout, self.process.stderr) if not s.closed]
        for stream in select.select(streams, [], [], seconds)[0]:
            data = os.read(stream.fileno(), 65536)
            if not data:
                stream.close()
            elif stream is self.process.stdout:
                self.text += data
            else:
                self.errors += data
        return not (self.process.stdout.closed and self.process.stderr.closed)

    def wait(self, pattern, limit):
        """Until the pattern (bytes) comes; the match."""
        limit *= PATIENCE
        end = time.monotonic() + limit
        while True:
            found = re.compile(pattern).search(self.text, self.seen)
            if found:
                self.seen = found.end()
                return found
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f"no {pattern.decode()!r} in {limit} s: {self.tail()}")
            if not self.read(min(left, 1)):
                raise Failure(f"it ended without {pattern.decode()!r}: {self.tail()} "
                              + self.errors.decode(errors="replace")[-300:])

    def send(self, text):
        self.process.stdin.write(text if isinstance(text, bytes) else text.encode())
        self.process.stdin.flush()

    def shell(self, limit=60):
        """Until the first prompt; seconds since the start."""
        self.wait(PROMPT, limit)
        return time.monotonic() - self.began

    def run(self, command, limit=30):
        """What a shell command prints (text, without carriage returns); its status must be 0."""
        self.commands += 1
        mark = f"end-{self.commands}-"
        self.send(f"{command}; echo {mark}$?\n")
        # The echo of what was typed, which the shell breaks at 80 columns.
        self.wait(rb"\s*".join(re.escape(c.encode()) for c in mark + "$?\n"), 10)
        start = self.seen
        end = self.wait(re.escape(mark.encode()) + rb"(\d+)\r?\n", limit)
        output = self.text[start:end.start()].decode(errors="replace").replace("\r", "")
        self.wait(PROMPT, 10)
        if end[1] != b"0":
            raise Failure(f"{command}: status {end[1].decode()}: {output[-300:]}")
        return output

    def end(self, limit=20):
        """Read until the program ends; its exit status."""
        limit *= PATIENCE
        stop = time.monotonic() + limit
        while self.read(0.2) or self.process.poll() is None:
            if time.monotonic() > stop:
                raise Failure(f"it has not ended in {limit} s: {self.tail()}")
        return self.process.wait()

    def power_off(self):
        self.send("poweroff -f\n")
        return self.end()

    def terminate(self, limit=5):
        """SIGTERM; the status, negative: the signal it died of."""
        self.process.send_signal(signal.SIGTERM)
        return self.end(limit)

    def kilobytes(self):
        """Pss + page tables of the process."""
        total = 0
        for file, name in (("smaps_rollup", "Pss"), ("status", "VmPTE")):
            with open(f"/proc/{self.process.pid}/{file}", encoding="ascii") as f:
                total += int(re.search(rf"^{name}:\s+(\d+) kB", f.read(), re.M)[1])
        return total

    def seconds_by_thread(self):
        """Processor time of each thread of the process, the busiest first."""
        times = []
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{thread}/stat", encoding="ascii") as f:
                fields = f.read().rpartition(")")[2].split()
            times.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
        return sorted(times, reverse=True)

    def count(self, name):
        """A number that --stats printed."""
        found = re.search(rf"(\d+) +{re.escape(name)}$|{re.escape(name)}:? +(\d+)$",
                          (self.errors + self.text).decode(errors="replace").replace("\r", ""),
                          re.M)
        if not found:
            raise Failure(f"--stats does not say {name!r}")
        return int(found[1] or found[2])
