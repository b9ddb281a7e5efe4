"""Mistakes in the manifest and missing modules: named, and the rest of the system starts."""

from testbed.cases import PROMPT, case, main
from testbed.machine import start


def standard_manifest():
    with open("boot/manifest", encoding="utf-8") as f:
        return f.read()


def line_of(text, part):
    """1-based line and column of part in text."""
    before = text[:text.index(part)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def shows(iso, pattern, panes):
    """pattern comes up on the screen, and these panes have a shell."""
    with start("bios", iso=iso, limit=90) as machine:
        for pane in panes:
            machine.wait_screen(PROMPT, 60, pane)
        machine.wait_screen(pattern, 20)
        machine.keys(f"alt-{panes[0]}")
        machine.type("help\n")
        machine.wait_screen(r"\bkill NAME\b", 20, panes[0])


@case("unknown key: line, column and reason; other tasks start")
def _(images):
    text = standard_manifest().replace("task shell4 program=shell", "task shell4 colour=red program=shell")
    line, column = line_of(text, "colour=red")
    path = images.file("manifest-key", text)
    shows(images.make("--replace", f"manifest={path}"), rf"manifest:{line}:{column}: \S+", [1, 2, 3])


@case("bad number: line, column and reason; other tasks start")
def _(images):
    text = standard_manifest().replace("task shell3 program=shell", "task shell3 program=shell memory=12Q")
    line, column = line_of(text, "memory=12Q")
    path = images.file("manifest-number", text)
    shows(images.make("--replace", f"manifest={path}"), rf"manifest:{line}:\d+: \S+", [1, 2, 4])


@case("unknown program: named; other tasks start")
def _(images):
    text = standard_manifest().replace("task shell2 program=shell", "task shell2 program=shall")
    path = images.file("manifest-program", text)
    shows(images.make("--replace", f"manifest={path}"), r"shell2.*not started.*shall", [1, 3, 4])


@case("more memory than there is: named with amounts; other tasks start")
def _(images):
    text = standard_manifest().replace("task shell2 program=shell",
                                       "task shell2 program=shell memory=64G")
    path = images.file("manifest-memory", text)
    shows(images.make("--replace", f"manifest={path}"), r"shell2.*not started.*\d+ KiB", [1, 3, 4])


@case("missing module: named; other tasks start")
def _(images):
    shows(images.make("--omit", "clock"), r"clock.*not started", [1, 2, 3, 4])


@case("missing font: named, and the system starts")
def _(images):
    with start("bios", iso=images.make("--omit", "font"), limit=90) as machine:
        machine.wait_serial(r"(?i)font", 60)


@case("missing manifest: named")
def _(images):
    with start("bios", iso=images.make("--omit", "manifest"), limit=60) as machine:
        machine.wait_serial(r"no module 'manifest'", 30)


@case("missing root: named")
def _(images):
    with start("bios", iso=images.make("--omit", "root"), limit=60) as machine:
        said = r"(?i)no (boot )?module.*root|root.*(missing|not found)"
        machine.wait_serial(said, 30)
        machine.wait_screen(said, 10)


if __name__ == "__main__":
    main()
