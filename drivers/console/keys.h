/*
 * Keys: what the console does itself, and what a client gets.
 */
#pragma once

#include <stddef.h>
#include <tetrapla/console.h>

enum key_action {
    KEY_TO_CLIENT,   /* keys_encode says what */
    KEY_NOTHING,     /* a key going up, or a modifier */
    KEY_FOCUS,       /* *argument = pane, 0 = first */
    KEY_FOCUS_NEXT,  /* *argument = 1, or -1: the one before */
    KEY_FULL_SCREEN, /* the focused pane alone, with all rows and columns, and back */
    KEY_ENLARGE,     /* the focused pane alone, its size unchanged, enlarged, and back */
    KEY_SCROLL,      /* *argument = 1: a page back, -1: forward */
};
enum key_action keys_action(const struct key_event *e, int *argument);

#define KEY_BYTES_MAX 16
/* The bytes that TERM=linux sends for a key (0: none). modes: enum terminal_mode of the client's
 * terminal. */
size_t keys_encode(const struct key_event *e, unsigned modes, uint8_t out[KEY_BYTES_MAX]);
