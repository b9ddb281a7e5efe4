/* The parts of the hosted port's tests. */
#pragma once

#include <tests/host/frame/frame.h>

void options_tests(void);
void extents_tests(void);
void disk_tests(void);
void terminal_tests(void);
void gdb_tests(void);
void thread_tests(void);
void maps_tests(void);

/* Wait until *word is at least n, 5 s at most; whether it is. */
bool wait_for(volatile unsigned *word, unsigned n);
/* How often a host device asked for attention (hostdev_attend). */
extern volatile unsigned attended;
