"""QEMU as a test machine. Always emulation (TCG) unless ACCEL=kvm: /dev/kvm may exist and not work.

Serial line: a Unix socket that QEMU connects to, so that no early output is lost. Control: QMP.
"""

import json
import os
import shutil
import socket

from .keys import EXTENDED
from .machine import Failure, Machine
from .picture import from_ppm

OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"

VGA = {  # name -> QEMU's options
    "std": ["-vga", "std"],
    "cirrus": ["-vga", "cirrus"],
    "none": ["-vga", "none"],
    "ramfb": ["-vga", "none", "-device", "ramfb"],
    "virtio": ["-vga", "virtio"],
}

EXIT_PORT = ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]  # outb(v) leaves with 2v+1
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2024-01-01,clock=vm"]


def accelerator():
    return os.environ.get("ACCEL", "tcg")


def command(iso, firmware="bios", cpus=1, memory=256, cpu="max", vga="std", icount=False,
            machine="pc", keyboard=True, variables=None, extra=()):
    """QEMU's command line, without display, serial line and monitor. variables: a fresh copy of
    OVMF's variables (one that has seen another disk makes the next boot time out)."""
    if not keyboard:
        machine += ",i8042=off"
    line = ["qemu-system-x86_64", "-accel", accelerator(), "-machine", machine, "-cpu", cpu,
            "-smp", str(cpus), "-m", str(memory), "-nodefaults", "-no-reboot", "-net", "none"]
    if firmware == "uefi":
        line += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF_CODE}",
                 "-drive", f"if=pflash,unit=1,format=raw,file={variables}"]
    line += ["-drive", f"if=none,id=cd,format=raw,media=cdrom,readonly=on,file={iso}",
             "-device", "ide-cd,drive=cd,bootindex=0"]
    return line + VGA[vga] + (ICOUNT if icount else []) + EXIT_PORT + list(extra)


class Qemu(Machine):
    def __init__(self, iso, firmware="bios", serial=True, limit=120, **options):
        super().__init__(limit)
        try:
            self._start(iso, firmware, serial, options)
        except BaseException:
            self.close()
            raise

    def _start(self, iso, firmware, serial, options):
        if not os.path.isfile(iso):
            raise Failure(f"there is no {iso}")
        variables = None
        if firmware == "uefi":
            variables = os.path.join(self.folder, "vars.fd")
            shutil.copyfile(OVMF_VARS, variables)
        control = self._listener("control")
        line = command(iso, firmware, variables=variables, **options)
        line += ["-display", "none", "-chardev", f"socket,id=control,path={self.folder}/control",
                 "-mon", "chardev=control,mode=control"]
        if serial:
            serial_listener = self._listener("serial")
            line += ["-chardev", f"socket,id=com1,path={self.folder}/serial",
                     "-serial", "chardev:com1"]
        else:
            line += ["-serial", "none"]
        self.spawn(line)
        self._control = self._connect(control)
        self._replies = self._control.makefile("r")
        self._read_reply("QMP")
        self.control("qmp_capabilities")
        if serial:
            self._accept_serial(serial_listener)

    def _listener(self, name):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(self.folder, name))
        listener.listen(1)
        return listener

    def _connect(self, listener):
        listener.settimeout(0.2)
        while True:
            try:
                sock, _ = listener.accept()
                break
            except socket.timeout:
                if not self.running():
                    raise Failure("QEMU did not start:\n" + self.all_logs()) from None
        listener.close()
        sock.settimeout(30)
        return sock

    def _read_reply(self, key):
        while True:
            line = self._replies.readline()
            if not line:
                raise Failure("QEMU is gone" + self.seen() + self.why_gone())
            message = json.loads(line)
            if "error" in message:
                raise Failure("QEMU: " + message["error"]["desc"])
            if key in message:
                return message[key]

    def control(self, name, **arguments):
        """One QMP command."""
        try:
            self._control.sendall(json.dumps({"execute": name, "arguments": arguments}).encode())
            return self._read_reply("return")
        except OSError as error:
            raise Failure(f"QEMU does not answer ({error})" + self.seen()
                          + self.why_gone()) from None

    def why_gone(self):
        log = self.all_logs().strip()
        return "\n" + log if log else ""

    def monitor(self, line):
        """One command of the human monitor; its output."""
        return self.control("human-monitor-command", **{"command-line": line})

    def press(self, codes):
        def event(code, down):
            prefix = 0x80 if code & EXTENDED else 0
            return {"type": "key", "data": {"down": down, "key": {
                "type": "number", "data": prefix | code & ~EXTENDED}}}
        for code in codes:
            self.control("input-send-event", events=[event(code, True)])
        for code in reversed(codes):
            self.control("input-send-event", events=[event(code, False)])

    def picture(self):
        path = os.path.join(self.folder, "screen.ppm")
        self.control("screendump", filename=path)
        with open(path, "rb") as f:
            return from_ppm(f.read())

    def nmi(self):
        self.control("inject-nmi")

    def power_button(self):
        self.control("system_powerdown")
