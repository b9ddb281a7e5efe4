"""Bochs under Xvfb as a test machine: the one here with PCID, INVPCID, x2APIC and TSC-deadline.

Debian's Bochs is the debugger build: it starts stopped, and a command file with `c` sets it going.
Its text and RFB displays fail in graphics modes, so it draws on an Xvfb whose frame buffer is a file
(XWD); keys go through the X server's XTEST extension. There is no exit port: tests end when the
text waited for has come.
"""

import os
import re
import socket
import subprocess
import time

from . import keys
from .machine import Failure, Machine
from .picture import from_xwd
from .x11 import Display

GUEST_X, GUEST_Y = 4, 36  # where the guest's (0,0) is on the X screen

CONFIGURATION = """\
config_interface: textconfig
display_library: x
cpu: model={cpu}, count={cpus}, ips={ips}
memory: guest={memory}, host={memory}
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
vga: extension=vbe, update_freq=10
pci: enabled=1, chipset=i440fx
ata0-master: type=cdrom, path="{iso}", status=inserted
boot: cdrom
com1: enabled={com1}
clock: sync=none, time0=utc
mouse: enabled=0
speaker: enabled=0
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
panic: action=fatal
error: action=report
info: action=ignore
log: {folder}/machine.log
{extra}
"""


class Bochs(Machine):
    def __init__(self, iso, cpus=1, memory=256, cpu=None, serial=True, limit=240, ips=100000000,
                 extra=(), **ignored):
        super().__init__(limit)
        for name, value in ignored.items():
            if (name, value) not in (("vga", "std"), ("icount", False), ("keyboard", True)):
                self.close()
                raise Failure(f"Bochs has no option {name}={value}")
        try:
            self._start(iso, cpus, memory, cpu or "broadwell_ult", serial, ips, extra)
        except BaseException:
            self.close()
            raise

    def _start(self, iso, cpus, memory, cpu, serial, ips, extra):
        if not os.path.isfile(iso):
            raise Failure(f"there is no {iso}")
        reader, writer = os.pipe()
        self.spawn(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x900x24", "-nolisten",
                    "tcp", "-fbdir", self.folder], pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as numbers:
            number = numbers.readline().strip()
        if not number:
            raise Failure("Xvfb did not start:\n" + self.all_logs())
        self.display = Display(number)

        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        port = listener.getsockname()[1]
        com1 = f"1, mode=socket-client, dev=127.0.0.1:{port}" if serial else "0"
        configuration = os.path.join(self.folder, "bochsrc")
        with open(configuration, "w", encoding="utf-8") as f:
            f.write(CONFIGURATION.format(cpu=cpu, cpus=cpus, ips=ips, memory=memory, com1=com1,
                                         iso=os.path.abspath(iso), folder=self.folder,
                                         extra="\n".join(extra)))
        commands = os.path.join(self.folder, "commands")
        with open(commands, "w", encoding="utf-8") as f:
            f.write("c\n")
        self.spawn(["bochs", "-q", "-f", configuration, "-rc", commands], stdin=subprocess.PIPE,
                   env=dict(os.environ, DISPLAY=f":{number}", HOME=self.folder))
        if serial:
            self._accept_serial(listener)
        else:
            listener.close()

    def press(self, codes):
        self.display.move_pointer(GUEST_X + 600, GUEST_Y + 300)
        for code in codes:
            self.display.key(keys.x_keycode(code), True)
        time.sleep(0.02)
        for code in reversed(codes):
            self.display.key(keys.x_keycode(code), False)
        time.sleep(0.02)

    def picture(self, width=1280, height=800):
        with open(os.path.join(self.folder, "Xvfb_screen0"), "rb") as f:
            return from_xwd(f.read()).crop(GUEST_X, GUEST_Y, width, height)

    def all_logs(self):
        return super().all_logs() + self.log_of("machine")[-3000:]

    def complaints(self):
        """What Bochs says about the guest's CPU: the last lines before a triple fault, above all."""
        lines = (self.log_of("bochs") + self.log_of("machine")).split("\n")
        return [line for line in lines if re.search(r"\de\[CPU|^\(0\)\.", line)]

    def running(self):
        """Bochs stops in its debugger at a triple fault; for a test that is the machine's end."""
        return super().running() and "3rd (13) exception with no" not in self.log_of("machine")

    def seen(self):
        lines = self.complaints()
        return super().seen() + ("\nBochs says:\n" + "\n".join(lines[-6:]) if lines else "")
