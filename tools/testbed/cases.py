"""Cases of a system test: a program of tests/system is a list of functions marked @case.

    @case("help answers in pane 1")
    def _(images):
        with start("bios", iso=images.standard()) as machine: ...

main() runs those whose name contains one of the words on the command line (after the build folder;
none: all), prints "ok NAME" or "FAIL NAME reason" for each and keeps a picture of the screen at the
end of every case that asks for one in BUILD/test/screens. A case fails by raising Failure, or by
check().
"""

import os
import subprocess
import sys
import traceback

from .machine import Failure

_cases = []
PROMPT = r"^shell\d> ?\W?$"  # of the demonstration shell; a cursor may follow


def case(name):
    def mark(function):
        _cases.append((name, function))
        return function
    return mark


def check(condition, message):
    if not condition:
        raise Failure(message)


class Images:
    """ISOs of the build, each kind made once and removed at the end."""

    def __init__(self, build):
        self.build = build
        self._made = {}

    def standard(self):
        """The one without guests, which `make` has made."""
        return os.path.join(self.build, "plain.iso")

    def make(self, *options):
        """An ISO made with these options of tools/make-iso."""
        if options not in self._made:
            path = os.path.join(self.build, "test",
                                f"{os.path.basename(sys.argv[0])}-{len(self._made)}.iso")
            done = subprocess.run(["tools/make-iso", "--build", self.build, "--output", path,
                                   *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False)
            if done.returncode:
                raise Failure(done.stdout)
            self._made[options] = path
        return self._made[options]

    def file(self, name, text):
        """A file with this text, for --replace."""
        path = os.path.join(self.build, "test", name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def keep_picture(self, machine, name):
        """Save the machine's screen as BUILD/test/screens/NAME.png."""
        folder = os.path.join(self.build, "test", "screens")
        os.makedirs(folder, exist_ok=True)
        machine.screenshot(os.path.join(folder, name.replace(" ", "-") + ".png"))

    def close(self):
        for path in self._made.values():
            if os.path.exists(path):
                os.remove(path)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    words = sys.argv[2:]
    os.makedirs(os.path.join(build, "test"), exist_ok=True)
    images = Images(build)
    failed = 0
    for name, function in _cases:
        if words and not any(word in name for word in words):
            continue
        try:
            function(images)
            print("ok", name, flush=True)
        except Failure as failure:
            failed += 1
            lines = str(failure).split("\n")
            print("FAIL", name, lines[0])
            for line in lines[1:]:
                print("   " + line)
        except Exception:  # a test's own mistake is its failure, not the end of the others
            failed += 1
            print("FAIL", name, "the test itself failed")
            print("   " + traceback.format_exc().replace("\n", "\n   "))
    images.close()
    sys.exit(1 if failed else 0)
