"""A VM task that misbehaves: the console, the shell and another guest go on (tests/tasks/rogue)."""

import time

from testbed.cases import case, check, main
from testbed.machine import start

SHELL = r"^/ # ?\W?$"
BOOT = 400

MODES = [  # mode, what its pane says, whether it runs on then
    ("wild", r"stopped by a fault", False),
    ("jump", r"stopped by a fault", False),
    ("loop", r"a thread at priority 30: bad argument\s+looping in five threads", True),
    ("quota", r"mapping ended: .*quota.*\s+making notifications ended: .*quota.*",
     True),
    ("memory", r"\d+ KiB taken, no more", True),
]


@case("rogue tasks beside a guest: it boots, answers, and all are killed")
def _(images):
    words = "arm " + " ".join(f"arm:isa={mode}:program=rogue:memory=16M:overhead=4M:quota=1M"
                              for mode, _, _ in MODES)
    shell = len(MODES) + 2
    with start("bios", iso=images.make("--guests", words), memory=1024, limit=900) as machine:
        machine.wait_screen(r"guest ready", BOOT, 1)
        machine.wait_screen(SHELL, 60, 1)
        for number in range(3):
            machine.type(f"echo $((7*{6 + number})) on `uname -m`\n")
            machine.wait_screen(rf"^{7 * (6 + number)} on armv7l$", 60, 1)
        for pane, (mode, says, _) in enumerate(MODES, 2):
            machine.keys(f"alt-{pane}", "alt-enter")
            machine.wait_screen(says, 30)
            machine.keys("alt-enter")
        machine.keys(f"alt-{shell}", "alt-enter")
        time.sleep(1)
        machine.type("clear\ntasks\n")
        machine.wait_screen(r"^arm0 +running", 20)
        text = machine.screen().text()
        for number, (mode, _, runs) in enumerate(MODES, 1):
            state = "running" if runs else "faulted"
            check(f"arm{number} " in text and
                  any(line.startswith(f"arm{number} ") and f" {state} " in line
                      for line in text.splitlines()), f"the {mode} task is not {state}:\n{text}")
        for number, (_, _, runs) in enumerate(MODES, 1):
            if runs:
                machine.type(f"kill arm{number}\n")
        machine.type("clear\ntasks\n")
        machine.wait_screen(r"^arm5 +killed", 30)
        machine.keys("alt-enter", "alt-1")
        machine.type("echo $((7*9)) on `uname -m`\n")
        machine.wait_screen(r"^63 on armv7l$", 30, 1)


@case("kernel memory for about two windows: the guest is slower, and goes on")
def _(images):
    with start("bios", iso=images.make("--guests", "arm:quota=1280K:windows=2"), limit=900) as machine:
        machine.wait_screen(r"guest ready", BOOT, 1)
        machine.wait_screen(SHELL, 100, 1)
        machine.type("i=0; while [ $i -lt 20 ]; do /bin/true; i=$((i+1)); done; echo ran $i\n")
        machine.wait_screen(r"^ran 20$", 100, 1)


if __name__ == "__main__":
    main()
