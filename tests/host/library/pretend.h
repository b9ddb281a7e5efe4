/* Knobs of the pretend kernel and prototypes of what the library leaves to it. */
#pragma once

#include <tetrapla/abi.h>

/* Make a notification. */
void pretend_notification(handle_t n);
/* So many creations fail with QUOTA first. */
extern unsigned pretend_refusals;

/* What CALL_RECV and CALL_REPLY_RECV do: server_test.c's script. Returns the result word. */
uint64_t pretend_receive(uint64_t word, uint64_t w[6], uint64_t *badge);

/* Page of the region (plus 1) mapped at each page of the heap; 0: none. */
#define PRETEND_PAGES 65536
extern uint64_t pretend_page[PRETEND_PAGES];
/* A mapping of more pages at once fails with QUOTA. */
extern uint64_t pretend_map_limit;

void *memory_extend_heap(size_t least, size_t *bytes);
void output_lock(void);
void output_unlock(void);
void output_bytes(const char *bytes, size_t n);

/* memory.c under the name that keeps it apart from the pretend heap. */
void *real_memory_extend_heap(size_t least, size_t *bytes);
