/* One operation, run twice: by translator/x80*.c and by the processor. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <translator/x80.h>

enum operand_kind { TWO, ONE, FROM16, FROM32, FROM64, FROMF32, FROMF64, FROMBCD };

struct outcome {
    struct x80 st0, st1;
    uint8_t memory[10]; /* what a store wrote; else as before */
    uint16_t status;    /* exceptions and C0 to C3 */
};
struct test_op {
    const char *name;
    enum operand_kind kind;
    /* Under control word `control`, on a and b in ST0 and ST1, or on memory. */
    void (*soft)(uint16_t control, const struct x80 *a, const struct x80 *b, struct outcome *o);
    void (*host)(uint16_t control, const struct x80 *a, const struct x80 *b, struct outcome *o);
    unsigned weight; /* how often the random part takes it */
};
extern const struct test_op test_ops[]; /* .name NULL ends */
