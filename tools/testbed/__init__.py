"""Test machines: QEMU (BIOS, UEFI) and Bochs, driven from Python. Start reading in machine.py."""
