"""The text on a picture of the screen, by exact comparison with the glyphs of the console's font.

No guessing is needed: the console and GRUB draw unicode.pf2 unscaled in cells of 8 x 16 pixels, and
the kernel's emergency console draws a font of its own in the same cells. A cell of one colour is a blank; a cell of two colours is looked up as it is and inverted. What is no
glyph reads as U+FFFD, so that a test that looks for text cannot pass by accident.
"""

import os
import re

from . import pf2

FONT_PATH = "/usr/share/grub/unicode.pf2"
EMERGENCY_FONT = os.path.join(os.path.dirname(__file__), "../../arch/x86_64/font.c")
WIDTH, HEIGHT = 8, 16
COLUMNS, ROWS = 80, 24  # of a pane, below its title
UNKNOWN = "\ufffd"

_glyphs = None


def _glyph_table():
    """Bitmap -> character. Where glyphs look alike the lowest code point wins (ASCII before all)."""
    global _glyphs
    if _glyphs is None:
        font = pf2.Font(FONT_PATH)
        _glyphs = {}
        for code in sorted(font.offset):
            if code < 0x20 or 0x7F <= code < 0xA0 or code > 0x2FFF and code != UNKNOWN:
                continue
            rows = font.cell(code)
            if rows and any(rows):
                _glyphs.setdefault(rows, chr(code))
        for character, rows in _emergency_glyphs():
            _glyphs.setdefault(rows, character)
    return _glyphs


def _emergency_glyphs():
    """(character, rows) of the 5 x 7 glyphs in arch/x86_64/font.c: five bytes a glyph, one a column
    with bit 0 at the top. Dots are two pixels high; the glyph starts at pixel (1, 1) of the cell."""
    if not os.path.exists(EMERGENCY_FONT):
        return
    with open(EMERGENCY_FONT, encoding="utf-8") as f:
        glyphs = re.findall(r"\{" + ", ".join(["0x([0-9a-f]{2})"] * 5) + r"\}", f.read())
    for index, columns in enumerate(glyphs):
        rows = [0] * HEIGHT
        for x, column in enumerate(columns):
            for dot in range(7):
                if int(column, 16) >> dot & 1:
                    for y in (1 + 2 * dot, 2 + 2 * dot):
                        rows[y] |= 0x80 >> (1 + x)
        if any(rows):
            yield chr(32 + index), tuple(rows)


def _read_cell(rows):
    """The character in a cell given as HEIGHT strings of WIDTH RGB pixels."""
    first = rows[0][:3]
    colours = {row[i:i + 3] for row in set(rows) for i in range(0, 3 * WIDTH, 3)}
    if len(colours) == 1:
        return " "
    if len(colours) > 2:
        return UNKNOWN
    bits = tuple(int("".join("0" if row[i:i + 3] == first else "1"
                             for i in range(0, 3 * WIDTH, 3)), 2) for row in rows)
    inverse = tuple(0xFF ^ row for row in bits)
    table = _glyph_table()
    found = [table[b] for b in (bits, inverse) if b in table]
    return min(found) if found else UNKNOWN


class Screen:
    """Text of a picture, cell by cell from the pixel (x, y)."""

    def __init__(self, picture, x=0, y=0):
        self.width, self.height = picture.width, picture.height
        self.columns = (picture.width - x) // WIDTH
        line, rgb = picture.width * 3, picture.rgb
        if (picture.height - y) % HEIGHT == HEIGHT - 1:
            # QEMU's cirrus shows one line less than the mode has: background for the missing one.
            rgb += rgb[-line:][:3] * picture.width
            self.height += 1
        self.rows = (self.height - y) // HEIGHT
        known, self.lines = {}, []
        for row in range(self.rows):
            start = (y + row * HEIGHT) * line + x * 3
            pixel_rows = [rgb[start + i * line:start + i * line + self.columns * WIDTH * 3]
                          for i in range(HEIGHT)]
            text = []
            for at in range(0, self.columns * WIDTH * 3, WIDTH * 3):
                cell = tuple(pixels[at:at + WIDTH * 3] for pixels in pixel_rows)
                if cell not in known:
                    known[cell] = _read_cell(cell)
                text.append(known[cell])
            self.lines.append("".join(text))

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines)

    def pane(self, number):
        """The text of pane 1 to 4 of the full layout, without its title; see title()."""
        left, top = self._corner(number)
        return "\n".join(line[left:left + COLUMNS].rstrip()
                         for line in self.lines[top + 1:top + 1 + ROWS])

    def title(self, number):
        left, top = self._corner(number)
        return self.lines[top][left:left + COLUMNS].strip()

    def _corner(self, number):
        """Panes 1 2 / 3 4, centred on a screen larger than two by two of them."""
        across, down = 2 * COLUMNS, 2 * (ROWS + 1)
        if self.columns < across or self.rows < down:
            raise ValueError(f"a screen of {self.width} x {self.height} shows one pane at a time")
        left, top = (self.columns - across) // 2, (self.rows - down) // 2
        return left + (number - 1) % 2 * COLUMNS, top + (number - 1) // 2 * (ROWS + 1)

    def search(self, pattern, pane=None):
        return re.search(pattern, self.text() if pane is None else self.pane(pane), re.MULTILINE)
