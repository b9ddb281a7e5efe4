"""What each guest consists of, and how its files come about in the cache.

    CACHE/arm/vmlinuz, vmlinuz-lpae     Debian's kernels
    CACHE/arm/initramfs.cpio.gz         busybox, guests/init, the modules of both kernels
    CACHE/arm/bench.cpio.gz             the same and the programs of tests/guest (see bench.py)
    CACHE/arm/installer-vmlinuz, installer-initrd.gz
    CACHE/x86/...                       the same with vmlinuz-pae, and what a PC boots besides:
    CACHE/x86/bios, vga-bios            SeaBIOS and its display firmware
    CACHE/x86/rescue.iso, memtest       GRUB's rescue CD, memtest86+
    CACHE/sparc/...                     built from sources: sparc.py

Every file appears in one rename and beside it FILE.from, which names what it was made of: it is
made again when that differs.
"""

import glob
import gzip
import hashlib
import importlib
import os

from .apt import Apt, Failure, say
from .cpio import Archive

HERE = os.path.dirname(os.path.abspath(__file__))
SUITES = ["bookworm", "bookworm-updates"]

# Applets that scripts and people in a guest want; each is a link to busybox.
APPLETS = """[ ash awk basename bunzip2 bzip2 cat chmod chown chroot clear cmp cp cttyhack cut date dd
df dirname dmesg du echo egrep env expr false fgrep find free grep gunzip gzip head hexdump hostname
id ifconfig init insmod ip kill killall ln logname ls lsmod md5sum mkdir mkfifo mknod more mount mv
nc nslookup od ping poweroff printf ps pwd readlink reboot reset rm rmdir rmmod route sed seq setsid
sh sha1sum sha256sum sleep sort stty sync tail tar tee test time top touch tr true tty udhcpc umount
uname uniq uptime usleep vi wc wget which xargs yes zcat""".split()


class Guest:
    """Debian on one architecture: names of packages and where they put things."""

    def __init__(self, name, architecture, console, modules, kernels, installer=None, files=None,
                 built=False):
        self.name = name
        self.architecture = architecture
        self.console = console      # what the kernel calls the first serial line
        self.modules = modules      # and, found by themselves, what they depend on: for initramfs
        self.kernels = kernels      # {file in the cache: meta package}
        self.installer = installer  # (package, folder of vmlinuz and initrd.gz in it)
        self.files = files or {}    # {file in the cache: (package, path in it)}
        self.built = built          # from sources, by the module of its name


GUESTS = {
    "arm": Guest("arm", "armhf", "ttyAMA0",
                 ["virtio_mmio", "virtio_blk", "virtio_net", "crc32c_generic", "ext4"],
                 {"vmlinuz": "linux-image-armmp", "vmlinuz-lpae": "linux-image-armmp-lpae"},
                 ("debian-installer-12-netboot-armhf", "debian-installer/armhf")),
    "x86": Guest("x86", "i386", "ttyS0",
                 ["ata_piix", "sd_mod", "sr_mod", "isofs", "crc32c_generic", "ext4"],
                 {"vmlinuz": "linux-image-686", "vmlinuz-pae": "linux-image-686-pae"},
                 ("debian-installer-12-netboot-i386", "debian-installer/i386"),
                 {"bios": ("seabios:all", "usr/share/seabios/bios-256k.bin"),
                  "vga-bios": ("seabios:all", "usr/share/seabios/vgabios-stdvga.bin"),
                  "rescue.iso": ("grub-rescue-pc:i386",
                                 "usr/lib/grub-rescue/grub-rescue-cdrom.iso"),
                  "memtest": ("memtest86+:i386", "boot/memtest86+ia32.bin")}),
    "sparc": Guest("sparc", None, "ttyS0", [], {"image": None}, built=True),
}

# What benchmarks run beside the guests, as a system of this computer's own architecture.
NATIVE = Guest("amd64", "amd64", "ttyS0", [], {"vmlinuz": "linux-image-amd64"})


INSTALLER_NAMES = {"vmlinuz": "*linu[xz]", "initrd.gz": "initrd.gz"}  # i386 says linux


def cache_folder():
    return os.environ.get("TETRAPLA_CACHE") or os.path.expanduser("~/.cache/tetrapla")


def write(path, data, made_from):
    """Put data at path in one step, with the note what it was made of."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    part = f"{path}.part.{os.getpid()}"
    with open(part, "wb") as f:
        f.write(data)
    os.rename(part, path)
    with open(part, "w") as f:
        f.write(made_from)
    os.rename(part, path + ".from")


def is_made(path, made_from):
    try:
        with open(path + ".from") as f:
            return os.path.exists(path) and f.read() == made_from
    except OSError:
        return False


def read(path):
    with open(path, "rb") as f:
        return f.read()


def one(pattern):
    found = glob.glob(pattern)
    if len(found) != 1:
        raise Failure(f"{pattern}: found {len(found)}, wanted one")
    return found[0]


# ---- modules ---------------------------------------------------------------------------------
def module_depends(data):
    """Names in the `depends` field of a module's .modinfo."""
    start = data.find(b"\0depends=")
    if start < 0:
        return []
    text = data[start + 9:data.index(b"\0", start + 9)].decode()
    return [n for n in text.split(",") if n]


def modules_in_order(folder, wanted):
    """[(name.ko, data)]: the wanted modules of a kernel package, each after what it needs."""
    where = {}
    for path in glob.glob(folder + "/lib/modules/*/kernel/**/*.ko", recursive=True):
        where[os.path.basename(path)[:-3].replace("-", "_")] = path
    order = []
    seen = set()

    def visit(name):
        if name in seen or name not in where:  # not there: built into the kernel
            return
        seen.add(name)
        data = read(where[name])
        for other in module_depends(data):
            visit(other.replace("-", "_"))
        order.append((name + ".ko", data))

    for name in wanted:
        visit(name)
    return order


# ---- the initial file system -----------------------------------------------------------------
def base_archive(guest, parts):
    """busybox, /init and modules; callers add files and compress."""
    archive = Archive()
    for folder in ("proc", "sys", "dev", "tmp", "root", "mnt", "sbin", "etc"):
        archive.folder(folder)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", read(parts.busybox), 0o755)
    for name in APPLETS:
        archive.link("bin/" + name, "busybox")
    archive.file("init", read(os.path.join(HERE, "init")), 0o755)
    archive.file("etc/inittab", b"::respawn:/bin/cttyhack /bin/sh\n::ctrlaltdel:/bin/reboot\n"
                                b"::shutdown:umount -a -r 2>/dev/null\n")
    archive.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    archive.file("etc/group", b"root:x:0:\n")
    for folder in parts.kernels.values():
        version = os.path.basename(one(folder + "/lib/modules/*"))
        order = modules_in_order(folder, guest.modules)
        for name, data in order:
            archive.file(f"modules/{version}/{name}", data)
        archive.file(f"modules/{version}/order", "".join(n + "\n" for n, _ in order).encode())
    return archive


def compress(archive):
    return gzip.compress(archive.bytes(), 6, mtime=0)


def recipe_stamp(*files):
    """Changes when a file of the recipe does."""
    digest = hashlib.sha256()
    for path in (*files, os.path.join(HERE, "images.py"), os.path.join(HERE, "cpio.py"),
                 os.path.join(HERE, "init")):
        digest.update(read(path))
    return digest.hexdigest()[:16]


class Parts:
    """The unpacked packages of one guest."""

    def __init__(self, guest, cache, installer=True):
        apt = Apt(cache, "guests", SUITES, ["amd64", "i386", "armhf"])
        colon = ":" + guest.architecture
        self.kernels = {}
        for file, meta in guest.kernels.items():
            name = apt.resolve(meta + colon, r"linux-image-\d").split(":")[0]
            self.kernels[file] = apt.unpack(name + colon)
        self.busybox = os.path.join(apt.unpack("busybox-static" + colon), "bin/busybox")
        self.files = {file: os.path.join(apt.unpack(package), inside)
                      for file, (package, inside) in guest.files.items()}
        self.installer = None
        if guest.installer and installer:
            package, inside = guest.installer
            self.installer = one(f"{apt.unpack(package + ':all')}/usr/lib/debian-installer/images/"
                                 f"*/{guest.architecture}/text/{inside}")


def file_system(guest, cache):
    """([files it is made of], what makes its Archive) of a guest's initial file system."""
    if guest.built:
        return importlib.import_module("." + guest.name, __package__).file_system(cache)
    parts = Parts(guest, cache, False)
    return [parts.busybox], lambda: base_archive(guest, parts)


def make(guest, cache, wanted=None):
    """Fetch and build the files of a guest, all or those wanted; returns {name: path} of these and
    what came with them. Quick when all is there."""
    if guest.built:
        return importlib.import_module("." + guest.name, __package__).make(cache)
    parts = Parts(guest, cache,
                  wanted is None or any(name.startswith("installer-") for name in wanted))
    result = {}

    def put(name, made_from, data):
        path = os.path.join(cache, guest.name, name)
        if not is_made(path, made_from):
            say(f"{guest.name}/{name} ...")
            write(path, data(), made_from)
        result[name] = path

    for file, folder in parts.kernels.items():
        kernel = one(folder + "/boot/vmlinuz-*")
        put(file, os.path.basename(folder), lambda k=kernel: read(k))
    for file, source in parts.files.items():
        put(file, f"{os.path.relpath(source, cache)} {os.path.getmtime(source):.0f}",
            lambda s=source: read(s))
    names = " ".join(os.path.basename(f) for f in parts.kernels.values())
    put("initramfs.cpio.gz", names + " " + recipe_stamp(parts.busybox),
        lambda: compress(base_archive(guest, parts)))
    if parts.installer:
        for name in ("vmlinuz", "initrd.gz"):
            source = one(os.path.join(parts.installer, INSTALLER_NAMES[name]))
            put("installer-" + name, f"{os.path.getsize(source)}", lambda s=source: read(s))
    return result
