/*
 * What survives a crash of the console server: it lies in a region that belongs to root.
 */
#pragma once

#include "intake.h"
#include "layout.h"
#include "terminal.h"
#include <tetrapla/console.h>

#define LOG_LINE_MAX 512

struct pane {
    struct intake intake; /* from the client */
    struct outlet outlet; /* to the client: keys and answers */
    uint8_t bell;         /* marked in the title until a key is pressed here */
    uint8_t reserved[7];
    struct terminal terminal;
};

struct console_state {
    uint64_t magic;
    uint32_t version, bytes; /* of this layout */
    uint32_t panes;
    uint32_t check;             /* over the fields above */
    volatile uint32_t attempts; /* starts since the last turn that went well */
    uint32_t focus, mode;       /* mode: enum view_mode */
    uint32_t serial_pane;
    struct intake keyboard, serial, log;
    uint32_t log_length; /* of the line that has begun */
    uint8_t log_line[LOG_LINE_MAX];
    struct pane pane[];
};

/* Bytes needed for that many panes. */
size_t state_bytes(unsigned panes);
/* Use memory (state_bytes(panes) long) as the state. If it holds the state of an earlier
 * incarnation it is checked, made consistent and kept: true. Otherwise, or if that state has been
 * there at three starts that failed, a new one is made: false. */
bool state_open(struct console_state *s, unsigned panes);
/* This incarnation works: what is kept does it no harm. */
void state_works(struct console_state *s);
