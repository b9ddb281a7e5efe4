"""The guests' test programs in the VM task: code across pages that differ between processes, and
written code, with a code cache that holds it all and with one that a boot fills several times
(tests/guest/pages.c, jit.c). On an emulated machine a boot takes too long with less, and with the
interpreter: those run in the hosted program (tests/guests), the interpreter in the suites vmt-*."""

from guests import lines
from testbed.cases import case, check, main
from testbed.machine import start

CASES = [  # name, keys of the guest's line, rounds of pages and of jit, limit in seconds
    ("the code generator", "", 20000, 5000, 500),
    ("a cache of 4 MiB", ":cache=4M", 4000, 2000, 500),
]


def guest_image(images, name, keys, command):
    """An ISO whose only guest runs this command and switches itself off."""
    with open("boot/manifest", encoding="utf-8") as f:
        manifest = lines.manifest_with(f.read(), "arm:initrd=arm-test.cpio.gz" + keys)
    run = 'append="console=ttyAMA0 run=\\"' + command + '\\""'
    check(manifest.count("append=console=ttyAMA0") == 1, "the guest's line has no append")
    return images.make("--manifest", images.file(
        f"vmguest-{name.split()[-1]}.manifest", manifest.replace("append=console=ttyAMA0", run)))


def runs(images, name, keys, pages, jit, limit):
    iso = guest_image(images, name, keys, f"/test/pages {pages}; /test/jit {jit}")
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


if __name__ == "__main__":
    main()
