/*
 * The demonstration shell: its parts and what they offer one another, grouped by file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_MAX  256 /* bytes of a command line with its final zero */
#define WORDS_MAX 16

/* ---- terminal.c: keys in, size and title */
enum key {               /* what is not a byte of text */
           KEY_NONE = 0, /* the deadline passed */
           KEY_UP = 0x110000,
           KEY_DOWN,
           KEY_LEFT,
           KEY_RIGHT,
           KEY_HOME,
           KEY_END,
           KEY_DELETE,
           KEY_RESIZED, /* the pane has another size now */
           KEY_OTHER    /* a sequence that means nothing here */
};
/* Attach to the pane; false if the manifest gives none. */
bool terminal_open(void);
/* The next byte or enum key; gives up at the deadline (ns, DEADLINE_NEVER: never). */
int terminal_key(uint64_t deadline);
unsigned terminal_columns(void), terminal_rows(void);
void terminal_title(const char *text);

/* ---- line.c: one line of input with editing, history and completion */
/* Read a line (LINE_MAX bytes) after the prompt; false if it was abandoned (Ctrl-C). */
bool line_read(const char *prompt, char *line);

/* ---- commands.c */
/* Run one line; mistakes are explained on the terminal. */
void command_run(char *line);
/* The nth name of a command that begins with text, NULL past the last. */
const char *command_match(const char *text, size_t length, unsigned n);
/* "NAME: TEXT: status" for a call that failed. */
void complain(const char *command, const char *text, int status);

/* Commands; arguments as for main. */
void command_tasks(int argc, char **argv), command_mem(int argc, char **argv);
void command_caps(int argc, char **argv), command_log(int argc, char **argv);
void command_bench(int argc, char **argv);
void command_crash(int argc, char **argv);
void command_date(int argc, char **argv), command_uptime(int argc, char **argv);
void command_colours(int argc, char **argv), command_flood(int argc, char **argv);
