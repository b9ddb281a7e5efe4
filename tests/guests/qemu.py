#!/usr/bin/env python3
"""Debian's kernels in ours and in QEMU, in lockstep through both debuggers' ports.

QEMU is the independent reference: from power-on both run the kernel's decompressor and its start,
with the device tree that QEMU made and equal registers. At each of PLACES registers and the kernel's
memory must be equal without any help, and the next STEPS instructions are compared one by one. Behind
the first, MPIDR is read and copied: QEMU does not say there that it has one processor only, and the
kernel would patch itself differently. The last comes before init_IRQ, which looks for the devices
in the tree: one (GICv2m) our board does not have. Behind that, clocks are read, and two machines
whose clocks differ run different instructions.
"""

import os
import shutil
import socket
import subprocess
import sys

from guest import Failure, Guest
from results import TREE, Script

script = Script()
ENTRY = 0x40010000
APPEND = "console=ttyAMA0 quiet"
STEPS = {"vmlinuz": 4000, "vmlinuz-lpae": 1000}
FIXUP = "__lookup_processor_type"  # runs before the MMU is on: at its physical address
VIRTUAL_TO_PHYSICAL = 0x40000000 - 0xc0000000
PLACES = [FIXUP, "start_kernel", "setup_arch", "unflatten_device_tree", "vfs_caches_init_early",
          "sched_init", "rcu_init", "early_irq_init"]
# The page tables, the stack, and what lies behind the kernel's code: its data.
MEMORY = {"vmlinuz": "0xc0004000,0x4000", "vmlinuz-lpae": "0xc0003000,0x5000"}
DATA = "_einittext"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def addresses(kernel, names):
    """{name: address} from the running kernel's table."""
    with Guest(script.program, script.files[kernel], script.files["initramfs.cpio.gz"]) as guest:
        guest.shell()
        guest.run("echo 0 > /proc/sys/kernel/kptr_restrict")
        text = guest.run("grep -E ' (" + "|".join(names) + ")$' /proc/kallsyms")
    found = {line.split()[2]: line.split()[0] for line in text.splitlines()}
    if set(found) != set(names):
        raise Failure(f"the kernel does not have {' '.join(set(names) - set(found))}")
    return found


def agree(kernel):
    def run():
        at = addresses(kernel, PLACES + [DATA])
        at[FIXUP] = f"{int(at[FIXUP], 16) + VIRTUAL_TO_PHYSICAL:x}"
        qemu_port, port = free_port(), free_port()
        theirs = ["qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15", "-m", "256", "-display",
                  "none", "-serial", "none", "-monitor", "none", "-net", "none", "-S", "-gdb",
                  f"tcp:127.0.0.1:{qemu_port}", "-kernel", script.files[kernel], "-append", APPEND]
        ours = [script.program, "--kernel", script.files[kernel], "--memory", "256M", "--append",
                APPEND, "--serial", "none", "--gdb", f"{port},wait"]
        words = [os.path.join(TREE, "tools/lockstep"), "--limit", "120", "qemu", "--at", hex(ENTRY),
                 "--copy", "r2,0x10000", "--count", str(STEPS[kernel])]
        words += [word for name in PLACES for word in ("--then", "0x" + at[name])]
        for place in (MEMORY[kernel], "sp,256", f"0x{at[DATA]},0x100000"):
            words += ["--same", place]
        machines = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL) for command in (theirs, ours)]
        try:
            done = subprocess.run(words + [f"127.0.0.1:{port}", f"127.0.0.1:{qemu_port}"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False)
        finally:
            for machine in machines:
                machine.kill()
                machine.wait()
        if done.returncode:
            raise Failure(done.stdout.strip())
        return f"{(len(PLACES) + 1) * STEPS[kernel]} instructions at {len(PLACES) + 1} places"
    return run


if shutil.which("qemu-system-arm") is None:
    script.skip("qemu", "there is no qemu-system-arm")
    sys.exit(script.end())
script.test("qemu-lockstep", agree("vmlinuz"))
script.test("qemu-lockstep-lpae", agree("vmlinuz-lpae"))
sys.exit(script.end())
