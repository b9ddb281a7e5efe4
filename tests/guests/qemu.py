#!/usr/bin/env python3
"""Debian's kernels in ours and in QEMU, in lockstep through both debuggers' ports.

QEMU is the independent reference: from power-on both run the kernel's decompressor and its start,
with what QEMU made for it (ARM: device tree; x86: boot parameters, command line, firmware's tables) and
equal registers. At each of `places` registers and the kernel's memory must be equal without any help, and
the next steps are compared one by one.

ARM: behind the first place, MPIDR is read and copied: QEMU does not say there that it has one processor
only, and the kernel would patch itself differently. The last comes before init_IRQ, which looks for the
devices in the tree: one (GICv2m) our board does not have. Behind that, clocks are read, and two machines
whose clocks differ run different instructions.

QEMU 7.2 is told `thread=single`: with its default, a thread for each processor, it runs past one in some
hundred breakpoints that were set after steps.

x86: the last place comes before the kernel asks what CPUID gave, which differs. Registers that start_kernel's
callers leave behind are free. x87 words that QEMU does not keep are left out.
"""

import os
import shutil
import socket
import subprocess
import sys

from guest import Failure, Guest
from kinds import HERE
from results import TREE, Script

script = Script()


class Facts:
    def __init__(self, **facts):
        self.__dict__.update(facts)


FACTS = {
    "arm": Facts(
        qemu=["qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15"],
        append="console=ttyAMA0 quiet", words="",
        steps={"vmlinuz": 4000, "vmlinuz-lpae": 1000},
        copy=["r2,0x10000"],
        # The first runs before the MMU is on: at its physical address.
        places=["__lookup_processor_type", "start_kernel", "setup_arch", "unflatten_device_tree",
                "vfs_caches_init_early", "sched_init", "rcu_init", "early_irq_init"],
        to_physical=0x40000000 - 0xc0000000,
        # The page tables, the stack, and what lies behind the kernel's code: its data.
        memory={"vmlinuz": "0xc0004000,0x4000", "vmlinuz-lpae": "0xc0003000,0x5000"},
        stack="sp,256", data="_einittext,0x100000", ignore=[], free=[]),
    "x86": Facts(
        qemu=["qemu-system-i386", "-M", "pc-i440fx-6.2", "-cpu", "n270"],
        append="console=ttyS0 quiet nokaslr", words="nokaslr",
        steps={"vmlinuz": 1500, "vmlinuz-pae": 500},
        copy=["esi,0x1000", "0x20000,0x1000", "0x400,0x100", "0x9fc00,0x400", "0xe0000,0x20000"],
        places=["_text", "start_kernel", "page_address_init"],
        to_physical=-0xc0000000,
        memory={"vmlinuz": "0xc1000000,0x4000", "vmlinuz-pae": "0xc1000000,0x4000"},
        stack="esp,256", data="start_kernel,0x1000",
        ignore=["ftag", "fiseg", "fioff", "foseg", "fooff", "fop"], free=["ebx", "ecx", "edx"]),
}[HERE.name]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def addresses(kernel, names):
    """{name: address} from the running kernel's table."""
    with Guest(script.program, script.files[kernel], script.files["initramfs.cpio.gz"],
               append=FACTS.words) as guest:
        guest.shell()
        guest.run("echo 0 > /proc/sys/kernel/kptr_restrict")
        text = guest.run("grep -E ' (" + "|".join(names) + ")$' /proc/kallsyms")
    found = {line.split()[2]: line.split()[0] for line in text.splitlines()}
    if set(found) != set(names):
        raise Failure(f"the kernel does not have {' '.join(set(names) - set(found))}")
    return found


def agree(kernel):
    return lambda: run_both(kernel)


def run_both(kernel):
    data, data_bytes = FACTS.data.split(",")
    at = addresses(kernel, sorted({*FACTS.places, data}))
    places = ["0x" + at[name] for name in FACTS.places]
    places[0] = hex(int(places[0], 16) + FACTS.to_physical)
    qemu_port, port = free_port(), free_port()
    theirs = [*FACTS.qemu, "-accel", "tcg,thread=single", "-m", "256", "-display", "none",
              "-serial", "none", "-monitor", "none", "-net", "none", "-S", "-gdb",
              f"tcp:127.0.0.1:{qemu_port}", "-kernel", script.files[kernel], "-append", FACTS.append]
    ours = [script.program, "--guest", HERE.name, "--kernel", script.files[kernel], "--memory",
            "256M", "--append", FACTS.append, "--serial", "none", "--gdb", f"{port},wait"]
    words = [os.path.join(TREE, "tools/lockstep"), "--limit", "120", "qemu", "--at",
             hex(HERE.entry), "--count", str(FACTS.steps[kernel])]
    for option, values in (("--copy", FACTS.copy), ("--then", places),
                           ("--same", [FACTS.memory[kernel], FACTS.stack,
                                       f"0x{at[data]},{data_bytes}"]),
                           ("--ignore", FACTS.ignore), ("--free", FACTS.free)):
        words += [word for value in values for word in (option, value)]
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
    count = len(places) + 1
    return f"{count * FACTS.steps[kernel]} instructions at {count} places"


if shutil.which(FACTS.qemu[0]) is None:
    script.skip("qemu", f"there is no {FACTS.qemu[0]}")
    sys.exit(script.end())
script.test("qemu-lockstep", agree("vmlinuz"))
script.test(f"qemu-lockstep-{HERE.wide}", agree(f"vmlinuz-{HERE.wide}"))
sys.exit(script.end())
