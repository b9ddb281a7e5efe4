"""The initial file system that tests boot: what images.py makes, and below it

    /test/NAME     tests/guest/NAME.c: pages, jit
    /sbin, /lib    ext4's tools and the shared libraries they need, from Debian's packages
"""

import os

from . import bench, images
from .apt import Apt

# Package, folder in it, files; {lib} is the guest's folder of libraries, {ld} its dynamic linker.
FILES = [
    ("e2fsprogs", "sbin", ["mke2fs", "e2fsck"]),
    ("libext2fs2", "lib/{lib}", ["libext2fs.so.2", "libe2p.so.2"]),
    ("libcom-err2", "lib/{lib}", ["libcom_err.so.2"]),
    ("libblkid1", "usr/lib/{lib}", ["libblkid.so.1"]),
    ("libuuid1", "usr/lib/{lib}", ["libuuid.so.1"]),
    ("libc6", "lib/{lib}", ["libc.so.6", "{ld}"]),
]
LIBRARIES = {
    "arm": {"lib": "arm-linux-gnueabihf", "ld": "ld-linux-armhf.so.3"},
    "x86": {"lib": "i386-linux-gnu", "ld": "ld-linux.so.2"},
}
PROGRAMS = ["pages", "jit"]


def test_image(guest, cache):
    """Path of it; made anew when something in it has changed."""
    apt = Apt(cache, "guests", images.SUITES, ["amd64", "i386", "armhf"])
    made_from, base = images.file_system(guest, cache)
    files = {}
    for package, folder, names in FILES:
        unpacked = apt.unpack(f"{package}:{guest.architecture}")
        folder = folder.format(**LIBRARIES[guest.name])
        for name in (name.format(**LIBRARIES[guest.name]) for name in names):
            to = "sbin/" if folder == "sbin" else "lib/"
            files[to + name] = os.path.join(unpacked, folder, name)
    for name in PROGRAMS:
        files["test/" + name] = bench.guest_program(guest, cache, name)
    path = os.path.join(cache, guest.name, "test.cpio.gz")
    stamp = images.recipe_stamp(*made_from, __file__, *files.values())
    if not images.is_made(path, stamp):
        images.say(f"{guest.name}/test.cpio.gz ...")
        archive = base()
        for name, file in files.items():
            archive.file(name, images.read(file), 0o755)
        images.write(path, images.compress(archive), stamp)
    return path
