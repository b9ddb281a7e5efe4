"""The console: focus, full screen, scrollback, restart by key; the serial console without a screen."""

from testbed.cases import PROMPT, case, check, main
from testbed.machine import Failure, start

def at_prompt(images, **options):
    machine = start("bios", iso=images.standard(), limit=90, **options)
    try:
        for pane in (1, 2, 3, 4):
            machine.wait_screen(PROMPT, 60, pane)
    except Failure:
        machine.close()
        raise
    return machine


@case("alt-2 moves the keyboard to pane 2 and back")
def _(images):
    with at_prompt(images) as machine:
        machine.type("one")
        machine.wait_screen(r"one$", 10, 1)
        machine.keys("alt-2")
        machine.type("two")
        machine.wait_screen(r"two$", 10, 2)
        machine.keys("alt-1")
        machine.type("three")
        machine.wait_screen(r"onethree$", 10, 1)
        check("three" not in machine.screen().pane(2), "pane 2 got keys typed in pane 1")


@case("UTF-8 line drawing is drawn")
def _(images):
    with at_prompt(images) as machine:
        machine.keys("alt-2")
        machine.type("colours\n")
        machine.wait_screen(r"┌─+┬─+┬", 10, 2)
        machine.wait_screen(r"├─+┼─+┼", 10, 2)
        machine.wait_screen(r"╔═══╦═══╗", 10, 2)
        machine.wait_screen(r"äöü ß é ñ Ω λ Ж €", 10, 2)


@case("a line longer than the pane goes on in the next row")
def _(images):
    with at_prompt(images) as machine:
        machine.keys("alt-4")
        word = "".join(chr(ord("a") + i % 26) for i in range(100))
        machine.type(f"echo {word}\n")
        machine.wait_screen(f"^{word[:80]}\n{word[80:]}$", 20, 4)


@case("nothing is lost in a flood of text")
def _(images):
    with at_prompt(images) as machine:
        for pane in (1, 2, 3, 4):
            machine.keys(f"alt-{pane}")
            machine.type("flood 3000\n")
        for pane in (1, 2, 3, 4):
            machine.wait_screen(r"^ *2999 the quick.*\n *3000 the quick.*\n3000 lines, \d+ bytes", 60, pane)


@case("alt-enter shows one pane on the whole screen, and all again")
def _(images):
    with at_prompt(images) as machine:
        machine.keys("alt-3")
        machine.type("here")
        machine.wait_screen(r"here$", 10, 3)
        machine.keys("alt-enter")
        machine.wait_for_screen(lambda s: "shell1" not in s.text() and "here" in s.text(), 10,
                                what="pane 3 alone")
        machine.type(" still")
        machine.wait_screen(r"here still", 10)
        images.keep_picture(machine, "full screen")
        machine.keys("alt-enter")
        machine.wait_screen(r"here still$", 10, 3)
        machine.wait_screen(PROMPT, 10, 1)


@case("shift-pgup shows lines that have scrolled away")
def _(images):
    with at_prompt(images) as machine:
        machine.type("first-mark\n")
        for _ in range(6):
            machine.type("help\n")
        machine.wait_for_screen(lambda s: "first-mark" not in s.pane(1), 15, what="a scrolled pane 1")
        for _ in range(12):
            machine.keys("shift-pgup", pause=0.1)
            if "first-mark" in machine.screen().pane(1):
                break
        machine.wait_screen("first-mark", 5, 1)
        machine.keys(*["shift-pgdn"] * 14)
        machine.wait_for_screen(lambda s: "first-mark" not in s.pane(1), 5, what="the end again")


@case("ctrl-alt-esc restarts the console and panes keep their text")
def _(images):
    with at_prompt(images) as machine:
        machine.type("kept-text\n")
        machine.wait_screen(r"kept-text", 10, 1)
        machine.keys("ctrl-alt-esc")
        machine.wait_screen(r"console.*restarted by key|restarted", 10)
        machine.wait_screen(r"kept-text", 10, 1)
        machine.type("after\n")
        machine.wait_screen(r"after", 10, 1)


def serial_only(images, **options):
    """One pane at a time; Ctrl-] and a digit switches, Ctrl-] ? explains."""
    with start("bios", iso=images.standard(), vga="none", limit=90, **options) as machine:
        def expect(pattern):
            return machine.wait_serial(pattern, 20, plain=True)
        machine.wait_serial(r"no framebuffer", 60, plain=True)
        expect(r"^shell1> ")
        machine.send_serial("help\r")
        expect(r"kill NAME")
        machine.send_serial("\x1d2")
        expect(r"shell2> ")
        machine.send_serial("echo on-$-two\r")
        expect(r"^on-\$-two$")
        machine.send_serial("\x1d?")
        expect(r"(?i)pane")
        machine.send_serial("\x1d1")
        expect(r"shell1> ")
        machine.send_serial("tasks\r")
        expect(r"shell2\s+running")


@case("the serial line is a seat of its own beside the screen")
def _(images):
    with at_prompt(images) as machine:
        machine.keys("alt-3")
        machine.send_serial("echo by-wire\r")
        machine.wait_screen(r"^by-wire$", 10, 1)
        machine.wait_serial(r"^by-wire$", 10, plain=True)
        machine.type("echo by-key\n")
        machine.wait_screen(r"^by-key$", 10, 3)
        machine.send_serial("\x1d3")
        machine.wait_serial(r"^by-key$", 10, plain=True)
        check("by-wire" not in machine.screen().pane(3), "pane 3 got what was sent to pane 1")


@case("serial console without a screen")
def _(images):
    serial_only(images)


@case("serial console without a screen and a keyboard controller")
def _(images):
    serial_only(images, keyboard=False)


if __name__ == "__main__":
    main()
