"""The GDB remote protocol from the debugger's side: for QEMU's -gdb and our --gdb.

    target = rsp.Target("localhost:1234")
    target.set_breakpoint(0xc0008000); target.resume(); print(target.registers())
"""

import socket
import time
import xml.etree.ElementTree as ElementTree


class Failure(Exception):
    """The other end said no, or nothing."""


class Target:
    def __init__(self, address, limit=30):
        """address: HOST:PORT or the path of a Unix socket; tried again for `limit` seconds."""
        self.address = address
        end = time.monotonic() + limit
        while True:
            try:
                self.socket = self._connect(address)
                break
            except OSError as e:
                if time.monotonic() > end:
                    raise Failure(f"{address}: {e}") from e
                time.sleep(0.1)
        self.socket.settimeout(limit)
        self.pending = b""
        self.ack = True
        self.features = self.command("qSupported:swbreak+;xmlRegisters=arm").split(";")
        if "QStartNoAckMode+" in self.features and self.command("QStartNoAckMode") == "OK":
            self.ack = False
        self.order = "little"
        self.layout = self._read_layout()
        self.command("?")

    @staticmethod
    def _connect(address):
        if "/" in address:
            s = socket.socket(socket.AF_UNIX)
            s.connect(address)
            return s
        host, port = address.rsplit(":", 1)
        s = socket.create_connection((host or "localhost", int(port)))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def close(self):
        self.socket.close()

    # ---- packets ----
    def _byte(self):
        if not self.pending:
            try:
                self.pending = self.socket.recv(65536)
            except OSError as e:
                raise Failure(f"no answer: {e}") from e
            if not self.pending:
                raise Failure("the connection was closed")
        byte, self.pending = self.pending[:1], self.pending[1:]
        return byte

    def send(self, text):
        data = text.encode("latin-1")
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 255))

    def receive(self):
        while self._byte() != b"$":
            pass
        data = bytearray()
        while (byte := self._byte()) != b"#":
            data += byte
        self._byte(), self._byte()
        if self.ack:
            self.socket.sendall(b"+")
        return self._expand(data)

    @staticmethod
    def _expand(data):
        """Undo escapes and run lengths."""
        out, n = bytearray(), 0
        while n < len(data):
            if data[n] == ord("}"):
                out.append(data[n + 1] ^ 0x20)
                n += 2
            elif data[n] == ord("*"):
                out += bytes([out[-1]]) * (data[n + 1] - 29)
                n += 2
            else:
                out.append(data[n])
                n += 1
        return out.decode("latin-1")

    def command(self, text):
        self.send(text)
        return self.receive()

    def checked(self, text):
        answer = self.command(text)
        if answer != "OK":
            raise Failure(f"{text}: {answer or 'not supported'}")

    # ---- registers ----
    def _xml(self, name):
        text = ""
        while True:
            part = self.command(f"qXfer:features:read:{name}:{len(text):x},800")
            if part[:1] not in ("m", "l"):
                raise Failure(f"{name}: {part}")
            text += part[1:]
            if part[0] == "l":
                return text

    def _read_layout(self):
        """[(name, bytes)] in the order of the `g` packet."""
        layout, number = {}, 0
        waiting = ["target.xml"]
        while waiting:
            root = ElementTree.fromstring(self._xml(waiting.pop(0)).replace("xi:", ""))
            for node in root.iter():
                tag = node.tag.rpartition("}")[2]
                if tag == "architecture" and node.text == "sparc":
                    self.order = "big"
                if tag == "include":
                    waiting.append(node.get("href"))
                elif tag == "reg":
                    number = int(node.get("regnum", number))
                    layout[number] = (node.get("name"), int(node.get("bitsize")) // 8)
                    number += 1
        return layout

    def registers(self):
        """{name: value} of what `g` sends, in the guest's byte order; the rest is left out."""
        raw = self.command("g")
        values, at = {}, 0
        for number in sorted(self.layout):
            name, size = self.layout[number]
            part = raw[at:at + 2 * size]
            at += 2 * size
            if len(part) < 2 * size:
                break
            if "x" not in part:
                values[name] = int.from_bytes(bytes.fromhex(part), self.order)
        return values

    def read_register(self, name):
        number, size = next((n, s) for n, (t, s) in self.layout.items() if t == name)
        return int.from_bytes(bytes.fromhex(self.command(f"p{number:x}")), self.order)

    def write_register(self, name, value):
        number, size = next((n, s) for n, (t, s) in self.layout.items() if t == name)
        self.checked(f"P{number:x}={value.to_bytes(size, self.order).hex()}")

    # ---- memory and running ----
    def read(self, address, count):
        data = b""
        while len(data) < count:
            part = self.command(f"m{address + len(data):x},{min(1024, count - len(data)):x}")
            if part.startswith("E") or not part:
                raise Failure(f"cannot read {address + len(data):#x}")
            data += bytes.fromhex(part)
        return data

    def write(self, address, data):
        for at in range(0, len(data), 1024):
            part = data[at:at + 1024]
            self.checked(f"M{address + at:x},{len(part):x}:{part.hex()}")

    def set_breakpoint(self, pc, size=4):
        self.checked(f"Z0,{pc:x},{size}")

    def remove_breakpoint(self, pc, size=4):
        self.checked(f"z0,{pc:x},{size}")

    def step(self):
        return self.command("s")

    def resume(self, limit=None):
        """Run until it stops; with a limit in seconds, it is interrupted then: Failure, with its registers."""
        before = self.socket.gettimeout()
        self.socket.settimeout(limit or before)
        try:
            return self.command("c")
        except Failure as failure:
            self.socket.settimeout(before)
            self.socket.sendall(b"\x03")
            answer = self.receive()
            state = " ".join(f"{name} {value:#x}" for name, value in self.registers().items())
            raise Failure(f"{failure}; interrupted ({answer}): {state}") from failure
        finally:
            self.socket.settimeout(before)

    def steps_without_interrupts(self):
        """QEMU: no interrupts and no timers while single-stepping (bits: see its gdbstub manual)."""
        return self.command("Qqemu.sstep=0x7") == "OK"
