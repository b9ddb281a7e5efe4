"""Write archives in the format the Linux kernel takes as its initial file system: cpio "newc".

Each entry is a header of 8-digit hexadecimal fields, the name with a zero, and the data, the last
two padded to 4 bytes (Documentation/driver-api/early-userspace/buffer-format.rst). Times are 0 and
owners root, so that equal contents give equal archives.
"""

import stat


class Archive:
    def __init__(self):
        self.parts = []
        self.names = set()
        self.inode = 0

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        name = name.strip("/")
        if name in self.names:
            return
        parent = name.rpartition("/")[0]
        if parent:
            self.folder(parent)
        self.names.add(name)
        self.inode += 1
        self._raw(name, self.inode, mode, data, device)

    def _raw(self, name, inode, mode, data, device=(0, 0)):
        raw = name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (inode, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(raw), 0)
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + raw
        self.parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]

    def folder(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def bytes(self):
        parts = list(self.parts)
        self._raw("TRAILER!!!", 0, 0, b"")
        whole = b"".join(self.parts)
        self.parts = parts
        return whole + bytes(-len(whole) % 512)
