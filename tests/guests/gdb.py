#!/usr/bin/env python3
"""Debian's GDB on a running guest: the program's --gdb, end to end.

Without gdb-multiarch nothing is tested, and said so.
"""

import importlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

from guest import PATIENCE, Failure, Guest
from kinds import HERE
from results import TREE, Script

sys.path.insert(0, os.path.join(TREE, "tools"))
from testbed import rsp  # noqa: E402

script = Script()
cpu = importlib.import_module("gdb_" + HERE.name)
STEPS = 20
MASK = 0o126


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def expect(what, good):
    if not good:
        raise Failure(what)


class Debugger:
    """gdb-multiarch, told what to do line by line."""

    def __init__(self, port):
        self.process = subprocess.Popen(
            ["gdb-multiarch", "-nx", "-q"] + [word for text in (
                "set pagination off", "set confirm off", *cpu.SETTINGS) for word in ("-ex", text)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text, self.count = "", 0
        self.command(f"target remote 127.0.0.1:{port}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def begin(self, text):
        self.count += 1
        self.process.stdin.write(f"{text}\necho \\nend-{self.count}-\\n\n".encode())
        self.process.stdin.flush()

    def finish(self, limit=20):
        """What the command printed."""
        mark, end = f"\nend-{self.count}-\n", time.monotonic() + limit * PATIENCE
        while mark not in self.text:
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f"gdb does not answer: {self.text[-300:]}")
            if select.select([self.process.stdout], [], [], left)[0]:
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    raise Failure(f"gdb has ended: {self.text[-300:]}")
                self.text += data.decode(errors="replace")
        answer, self.text = self.text.split(mark, 1)
        return answer.replace("(gdb) ", "")

    def command(self, text, limit=20):
        self.begin(text)
        return self.finish(limit)

    def value(self, expression):
        found = re.search(r"= (0x[0-9a-f]+)", self.command(f"p/x {expression}"))
        expect(f"{expression} has no value", found)
        return int(found[1], 16)

    def next_two(self):
        """[(address, text)] of the instruction at pc and the one behind it."""
        rows = re.findall(r"(0x[0-9a-f]+):\s+([^\n]*)", self.command("x/2i $pc"))
        expect("gdb cannot read the code at pc", len(rows) >= 2)  # a delay slot comes with its branch
        return [(int(at, 16), text.strip()) for at, text in rows[:2]]


def step(gdb):
    wanted, before = cpu.after(gdb), gdb.next_two()[0]
    gdb.command("stepi")
    pc = gdb.value("$pc")
    expect(f"the step from {before} led to {pc:#x}, not {wanted}", wanted in (None, pc))


USER_STEPS = 4000  # an interrupt may come on the way


def step_to_user(gdb):
    for _ in range(USER_STEPS):
        if cpu.is_user(gdb):
            return
        gdb.command("stepi")
    raise Failure(f"{USER_STEPS} steps do not lead back to the program")


def start(options, kernel=HERE.kernel):
    return Guest(script.program, script.files[kernel], script.files["initramfs.cpio.gz"],
                 append=cpu.APPEND, options=options)


def whole(*options, kernel=HERE.kernel):
    """Attach to a running guest; break in a system call, change what it returns; go on."""
    def run():
        port = free_port()
        with start(["--gdb", str(port), *options], kernel) as guest:
            guest.shell()
            guest.run("echo 0 > /proc/sys/kernel/kptr_restrict")
            line = guest.run(getattr(cpu, "FIND", f"grep ' T {cpu.SYMBOL}$' /proc/kallsyms"))
            address = int(line.split()[0], 16)
            with Debugger(port) as gdb:
                expect("no registers", cpu.STATUS in gdb.command("info registers"))
                wrong = cpu.check_kernel(gdb)
                expect(wrong, wrong is None)
                gdb.command(f"break *{address:#x}")
                guest.send("umask\n")
                expect("the breakpoint is not hit", "Breakpoint 1" in gdb.command("continue"))
                expect("it stopped elsewhere", gdb.value("$pc") == address)
                expect("not in the kernel", cpu.is_kernel(gdb))
                gdb.command("delete")
                back = gdb.value(cpu.RETURN_ADDRESS)
                gdb.command(f"tbreak *{back:#x}")
                for _ in range(STEPS // 4):
                    step(gdb)
                gdb.command("continue")
                expect("no return", gdb.value("$pc") == back)
                gdb.command(f"set {cpu.RESULT} = {MASK}")
                for _ in range(STEPS):
                    step(gdb)
                step_to_user(gdb)
                remark = cpu.remark(gdb)
                for _ in range(STEPS // 2):
                    step(gdb)
                gdb.begin("continue")
                time.sleep(1)
                gdb.process.send_signal(signal.SIGINT)
                expect("Ctrl-C does not stop it", "SIGINT" in gdb.finish())
                gdb.command("detach")
            guest.wait(b"%04o" % MASK, 10)
            expect("status after the debugger left", guest.power_off() == 0)
            return remark
    return run


def wait():
    """,wait: stopped before the first instruction; a breakpoint; then killed."""
    port = free_port()
    with start(["--gdb", f"{port},wait"]) as guest:
        target = rsp.Target(f"127.0.0.1:{port}")
        pc = target.registers()[cpu.PC]
        again = target.registers()[cpu.PC]
        expect("it runs already", pc == again == cpu.ENTRY)
        target.step()
        expect("the step does not lead on", target.registers()[cpu.PC] != pc)
        if cpu.EARLY:
            target.set_breakpoint(cpu.EARLY)
            target.resume(60)
            expect("not at the breakpoint", target.registers()[cpu.PC] == cpu.EARLY)
        target.send("k")
        expect("status after kill", guest.end() == 3)


def answers(function):
    """The same, where the protocol's failures count as the test's."""
    def run():
        try:
            return function()
        except rsp.Failure as failure:
            raise Failure(str(failure)) from failure
    return run


if shutil.which("gdb-multiarch") is None:
    script.skip("gdb", "there is no gdb-multiarch")
    sys.exit(script.end())
script.test("gdb", whole())
script.test("gdb-icount", whole("--icount"))
if HERE.wide:
    script.test(f"gdb-{HERE.wide}", whole(kernel=f"{HERE.kernel}-{HERE.wide}"))
script.test("gdb-wait", answers(wait))
sys.exit(script.end())
