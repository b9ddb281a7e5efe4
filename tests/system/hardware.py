"""Machines that lack something: the system says what, and goes on with what there is."""

from testbed.cases import PROMPT, case, check, main
from testbed.machine import Failure, start


def all_panes(machine, timeout=90):
    for pane in (1, 2, 3, 4):
        machine.wait_screen(PROMPT, timeout, pane)


@case("cirrus: 24 bits a pixel")
def _(images):
    with start("bios", iso=images.standard(), vga="cirrus", limit=90) as machine:
        all_panes(machine)
        machine.type("help\n")
        machine.wait_screen(r"\bkill NAME\b", 20, 1)
        images.keep_picture(machine, "cirrus")


@case("ramfb by UEFI: 800 x 600, one pane at a time")
def _(images):
    with start("uefi", iso=images.standard(), vga="ramfb", limit=90) as machine:
        machine.wait_screen(r"shell1> ?\W?$", 60)
        machine.type("help\n")
        machine.wait_screen(r"\bkill NAME\b", 20)
        machine.keys("alt-2")
        machine.wait_screen(r"shell2> ?\W?$", 20)
        machine.type("echo on-the-second\n")
        machine.wait_screen(r"\bon-the-second$", 20)
        machine.keys("alt-1")
        machine.wait_for_screen(lambda s: "kill NAME" in s.text() and "on-the-second" not in s.text(), 20,
                                what="pane 1 again")
        images.keep_picture(machine, "ramfb")


def help_in_pane_1(machine, what):
    """The first shell answers, wherever its pane is on the screen."""
    machine.wait_screen(r"shell1> ?\W?\s", 60)
    machine.type("clear\nhelp\n")
    machine.wait_for_screen(lambda s: "kill NAME" in s.text() and "Keys: arrows" in s.text(), 20,
                            what=what)


MODES = [  # graphics mode, panes seen at once
    ("640x480x32", 1), ("800x600x32", 1), ("1024x768x32", 1), ("1280x800x16", 4),
    ("1280x1024x32", 4), ("1920x1080x32", 4),
]


def graphics_mode(images, mode, panes):
    width, height, bits = (int(n) for n in mode.split("x"))
    with start("bios", iso=images.make("--graphics", mode), limit=90) as machine:
        help_in_pane_1(machine, f"help in {mode}")
        screen = machine.screen()
        check((screen.width, screen.height) == (width, height),
              f"the mode is {screen.width}x{screen.height}")
        machine.wait_serial(rf"framebuffer: {width} x {height}, {bits} bits", 5, plain=True)
        seen = sum(f"shell{n}>" in screen.text() for n in (1, 2, 3, 4))
        check(seen == panes, f"{seen} panes are seen, not {panes}:\n{screen.text()}")
        images.keep_picture(machine, mode)


for m, p in MODES:
    case(f"graphics mode {m}: {p} at once")(lambda images, m=m, p=p: graphics_mode(images, m, p))


@case("no serial port")
def _(images):
    with start("bios", iso=images.standard(), serial=False, limit=90) as machine:
        all_panes(machine)
        machine.wait_screen(r"(?i)no serial port|serial.*(absent|not there|no 16550)", 20)
        machine.type("help\n")
        machine.wait_screen(r"\bkill NAME\b", 20, 1)


@case("no keyboard controller: said on the screen")
def _(images):
    with start("bios", iso=images.standard(), keyboard=False, limit=90) as machine:
        all_panes(machine)
        machine.wait_screen(r"(?i)no keyboard", 20)


@case("32 MiB of memory: says how much is needed, or runs")
def _(images):
    with start("bios", iso=images.standard(), memory=32, limit=90) as machine:
        match = machine.wait_screen(r"(?i)memory.*needs? .*\d+ [KM]iB|needs? .*\d+ [KM]iB of memory|"
                                    r"\d+ [KM]iB (is|are) needed|" + PROMPT, 60)
        check(match.group(), "nothing")


@case("too little memory for the kernel: a sentence with the amount needed")
def _(images):
    with start("bios", iso=images.standard(), memory=16, limit=60) as machine:
        machine.wait_serial(r"(?i)(needs?|needed|at least).*\d+ [KM]iB|\d+ [KM]iB.*need", 40)


MISSING = [  # CPU model, what the sentence must name
    ("qemu64", r"(?i)FSGSBASE|XSAVE"),
    ("qemu32", r"(?i)long mode|64-bit"),
    ("max,-fsgsbase", r"(?i)FSGSBASE"),
    ("max,-xsave", r"(?i)XSAVE"),
    ("max,-nx", r"(?i)\bNX\b|no-execute"),
]


def names_what_is_missing(images, cpu, name):
    with start("bios", iso=images.standard(), cpu=cpu, limit=40) as machine:
        sentence = r"^.*Tetrapla.*(" + name.replace("(?i)", "") + r").*$"
        said = machine.wait_serial("(?i)" + sentence, 30)
        machine.wait_screen("(?i)" + sentence, 10)
        check(len(said.group().split()) >= 5, f"no sentence: {said.group()!r}")
        check("panic" not in machine.serial_text(), "a panic: " + machine.serial_text()[-500:])


for model, feature in MISSING:
    case(f"CPU {model}: names the missing feature")(
        lambda images, m=model, n=feature: names_what_is_missing(images, m, n))


OPTIONAL = ["max,-smep", "max,-smap", "max,-smap,-smep,-avx,-avx2", "max,-xsaveopt"]
for model in OPTIONAL:
    @case(f"CPU {model}: runs without the optional feature")
    def _(images, model=model):
        with start("bios", iso=images.standard(), cpu=model, limit=60) as machine:
            all_panes(machine)


@case("NMIs are survived")
def _(images):
    with start("bios", iso=images.standard(), limit=60) as machine:
        all_panes(machine)
        for _ in range(50):
            machine.nmi()
        machine.type("help\n")
        machine.wait_screen(r"\bkill NAME\b", 20, 1)


def leaves(images, firmware, command):
    """QEMU ends when the machine is switched off; with -no-reboot also when it is reset."""
    with start(firmware, iso=images.standard(), limit=90) as machine:
        machine.wait_screen(PROMPT, 60, 1)
        machine.type(command)
        try:
            machine.type("\n")
        except Failure:
            pass  # it was gone before the key was let go
        check(machine.exit_status(20) == 0, "QEMU left with an error")


for f in ("bios", "uefi"):
    for c in ("poweroff", "reboot"):
        case(f"{c} by {f}")(lambda images, f=f, c=c: leaves(images, f, c))


if __name__ == "__main__":
    main()
