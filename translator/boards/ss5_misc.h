/* Registers of a SPARCstation 5 of a byte or a word each: auxiliary I/O, power, diagnostics; nothing. */
#pragma once

#include <translator/board.h>

struct ss5_misc {
    struct vm *vm;
    uint8_t value[8]; /* by enum ss5_misc_kind */
    struct ss5_misc_slot {
        struct ss5_misc *misc;
        unsigned kind;
    } slot[8];
};
enum ss5_misc_kind {
    MISC_AUX1,
    MISC_AUX2,
    MISC_CONFIG,
    MISC_DIAGNOSTIC,
    MISC_SYSTEM,
    MISC_APC,
    MISC_AFX,
    MISC_NOTHING
};
extern const struct device_ops ss5_misc_ops; /* device: a slot */
void ss5_misc_reset(struct ss5_misc *m, struct vm *vm);
