"""What a guest can have in the VM task besides a shell.

The guests' test programs: code across pages that differ between processes, and written code, with a code
cache that holds it all and with one that a boot fills several times (tests/guest/pages.c, jit.c). On
an emulated machine a boot takes too long with less, and with the interpreter: those run in the hosted
program (tests/guests), the interpreter in the suites vmt-*.

Disks that are modules, and a PC that starts with its firmware from a CD.
"""

import re

from guests import lines
from testbed.cases import case, check, main
from testbed.machine import start

CASES = [  # name, keys of the guest's line, rounds of pages and of jit, limit in seconds
    ("the code generator", "", 20000, 5000, 500),
    ("a cache of 4 MiB", ":cache=4M", 4000, 2000, 500),
]


def guest_image(images, name, word, command, *modules):
    """An ISO whose only guest runs this command and switches itself off."""
    with open("boot/manifest", encoding="utf-8") as f:
        manifest = lines.manifest_with(f.read(), word)
    run = 'append="console=ttyAMA0 drivers=1 run=\\"' + command + '\\""'
    check(manifest.count("append=console=ttyAMA0") == 1, "the guest's line has no append")
    return images.make(*modules, "--manifest", images.file(
        f"vmguest-{name.split()[-1]}.manifest", manifest.replace("append=console=ttyAMA0", run)))


def runs(images, name, keys, pages, jit, limit):
    iso = guest_image(images, name, "arm:initrd=arm-test.cpio.gz" + keys,
                      f"/test/pages {pages}; /test/jit {jit}")
    with start("bios", iso=iso, limit=limit) as machine:
        machine.wait_screen(r"guest ready", limit, 1)
        machine.wait_screen(rf"^pages: ({pages} switches|WRONG.*)", limit, 1)
        machine.wait_screen(r"^guest done: status \d+", limit, 1)
        text = machine.screen().pane(1)
        check(f"pages: {pages} switches" in text and "bench jit" in text and
              "guest done: status 0" in text, "the pane says\n" + text)
        machine.wait_screen(r"task arm0: exited with status 0", 30, 2)


for row in CASES:
    case("pages and written code: " + row[0])(lambda images, row=row: runs(images, *row))


@case("disks and CDs that are modules: read, written, read again; a CD is not written")
def disks(images):
    disk = images.file("vmguest.disk", "disk" + "." * (200 << 10) + " " * 508)
    cd = images.file("vmguest.cd", "this is a CD" + " " * 2036)
    command = ("head -c 4 /dev/vda; echo; printf changed | "
               "dd of=/dev/vda bs=1 seek=131070 conv=notrunc,fsync 2>/dev/null; "
               "echo 3 >/proc/sys/vm/drop_caches; "
               "dd if=/dev/vda bs=1 skip=131068 count=12 2>/dev/null; echo; "
               "head -c 12 /dev/vdb; echo; "
               "printf x | dd of=/dev/vdb bs=1 conv=notrunc,fsync 2>/dev/null || echo refused")
    iso = guest_image(images, "disk", "arm:disk=work:cdrom=cd", command,
                      "--module", "work=" + disk, "--module", "cd=" + cd)
    with start("bios", iso=iso, limit=500) as machine:
        machine.wait_screen(r"^guest done: status 0", 400, 1)
        text = machine.screen().pane(1)
        for line in ("disk", "..changed...", "this is a CD", "refused"):
            check(f"\n{line} " in re.sub("$", " ", text, flags=re.M),
                  f"{line!r} is not in the pane:\n{text}")


@case("a PC's firmware in a pane starts GRUB from a CD; the keyboard reaches it")
def firmware(images):
    iso = images.make("--guests", "rescue")
    with start("bios", iso=iso, limit=500) as machine:
        machine.wait_screen(r"GNU GRUB +version 2", 400, 1)
        machine.keys("alt-1")
        machine.type("c")
        machine.wait_screen(r"grub>", 60, 1)
        machine.type("echo $grub_cpu-$grub_platform\n", pause=0.3)  # it keeps 15 keys
        machine.wait_screen(r"i386-pc", 60, 1)
        images.keep_picture(machine, "rescue")


if __name__ == "__main__":
    main()
