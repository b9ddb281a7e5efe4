"""The architectures that the tests here run with, a record each; HERE is the one of this run.

GUEST in the environment names it (tests/suites.txt: guest=NAME), arm if it is not set.
"""

import os


class Kind:
    def __init__(self, **facts):
        self.__dict__.update(facts)


KINDS = {
    "arm": Kind(
        name="arm", kernel="vmlinuz", console="ttyAMA0", machine="armv7l",
        wide="lpae",  # the kernel vmlinuz-WIDE, with the longer page table entries
        disk="/dev/vd",  # and a letter
        order="ls /sys/block | grep vd",  # prints the disks in the order of the options
        says_read_only=True,  # the disk that may not be written, to the guest
        page_switches=1000000,  # boot.py, pages
        entry=0x40010000, debugger="arm",
    ),
    "x86": Kind(
        name="x86", kernel="vmlinuz", console="ttyS0", machine="i686", wide="pae",
        disk="/dev/sd", order="for n in 0:0:0:0 0:0:1:0 1:0:0:0 1:0:1:0; do "
        "ls /sys/bus/scsi/devices/$n/block 2>/dev/null; done; true",  # names depend on who is first
        says_read_only=False,  # an ATA disk cannot say it: writing fails
        page_switches=200000,
        entry=0x100000, debugger="i386",
    ),
    "sparc": Kind(  # klibc's tools instead of busybox
        name="sparc", kernel="image", console="ttyS0", machine="sparc", wide=None,
    ),
}
HERE = KINDS[os.environ.get("GUEST") or "arm"]
