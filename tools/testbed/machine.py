"""A test machine: what QEMU and Bochs have in common.

    with testbed.start(firmware="bios", iso="build/tetrapla.iso") as machine:
        machine.wait_screen(r"^\\S+> $", pane=1)
        machine.type("help\\n")

Everything that waits has a limit and raises Failure with what was seen last; leaving the `with`
block ends the machine's processes. One machine runs at a time: the class takes a lock file, so that
two programs on one computer wait for each other.
"""

import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from guests import lines

from . import keys
from .screen import Screen


CONTROL_SEQUENCE = r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()#][0-9A-Z]|\x1b[=>78MDE]|\x0f|\x0e"


class Failure(Exception):
    """A test machine did not do what was waited for."""


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Machine:
    exited_meanings = {}

    def __init__(self, limit):
        self.folder = tempfile.mkdtemp(prefix="testbed.")
        self.processes = []
        self.deadline = time.monotonic() + limit
        self.limit = limit
        self.serial = b""  # everything received on COM1
        self._serial_place = {False: 0, True: 0}  # wait_serial looks from here on (plain: True)
        self._serial_socket = None
        self._heard = threading.Condition()
        self._lock = open(os.path.join(tempfile.gettempdir(), "testbed.lock"), "a")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.started = time.monotonic()
        self.deadline = self.started + limit

    # ---- processes ----
    def spawn(self, command, **options):
        log = open(os.path.join(self.folder, os.path.basename(command[0]) + ".log"), "wb")
        process = subprocess.Popen(command, stdout=options.pop("stdout", log), stderr=log,
                                   stdin=options.pop("stdin", subprocess.DEVNULL),
                                   preexec_fn=_die_with_parent, **options)
        self.processes.append(process)
        return process

    def log_of(self, program):
        try:
            with open(os.path.join(self.folder, program + ".log"), errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
            process.wait()
        if self._serial_socket:
            self._serial_socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def running(self):
        return self.machine_process().poll() is None

    def machine_process(self):
        """The process that is the machine (not its display)."""
        return self.processes[-1]

    def exit_status(self, timeout=None):
        """Wait until the machine leaves by itself: its exit status."""
        until = self._until(timeout)
        while self.running():
            if time.monotonic() > until:
                raise Failure("the machine did not stop" + self.seen())
            time.sleep(0.02)
        return self.machine_process().returncode

    def _until(self, timeout):
        now = time.monotonic()
        if now > self.deadline:
            raise Failure(f"the limit of {self.limit} s for this machine is over" + self.seen())
        return min(self.deadline, now + timeout) if timeout else self.deadline

    # ---- serial line ----
    def _listen(self, sock):
        """Collect what comes in on a connected socket."""
        self._serial_socket = sock

        def reader():
            while True:
                try:
                    data = sock.recv(65536)
                except OSError:
                    data = b""
                with self._heard:
                    self.serial += data
                    self._heard.notify_all()
                if not data:
                    return
        threading.Thread(target=reader, daemon=True).start()

    def _accept_serial(self, listener):
        listener.settimeout(20)
        try:
            sock, _ = listener.accept()
        except socket.timeout:
            raise Failure("the machine did not start:\n" + self.all_logs()) from None
        listener.close()
        sock.settimeout(None)
        self._listen(sock)

    def all_logs(self):
        return "".join(self.log_of(os.path.basename(p.args[0])) for p in self.processes)[-3000:]

    def send_serial(self, text):
        self._serial_socket.sendall(text.encode())

    def serial_text(self, plain=False):
        """Everything received; plain: without a terminal's control sequences."""
        text = self.serial.decode(errors="replace").replace("\r", "")
        return re.sub(CONTROL_SEQUENCE, "", text) if plain else text

    def wait_serial(self, pattern, timeout=None, plain=False):
        """Wait for a pattern behind the one found last; the match."""
        until = self._until(timeout)
        with self._heard:
            while True:
                alive = self.running()
                text = self.serial_text(plain)[self._serial_place[plain]:]
                match = re.search(pattern, text, re.MULTILINE)
                if match:
                    self._serial_place[plain] += match.end()
                    return match
                left = until - time.monotonic()
                if left <= 0 or not alive and not self._heard.wait(0.3):
                    break
                if alive:
                    self._heard.wait(min(left, 0.25))
        why = "" if self.running() else f" (the machine left with {self.machine_process().returncode})"
        raise Failure(f"nothing like {pattern!r} came on the serial line{why}" + self.seen())

    # ---- keyboard ----
    def keys(self, *chords, pause=0.02):
        """Press chords such as "alt-2", one after the other."""
        for name in chords:
            self.press(keys.chord(name))
            time.sleep(pause)

    def type(self, text, pause=0.005):
        """Type text on the machine's keyboard; \\n is Enter."""
        for codes in keys.typing(text):
            self.press(codes)
            time.sleep(pause)

    def press(self, codes):
        raise NotImplementedError

    # ---- screen ----
    def picture(self):
        raise NotImplementedError

    def screen(self, x=0, y=0):
        return Screen(self.picture(), x, y)

    def screenshot(self, path):
        self.picture().save_png(path)

    def wait_screen(self, pattern, timeout=30, pane=None, origin=(0, 0)):
        """Wait until a pattern is on the screen (or in a pane); the match."""
        return self.wait_for_screen(lambda s: s.search(pattern, pane), timeout, origin,
                                    f"{pattern!r} in pane {pane}" if pane else repr(pattern))

    def wait_for_screen(self, condition, timeout=30, origin=(0, 0), what="what was waited for"):
        """Wait until condition(screen) is true; its value."""
        until = self._until(timeout)
        while True:
            screen = self.screen(*origin)
            try:
                result = condition(screen)
            except ValueError:
                result = None  # not yet in a mode with four panes
            if result:
                return result
            if time.monotonic() > until or not self.running():
                raise Failure(f"the screen does not show {what}; it shows\n{screen.text()}"
                              + self.seen())
            time.sleep(0.1)

    def seen(self):
        """For messages: the end of the serial line's text."""
        text = self.serial_text()
        return "; last on the serial line:\n" + text[-2000:] if text else "; the serial line is silent"


def start(firmware="bios", **options):
    """A machine by kind: bios, uefi (QEMU) or bochs. Options: see Qemu and Bochs. Without memory=
    it has what the guests on the ISO need."""
    if not options.get("memory"):
        options["memory"] = lines.machine_memory(lines.manifest_on(options["iso"]))
    from .bochs import Bochs
    from .qemu import Qemu
    if firmware == "bochs":
        return Bochs(**options)
    return Qemu(firmware=firmware, **options)
