/* All rows in one array. Row 0 stands for every encoding that no row takes. */
#include "rows.h"

const struct x86_row x86_insn_rows[] = {
    {"", "", X86_INVALID, CLASS_BASE, 0, ""},
#include "rows_base.h"
#include "rows_0f.h"
#include "rows_x87.h"
#include "rows_simd.h"
};
const unsigned x86_row_count = sizeof(x86_insn_rows) / sizeof(x86_insn_rows[0]);
