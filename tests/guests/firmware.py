#!/usr/bin/env python3
"""A PC as its owner starts it: GRUB from a CD through SeaBIOS; memtest86+ on the whole of the machine.

Both show themselves on the VGA's text screen, which the program draws on its terminal.
"""

import re
import sys
import time

from guest import PATIENCE, Failure, Guest
from results import Script
from terminal import screen

script = Script()


def shows(guest, pattern, limit):
    """Until a line of the screen matches; the match."""
    end = time.monotonic() + limit * PATIENCE
    while True:
        lines = screen(guest.text)
        for line in lines:
            found = re.search(pattern, line)
            if found:
                return found
        if time.monotonic() > end or not guest.read(0.5):
            raise Failure(f"{pattern!r} is not on the screen: "
                          + " | ".join(line.strip() for line in lines if line.strip())[-700:])


def rescue():
    """The menu, the command line, a command that reads the CD."""
    files = script.files
    with Guest(script.program, memory="64M", options=[
            "--bios", files["bios"], "--vga-bios", files["vga-bios"], "--cdrom",
            files["rescue.iso"]]) as guest:
        shows(guest, "GNU GRUB +version 2", 60)
        time.sleep(1)  # it polls for keys
        guest.send("c")
        shows(guest, "^ *grub>", 20)
        guest.send("ls /boot/grub/\r")
        shows(guest, r"i386-pc/", 20)
        guest.send("echo $grub_platform-$grub_cpu\r")
        shows(guest, "^ *i386-pc|^ *pc-i386", 10)
        return shows(guest, r"version (\S+)", 5)[1]


def memtest(passes):
    """Its tests, all of them or those of the first seconds, find no error."""
    def run():
        with Guest(script.program, script.files["memtest"], append=None, memory="16M") as guest:
            shows(guest, "Memtest86\\+ v6", 20)
            if passes:
                shows(guest, f"Pass: +{passes} ", 1800)
            else:
                shows(guest, r"Test #[4-9]|Test #10", 60)
            if shows(guest, r"Errors: *(\d+)", 5)[1] != "0":
                raise Failure("it finds errors: " + " | ".join(screen(guest.text)))
            return shows(guest, r"Time: +(\S+)", 5)[1]
    return run


script.test("rescue-cd", rescue)
script.test("memtest", memtest(0))
if "memtest-pass" in script.only:  # ten minutes
    script.test("memtest-pass", memtest(1))
sys.exit(script.end())
