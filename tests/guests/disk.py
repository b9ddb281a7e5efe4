#!/usr/bin/env python3
"""Disks: what a guest writes is there after it was switched off, and only then and there."""

import os
import sys
import tempfile

from guest import REDUCED, Failure, Guest
from kinds import HERE
from results import Script

script = Script()
SIZE = 192 << 20
MEGABYTES = 5 if REDUCED else 100
folder = tempfile.TemporaryDirectory()
IMAGE = os.path.join(folder.name, "disk")


def start(*options):
    return Guest(script.program, script.files["vmlinuz"], script.files["test.cpio.gz"],
                 append="drivers=1", options=options)


def ext4():
    """Make ext4, write MEGABYTES, switch off, look again."""
    with open(IMAGE, "wb") as f:
        f.truncate(SIZE)
    with start("--disk", IMAGE) as guest:
        guest.shell()
        guest.run(f"/sbin/mke2fs -q -t ext4 {HERE.disk}a", 60)
        guest.run(f"mount -t ext4 {HERE.disk}a /mnt")
        guest.run(f"dd if=/dev/urandom of=/mnt/data bs=1M count={MEGABYTES}; sync", 60)
        first = guest.run("sha256sum /mnt/data", 60)
        guest.run("mkdir /mnt/folder; ln -s data /mnt/link; echo text >/mnt/folder/file; sync")
        if guest.power_off() != 0:
            raise Failure("switching off: not exit status 0")
    with start("--disk", IMAGE) as guest:
        guest.shell()
        guest.run(f"mount -t ext4 {HERE.disk}a /mnt")
        second = guest.run("sha256sum /mnt/data", 60)
        if first != second:
            raise Failure(f"written {first}, read {second}")
        if guest.run("cat /mnt/folder/file; readlink /mnt/link") != "text\ndata\n":
            raise Failure("small files are not as written")
        guest.run(f"rm /mnt/data; umount /mnt; /sbin/e2fsck -fn {HERE.disk}a", 60)
        guest.power_off()


def several():
    """Three disks; one is read-only, and nothing comes into its file."""
    names = [os.path.join(folder.name, name) for name in ("a", "b", "c")]
    for n, name in enumerate(names):
        with open(name, "wb") as f:
            f.write(bytes([0x61 + n]) * (1 << 20))
    options = ["--disk", names[0], "--disk", names[1] + ",ro", "--disk", names[2]]
    with start(*options) as guest:
        guest.shell()
        disk = guest.run(HERE.order).split()
        heads = guest.run(f"for d in {' '.join(disk)}; do dd if=/dev/$d bs=4 count=1 2>/dev/null; "
                          "done; echo")
        if heads.strip() != "aaaabbbbcccc":
            raise Failure(f"the disks begin with {heads!r}")
        guest.run(f"! dd if=/dev/zero of=/dev/{disk[1]} bs=4096 count=1 conv=fsync")
        guest.run(f"dd if=/dev/zero of=/dev/{disk[2]} bs=4096 count=1 seek=1; sync")
        if HERE.says_read_only and guest.run(f"cat /sys/block/{disk[1]}/ro").strip() != "1":
            raise Failure("the guest does not know that the second is read-only")
        guest.power_off()
    want = [b"a" * (1 << 20), b"b" * (1 << 20),
            b"c" * 4096 + bytes(4096) + b"c" * ((1 << 20) - 8192)]
    for name, data in zip(names, want):
        with open(name, "rb") as f:
            if f.read() != data:
                raise Failure(f"disk {os.path.basename(name)} is not what it should be")


script.test("disk-ext4", ext4)
script.test("disk-several", several)
status = script.end()
folder.cleanup()
sys.exit(status)
