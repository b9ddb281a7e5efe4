"""The screen of a terminal: what it shows after the text a guest has sent it.

Knows what the PC's text mode is drawn with (cursor positions, clearing, line ends) and leaves out
colours and the rest.
"""

import re

ROWS, COLUMNS = 25, 80
TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b.|([^\x1b])", re.S)


def position(words):
    row, _, column = words.partition(";")
    return int(row or 1) - 1, int(column or 1) - 1


def screen(data):
    """The lines of the screen, without the blanks at their ends; data: all that was sent."""
    rows, row, column = [[" "] * COLUMNS for _ in range(ROWS)], 0, 0
    for words, letter, character in TOKEN.findall(data.decode(errors="replace")):
        if letter == "H":
            row, column = position(words)
        elif letter == "J":
            rows = [[" "] * COLUMNS for _ in range(ROWS)]
        elif character == "\r":
            column = 0
        elif character == "\n":
            row = min(row + 1, ROWS - 1)
        elif character:
            if row < ROWS and column < COLUMNS:
                rows[row][column] = character
            column += 1
    return ["".join(line).rstrip() for line in rows]
