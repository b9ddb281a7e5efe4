/*
 * Modes that a client sets and resets (CSI h, CSI l, and with ? the private ones): a row per mode.
 * Numbers as in console_codes(4) and, from 1000 on, xterm's control sequences.
 */
#include "terminal.h"

static void screen_1049(struct terminal *t, bool set)
{
    if (set && t->active == 0) {
        terminal_save(t);
        struct cursor cursor = t->cursor;
        terminal_screen(t, 1);
        t->cursor = cursor;
        grid_clear_rows(&t->grid[1], 0, t->rows, terminal_erased(t));
    } else if (!set && t->active == 1) {
        terminal_screen(t, 0);
        terminal_restore(t);
    }
}
static void screen_1047(struct terminal *t, bool set)
{
    if (!set && t->active == 1)
        grid_clear_rows(&t->grid[1], 0, t->rows, terminal_erased(t));
    if (set != (t->active == 1)) {
        t->saved[t->active].row = t->cursor.row; /* where log lines and resizing find it */
        terminal_screen(t, set);
    }
}
static void save_1048(struct terminal *t, bool set)
{
    if (set)
        terminal_save(t);
    else
        terminal_restore(t);
}
static void mode_origin(struct terminal *t, bool set)
{
    (void)set;
    terminal_address(t, 0, 0);
}
static void mode_autowrap(struct terminal *t, bool set)
{
    (void)set;
    t->cursor.wrap = 0;
}

static const struct {
    char prefix;
    uint16_t number;
    uint16_t mode;                            /* bit to change, or 0 */
    void (*act)(struct terminal *, bool set); /* what else to do, or NULL */
} modes[] = {
    {0, 4, MODE_INSERT, NULL},
    {0, 20, MODE_NEWLINE, NULL},
    {'?', 1, MODE_CURSOR_KEYS, NULL},
    {'?', 5, MODE_REVERSE_SCREEN, NULL},
    {'?', 6, MODE_ORIGIN, mode_origin},
    {'?', 7, MODE_AUTOWRAP, mode_autowrap},
    {'?', 25, MODE_CURSOR_VISIBLE, NULL},
    {'?', 47, 0, screen_1047},
    {'?', 1047, 0, screen_1047},
    {'?', 1048, 0, save_1048},
    {'?', 1049, 0, screen_1049},
    {'?', 2004, MODE_PASTE, NULL},
};

bool terminal_mode_change(struct terminal *t, const struct parser *p, bool set)
{
    bool known = false;
    for (unsigned i = 0; i < p->count; i++) {
        for (unsigned m = 0; m < sizeof modes / sizeof *modes; m++) {
            if (modes[m].number != p->parameter[i] || modes[m].prefix != (char)p->prefix)
                continue;
            known = true;
            if (set)
                t->modes |= modes[m].mode;
            else
                t->modes &= ~(uint32_t)modes[m].mode;
            if (modes[m].act)
                modes[m].act(t, set);
        }
    }
    return known;
}
