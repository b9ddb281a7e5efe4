"""Drivers that die: restarted every time, and the panes keep working."""

import time

from testbed.cases import PROMPT, case, check, main
from testbed.machine import start

KILLS = 100
DRIVERS = ["console", "keyboard", "serial", "clock"]


def put_under_load(machine):
    """Pane 2 writes without end, pane 3 asks root every second and paints; back to pane 1."""
    machine.keys("alt-2")
    machine.type("flood 1000000\n" * 5)  # the later ones wait in the ring until their turn
    machine.keys("alt-3")
    machine.type("tasks -f\n")
    machine.wait_screen(r"^keyboard\s+running", 20, 3)
    machine.keys("alt-1")
    machine.wait_screen(r"quick brown fox", 20, 2)


def still_under_load(machine):
    """Pane 2 goes on changing."""
    before = machine.screen().pane(2)
    machine.wait_for_screen(lambda s: "quick brown fox" in s.pane(2) and s.pane(2) != before, 10,
                            what="new text in pane 2")


def kill_many(images, driver):
    """After each kill a word is typed and must come back: the keyboard, the console and the shell
    all work. A keyboard driver that starts empties the controller, so keys typed meanwhile are the
    hardware's loss; the test lets it start first."""
    with start("bios", iso=images.standard(), limit=400) as machine:
        for pane in (1, 2, 3, 4):
            machine.wait_screen(PROMPT, 60, pane)
        put_under_load(machine)
        for n in range(1, KILLS + 1):
            machine.type(f"kill {driver}\n")
            if driver == "keyboard":
                time.sleep(0.3)
            machine.type(f"echo kill-{n}\n")
            machine.wait_screen(rf"^kill-{n}$", 20, 1)
        match = machine.wait_screen(rf"^{driver}\s+running.*$", 20, 3)
        machine.wait_screen(rf"^{driver}\s+running\s.*\s{KILLS}$", 20, 3)
        check(match, "the driver does not run")
        still_under_load(machine)
        machine.keys("alt-4")
        machine.type("help\n")
        machine.wait_screen(r"\bkill NAME\b", 20, 4)
        images.keep_picture(machine, f"{driver}-killed")


for d in DRIVERS:
    case(f"kill {d} {KILLS} times under load")(lambda images, d=d: kill_many(images, d))


@case("crash in a shell is reported and the other panes go on")
def _(images):
    with start("bios", iso=images.standard(), limit=60) as machine:
        machine.wait_screen(PROMPT, 60, 2)
        machine.keys("alt-2")
        machine.type("crash\n")
        machine.wait_screen(r"shell2: page fault", 20)
        machine.keys("alt-3")
        machine.type("tasks\n")
        machine.wait_screen(r"^shell2\s+faulted", 20, 3)


if __name__ == "__main__":
    main()
