/* Zilog Z8530 SCC: two serial channels. */
#pragma once

#include <translator/board.h>

#define Z8530_BYTES 8u

struct z8530;
extern const struct device_ops z8530_ops;

/* Terminals of channels A and B; NULL: nothing is connected there. */
struct z8530 *z8530_create(struct vm *vm, struct terminal *a, struct terminal *b, struct line line);
void z8530_delete(struct z8530 *z);
void z8530_reset(struct z8530 *z);
/* Input may be there. */
void z8530_take_input(struct z8530 *z);
