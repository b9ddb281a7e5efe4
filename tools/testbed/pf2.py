"""GRUB's PFF2 fonts: https://www.gnu.org/software/grub/manual/grub-dev (font format).

The file is a list of sections (name of 4 bytes, length, data), all numbers big-endian. CHIX is the
index: per character a code point (32 bits), a flags byte and the file offset of its glyph. A glyph
is width, height, x offset, y offset (of its bottom edge from the base line), device width (16 bits
each), then its bits, row after row without padding, first bit the most significant.
"""

import struct


class Font:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        at, sections = 0, {}
        while at + 8 <= len(self.data):
            name, length = self.data[at:at + 4], struct.unpack_from(">I", self.data, at + 4)[0]
            if name == b"DATA":
                break
            sections[name] = self.data[at + 8:at + 8 + length]
            at += 8 + length
        if sections.get(b"FILE") != b"PFF2":
            raise ValueError(f"{path} is not a PFF2 font")
        self.ascent = struct.unpack(">H", sections[b"ASCE"])[0]
        self.descent = struct.unpack(">H", sections[b"DESC"])[0]
        index = sections[b"CHIX"]
        self.offset = {}
        for i in range(0, len(index), 9):
            code, _, offset = struct.unpack_from(">IBI", index, i)
            self.offset[code] = offset

    def cell(self, code, width=8, height=16):
        """Rows of the character in a cell, as integers of `width` bits; None if it is wider."""
        at = self.offset[code]
        w, h, left, bottom, advance = struct.unpack_from(">HHhhH", self.data, at)
        top = self.ascent - bottom - h
        if advance > width or left < 0 or left + w > width or top < 0 or top + h > height:
            return None
        size = (w * h + 7) // 8
        bits = int.from_bytes(self.data[at + 10:at + 10 + size], "big") >> (size * 8 - w * h)
        rows = [0] * height
        for y in range(h):
            row = bits >> ((h - 1 - y) * w) & ((1 << w) - 1)
            rows[top + y] = row << (width - left - w)
        return tuple(rows)
