"""Keys of a PC keyboard with US layout, as set-1 scan codes.

One table serves both machines: QEMU's "number" key values are set-1 codes (0x80 added after an E0
prefix); an X server with the evdev key table numbers its keys by Linux input codes plus 8, which
equal the set-1 codes below 0x59 and are listed here for the keys with a prefix.
"""

EXTENDED = 0x80  # the code follows an E0 prefix

PLAIN = {  # name -> set-1 code
    "esc": 0x01, "backspace": 0x0E, "tab": 0x0F, "enter": 0x1C, "ctrl": 0x1D, "shift": 0x2A,
    "alt": 0x38, "space": 0x39, "capslock": 0x3A, "f11": 0x57, "f12": 0x58,
    "home": EXTENDED | 0x47, "up": EXTENDED | 0x48, "pgup": EXTENDED | 0x49,
    "left": EXTENDED | 0x4B, "right": EXTENDED | 0x4D, "end": EXTENDED | 0x4F,
    "down": EXTENDED | 0x50, "pgdn": EXTENDED | 0x51, "insert": EXTENDED | 0x52,
    "delete": EXTENDED | 0x53, "altgr": EXTENDED | 0x38, "rctrl": EXTENDED | 0x1D,
}
PLAIN.update({f"f{n}": 0x3A + n for n in range(1, 11)})

ROWS = [  # first code, characters plain, characters with shift
    (0x02, "1234567890-=", "!@#$%^&*()_+"),
    (0x10, "qwertyuiop[]", "QWERTYUIOP{}"),
    (0x1E, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
    (0x2B, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
]

CHARACTERS = {" ": (0x39, False), "\n": (0x1C, False), "\t": (0x0F, False)}  # -> code, shift
for first, plain, shifted in ROWS:
    for i, character in enumerate(plain):
        CHARACTERS[character] = (first + i, False)
    for i, character in enumerate(shifted):
        CHARACTERS[character] = (first + i, True)

LINUX_CODES = {  # set-1 code after E0 -> Linux input code
    0x1D: 97, 0x38: 100, 0x47: 102, 0x48: 103, 0x49: 104, 0x4B: 105, 0x4D: 106, 0x4F: 107,
    0x50: 108, 0x51: 109, 0x52: 110, 0x53: 111,
}


def chord(name):
    """Codes of "alt-2", "ctrl-alt-esc", "shift-pgup": to be pressed in order, let go in reverse."""
    codes = []
    for part in name.lower().split("-") if name != "-" else ["-"]:
        if part in PLAIN:
            codes.append(PLAIN[part])
        elif part in CHARACTERS:
            codes.append(CHARACTERS[part][0])
        else:
            raise ValueError(f"no key is called {part!r} (in {name!r})")
    return codes


def typing(text):
    """One list of codes per character of text."""
    chords = []
    for character in text:
        if character not in CHARACTERS:
            raise ValueError(f"no key types {character!r}")
        code, shift = CHARACTERS[character]
        chords.append([PLAIN["shift"], code] if shift else [code])
    return chords


def x_keycode(code):
    """Key code of an X server with the evdev table."""
    return 8 + (LINUX_CODES[code & ~EXTENDED] if code & EXTENDED else code)
