/*
 * Messages as an array of words and as bytes. Words 0–5 of a message are in struct message, the
 * others in the thread's IPC page; these functions hide the seam. Text and structures travel in
 * whole words, in memory order.
 */
#pragma once

#include <tetrapla/sys.h>

/* Word i (below MSG_MAX_WORDS; beyond: reads 0, writes nothing). */
uint64_t message_get(const struct message *m, unsigned i);
void message_set(struct message *m, unsigned i, uint64_t word);

/* Store n bytes from word `first` on; what does not fit in the message is left out. Returns the
 * length of the message in words. The last word is filled up with zeros. */
unsigned message_put_bytes(struct message *m, unsigned first, const void *bytes, size_t n);
/* Copy at most n bytes from word `first` on, no more than m->words holds; returns how many. */
size_t message_get_bytes(const struct message *m, unsigned first, void *bytes, size_t n);

/* Text with its ending 0, cut to fit. */
unsigned message_put_text(struct message *m, unsigned first, const char *text);
/* Text into a buffer of size bytes (at least 1), always ended with 0; returns its length. */
size_t message_get_text(const struct message *m, unsigned first, char *text, size_t size);
