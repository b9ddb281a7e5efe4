#!/usr/bin/env python3
"""The SPARC guest, Linux for sun4m with klibc's few tools: boots, commands, many processes, the clock,
exact runs, a SCSI disk, OpenBIOS."""

import os
import shutil
import subprocess
import sys
import tempfile

from guest import REDUCED, Failure, Guest
from results import Script

script = Script()
FORKS = f"i=0; while [ $i -lt {10 if REDUCED else 1000} ]; do uname >/dev/null; i=$((i + 1)); done"
FORK_LIMIT = 100
DISK_BYTES = 32 << 20
BLOCKS = 500  # of 4 KiB that are written to the disk


def expect(what, got, want):
    if got != want:
        raise Failure(f"{what}: {got!r} instead of {want!r}")


def start(**settings):
    settings.setdefault("memory", "64M")
    return Guest(script.program, script.files["image"], script.files["initramfs.cpio.gz"], **settings)


def boot(megabytes, *options, limit=60):
    """To the shell, one command, and off."""
    def run():
        with start(memory=f"{megabytes}M", options=options) as guest:
            guest.shell(limit)
            expect("kernel", guest.run("uname -m", limit).strip(), "sparc")
            total = guest.run("while read -r name value rest; do [ $name = MemTotal: ] && "
                              "echo $value; done </proc/meminfo; true", limit)
            if not 0.7 * megabytes < int(total) / 1024 < megabytes:
                raise Failure(f"{total} kB of {megabytes} MiB")
            expect("exit status", guest.power_off(), 0)
    return run


def commands():
    with start() as guest:
        guest.shell()
        expect("pipe", guest.run("echo one two | while read -r a b; do echo $b $a; done | cat"),
               "two one\n")
        expect("functions", guest.run("f() { [ $1 -lt 2 ] && echo $1 || echo $(($(f $(($1 - 1))) + "
                                      "$(f $(($1 - 2))))); }; f 9").strip(), "34")
        expect("division", guest.run("echo $((1234567890123 / 987)) $((-7 / 2)) $((-7 % 2))").strip(),
               "1250828662 -3 -1")
        guest.run("mkdir /tmp/a; echo text >/tmp/a/b; ln -s b /tmp/a/c; mv /tmp/a/b /tmp/a/d")
        expect("link", guest.run("readlink /tmp/a/c; cat /tmp/a/d"), "b\ntext\n")
        guest.run("dd if=/dev/urandom of=/tmp/e bs=65536 count=16 2>/dev/null")
        expect("pipe to a file", guest.run("dd if=/tmp/e bs=65536 2>/dev/null | cat >/tmp/f; "
                                           "echo /tmp/*").strip(), "/tmp/a /tmp/e /tmp/f")
        expect("system call that fails", guest.run("cat /none 2>/dev/null || echo no").strip(), "no")


def forks():
    with start() as guest:
        guest.shell()
        guest.run(FORKS, FORK_LIMIT)
        guest.run("(" + FORKS + ") & (" + FORKS + ") & wait", 2 * FORK_LIMIT)
        expect("exit status", guest.power_off(), 0)


def restart():
    """A reboot starts from the beginning, or ends the program if it is told so; SIGTERM ends it."""
    with start() as guest:
        guest.shell()
        guest.send("mkdir /left; reboot\n")
        guest.shell()
        expect("files of the first run", guest.run("[ -e /left ] || echo none").strip(), "none")
        expect("exit status", guest.terminate(), -15)
    with start(options=["--no-reboot"]) as guest:
        guest.shell()
        guest.send("reboot\n")
        expect("exit status", guest.end(), 3)


def clock():
    """The guest's clock goes with ours."""
    with start() as guest:
        guest.shell()
        began = guest.run("cat /proc/uptime").split()[0]
        guest.run("sleep 2")
        slept = float(guest.run("cat /proc/uptime").split()[0]) - float(began)
        if not 2 <= slept < 4:
            raise Failure(f"sleep 2 took {slept} s")


def counted():
    """Twice with --icount: the same text, the same number of instructions."""
    seen = []
    for _ in range(2):
        with start(append='run="uname -a; cat /proc/uptime /proc/interrupts"',
                   options=["--icount", "--stats"]) as guest:
            expect("exit status", guest.end(60), 0)
            seen.append((guest.text, guest.count("guest instructions run"),
                         guest.count("blocks translated")))
    expect("second run", seen[1], seen[0])
    return f"{seen[0][1]} instructions"


def disk():
    """A file system made here is written there, and found whole here; a read-only disk stays."""
    with tempfile.TemporaryDirectory() as folder:
        image, other = os.path.join(folder, "disk"), os.path.join(folder, "other")
        for path in (image, other):
            with open(path, "wb") as f:
                f.truncate(DISK_BYTES)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", image], check=True)
        with start(options=["--disk", image, "--disk", other + ",ro"]) as guest:
            guest.shell()
            guest.run("mount -t ext4 /dev/sda /mnt")
            guest.run(f"dd if=/dev/urandom of=/mnt/data bs=4096 count={BLOCKS} 2>/dev/null; "
                      "mkdir /mnt/folder; echo text >/mnt/folder/file; sync", 60)
            guest.run("dd if=/dev/zero of=/dev/sdb bs=4096 count=1 conv=fsync 2>/dev/null && exit 9; "
                      "umount /mnt", 60)
            expect("exit status", guest.power_off(), 0)
        subprocess.run(["e2fsck", "-fn", image], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        said = subprocess.run(["debugfs", "-R", "cat folder/file", image], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=True).stdout
        expect("file", said, b"text\n")
        with start(options=["--disk", image]) as guest:
            guest.shell()
            guest.run("mount -t ext4 /dev/sda /mnt")
            expect("file", guest.run("cat /mnt/folder/file"), "text\n")
            length = guest.run("cat /mnt/data | dd bs=4096 of=/dev/null 2>&1").split("+")[0]
            guest.power_off()
            if int(length) < 1:
                raise Failure("no data")
        with open(other, "rb") as f:
            expect("read-only disk", f.read().count(0), DISK_BYTES)


def firmware():
    """Debian's OpenBIOS finds its way about the machine and answers."""
    with Guest(script.program, memory="64M", options=["--bios", script.files["openbios"]]) as guest:
        guest.wait(rb"Probing SBus slot 5", 60)
        guest.wait(rb"CPUs: 1 x FMI,MB86904", 10)
        guest.wait(rb"\n0 > ", 30)
        guest.send("2 3 * .\r")
        guest.wait(rb"6 +ok", 10)


for size in (32, 64, 256):  # above 192 Linux uses high memory
    script.test(f"boot-{size}M", boot(size))
script.test("boot-windows-2", boot(64, "--windows", "2"))
script.test("boot-interpreter", boot(64, "--backend", "interp", limit=300))
script.test("commands", commands)
script.test("forks", forks)
script.test("restart", restart)
script.test("firmware", firmware)
script.test("clock", clock)
script.test("icount", counted)
if shutil.which("mke2fs", path=os.environ["PATH"] + ":/sbin:/usr/sbin"):
    os.environ["PATH"] += ":/sbin:/usr/sbin"
    script.test("disk", disk)
else:
    script.skip("disk", "there is no mke2fs here")
sys.exit(script.end())
