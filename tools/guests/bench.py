"""Building the benchmark's file system and running it in a machine emulator.

A run is one boot: the machine's console is read line by line, each line with the time at which it
came; the guest switches itself off. Lines that are no figures are kept for error messages only, so
kernel messages in between do no harm.
"""

import glob
import gzip
import os
import re
import select
import subprocess
import tempfile
import time

from . import figures, images, sparc
from .apt import Apt, Failure, say

TREE = os.path.dirname(os.path.dirname(images.HERE))
SOURCES = os.path.join(TREE, "tests", "guest")
FLAGS = ["-std=gnu11", "-O2", "-fno-inline", "-fno-optimize-sibling-calls", "-ffp-contract=off"]
PROGRAMS = ["kernels", "micro", "cold", "jit"]
SCRIPTS = ["all.sh", "system.sh"]
TOOLS = {"sparc": "klibc.sh"}  # what times the guest's tools, if not busybox.sh
OWN = {"amd64": "x86"}  # whose folder has an architecture's code, if not its own
COMPILERS = {"arm": "arm-linux-gnueabihf-gcc", "x86": "i686-linux-gnu-gcc", "amd64": "gcc"}
ARCHITECTURE = {"x86": ["-march=pentium4", "-mfpmath=sse"]}  # SSE2, where Debian's i386 has the x87

# For tools that cannot compress.
TEXT = b"".join(b"%d line %d of the text, %x\n" % (n * 16807 % 65521, n % 20000, n * n)
                for n in range(80000))

FIGURE = re.compile(r"bench ([a-z0-9_]+) ([0-9.]+(?:e[+-]?\d+)?) (\S+)\s*$")
READY = re.compile(r"guest ready:")
DONE = re.compile(r"guest done: status (\d+)")
WRONG = re.compile(r"WRONG .*")


def compile_program(compiler, name, to, extra=()):
    source = os.path.join(SOURCES, name + ".c")
    headers = glob.glob(os.path.join(SOURCES, "**", "*.h"), recursive=True)
    if os.path.exists(to) and all(os.path.getmtime(to) > os.path.getmtime(f)
                                  for f in [source, *headers]):
        return to
    os.makedirs(os.path.dirname(to), exist_ok=True)
    part = f"{to}.part.{os.getpid()}"
    subprocess.run([compiler, *FLAGS, "-o", part, source, *extra], check=True)
    os.rename(part, to)
    return to


def guest_program(guest, cache, name):
    """tests/guest/NAME.c for a guest; what depends on the architecture is in a folder of its name."""
    to = os.path.join(cache, guest.name, "programs", name)
    own = os.path.join(SOURCES, OWN.get(guest.name, guest.name))
    if guest.built:
        return compile_program(sparc.CROSS + "gcc", name, to, sparc.flags(cache, own))
    return compile_program(COMPILERS[guest.name], name, to,
                           ["-static", "-I" + own, *ARCHITECTURE.get(guest.name, [])])


def bench_image(guest, cache):
    """Path of the guest's initramfs with the programs of tests/guest below /bench."""
    made_from, base = images.file_system(guest, cache)
    programs = {name: guest_program(guest, cache, name) for name in PROGRAMS}
    scripts = {name: os.path.join(SOURCES, name)
               for name in [*SCRIPTS, TOOLS.get(guest.name, "busybox.sh")]}
    path = os.path.join(cache, guest.name, "bench.cpio.gz")
    stamp = images.recipe_stamp(*made_from, *programs.values(), *scripts.values())
    if not images.is_made(path, stamp):
        say(f"{guest.name}/bench.cpio.gz ...")
        archive = base()
        archive.file("bench/text.gz", gzip.compress(TEXT, mtime=0), 0o644)
        for name, file in {**programs, **scripts}.items():
            archive.file("bench/" + name, images.read(file), 0o755)
        images.write(path, images.compress(archive), stamp)
    return path


def append(guest):
    return f"console={guest.console} quiet loglevel=1"


# Of the machine compared with: package, program, machine, CPU like ours, QEMU's default CPU.
QEMU = {
    "arm": ("qemu-system-arm", "qemu-system-arm", "virt", "cortex-a15", None),
    "x86": ("qemu-system-x86", "qemu-system-i386", "pc", "n270", "qemu32"),
    "sparc": ("qemu-system-sparc", "qemu-system-sparc", "SS-5", "Fujitsu-MB86904", None),
}
BOARD = {"arm": "virt", "x86": "pc", "sparc": "ss5"}
KERNEL = {"sparc": "image"}  # if it is not called vmlinuz
MEMORY = {"arm": "256M", "x86": "256M", "sparc": "128M"}  # SPARC: none of it high memory

BARE = ["-marm", "-march=armv7-a", "-mfloat-abi=soft", "-ffreestanding", "-fno-stack-protector",
        "-nostdlib", "-static", "-fno-pic",
        "-Wl,--build-id=none,--section-start=.init=0x40010000"]  # RAM + 64 KiB of board virt


def bare_program(cache, name):
    """Path of tests/guest/NAME.c as a raw kernel image for the ARM board."""
    compiler = COMPILERS["arm"]
    elf = compile_program(compiler, name, os.path.join(cache, "arm", "programs", name + ".elf"),
                          BARE + ["-lgcc"])
    image = elf[:-4] + ".bin"
    subprocess.run([compiler[:-3] + "objcopy", "-O", "binary", elf, image], check=True)
    return image


# It looks for its modules where the system's QEMU has those of another build, and stops at the first
# that is not its own: so all of its own must be found first, in one folder.
NEWER_QEMU = ["qemu-system-common:amd64", "qemu-system-gui:amd64",
              "qemu-system-modules-opengl:amd64", "qemu-system-data:all"]
NEWER_BIOS = "seabios:all"


def newer_qemu(cache, guest):
    """Start of the command for the QEMU in backports, unpacked; the system's where there is none."""
    package, program = QEMU[guest.name][:2]
    try:
        apt = Apt(cache, "backports", [images.SUITES[0] + "-backports"], ["amd64"])
        folders = [apt.unpack(name) for name in [package + ":amd64", *NEWER_QEMU]]
        modules = os.path.join(cache, "qemu-modules")
        os.makedirs(modules, exist_ok=True)
        for folder in folders:
            for path in glob.glob(folder + "/usr/lib/*/qemu/*.so"):
                link = os.path.join(modules, os.path.basename(path))
                if not os.path.lexists(link):
                    os.symlink(path, link)
        command = ["env", "QEMU_MODULE_DIR=" + modules, folders[0] + "/usr/bin/" + program,
                   "-L", folders[-1] + "/usr/share/qemu",
                   "-L", apt.unpack(NEWER_BIOS) + "/usr/share/seabios"]
        subprocess.run([*command, "--version"], check=True, capture_output=True)
        return command
    except (Failure, OSError, subprocess.CalledProcessError) as e:
        say(f"no newer QEMU ({str(e).splitlines()[0]}): the system's is used")
        return [program]


def version(command):
    run = subprocess.run([*command, "--version"], capture_output=True, text=True)
    return (run.stdout.splitlines() or ["?"])[0]


def qemu_command(guest, command, cpu, kernel, initrd, words):
    return [*command, "-M", QEMU[guest.name][2], "-cpu", cpu, "-m", MEMORY[guest.name], "-display", "none",
            "-accel", "tcg", "-serial", "stdio", "-no-reboot",
            "-net", "none", "-kernel", kernel, "-initrd", initrd, "-append", words]


def our_command(guest, program, kernel, initrd, words, extra=()):
    return [program, "--guest", guest.name, "--board", BOARD[guest.name], "--memory", MEMORY[guest.name],
            "--kernel", kernel, "--initrd", initrd, "--append", words, *extra]


class Run:
    """What one boot yielded: values {name: number}, units {name: text}, wrong [line], lines."""

    def __init__(self):
        self.values, self.units, self.wrong, self.lines = {}, {}, [], []
        self.status = None

    def line(self, text, seconds):
        self.lines.append(text)
        if READY.search(text) and "boot" not in self.values:
            self.values["boot"], self.units["boot"] = seconds * 1000, "ms"
        found = FIGURE.search(text)
        if found and found[1] in figures.NAMES:
            self.values[found[1]], self.units[found[1]] = float(found[2]), found[3]
        if WRONG.search(text):
            self.wrong.append(WRONG.search(text)[0])
        if DONE.search(text):
            self.status = int(DONE.search(text)[1])


def run_machine(command, limit):
    """Start it, read its console until it ends or for `limit` seconds."""
    result = Run()
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    pending = b""
    try:
        while True:
            left = start + limit - time.monotonic()
            if left <= 0:
                raise Failure(f"not done in {limit} s; last: " + " | ".join(result.lines[-3:]))
            if not select.select([process.stdout], [], [], left)[0]:
                continue
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                break
            pending += data
            *whole, pending = pending.split(b"\n")
            for raw in whole:
                result.line(raw.decode(errors="replace").rstrip("\r"), time.monotonic() - start)
    finally:
        process.kill()
        process.wait()
    if result.status is None:
        raise Failure("it ended before the guest was done; last: " + " | ".join(result.lines[-5:]))
    return result


def native(guest, cache):
    """(figures of the programs on this machine, which programs): the guest's own where this machine
    runs them, its busybox too; else the same C compiled for it."""
    result = Run()
    if not runs([guest_program(guest, cache, "kernels"), "none"]):
        for name in PROGRAMS:
            listen(result, [compile_program("gcc", name, os.path.join(cache, "native", name),
                                            ["-I" + os.path.join(SOURCES, OWN["amd64"])])])
        return result, "the same C"
    programs = [guest_program(guest, cache, name) for name in PROGRAMS]
    for program in programs:
        listen(result, [program])
    with tempfile.TemporaryDirectory() as folder:
        busybox = images.Parts(guest, cache, False).busybox
        for name in images.APPLETS:
            os.symlink(busybox, os.path.join(folder, name))
        os.mkdir(os.path.join(folder, "tmp"))
        listen(result, [os.path.join(folder, "sh"), os.path.join(SOURCES, "busybox.sh")],
               {"PATH": folder, "TMPDIR": os.path.join(folder, "tmp"),
                "BENCH": os.path.dirname(programs[0])})
    return result, "the same programs"


def listen(result, command, environment=None):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         timeout=300, env=environment, check=False)
    for text in run.stdout.splitlines():
        result.line(text, 0)


def runs(command):
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
