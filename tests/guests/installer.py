#!/usr/bin/env python3
"""Debian's installer, as a user meets it: to its first screen, and with a key to the next."""

import sys

from guest import Guest
from results import Script

script = Script()


def first_screens():
    files = script.files
    with Guest(script.program, files["installer-vmlinuz"], files["installer-initrd.gz"],
               memory="512M") as guest:
        guest.wait(rb"Select a language", 90)
        guest.wait(rb"English", 10)
        guest.send("\r")
        guest.wait(rb"Select your location", 30)


script.test("installer", first_screens)
sys.exit(script.end())
