"""The ISO boots on every kind of machine to four panes that can be typed into."""

from testbed.cases import PROMPT, case, check, main
from testbed.machine import start

MACHINES = [  # firmware, processors, memory MiB
    ("bios", 1, 256), ("bios", 4, 256), ("uefi", 1, 256), ("uefi", 4, 256), ("bochs", 1, 256),
]


def boots(images, firmware, cpus, memory):
    with start(firmware, iso=images.standard(), cpus=cpus, memory=memory, limit=180) as machine:
        for pane in (1, 2, 3, 4):
            machine.wait_screen(PROMPT, 150, pane)
        for pane in (1, 2, 3, 4):
            title = machine.screen().title(pane)
            check(f"shell{pane}" in title, f"pane {pane} is called {title!r}")
        for pane in (1, 2, 3, 4):
            machine.keys(f"alt-{pane}")
            machine.type(f"help\n# {pane * 1111}")
            machine.wait_screen(r"\bkill NAME\b", 30, pane)
            machine.wait_screen(rf"# {pane * 1111}$", 30, pane)
        screen = machine.screen()
        for pane in (1, 2, 3, 4):
            for other in (1, 2, 3, 4):
                found = str(other * 1111) in screen.pane(pane)
                check(found == (pane == other), f"what was typed in pane {other} is "
                      f"{'also' if found else 'not'} in pane {pane}:\n{screen.text()}")
        images.keep_picture(machine, f"{firmware}-{cpus}-cpu")


for f, c, m in MACHINES:
    case(f"boots by {f} with {c} CPU and {m} MiB")(
        lambda images, f=f, c=c, m=m: boots(images, f, c, m))

if __name__ == "__main__":
    main()
