/*
 * The system registers of CP15 and CP14 as rows of a table, for lifting and for the helpers.
 *
 * A register without handlers is 32 bits of state that translated code reads and writes by itself,
 * or without an offset a constant, and writing it does nothing. The number of a row is what a helper's call carries.
 */
#pragma once

#include "arm_cpu.h"

/* rights: who may read and write */
enum { PRIV_READ = 1, PRIV_WRITE = 2, USER_READ = 4, USER_WRITE = 8 };

struct arm_sysreg {
    uint8_t cp, crn, op1, crm, op2; /* 64 bits: crn and op2 are 0 */
    const char *name;
    uint8_t rights;
    bool exits;      /* handlers may refuse: undefined instruction */
    bool leave;      /* a write may change the mode word or window keys: then the block is left */
    uint16_t offset; /* of its state in struct arm_cpu; 0: none */
    uint32_t value;  /* of a constant */
    uint64_t (*read)(struct arm_cpu *c, const struct arm_sysreg *r);
    void (*write)(struct arm_cpu *c, const struct arm_sysreg *r, uint64_t value);
    const char *section; /* of the manual */
};

extern const struct arm_sysreg arm_sysregs[];

/* Row of a register, or -1. wide: MCRR and MRRC. */
int arm_sysreg_find(unsigned cp, bool wide, unsigned crn, unsigned op1, unsigned crm, unsigned op2);
static inline bool arm_sysreg_allows(const struct arm_sysreg *r, bool privileged, bool write)
{
    unsigned right = write ? PRIV_WRITE : PRIV_READ;
    return (r->rights & (privileged ? right : right << 2)) != 0;
}
