/* What these tests share; see ../frame for results and random numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../frame/frame.h"

struct terminal;
/* The screen's text: rows without the blanks at their ends, joined by '|', without empty rows at
 * the end; a wide character once. Static storage. */
const char *screen_text(const struct terminal *t);
/* A terminal in memory of its own, contents random where terminal_init does not set them. */
struct terminal *terminal_new(unsigned columns, unsigned rows);
/* Feed a string. */
void feed(struct terminal *t, const char *text);
/* Bytes with a liking for escape sequences. */
void random_output(uint8_t *bytes, size_t n);
/* A file of this machine, or NULL with *bytes 0. From malloc. */
uint8_t *file_read(const char *path, size_t *bytes);

void terminal_tests(void);
void resize_tests(void);
void fuzz_tests(void);
void font_tests(void);
void paint_tests(void);
void keys_tests(void);
void serial_tests(void);
void server_tests(void);
/* Writes what a screen full of everything looks like: console-test --picture FILE.ppm */
int picture_write(const char *path);
