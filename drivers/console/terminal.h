/*
 * A terminal: what a VT102 with the Linux console's extensions does with the bytes a client sends.
 *
 * It is plain data without a pointer, so that it can live in memory that outlives the server. It
 * reads bytes (terminal_write) and changes its grids; what it has to say to the client (answers to
 * queries) collects in answer[].
 *
 *   escape.c    bytes → characters, control characters, sequences
 *   sequences.c what each sequence does, and the tables of sequences
 *   sgr.c       colours and attributes
 *   modes.c     modes
 *   terminal.c  cursor, margins, printing, screens
 *   resize.c    a new size, a line of the log, repair
 */
#pragma once

#include "cells.h"
#include "history.h"
#include "text.h"

#define PARAMETERS_MAX 16
#define RAW_MAX        64
#define STRING_MAX     64
#define TITLE_MAX      40
#define ANSWER_MAX     128

enum terminal_mode {
    MODE_INSERT = 0x001,         /* IRM */
    MODE_NEWLINE = 0x002,        /* LNM: LF implies CR, Enter sends CR LF */
    MODE_CURSOR_KEYS = 0x004,    /* DECCKM */
    MODE_REVERSE_SCREEN = 0x008, /* DECSCNM */
    MODE_ORIGIN = 0x010,         /* DECOM */
    MODE_AUTOWRAP = 0x020,       /* DECAWM */
    MODE_CURSOR_VISIBLE = 0x040, /* DECTCEM */
    MODE_UTF8 = 0x080,           /* ESC % G */
    MODE_PASTE = 0x100,          /* 2004: accepted, there is nothing to paste */
    MODE_ALL = 0x1ff
};
#define MODES_INITIAL (MODE_AUTOWRAP | MODE_CURSOR_VISIBLE | MODE_UTF8)

/* Everything DECSC saves. */
struct cursor {
    uint16_t row, column;
    uint8_t wrap;       /* the last column was printed: the next character wraps first */
    uint8_t shift;      /* which of charset[] is in use: 0 or 1 */
    uint8_t charset[2]; /* 1: DEC special graphics */
    uint16_t origin;    /* MODE_ORIGIN or 0; of the saved copy only */
    uint16_t reserved;
    struct cell pen; /* colours and attributes of the next character */
};

enum parser_state {
    GROUND,
    ESCAPE,
    ESCAPE_MORE,
    CSI,
    CSI_SKIP,
    OSC,
    OSC_PALETTE,
    STRING,
    STATE_COUNT
};

struct parser {
    uint8_t state;         /* enum parser_state */
    uint8_t prefix;        /* '<' '=' '>' '?' at the start of a CSI sequence, or 0 */
    uint8_t intermediate;  /* last one, 20h-2Fh, or 0 */
    uint8_t bad;           /* the sequence is not one we could know: swallow it */
    uint8_t string_escape; /* an ESC was seen inside a string */
    uint8_t skip;          /* OSC_PALETTE: digits still to come */
    uint8_t count;         /* parameters begun, 0 to PARAMETERS_MAX */
    uint8_t raw_length, string_length;
    uint8_t reserved;
    uint16_t colons; /* bit n: parameter n was introduced by a colon */
    uint16_t parameter[PARAMETERS_MAX];
    struct utf8 utf8;
    uint8_t raw[RAW_MAX]; /* the bytes of the sequence so far */
    uint8_t string[STRING_MAX];
};

struct terminal {
    uint16_t columns, rows;
    uint16_t top, bottom; /* scroll region, inclusive; top < bottom unless there is one row only */
    uint32_t modes;       /* enum terminal_mode */
    uint32_t last;        /* last character printed, for REP; 0 = none */
    uint32_t view;        /* rows scrolled back, 0 = at the bottom */
    uint32_t changes;     /* counts everything that may alter the picture */
    uint16_t active;      /* 0: primary screen, 1: alternate */
    uint8_t bell;         /* BEL was received; cleared by whoever shows it */
    uint8_t answer_length;
    struct cursor cursor;
    struct cursor saved[2]; /* DECSC, per screen */
    uint8_t tab[(COLUMNS_MAX + 7) / 8];
    char title[TITLE_MAX + 2]; /* UTF-8, zero-terminated */
    uint8_t answer[ANSWER_MAX];
    struct parser parser;
    struct grid grid[2];
    struct history history; /* of the primary screen */
};

/* Where whole sequences are copied as they are executed, for a second screen on a serial line. Only
 * complete sequences appear here, and none that would make the other terminal answer. */
struct echo {
    uint8_t *bytes;
    size_t size, length;
    bool lost; /* something did not fit */
};
/* Room that n bytes of input may need at most. */
#define ECHO_ROOM(n) (3 * (size_t)(n) + RAW_MAX + 8)

/* 1 <= columns <= COLUMNS_MAX, 1 <= rows <= ROWS_MAX. */
void terminal_init(struct terminal *t, unsigned columns, unsigned rows);
/* Execute n bytes of a client's output. *position counts each byte as soon as it is done, so that
 * nothing is done twice after a crash. position and echo may be NULL. */
void terminal_write(struct terminal *t, const uint8_t *bytes, size_t n, volatile uint32_t *position,
                    struct echo *echo);
/* Change the size, keeping the contents: lines that do not fit go to the scrollback and come back,
 * columns that do not fit are hidden. */
void terminal_resize(struct terminal *t, unsigned columns, unsigned rows);
/* Put a line of text (UTF-8) above the line the cursor is on, without disturbing the client. Says
 * with true that this was the same as printing it on the cursor's line and moving that line
 * down. */
bool terminal_log_line(struct terminal *t, const uint8_t *text, size_t n);
/* The COLUMNS_MAX cells that row `row` of the pane shows, with the scrollback position applied. */
void terminal_visible_row(const struct terminal *t, unsigned row, struct cell *out);
/* Move the scrollback position by rows (positive: back). */
void terminal_scroll_view(struct terminal *t, int rows);
/* Is the cursor to be shown, and where on the pane? */
bool terminal_cursor(const struct terminal *t, unsigned *row, unsigned *column);
/* Clamp everything: for memory that survived a crash. */
void terminal_repair(struct terminal *t);
/* All invariants hold. For tests. */
bool terminal_valid(const struct terminal *t);

/* ---- between these files ------------------------------------------------------------ */
void terminal_reset(struct terminal *t); /* RIS */
void terminal_soft_reset(struct terminal *t);
void terminal_print(struct terminal *t, uint32_t code);
void terminal_move(struct terminal *t, int row, int column);    /* clamped to the screen */
void terminal_address(struct terminal *t, int row, int column); /* as CUP: origin mode applies */
void terminal_index(struct terminal *t);         /* down one line, scrolling at the margin */
void terminal_reverse_index(struct terminal *t); /* up one line, scrolling at the margin */
void terminal_scroll_up(struct terminal *t, unsigned top, unsigned n);
void terminal_tab(struct terminal *t, unsigned n, bool back);
void terminal_save(struct terminal *t);
void terminal_restore(struct terminal *t);
void terminal_screen(struct terminal *t, unsigned screen);
void terminal_answer(struct terminal *t, const char *text);
struct cell terminal_erased(const struct terminal *t);       /* a blank in the background colour */
struct cell *terminal_row(struct terminal *t, unsigned row); /* of the active screen */
struct grid *terminal_grid(struct terminal *t);
void terminal_tabs_reset(struct terminal *t);
void terminal_align(struct terminal *t); /* DECALN: the screen full of E */
/* The attributes of SGR (CSI ... m). */
void terminal_sgr(struct terminal *t, const struct parser *p);
/* Execute the sequence in t->parser that ends with this byte. False: it must not be copied to
 * another terminal. */
bool sequence_csi(struct terminal *t, uint8_t end);
bool sequence_escape(struct terminal *t, uint8_t end);
/* Set or reset the modes that the parameters name. False: none of them is known. */
bool terminal_mode_change(struct terminal *t, const struct parser *p, bool set);
