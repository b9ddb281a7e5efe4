"""Just enough of the X protocol to press keys on an Xvfb: connection set-up and the XTEST extension.

X Window System Protocol (X11R7), chapter 8 (connection setup) and QueryExtension; XTEST Extension
Protocol, FakeInput. Requests are sent little-endian; lengths count 4-byte units.
"""

import socket
import struct
import time

KEY_PRESS, KEY_RELEASE, MOTION = 2, 3, 6


class Display:
    def __init__(self, number, timeout=20):
        until = time.monotonic() + timeout
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(f"/tmp/.X11-unix/X{number}")
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        self.socket.settimeout(20)
        self.socket.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
        status, length = struct.unpack("<BxxxxxH", self._read(8))
        body = self._read(length * 4)
        if status != 1:
            raise OSError("the X server refuses: " + body.decode(errors="replace"))
        vendor, formats = struct.unpack_from("<H", body, 16)[0], body[21]
        root_at = 32 + (vendor + 3) // 4 * 4 + formats * 8
        self.root = struct.unpack_from("<I", body, root_at)[0]
        name = b"XTEST"
        self.socket.sendall(struct.pack("<BxHHxx", 98, 2 + 2, len(name)) + name + b"\0\0\0")
        reply = self._read_reply()
        if not reply[8]:
            raise OSError("the X server has no XTEST extension")
        self.xtest = reply[9]

    def _read(self, n):
        data = b""
        while len(data) < n:
            part = self.socket.recv(n - len(data))
            if not part:
                raise OSError("the X server is gone")
            data += part
        return data

    def _read_reply(self):
        while True:
            data = self._read(32)
            if data[0] == 0:
                raise OSError(f"X error {data[1]}")
            if data[0] == 1:
                return data + self._read(struct.unpack_from("<I", data, 4)[0] * 4)

    def _fake(self, kind, detail, x=0, y=0):
        root = self.root if kind == MOTION else 0
        self.socket.sendall(struct.pack("<BBHBBxxII8xhh8x", self.xtest, 2, 9, kind, detail, 0,
                                        root, x, y))

    def key(self, keycode, down):
        self._fake(KEY_PRESS if down else KEY_RELEASE, keycode)

    def move_pointer(self, x, y):
        """Without a window manager the window below the pointer gets the keys."""
        self._fake(MOTION, 0, x, y)

    def close(self):
        self.socket.close()
