"""Guest operating systems in panes: they boot, answer, live beside each other, end and begin again."""

import os
import re
import subprocess
import time

from testbed.cases import case, check, main
from testbed.machine import Failure, start

SHELL = r"^/ # ?\W?$"
UNREACHABLE = 69  # exit status of tools/fetch-guests
PATIENCE = int(os.environ.get("GUEST_PATIENCE") or 1)  # for a busy machine
THREE_LIMIT = 600 * PATIENCE  # seconds until all three are ready
BOOT = 400  # seconds; a machine that emulates the machine that translates


def boots(machine, *panes):
    for pane in panes:
        machine.wait_screen(r"guest ready", BOOT, pane)
        machine.wait_screen(SHELL, 60, pane)


def answers(machine, pane, number, timeout=60):
    """What is typed in the pane runs in its guest; the number makes the question a new one."""
    machine.keys(f"alt-{pane}")
    machine.type(f"echo $((7*{number})) on `uname -m`\n")
    machine.wait_screen(rf"^{7 * number} on \w+$", timeout, pane)


def interrupt(machine, pane):
    """Ctrl-C until the shell prompts: each child of a loop is in the foreground in turn, and what is
    pressed while one ends reaches nobody, as on any Unix."""
    for _ in range(60):
        machine.keys("ctrl-c")
        try:
            machine.wait_screen(SHELL, 2, pane)
            return
        except Failure:
            pass
    raise Failure(f"pane {pane}: Ctrl-C does not end the loop")


def free_memory(machine, pane):
    """KiB that are free for tasks and for the kernel, as the shell in that pane says."""
    machine.keys(f"alt-{pane}")
    machine.type("clear\nmem\n")
    machine.wait_screen(r"program and stack", 20, pane)
    text = machine.screen().pane(pane)
    return [int(n) for n in re.findall(r"free (?:for tasks|of that) +(\d+) KiB", text)]


def settled_memory(machine, pane):
    """The same, once it stays the same: the kernel takes big things apart in pieces."""
    before = None
    for _ in range(10):
        now = free_memory(machine, pane)
        if now == before:
            return now
        before = now
        time.sleep(1)
    return before


@case("one ARM guest by UEFI")
def _(images):
    with start("uefi", iso=images.make("--guests", "arm"), limit=500) as machine:
        boots(machine, 1)
        answers(machine, 1, 6)
        images.keep_picture(machine, "guest-uefi")


THREE = {1: r"^Linux .* 6\.\S+-686 ", 2: r"^Linux .* 6\.\S+-armmp ", 3: r"^Linux .* sparc sparc$"}


def fetched(name):
    """Whether the guest's images are there or can be had; a server that is not reached is no failure."""
    done = subprocess.run(["tools/fetch-guests", name], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, UNREACHABLE):
        raise Failure(done.stderr.strip().split("\n")[-1])
    return done.returncode == 0


def three_guests(images, firmware):
    """Ready in time; each answers, on the screen and in what the console sends on the serial line."""
    if not fetched("sparc"):
        print("skip three guests: the SPARC guest's sources cannot be fetched")
        return
    with start(firmware, iso=images.make("--guests", "x86 arm sparc"),
               limit=2 * THREE_LIMIT) as machine:
        began = time.monotonic()
        for pane in THREE:
            machine.wait_screen(r"guest ready", began + THREE_LIMIT - time.monotonic(), pane)
        print(f"three guests by {firmware}: ready after {time.monotonic() - began:.0f} s")
        machine.keys("alt-4")
        machine.type("tasks\n")
        machine.wait_screen(r"sparc0", 60, 4)
        for pane, said in THREE.items():
            machine.keys(f"alt-{pane}")
            machine.type("uname -a\n")
            machine.wait_screen(said, 60, pane)
            machine.send_serial(f"\x1d{pane}")
            machine.wait_serial(said, 60, plain=True)
        images.keep_picture(machine, f"three-{firmware}")


for f in ("bios", "uefi"):
    case(f"x86, ARM and SPARC Linux at once, {f}")(lambda images, f=f: three_guests(images, f))


@case("two ARM guests by BIOS, one of them killed")
def _(images):
    with start("bios", iso=images.make("--guests", "arm arm"), limit=900) as machine:
        boots(machine, 1, 2)
        machine.keys("alt-2")
        machine.type("while :; do (true); done\n")  # as fast as it can
        for number in (6, 7, 8):
            answers(machine, 1, number)
        machine.keys("alt-1")
        machine.type("while :; do (true); done &\n")
        machine.keys("alt-2")
        interrupt(machine, 2)
        answers(machine, 2, 9)
        machine.keys("alt-3")
        machine.type("kill arm1\n")
        machine.wait_screen(r"\[arm1: killed\]", 20, 2)
        answers(machine, 1, 10)
        machine.keys("alt-3")
        machine.type("start arm1\n")
        machine.wait_screen(r"arm1: started again", 30, 3)
        answers(machine, 1, 11)
        images.keep_picture(machine, "guests-bios")
        # A guest at work needs more page tables or fewer: memory is counted with both of them gone.
        machine.keys("alt-3")
        machine.type("kill arm0\nkill arm1\n")
        machine.wait_screen(r"\[arm1: killed\]", 20, 2)
        gone = settled_memory(machine, 3)
        for name in ("arm0", "arm1"):
            machine.type(f"start {name}\n")
            machine.wait_screen(rf"{name}: started again", 30, 3)
            running = free_memory(machine, 3)
            check(running[0] < gone[0] and running[1] < gone[1],
                  f"the guest got no memory: {gone} before it was started, {running} then")
            time.sleep(5)
            machine.keys("alt-3")
            machine.type(f"kill {name}\n")
            machine.wait_screen(rf"task {name}: killed", 20, 3)
            after = settled_memory(machine, 3)
            check(after == gone, f"KiB free: {gone} without the guest, {after} after it was killed")


@case("a guest restarts, switches itself off, and is started again")
def _(images):
    with start("bios", iso=images.make("--guests", "arm"), limit=900) as machine:
        boots(machine, 1)
        machine.type("clear; reboot -f\n")
        machine.wait_screen(r"task arm0: exited with status 3", 60, 2)
        machine.wait_screen(r"task arm0: started again", 60, 2)
        boots(machine, 1)
        answers(machine, 1, 6)
        machine.type("clear; poweroff -f\n")
        machine.wait_screen(r"task arm0: exited with status 0: the guest is switched off", 60, 2)
        machine.wait_screen(r"\[the guest has powered off\]", 10, 1)
        machine.keys("alt-2")
        machine.type("start arm0\n")
        boots(machine, 1)
        answers(machine, 1, 7)


IMPOSSIBLE = [  # change of the guest's line, what the pane says
    ("isa=mips", r"mips"), ("board=toaster", r"toaster"), ("cpu=z80", r"cortex-a15"),
]


def impossible(images, change, said):
    with start("bios", iso=images.make("--guests", "arm:" + change), limit=120) as machine:
        machine.wait_screen(rf"^\[.*{said}.*\]", 90, 1)
        machine.wait_screen(r"task arm0: exited with status 2", 20, 2)
        machine.keys("alt-2")
        machine.type("help\n")
        machine.wait_screen(r"\bkill NAME\b", 20, 2)


for c, s in IMPOSSIBLE:
    case(f"impossible guest, {c}: named in its pane")(lambda images, c=c, s=s: impossible(images, c, s))


@case("more memory than there is: named; the rest of the system starts")
def _(images):
    iso = images.make("--guests", "arm:memory=2G")
    with start("bios", iso=iso, memory=512, limit=120) as machine:
        machine.wait_screen(r"arm0: not started: .*KiB", 60, 2)
        machine.keys("alt-2")
        machine.type("help\n")
        machine.wait_screen(r"\bkill NAME\b", 20, 2)


if __name__ == "__main__":
    main()
