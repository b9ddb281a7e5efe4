"""Guest lines of a manifest (docs/manifest.md): made from words, and read back.

A word is NAME or NAME:KEY=VALUE:..., for example `arm` or `arm:memory=512M:quota=1M`: one guest of
the table LINES, with keys changed or added. Guests get panes 1, 2, ... in the order of the words;
what had those panes moves behind them.

A module called GUEST-FILE, for example arm-vmlinuz, is FILE of that guest in the cache (images.py).
"""

import os
import re
import subprocess
import tempfile

from . import bench, images, testing
from .apt import Failure

LINES = {  # word -> keys of its line
    "arm": {"isa": "arm", "board": "virt", "memory": "256M", "kernel": "arm-vmlinuz",
            "initrd": "arm-initramfs.cpio.gz", "append": "console=ttyAMA0"},
    "x86": {"isa": "x86", "board": "pc", "memory": "256M", "kernel": "x86-vmlinuz",
            "initrd": "x86-initramfs.cpio.gz", "append": "console=ttyS0"},
    "sparc": {"isa": "sparc", "board": "ss5", "memory": "128M", "kernel": "sparc-image",
              "initrd": "sparc-initramfs.cpio.gz", "append": "console=ttyS0"},
    "arm-installer": {"isa": "arm", "board": "virt", "memory": "512M",
                      "kernel": "arm-installer-vmlinuz", "initrd": "arm-installer-initrd.gz",
                      "append": "console=ttyAMA0"},
    "x86-installer": {"isa": "x86", "board": "pc", "memory": "512M",
                      "kernel": "x86-installer-vmlinuz", "initrd": "x86-installer-initrd.gz",
                      "append": "console=ttyS0"},
    "rescue": {"isa": "x86", "board": "pc", "memory": "64M", "bios": "x86-bios",
               "vga-bios": "x86-vga-bios", "cdrom": "x86-rescue.iso"},
    "memtest": {"isa": "x86", "board": "pc", "memory": "16M", "kernel": "x86-memtest"},
}
MODULE_KEYS = ("kernel", "initrd", "bios", "vga-bios", "dtb", "disk", "cdrom")
PANES = 16
SHOWN = 4            # panes that are seen at once
DEFAULT_MEMORY = "256M"  # of a guest, and ...
DEFAULT_OVERHEAD = "96M"  # ... of the task around it: guest_defaults in drivers/root/manifest.c
MACHINE_MEMORY = 256  # MiB without guests
GUESTS_MEMORY = 1024  # MiB before what the guests are granted

WORD = re.compile(r'([^\s="]+)(?:=(?:"((?:\\["\\]|[^"])*)"|(\S*)))?')


# ---- reading -------------------------------------------------------------------------------------
def split(line):
    """[(key, value or None)] of a line without its comment."""
    found = []
    for match in WORD.finditer(line):
        if match[0].startswith("#"):
            break
        quoted = match[2]
        found.append((match[1], re.sub(r'\\(["\\])', r"\1", quoted) if quoted is not None
                      else match[3]))
    return found


def guest_lines(manifest):
    """[(name, {key: value})] of the guests in a manifest's text."""
    guests = []
    for line in re.sub(r"\\[ \t\r]*\n", " ", manifest).split("\n"):
        words = split(line)
        if len(words) > 1 and words[0] == ("guest", None):
            guests.append((words[1][0], dict(words[2:])))
    return guests


def modules_named(manifest):
    """Names of the modules that the guests' lines name, each once."""
    names = []
    for _, keys in guest_lines(manifest):
        for key in MODULE_KEYS:
            names += [n for n in (keys.get(key) or "").split(",") if n and n not in names]
    return names


def mebibytes(size):
    match = re.fullmatch(r"(\d+)([KMG]?)", size or "")
    if not match:
        return 0  # root will say what is wrong with it
    return int(match[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[match[2]] >> 20


def machine_memory(manifest):
    """MiB that a machine should have to run this manifest."""
    guests = [keys for _, keys in guest_lines(manifest)]
    if not guests:
        return MACHINE_MEMORY
    return GUESTS_MEMORY + sum(mebibytes(keys.get("memory", DEFAULT_MEMORY)) +
                               mebibytes(keys.get("overhead", DEFAULT_OVERHEAD))
                               for keys in guests)


def manifest_on(iso):
    """The text of the manifest on an ISO; "" if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "manifest")
        subprocess.run(["xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/boot/manifest",
                        path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return ""


# ---- making --------------------------------------------------------------------------------------
def quote(value):
    if value and not re.search(r'[\s"\\]', value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def guest_line(name, keys):
    words = [f"{key}={quote(value)}" for key, value in keys.items()]
    return f"guest {name} " + " ".join(words) + "\n"


def guest_of(word):
    """(word's name, keys of its line)"""
    name, *changes = word.split(":")
    if name not in LINES:
        raise Failure(f"there is no guest {name!r}; there are: " + ", ".join(LINES))
    keys = dict(LINES[name])
    for change in changes:
        key, equals, value = change.partition("=")
        if not key or not equals:
            raise Failure(f"guest {word!r}: {change!r} is not KEY=VALUE")
        keys[key] = value
    return name, keys


def move_panes(manifest, by, last):
    """Every task's pane moves on, root's log to the first of them; the tasks that come behind the
    last pane are left out. The console keeps about 1 MiB a pane."""
    manifest = re.sub(r"(channels=console)\b", rf'\1 args="log={by + 1}"', manifest)
    manifest = re.sub(rf"\bstate={SHOWN}M\b", f"state={last}M", manifest)
    lines = []
    for line in manifest.splitlines(keepends=True):
        match = re.match(r"task\s.*\bpane=(\d+)", line)
        pane = int(match[1]) + by if match else 0
        if pane <= last:
            lines.append(re.sub(r"\bpane=\d+", f"pane={pane}", line) if match else line)
    return "".join(lines)


def manifest_with(manifest, words):
    """The manifest with the guests that the words name in front of the other panes."""
    words = words.split()
    if len(words) >= PANES:
        raise Failure(f"{len(words)} guests are too many: there are {PANES} panes, one for a shell")
    if not words:
        return manifest
    text = move_panes(manifest, len(words), max(SHOWN, len(words) + 1))
    text += "\n# Guests.\n"
    count = {}
    for pane, word in enumerate(words, 1):
        kind, keys = guest_of(word)
        number = count.get(kind, 0)
        count[kind] = number + 1
        name = kind + ("-" if kind[-1].isdigit() else "") + str(number)
        keys.setdefault("pane", str(pane))
        text += guest_line(name, keys)
    return text


# ---- images --------------------------------------------------------------------------------------
def image_files(modules):
    """{module: file} of those that are files of guests; fetches and builds what is not there."""
    wanted = {}
    for module in modules:
        name, _, file = module.partition("-")
        if name in images.GUESTS:
            wanted.setdefault(name, set()).add(file)
    found = {}
    for name, files in wanted.items():
        guest, cache = images.GUESTS[name], images.cache_folder()
        try:
            made = images.make(guest, cache, files)
        except Failure as failure:
            raise Failure(f"the images of the guest {name} cannot be had: {failure}\n"
                          "Without guests: make iso GUESTS=") from None
        if "bench.cpio.gz" in files:
            made["bench.cpio.gz"] = bench.bench_image(guest, cache)
        if "test.cpio.gz" in files:
            made["test.cpio.gz"] = testing.test_image(guest, cache)
        found.update({f"{name}-{file}": path for file, path in made.items()})
    missing = [m for m in modules if m not in found]
    if missing:
        raise Failure(f"there is no image for the module {missing[0]!r}: give "
                      f"--module {missing[0]}=FILE, or call it GUEST-FILE, for example "
                      + ", ".join(f"{g}-{f}" for g in images.GUESTS
                                  for f in images.GUESTS[g].kernels))
    assert all(os.path.isfile(path) for path in found.values())
    return {m: found[m] for m in modules}
