/* Names that the printer and the parser of the IR share. */
#pragma once

#include <translator/ir.h>

extern const char *const ir_type_names[IR_TYPES]; /* "" for IR_NONE */
extern const char *const ir_cc_names[16];

/* Letters of a bit set, in this order: a bit and its name; .name NULL ends. */
struct ir_letter {
    unsigned bit;
    const char *name;
};
extern const struct ir_letter ir_mem_letters[];  /* ld, st: aux */
extern const struct ir_letter ir_site_letters[]; /* ld, st: bits */
extern const struct ir_letter ir_call_letters[];
extern const struct ir_letter ir_jump_letters[];
extern const struct ir_letter ir_mask_letters[]; /* putf */
extern const struct ir_letter ir_kind_letters[]; /* align */

/* True for operations on lanes, which name their width: .8 .16 .32 .64. */
static inline bool ir_has_lanes(unsigned op)
{
    return op >= IR_vadd && op <= IR_vsplat;
}
