/*
 * Host devices of the hosted port (translator/hostdev.h): how main.c opens and closes them. Each
 * opener returns NULL and a sentence in error when the computer says no.
 *
 * Input that arrives is noticed by a thread that sleeps in the host's poll and takes no processor
 * time otherwise; everything else runs on the vCPU's thread.
 */
#pragma once

#include <pthread.h>
#include <translator/hostdev.h>

/* Standard input and output. If both are a terminal it is put into raw mode, and the keys Ctrl-A x
 * call quit (Ctrl-A Ctrl-A is Ctrl-A); from the sleeping thread. */
struct terminal *terminal_stdio(void (*quit)(void), char *error, size_t size);
/* Output into a new file, no input. */
struct terminal *terminal_file(const char *path, char *error, size_t size);
/* Neither. */
struct terminal *terminal_none(char *error, size_t size);
/* As terminal_stdio, on any two file descriptors, which stay open; in < 0: no input. */
struct terminal *terminal_on(int in, int out, void (*quit)(void), char *error, size_t size);
void terminal_close(struct terminal *t);

/* Raw mode of a terminal, undone when the program ends, however it ends (raw.c). */
bool raw_mode_start(int fd);
void raw_mode_end(void);

struct disk *disk_open(const char *path, bool read_only, char *error, size_t size);
void disk_close(struct disk *d);

/* Listen on 127.0.0.1; port 0: any (gdb_port_number tells). */
struct gdb_port *gdb_port_open(unsigned port, char *error, size_t size);
unsigned gdb_port_number(struct gdb_port *g);
void gdb_port_close(struct gdb_port *g);

/* A thread that no signal disturbs. */
bool device_thread(pthread_t *thread, void *(*run)(void *), void *arg);
void device_attend(void);
