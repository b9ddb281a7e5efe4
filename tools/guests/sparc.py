"""The SPARC guest: Debian has no packages for it, so it is built from Debian's sources.

    CACHE/sparc/image                   Linux (linux-source-6.1, linux-sparc.config), for sun4m
    CACHE/sparc/initramfs.cpio.gz       shell and tools of klibc, init-sparc
    CACHE/sparc/openbios                firmware, from the package qemu-system-data as it is

With Debian's sparc64 cross compiler (-m32). The kernel takes some 4 minutes on an idle machine with 2
processors; both builds say how far they are every 10 seconds, and go on where they were interrupted.
Made again when the sources or the recipe change.
"""

import contextlib
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import time

from .apt import Apt, Failure, say
from .cpio import Archive
from .images import HERE, compress, is_made, one, read, write

CROSS = "sparc64-linux-gnu-"
HEADERS = "/usr/sparc64-linux-gnu"  # the kernel's, as klibc wants them
NEEDS = [CROSS + "gcc", "make", "flex", "bison", "bc", "dpkg-source", "xz"]
KERNEL = "linux-source-6.1"
TOOLS = ["usr/dash/shared/sh", "usr/gzip/gzip", "usr/utils/shared/*"]
EDITS = [("KLIBCOPTFLAGS\t\t += -Os -m32 -mptr32", "KLIBCOPTFLAGS\t\t += -Os -m32 -mptr32 -mcpu=v8"),
         ("KLIBCEXECSTACK := n", "KLIBCEXECSTACK := n\nKLIBCLDFLAGS += -m elf32_sparc")]

FIRMWARE = ("qemu-system-data:all", "usr/share/qemu/openbios-sparc32")


class Sources(Apt):
    """Source packages, through a private apt state."""
    KIND = "deb-src"

    def fetch(self, package, folder):
        """Unpack the package's source to a folder, which appears in one rename."""
        if os.path.isdir(folder):
            return
        self.update()
        say(f"source of {package} ...")
        work = folder + ".part"
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        self.run("apt-get", "source", "-qq", "--download-only", package, cwd=work)
        subprocess.run(["dpkg-source", "--no-check", "-x", one(work + "/*.dsc"), work + "/source"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.rename(work + "/source", folder)
        shutil.rmtree(work)


def run_make(what, folder, *arguments):
    """make, counting the files it has dealt with."""
    log = folder + ".log"
    # Nothing of a make that may have started this: its variables would reach the kernel's Makefile.
    environment = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    begun = said = time.monotonic()
    lines = 0
    with open(log, "w") as out, subprocess.Popen(
            ["make", "-C", folder, f"-j{os.cpu_count()}", "ARCH=sparc", "CROSS_COMPILE=" + CROSS,
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", env={**environment, "LC_ALL": "C"}) as make:
        for line in make.stdout:
            out.write(line)
            lines += 1
            if time.monotonic() - said >= 10:
                said = time.monotonic()
                say(f"{what}: {lines} steps, {said - begun:.0f} s")
    if make.returncode:
        raise Failure(f"building {what} failed; see {log}")


def build_kernel(apt, build):
    """The kernel's image, as bytes."""
    folder = os.path.join(build, KERNEL)
    config = os.path.join(HERE, "linux-sparc.config")
    if not os.path.isdir(folder):
        archive = os.path.join(apt.unpack(KERNEL + ":all"), "usr/src", KERNEL + ".tar.xz")
        part = folder + ".part"
        shutil.rmtree(part, ignore_errors=True)
        os.makedirs(part)
        say(f"unpacking {KERNEL} ...")
        subprocess.run(["tar", "-xf", archive, "-C", part], check=True)
        os.rename(os.path.join(part, KERNEL), folder)
        shutil.rmtree(part)
    run_make("linux: configuration", folder, "KCONFIG_ALLCONFIG=" + config, "allnoconfig")
    run_make("linux", folder, "vmlinux", "image")
    return read(os.path.join(folder, "arch/sparc/boot/image"))


def build_tools(sources, build):
    """klibc's folder, built."""
    folder = os.path.join(build, "klibc")
    sources.fetch("klibc", folder)
    path = os.path.join(folder, "usr/klibc/arch/sparc/MCONFIG")
    text = read(path).decode()
    for old, new in EDITS:
        if new not in text:
            if old not in text:
                raise Failure(f"{path} is not as expected: no '{old}'")
            text = text.replace(old, new)
    with open(path, "w") as f:
        f.write(text)
    run_make("klibc", folder, "KLIBCARCH=sparc", "KLIBCKERNELSRC=" + HEADERS)
    return folder


def archive_of(folder):
    archive = Archive()
    for name in ("proc", "sys", "dev", "tmp", "root", "mnt", "bin", "lib"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    for pattern in TOOLS:
        for path in sorted(glob.glob(os.path.join(folder, pattern))):
            if os.path.isfile(path) and not path.endswith((".g", ".o", ".c", ".h")):
                archive.file("bin/" + os.path.basename(path), read(path), 0o755)
    library = one(folder + "/usr/klibc/klibc-*.so")
    archive.file("lib/" + os.path.basename(library), read(library), 0o755)
    archive.file("init", read(os.path.join(HERE, "init-sparc")), 0o755)
    return archive


def klibc_folder(cache):
    return os.path.join(cache, "build", "sparc", "klibc")


def flags(cache, own):
    """What the cross compiler is told, to make a static program with klibc; `own`: folder of klibc.h."""
    usr = klibc_folder(cache) + "/usr"
    compiler = [CROSS + "gcc", "-print-file-name=include"]
    include = subprocess.run(compiler, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    return ["-m32", "-mcpu=v8", "-nostdinc", "-nostdlib", "-static", "-fno-pic", "-no-pie",
            "-fno-stack-protector", "-D__KLIBC__=2", "-D__KLIBC_MINOR__=0", "-D_BITSIZE=32",
            *(f"-I{usr}/include/{folder}" for folder in ("arch/sparc", "bits32", "")),
            f"-I{HEADERS}/include", "-isystem", include, "-I" + own, "-include", own + "/klibc.h",
            "-Wl,--build-id=none", usr + "/klibc/arch/sparc/crt0.o", usr + "/klibc/libc.a"]


def file_system(cache, suites=("bookworm",)):
    """As images.file_system."""
    build = os.path.dirname(klibc_folder(cache))
    with alone(build):
        check_needs()
        folder = klibc_folder(cache)
        if not os.path.exists(folder + "/usr/klibc/libc.a"):
            build_tools(Sources(cache, "sources", list(suites), ["amd64"]), build)
    files = [os.path.join(HERE, name) for name in ("init-sparc", "sparc.py")]
    return files, lambda: archive_of(folder)


def recipe(*names):
    digest = hashlib.sha256()
    for name in names:
        digest.update(read(os.path.join(HERE, name)))
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def alone(build):
    """Nobody else builds here meanwhile; a second run waits."""
    os.makedirs(build, exist_ok=True)
    with open(os.path.join(build, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(cache, suites=("bookworm",)):
    """Build what is not there; {name: path}. Quick when all is there."""
    result = {name: os.path.join(cache, "sparc", name)
              for name in ("image", "initramfs.cpio.gz", "openbios")}
    kernel = f"{KERNEL} {recipe('linux-sparc.config')}"
    tools = "klibc " + recipe("init-sparc", "sparc.py", "cpio.py")
    if (is_made(result["image"], kernel) and is_made(result["initramfs.cpio.gz"], tools)
            and is_made(result["openbios"], FIRMWARE[0])):
        return result
    build = os.path.join(cache, "build", "sparc")
    with alone(build):
        make_anew(result, cache, suites, build, kernel, tools)
    return result


def check_needs():
    missing = [n for n in NEEDS if not shutil.which(n)]
    if missing or not os.path.isdir(HEADERS):
        raise Failure("the SPARC guest is built with " + ", ".join(missing or [HEADERS]) +
                      ": run tools/install-packages guests sparc")


def make_anew(result, cache, suites, build, kernel, tools):
    """What of `result` is not made of `kernel`, `tools` and the firmware's package."""
    apt = Apt(cache, "guests", [*suites, suites[0] + "-updates"], ["amd64", "i386", "armhf"])
    if not is_made(result["openbios"], FIRMWARE[0]):
        write(result["openbios"], read(os.path.join(apt.unpack(FIRMWARE[0]), FIRMWARE[1])),
              FIRMWARE[0])
    check_needs()
    if not is_made(result["initramfs.cpio.gz"], tools):
        folder = build_tools(Sources(cache, "sources", list(suites), ["amd64"]), build)
        write(result["initramfs.cpio.gz"], compress(archive_of(folder)), tools)
    if not is_made(result["image"], kernel):
        write(result["image"], build_kernel(apt, build), kernel)
