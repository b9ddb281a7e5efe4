/* The 8254 interval timer (Intel 231164), with port 61h, which controls its channel 2. */
#pragma once

#include <translator/board.h>

struct i8254;
#define I8254_HZ 1193182u

/* irq: output of channel 0. NULL: no memory. */
struct i8254 *i8254_create(struct vm *vm, struct line irq);
void i8254_delete(struct i8254 *p);
void i8254_reset(struct i8254 *p);

extern const struct device_ops i8254_ops;        /* four ports, 40h */
extern const struct device_ops i8254_port61_ops; /* one port, 61h */
