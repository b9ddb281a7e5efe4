/*
 * What the terminal does with sequences: one row a case, on a screen of 10 columns and 5 rows.
 */
#include "test.h"

#include <stdlib.h>

#include "terminal.h"

#define E "\x1b"

static const struct {
    const char *name, *input;
    const char *screen; /* screen_text() */
    int row, column;    /* of the cursor, from 0 */
    const char *answer; /* NULL: none */
} cases[] = {
    /* printing and wrapping */
    {"text", "hello", "hello", 0, 5, NULL},
    {"newline needs a return", "ab\ncd", "ab|  cd", 1, 4, NULL},
    {"deferred wrap: column ten stays", "0123456789", "0123456789", 0, 9, NULL},
    {"deferred wrap: the next wraps", "0123456789a", "0123456789|a", 1, 1, NULL},
    {"deferred wrap: return after column ten", "0123456789\r\nx", "0123456789|x", 1, 1, NULL},
    {"deferred wrap: cursor movement cancels", "0123456789" E "[Da", "01234567a9", 0, 9, NULL},
    {"deferred wrap: backspace cancels", "0123456789\ba", "01234567a9", 0, 9, NULL},
    {"deferred wrap: attributes do not cancel", "0123456789" E "[1ma", "0123456789|a", 1, 1, NULL},
    {"deferred wrap: erasing cancels", "0123456789" E "[Ka", "012345678a", 0, 9, NULL},
    {"deferred wrap: saved with the cursor", "0123456789" E "7" E "[H" E "8a", "0123456789|a", 1, 1,
     NULL},
    {"autowrap off", E "[?7l0123456789abc", "012345678c", 0, 9, NULL},
    {"autowrap on again", E "[?7l0123456789abc" E "[?7hd", "012345678d", 0, 9, NULL},
    {"scrolling at the bottom", "1\r\n2\r\n3\r\n4\r\n5\r\n6", "2|3|4|5|6", 4, 1, NULL},
    {"wrap scrolls", "1\r\n2\r\n3\r\n4\r\n0123456789x", "2|3|4|0123456789|x", 4, 1, NULL},
    {"backspace stops at column one", "a\b\b\bb", "b", 0, 1, NULL},
    {"vertical tab and form feed are line feeds", "a\vb\fc", "a| b|  c", 2, 3, NULL},
    {"NUL and DEL are nothing",
     "a\x7f"
     "b",
     "ab", 0, 2, NULL},
    {"line feed mode", E "[20ha\nb", "a|b", 1, 1, NULL},
    {"line feed mode off", E "[20h" E "[20la\nb", "a| b", 1, 2, NULL},
    {"insert mode", "abc" E "[H" E "[4hXY", "XYabc", 0, 2, NULL},
    {"insert mode pushes off the end", "0123456789" E "[H" E "[4hX", "X012345678", 0, 1, NULL},
    {"insert mode off", "abc" E "[H" E "[4hX" E "[4lY", "XYbc", 0, 2, NULL},
    /* cursor */
    {"position", E "[3;4Hx", "||   x", 2, 4, NULL},
    {"position: default", "abc" E "[Hx", "xbc", 0, 1, NULL},
    {"position: f", E "[3;4fx", "||   x", 2, 4, NULL},
    {"position: zero is one", E "[0;0Hx", "x", 0, 1, NULL},
    {"position: clamped", E "[99;99Hx", "||||         x", 4, 9, NULL},
    {"position: huge numbers", E "[99999999999;1Hx", "||||x", 4, 1, NULL},
    {"up", E "[4;1H" E "[2Ax", "|x", 1, 1, NULL},
    {"up stops", E "[2;1H" E "[9Ax", "x", 0, 1, NULL},
    {"down", E "[2Bx", "||x", 2, 1, NULL},
    {"down stops", E "[9Bx", "||||x", 4, 1, NULL},
    {"right", E "[3Cx", "   x", 0, 4, NULL},
    {"right stops", E "[30Cx", "         x", 0, 9, NULL},
    {"left", "abcd" E "[2Dx", "abxd", 0, 3, NULL},
    {"left stops", "abcd" E "[20Dx", "xbcd", 0, 1, NULL},
    {"next line", "abc" E "[2Ex", "abc||x", 2, 1, NULL},
    {"previous line", E "[3;3H" E "[1Fx", "|x", 1, 1, NULL},
    {"column", "abc" E "[6Gx", "abc  x", 0, 6, NULL},
    {"column: backquote", "abc" E "[6`x", "abc  x", 0, 6, NULL},
    {"row", "abc" E "[3dx", "abc||   x", 2, 4, NULL},
    {"right and down relative", "a" E "[2a" E "[1ex", "a|   x", 1, 4, NULL},
    {"up inside the margins", E "[2;4r" E "[4;1H" E "[9Ax", "|x", 1, 1, NULL},
    {"up above the margins", E "[3;4r" E "[2;1H" E "[9Ax", "x", 0, 1, NULL},
    {"down inside the margins", E "[2;4r" E "[3;1H" E "[9Bx", "|||x", 3, 1, NULL},
    {"save and restore", E "[2;3H" E "7" E "[HA" E "8B", "A|  B", 1, 3, NULL},
    {"save and restore: CSI s u", E "[2;3H" E "[s" E "[HA" E "[uB", "A|  B", 1, 3, NULL},
    {"restore without save", "abc" E "8x", "xbc", 0, 1, NULL},
    {"index", "a" E "Db", "a| b", 1, 2, NULL},
    {"next line NEL", "a" E "Eb", "a|b", 1, 1, NULL},
    {"reverse index", E "[2;1Ha" E "Mb", " b|a", 0, 2, NULL},
    {"reverse index scrolls", "a\r\nb" E "[H" E "Mx", "x|a|b", 0, 1, NULL},
    /* tabs */
    {"tab", "a\tb", "a       b", 0, 9, NULL},
    {"tab stops at the last column", "a\t\t\tb", "a        b", 0, 9, NULL},
    {"tab set", E "[4G" E "H\r\tx", "   x", 0, 4, NULL},
    {"tab clear", E "[9G" E "[g\r\tx", "         x", 0, 9, NULL},
    {"tab clear all", E "[4G" E "H" E "[3g\r\tx", "         x", 0, 9, NULL},
    {"tab forward n", E "[3G" E "H" E "[5G" E "H\r" E "[2Ix", "    x", 0, 5, NULL},
    {"tab backward", "abcdefghi" E "[Zx", "abcdefghx", 0, 9, NULL},
    {"tab backward to column one", "abc" E "[5Zx", "xbc", 0, 1, NULL},
    /* erasing */
    {"erase to the end of the line", "abcdef" E "[3G" E "[Kx", "abx", 0, 3, NULL},
    {"erase to the start of the line", "abcdef" E "[3G" E "[1K", "   def", 0, 2, NULL},
    {"erase the line", "abc\r\ndef" E "[2K", "abc", 1, 3, NULL},
    {"erase below", "abc\r\ndef\r\nghi" E "[2;2H" E "[J", "abc|d", 1, 1, NULL},
    {"erase above", "abc\r\ndef\r\nghi" E "[2;2H" E "[1J", "|  f|ghi", 1, 1, NULL},
    {"erase all", "abc\r\ndef" E "[2J", "", 1, 3, NULL},
    {"erase characters", "abcdef" E "[2G" E "[3X", "a   ef", 0, 1, NULL},
    {"erase characters: clamped", "abcdef" E "[5G" E "[99X", "abcd", 0, 4, NULL},
    {"insert characters", "abcdef" E "[2G" E "[2@", "a  bcdef", 0, 1, NULL},
    {"delete characters", "abcdef" E "[2G" E "[2P", "adef", 0, 1, NULL},
    {"delete characters: clamped", "abcdef" E "[2G" E "[99P", "a", 0, 1, NULL},
    {"insert lines", "1\r\n2\r\n3" E "[2;2H" E "[2L", "1|||2|3", 1, 0, NULL},
    {"delete lines", "1\r\n2\r\n3\r\n4" E "[2;2H" E "[2M", "1|4", 1, 0, NULL},
    {"insert lines in a region", "1\r\n2\r\n3\r\n4\r\n5" E "[2;4r" E "[3;1H" E "[L", "1|2||3|5", 2,
     0, NULL},
    {"delete lines in a region", "1\r\n2\r\n3\r\n4\r\n5" E "[2;4r" E "[2;1H" E "[M", "1|3|4||5", 1,
     0, NULL},
    {"insert lines outside the region", "1\r\n2" E "[3;4r" E "[H" E "[L", "1|2", 0, 0, NULL},
    {"scroll up", "1\r\n2\r\n3" E "[S", "2|3", 2, 1, NULL},
    {"scroll down", "1\r\n2\r\n3" E "[2T", "||1|2|3", 2, 1, NULL},
    /* margins */
    {"region scrolls alone", "1\r\n2\r\n3\r\n4\r\n5" E "[2;4r" E "[4;1H\nx", "1|3|4|x|5", 3, 1,
     NULL},
    {"region: reverse index", "1\r\n2\r\n3\r\n4\r\n5" E "[2;4r" E "[2;1H" E "Mx", "1|x|2|3|5", 1, 1,
     NULL},
    {"region: cursor goes home", "abc" E "[2;4rx", "xbc", 0, 1, NULL},
    {"region: line feed below it", E "[1;2r" E "[5;1H\nx", "||||x", 4, 1, NULL},
    {"region: top above bottom is ignored", "a" E "[4;2rb", "ab", 0, 2, NULL},
    {"region: too large is clamped", "1\r\n2\r\n3\r\n4\r\n5" E "[4;99r" E "[5;1H\n", "1|2|3|5", 4,
     0, NULL},
    {"origin mode", E "[2;4r" E "[?6hx", "|x", 1, 1, NULL},
    {"origin mode: position", E "[2;4r" E "[?6h" E "[2;3Hx", "||  x", 2, 3, NULL},
    {"origin mode: clamped", E "[2;4r" E "[?6h" E "[9;1Hx", "|||x", 3, 1, NULL},
    {"origin mode: off", E "[2;4r" E "[?6h" E "[?6lx", "x", 0, 1, NULL},
    {"origin mode: saved", E "[2;4r" E "[?6h" E "7" E "[?6l" E "8" E "[Hx", "|x", 1, 1, NULL},
    {"origin mode: report", E "[2;4r" E "[?6h" E "[2;3H" E "[6n", "", 2, 2, E "[2;3R"},
    /* screens */
    {"alternate screen", "abc" E "[?1049hX", "   X", 0, 4, NULL},
    {"alternate screen and back", "abc" E "[?1049hXYZ" E "[?1049ld", "abcd", 0, 4, NULL},
    {"alternate screen is cleared", E "[?1049hXYZ" E "[?1049l" E "[?1049h", "", 0, 0, NULL},
    {"alternate screen: 47 keeps the cursor", "abc" E "[?47hX" E "[?47ly", "abc y", 0, 5, NULL},
    {"alternate screen twice", "abc" E "[?1049h" E "[?1049hX" E "[?1049l", "abc", 0, 3, NULL},
    {"save 1048", "ab" E "[?1048h" E "[4;4H" E "[?1048lc", "abc", 0, 3, NULL},
    {"reset",
     "abc" E "[2;4r" E "[?6h" E "(0" E "c"
     "qx",
     "qx", 0, 2, NULL},
    {"soft reset", "abc" E "[4h" E "[!p" E "[Hx", "xbc", 0, 1, NULL},
    {"alignment", E "#8", "EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE", 0, 0, NULL},
    {"repeat", "ab" E "[3b", "abbbb", 0, 5, NULL},
    {"repeat: nothing printed", E "[3b", "", 0, 0, NULL},
    /* character sets */
    {"line drawing in G0", E "(0lqk" E "(Blqk", "┌─┐lqk", 0, 6, NULL},
    {"line drawing in G1", E ")0\x0elqk\x0flqk", "┌─┐lqk", 0, 6, NULL},
    {"line drawing: all of it", E "(0`afgjmntuvw", "◆▒°±┘└┼├┤┴|┬", 1, 1, NULL},
    {"line drawing saved", E "(0" E "7" E "(B" E "8q", "─", 0, 1, NULL},
    /* UTF-8 */
    {"utf-8", "\xc3\xa4\xe2\x82\xac", "ä€", 0, 2, NULL},
    {"utf-8: wide",
     "\xe4\xb8\xad"
     "a",
     "中a", 0, 3, NULL},
    {"utf-8: wide at the edge wraps", "012345678\xe4\xb8\xad", "012345678|中", 1, 2, NULL},
    {"utf-8: wide, left half overwritten", "\xe4\xb8\xad\rx", "x", 0, 1, NULL},
    {"utf-8: wide, right half overwritten", "\xe4\xb8\xad" E "[2Gx", " x", 0, 2, NULL},
    {"utf-8: wide, cut by deletion",
     "\xe4\xb8\xad"
     "bc" E "[2G" E "[P",
     " bc", 0, 1, NULL},
    {"utf-8: wide, pushed over the edge", "01234567\xe4\xb8\xad" E "[H" E "[@", " 01234567", 0, 0,
     NULL},
    {"utf-8: combining is not shown", "e\xcc\x81x", "ex", 0, 2, NULL},
    {"utf-8: stray continuation", "a\x80z", "a\xef\xbf\xbdz", 0, 3, NULL},
    {"utf-8: cut short", "a\xe2\x82z", "a\xef\xbf\xbdz", 0, 3, NULL},
    {"utf-8: overlong", "\xc0\xafz", "\xef\xbf\xbd\xef\xbf\xbdz", 0, 3, NULL},
    {"utf-8: surrogate", "\xed\xa0\x80z", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz", 0, 4, NULL},
    {"utf-8: too large", "\xf4\x90\x80\x80z", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz",
     0, 5, NULL},
    {"utf-8: cut short by a sequence", "\xe2\x82" E "[Cz", "\xef\xbf\xbd z", 0, 3, NULL},
    {"utf-8: C1 CSI",
     "\xc2\x9b"
     "3Cx",
     "   x", 0, 4, NULL},
    {"utf-8 off: Latin-1", E "%@\xe4" E "%G\xc3\xa4", "ää", 0, 2, NULL},
    {"utf-8 off: C1 CSI",
     E "%@\x9b"
       "3Cx",
     "   x", 0, 4, NULL},
    /* strings and unknown sequences */
    {"title with BEL", "a" E "]0;title\ab", "ab", 0, 2, NULL},
    {"title with ST", "a" E "]2;title" E "\\b", "ab", 0, 2, NULL},
    {"palette", "a" E "]P1ff8800b", "ab", 0, 2, NULL},
    {"palette reset has no end", "a" E "]Rb", "ab", 0, 2, NULL},
    {"DCS", "a" E "Pq#1;2\r\nxyz" E "\\b", "ab", 0, 2, NULL},
    {"APC and PM", "a" E "_xx" E "\\" E "^yy" E "\\b", "ab", 0, 2, NULL},
    {"string ended by another sequence", "a" E "]0;abc" E "[Cb", "a b", 0, 3, NULL},
    {"title that was never closed", "a" E "]0;abc\r\nb", "a| b", 1, 2, NULL},
    {"function key echo", "a" E "[[Ab", "ab", 0, 2, NULL},
    {"unknown CSI", "a" E "[5;6;7yb", "ab", 0, 2, NULL},
    {"unknown private mode", "a" E "[?12345hb", "ab", 0, 2, NULL},
    {"unknown prefix", "a" E "[>5mb" E "[<u" E "[=3c", "ab", 0, 2, NULL},
    {"unknown intermediate", "a" E "[5 qb" E "[1$}c" E " Fd", "abcd", 0, 4, NULL},
    {"unknown escape", "a" E "nb" E "#5c", "abc", 0, 3, NULL},
    {"cursor shape of TERM=linux", E "[?25l" E "[?1ca" E "[?25h" E "[?0cb", "ab", 0, 2, NULL},
    {"control inside a sequence", "abc" E "[\r2Cx", "abx", 0, 3, NULL},
    {"cancel",
     "a" E "[3\x18"
     "4b" E "[3\x1a"
     "5c",
     "a4b5c", 0, 5, NULL},
    {"escape inside a sequence", "a" E "[3" E "[2Cb", "a  b", 0, 4, NULL},
    {"many parameters", E "[1;2;3;4;5;6;7;8;9;1;2;3;4;5;6;7;8;9mx", "x", 0, 1, NULL},
    {"sequence longer than any",
     E "[000000000000000000000000000000000000000000000000000000000000000000000000000002Cx", "x", 0,
     1, NULL},
    {"bracketed paste", E "[?2004hx" E "[?2004ly", "xy", 0, 2, NULL},
    {"keypad modes", E "=x" E ">y", "xy", 0, 2, NULL},
    /* answers */
    {"answer: device attributes", E "[c", "", 0, 0, E "[?6c"},
    {"answer: DECID", E "Z", "", 0, 0, E "[?6c"},
    {"answer: status", E "[5n", "", 0, 0, E "[0n"},
    {"answer: cursor", "abc\r\nd" E "[6n", "abc|d", 1, 1, E "[2;2R"},
    {"answer: cursor, extended", E "[?6n", "", 0, 0, E "[?1;1R"},
    {"answer: cursor in the last column", "0123456789" E "[6n", "0123456789", 0, 9, E "[1;10R"},
    {"answer: size", E "[18t", "", 0, 0, E "[8;5;10t"},
    {"answer: none for secondary attributes", E "[>c", "", 0, 0, NULL},
    {"answer: resize(1)", E "7" E "[r" E "[999;999H" E "[6n" E "8", "", 0, 0, E "[5;10R"},
};

static void case_tests(void)
{
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[80];
        struct terminal *t = terminal_new(10, 5);
        feed(t, cases[i].input);
        t->answer[t->answer_length < ANSWER_MAX ? t->answer_length : ANSWER_MAX - 1] = 0;
        const char *screen = screen_text(t), *answer = cases[i].answer ? cases[i].answer : "";
        bool good = strcmp(screen, cases[i].screen) == 0 && t->cursor.row == cases[i].row &&
                    t->cursor.column == cases[i].column && terminal_valid(t) &&
                    strcmp((const char *)t->answer, answer) == 0;
        snprintf(name, sizeof name, "terminal: %s", cases[i].name);
        result(name, good, "screen '%s' cursor %u,%u answer '%s' valid %d", screen, t->cursor.row,
               t->cursor.column, t->answer[0] == '\x1b' ? (char *)t->answer + 1 : "",
               terminal_valid(t));
        free(t);
    }
}

#define DEFAULTS (ATTR_FG_DEFAULT | ATTR_BG_DEFAULT)

/* Colours and attributes of the character x at the end of the input. */
static const struct {
    const char *input;
    unsigned fg, bg, attributes;
} pens[] = {
    {"x", 7, 0, DEFAULTS},
    {E "[1;4;7mx", 7, 0, DEFAULTS | ATTR_BOLD | ATTR_UNDERLINE | ATTR_REVERSE},
    {E "[2;3;5;8;9mx", 7, 0,
     DEFAULTS | ATTR_DIM | ATTR_ITALIC | ATTR_BLINK | ATTR_HIDDEN | ATTR_STRIKE},
    {E "[1;2;3;4;5;7;8;9m" E "[22;23;24;25;27;28;29mx", 7, 0, DEFAULTS},
    {E "[1;31m" E "[mx", 7, 0, DEFAULTS},
    {E "[1;31m" E "[;32mx", 2, 0, ATTR_BG_DEFAULT},
    {E "[31;44mx", 1, 4, 0},
    {E "[91;102mx", 9, 10, 0},
    {E "[31;44m" E "[39mx", 7, 4, ATTR_FG_DEFAULT},
    {E "[31;44m" E "[49mx", 1, 0, ATTR_BG_DEFAULT},
    {E "[38;5;200mx", 200, 0, ATTR_BG_DEFAULT},
    {E "[48;5;200;1mx", 7, 200, ATTR_FG_DEFAULT | ATTR_BOLD},
    {E "[38;5;300;1mx", 7, 0, DEFAULTS | ATTR_BOLD},
    {E "[38;2;255;0;0mx", 196, 0, ATTR_BG_DEFAULT},
    {E "[38;2;8;8;8mx", 232, 0, ATTR_BG_DEFAULT},
    {E "[38;2;255;255;255;4mx", 231, 0, ATTR_BG_DEFAULT | ATTR_UNDERLINE},
    {E "[38:2::0:255:0mx", 46, 0, ATTR_BG_DEFAULT},
    {E "[38:2:0:255:0mx", 46, 0, ATTR_BG_DEFAULT},
    {E "[38:5:17;1mx", 17, 0, ATTR_BG_DEFAULT | ATTR_BOLD},
    {E "[38;5mx", 7, 0, DEFAULTS},
    {E "[38mx", 7, 0, DEFAULTS},
    {E "[4:3mx", 7, 0, DEFAULTS | ATTR_UNDERLINE},
    {E "[4m" E "[4:0mx", 7, 0, DEFAULTS},
    {E "[999mx", 7, 0, DEFAULTS},
    {E "[31m" E "7" E "[0m" E "8x", 1, 0, ATTR_BG_DEFAULT},
    {E "[31m" E "cx", 7, 0, DEFAULTS},
    {E "[44m" E "[Kx\r" E "[C", 7, 4, ATTR_FG_DEFAULT},
};

static void pen_tests(void)
{
    for (unsigned i = 0; i < sizeof pens / sizeof *pens; i++) {
        char name[64];
        struct terminal *t = terminal_new(10, 5);
        feed(t, pens[i].input);
        struct cell c = *grid_row(&t->grid[t->active], 0);
        snprintf(name, sizeof name, "attributes: case %u", i);
        result(name,
               c.code == 'x' && c.fg == pens[i].fg && c.bg == pens[i].bg &&
                   c.attributes == pens[i].attributes,
               "after ESC%s: fg %u bg %u attributes %x", pens[i].input + 1, c.fg, c.bg,
               c.attributes);
        free(t);
    }
}

static void other_tests(void)
{
    struct terminal *t = terminal_new(10, 5);
    feed(t, E "[41m" E "[2;3H" E "[K");
    struct cell c = grid_row(&t->grid[0], 1)[5], d = grid_row(&t->grid[0], 1)[1];
    result("erasing takes the background colour",
           c.bg == 1 && !(c.attributes & ATTR_BG_DEFAULT) && d.attributes & ATTR_BG_DEFAULT,
           "bg %u", c.bg);
    feed(t, E "]0;a \xc3\xa4\x01"
              "b\a");
    result("title is set without control characters", strcmp(t->title, "a äb") == 0, "'%s'",
           t->title);
    feed(t, E "]2;0123456789012345678901234567890123456789012345678901234567890123456789\a");
    result("title is cut", strlen(t->title) == TITLE_MAX, "%zu", strlen(t->title));
    feed(t, "\a");
    result("bell", t->bell == 1, "no bell");
    for (unsigned i = 0; i < 100; i++)
        feed(t, E "[6n");
    result("answers are bounded and whole",
           t->answer_length <= ANSWER_MAX && t->answer[t->answer_length - 1] == 'R', "%u",
           t->answer_length);
    for (unsigned i = 0; i < 5000; i++)
        feed(t, "line\r\n");
    result("history is full and no more", history_count(&t->history) == HISTORY_LINES, "%u",
           history_count(&t->history));
    feed(t, E "[3J");
    result("history can be erased", history_count(&t->history) == 0, "not empty");
    free(t);
}

/* At least 1,000 full lines are kept, and what is scrolled back to does not move. */
static void scrollback_tests(void)
{
    struct terminal *t = terminal_new(80, 24);
    char line[100];
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(line, sizeof line, "%080u\r\n", i);
        line[79] = (char)('0' + i % 10);
        feed(t, line);
    }
    unsigned count = history_count(&t->history);
    struct cell row[COLUMNS_MAX];
    bool right = count >= 1000;
    for (unsigned i = 0; right && i < count; i++) {
        unsigned number = 0;
        history_read(&t->history, i, row);
        for (unsigned c = 0; c < 80; c++)
            number = number * 10 + (row[c].code - '0');
        right = number == 3000 - 23 - count + i;
    }
    result("scrollback keeps 1,000 full lines in order", right, "%u lines", count);
    terminal_scroll_view(t, 50);
    char before[8192];
    snprintf(before, sizeof before, "%.8000s", screen_text(t));
    feed(t, "new\r\nlines\r\narrive\r\n");
    result("scrollback does not jump", strncmp(before, screen_text(t), 8000) == 0 && t->view == 53,
           "view %u", t->view);
    terminal_scroll_view(t, 100000);
    result("scrollback stops at the oldest line", t->view == history_count(&t->history), "%u",
           t->view);
    terminal_scroll_view(t, -100000);
    result("scrollback returns to the bottom", t->view == 0, "%u", t->view);
    feed(t, E "[?1049h");
    for (unsigned i = 0; i < 100; i++)
        feed(t, "alternate\r\n");
    history_read(&t->history, history_count(&t->history) - 1, row);
    result("the alternate screen leaves the scrollback alone", row[0].code == '0', "%c",
           (char)row[0].code);
    free(t);
}

void terminal_tests(void)
{
    case_tests();
    pen_tests();
    other_tests();
    scrollback_tests();
}
