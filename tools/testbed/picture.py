"""Pictures of a screen: reading PPM (QEMU) and XWD (Xvfb), writing PNG.

A Picture is rows of RGB bytes, three a pixel, top row first.
"""

import struct
import zlib


class Picture:
    def __init__(self, width, height, rgb):
        if len(rgb) != width * height * 3:
            raise ValueError(f"{len(rgb)} bytes are no picture of {width} x {height}")
        self.width, self.height, self.rgb = width, height, bytes(rgb)

    def pixel(self, x, y):
        at = (y * self.width + x) * 3
        return tuple(self.rgb[at:at + 3])

    def crop(self, x, y, width, height):
        """The part of these pixels; what lies outside is cut off."""
        width = min(width, self.width - x)
        height = min(height, self.height - y)
        rows = (self.rgb[(row * self.width + x) * 3:(row * self.width + x + width) * 3]
                for row in range(y, y + height))
        return Picture(width, height, b"".join(rows))

    def save_png(self, path):
        def chunk(kind, data):
            body = kind + data
            return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
        line = self.width * 3
        rows = b"".join(b"\0" + self.rgb[y * line:(y + 1) * line] for y in range(self.height))
        with open(path, "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n"
                    + chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0))
                    + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def from_ppm(data):
    """Binary PPM (P6, 255), as QEMU's screendump writes it."""
    fields = data.split(None, 4)[:4]
    if fields[0] != b"P6" or fields[3] != b"255":
        raise ValueError("not a P6 picture")
    width, height = int(fields[1]), int(fields[2])
    return Picture(width, height, data[len(data) - width * height * 3:])


def from_xwd(data):
    """X window dump of a true-colour screen at 32 bits a pixel, as Xvfb -fbdir keeps it.

    The header's words are big-endian: 0 header size, 4 width, 5 height, 7 byte order of pixels
    (0 little), 11 bits a pixel, 12 bytes a line, 14-16 colour masks, 19 entries of a colour table
    of 12 bytes each that lies before the pixels.
    """
    header = struct.unpack(">25I", data[:100])
    width, height, line = header[4], header[5], header[12]
    if header[7] != 0 or header[11] != 32 or header[14:17] != (0xFF0000, 0xFF00, 0xFF):
        raise ValueError("not a little-endian XRGB dump")
    start = header[0] + header[19] * 12
    rgb = bytearray(width * height * 3)
    pixels = b"".join(data[start + y * line:start + y * line + width * 4] for y in range(height))
    rgb[0::3], rgb[1::3], rgb[2::3] = pixels[2::4], pixels[1::4], pixels[0::4]
    return Picture(width, height, rgb)
