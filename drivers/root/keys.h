/*
 * Reading the values of the manifest. Each function reports what is wrong and then returns false.
 */
#pragma once

#include "manifest.h"
#include "words.h"

/* A key of a task or guest, with or without a value. */
bool key_read(struct reader *r, const struct word *w, struct manifest_task *t);
/* Add to the arguments of a guest what its line does not say and its program must know. */
bool guest_args(struct reader *r, struct manifest_task *t);
/* n bytes of s as a name, into MANIFEST_NAME bytes of out. */
bool name_copy(struct reader *r, struct place at, const char *s, size_t n, char *out);
/* SERVICE:INDEX */
bool channel_item(struct reader *r, struct place at, const char *s, size_t n,
                  struct manifest_channel *out);
