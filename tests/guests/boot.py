#!/usr/bin/env python3
"""Debian's kernels with busybox: boots of every kind, commands, keystrokes, many processes."""

import re
import sys
import time

from guest import REDUCED, Failure, Guest
from kinds import HERE
from results import Script

script = Script()
FORKS = f"i=0; while [ $i -lt {10 if REDUCED else 1000} ]; do /bin/true; i=$((i + 1)); done"
PAGE_SWITCHES = 500 if REDUCED else HERE.page_switches
SLACK = 64 << 10  # kilobytes that the program may take beside the guest's RAM


def expect(what, got, want):
    if got != want:
        raise Failure(f"{what}: {got!r} instead of {want!r}")


def start(kernel="vmlinuz", image="initramfs.cpio.gz", **settings):
    return Guest(script.program, script.files[kernel], script.files[image], **settings)


def limit_memory(guest, megabytes):
    used, most = guest.kilobytes(), (megabytes << 10) + SLACK
    if used > most:
        raise Failure(f"the program takes {used} kB for {megabytes} MiB of RAM")
    return used >> 10


def boot(megabytes, kernel="vmlinuz", options=(), limit=60):
    """To the shell, one command, and off."""
    def run():
        with start(kernel, memory=f"{megabytes}M", options=options) as guest:
            guest.shell(limit)
            words = guest.run("uname -srm", limit).split()
            expect("kernel", [words[0], words[2], HERE.wide in words[1]],
                   ["Linux", HERE.machine, HERE.wide in kernel])
            total = int(guest.run("free", limit).split("Mem:")[1].split()[0])
            if not 0.65 * megabytes < total / 1024 < megabytes:
                raise Failure(f"free says {total} kB of {megabytes} MiB")
            used = limit_memory(guest, megabytes)
            expect("exit status", guest.power_off(), 0)
        return f"{used} MiB"
    return run


def isolated(options, append):
    """The kernel takes its own pages out of the tables of processes: two loads of CR3 a system call, and
    everything works as ever, forks and signals too."""
    def run():
        with start(f"vmlinuz-{HERE.wide}", options=options, append=append) as guest:
            guest.shell()
            said = guest.run("dmesg | grep 'page tables isolation: enabled'; "
                             "grep -w -c -E 'flags.* pti' /proc/cpuinfo")
            expect("isolation", said.strip().split()[-2:], ["enabled", "1"])
            risk = guest.run("cat /sys/devices/system/cpu/vulnerabilities/meltdown").strip()
            guest.run(FORKS, 60)
            expect("signal", guest.run("sh -c 'trap \"echo caught\" USR1; kill -USR1 $$'"), "caught\n")
            guest.run("seq 1 2000 | sort -r | tail -n 1 | grep '^1$'")
            expect("exit status", guest.power_off(), 0)
        return f"meltdown: {risk}"
    return run


def commands():
    with start() as guest:
        guest.shell()
        folders = "/bin" if REDUCED else "/bin /etc /init /proc/self /sys/class"
        lines = guest.run("ls -lR " + folders).count("\n")
        if lines < (80 if REDUCED else 200):
            raise Failure(f"ls -lR: only {lines} lines")
        expect("pipe", guest.run("seq 1 1000 | sed -n 's/7$/x/p' | sort -n | tail -n 1").strip(),
               "99x")
        number, value = (4, "3") if REDUCED else (9, "34")
        expect("script", guest.run("f() { [ $1 -lt 2 ] && echo $1 || echo $(($(f $(($1 - 1))) + "
                                   f"$(f $(($1 - 2))))); }}; f {number}").strip(), value)
        expect("floats", guest.run("awk 'BEGIN { printf \"%.9f %g\", 1e10 / 7, 0.1 + 0.2 }'"),
               "1428571428.571428537 0.3")
        megabytes = 1 if REDUCED else 4
        guest.run(f"dd if=/dev/urandom of=/tmp/a bs=1M count={megabytes}; gzip -c /tmp/a >/tmp/a.gz; "
                  "gunzip -c /tmp/a.gz | cmp - /tmp/a")
        expect("time", guest.run("date -d @86400 +%j").strip(), "002")


def limit_threads(guest):
    """Another thread that is busy would make each mapping several times as expensive (docs/pitfalls.md, 7)."""
    first, *others = guest.seconds_by_thread()
    if sum(others) > 0.05 * first + 0.1:
        raise Failure(f"threads beside the vCPU's ran {others} s while it ran {first} s")


def forks():
    with start() as guest:
        guest.shell()
        guest.run(FORKS, 60)
        used = limit_memory(guest, 256)
        guest.run("(" + FORKS + ") & (" + FORKS + ") & wait", 100)
        limit_memory(guest, 256)
        limit_threads(guest)
        expect("exit status", guest.power_off(), 0)
        return f"{used} MiB"


def operations(count):
    """Map, unmap and protect operations of a run that makes so many processes."""
    with start(options=["--stats"]) as guest:
        guest.shell()
        guest.run(f"i=0; while [ $i -lt {count} ]; do /bin/true; i=$((i + 1)); done")
        guest.power_off()
        text = guest.errors.decode()
    return [int(re.search(rf"(\d+) {kind} operations", text)[1])
            for kind in ("map", "unmap", "protect")]


def fork_operations():
    """A process costs at most 150 map events, 30 of them protections."""
    count = 100
    each = [(some - none) / count for some, none in zip(operations(count), operations(0))]
    if sum(each) > 150 or each[2] > 30:
        raise Failure(f"map, unmap and protect operations of a process: {each}")
    return "map {:.0f}, unmap {:.0f}, protect {:.0f}".format(*each)


def keystrokes():
    """vi and top, as somebody at a terminal uses them."""
    with start() as guest:
        guest.shell()
        guest.run("stty rows 24 cols 80; export TERM=linux")
        guest.send("vi /tmp/note\n")
        guest.wait(rb"/tmp/note", 10)
        guest.send("ione\rtwo\rthree\x1b")
        guest.wait(rb"three", 10)
        guest.send("kdd:wq\r")
        guest.wait(rb"/ # ", 10)
        expect("file", guest.run("cat /tmp/note"), "one\nthree\n")
        screens = guest.run("top -b -n 2 -d 1")
        expect("top's screens", screens.count("Mem:"), 2)
        if "/bin/sh" not in screens and " sh" not in screens:
            raise Failure("top does not list the shell")
        guest.send("cat\n")
        guest.wait(rb"cat\r?\n", 10)
        time.sleep(0.5)  # what is typed before cat runs may be lost
        guest.send("a line\n")
        guest.wait(rb"a line\r?\na line\r?\n", 10)
        guest.send(b"\x03")
        guest.wait(rb"/ # ", 10)


def restart():
    """A reboot starts from the beginning, or ends the program if it is told so; SIGTERM ends it."""
    with start() as guest:
        guest.shell()
        guest.send("touch /left; reboot -f\n")
        guest.shell()
        expect("files of the first run", guest.run("ls /left 2>/dev/null | wc -l").strip(), "0")
        expect("exit status", guest.terminate(), -15)
    with start(options=["--no-reboot"]) as guest:
        guest.shell()
        guest.send("reboot -f\n")
        expect("exit status", guest.end(), 3)


def clock():
    """The guest's clock goes with ours, asleep and at work, and it knows the date."""
    with start() as guest:
        guest.shell()
        began = guest.run("cat /proc/uptime").split()[0]
        guest.run("sleep 2")
        slept = float(guest.run("cat /proc/uptime").split()[0]) - float(began)
        if not 2 <= slept < 4:
            raise Failure(f"sleep 2 took {slept} s")
        guest.run("dd if=/dev/urandom of=/dev/null bs=64K count=100")
        if int(guest.run("date +%Y").strip()) < 2024:
            raise Failure("it does not know the year")


def counted():
    """Twice with --icount: the same text, the same number of instructions."""
    seen = []
    for _ in range(2):
        with start(append='run="uname -a; ls -lR /bin; cat /proc/uptime /proc/interrupts"',
                   options=["--icount", "--stats"]) as guest:
            expect("exit status", guest.end(60), 0)
            seen.append((guest.text, guest.count("guest instructions run"),
                         guest.count("blocks translated")))
    expect("second run", seen[1], seen[0])
    return f"{seen[0][1]} instructions"


def pages():
    """Switches between processes that share one page of text and differ in the next."""
    count = PAGE_SWITCHES
    with start(image="test.cpio.gz") as guest:
        guest.shell()
        expect("output", guest.run(f"/test/pages {count}", 120).strip(),
               f"pages: {count} switches")
    if not REDUCED:
        with start(image="test.cpio.gz", options=["--windows", "2"]) as guest:
            guest.shell()
            expect("output", guest.run("/test/pages 20000", 60).strip(), "pages: 20000 switches")
    return f"{count} switches"


def written_code():
    """A program that writes and calls functions, on pages that other functions share."""
    with start(image="test.cpio.gz") as guest:
        guest.shell()
        words = guest.run(f"/test/jit {2000 if REDUCED else 100000}", 60).split()
        expect("output", words[:2], ["bench", "jit"])
        return f"{float(words[2]):.0f} rounds/s"


for size in (64, 256, 2048):
    script.test(f"boot-{size}M", boot(size))
script.test(f"boot-{HERE.wide}", boot(1024, f"vmlinuz-{HERE.wide}"))
if HERE.name == "x86":
    script.test("boot-isolation", isolated([], "pti=on"))
    script.test("boot-isolation-cpu", isolated(["--cpu", "core2duo"], ""))
script.test("boot-windows-2", boot(128, options=["--windows", "2"]))
script.test("boot-interpreter", boot(256, options=["--backend", "interp"], limit=600))
script.test("commands", commands)
script.test("forks", forks)
script.test("fork-operations", fork_operations)
script.test("keystrokes", keystrokes)
script.test("restart", restart)
script.test("clock", clock)
script.test("icount", counted)
script.test("pages", pages)
script.test("written-code", written_code)
sys.exit(script.end())
