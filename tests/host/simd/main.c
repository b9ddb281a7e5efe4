/*
 * VFP and Advanced SIMD, instruction by instruction, against qemu-arm: every row of vfp.h and neon.h
 * with random operands, in A32 and T32, on special floating-point values, under all rounding modes
 * and with FZ, DN and AHP. Registers, memory and FPSCR, its cumulative bits too, must be equal.
 *
 *   simd-test [CASES-PER-ROW [OPERATION-NUMBER]]
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <frontends/arm/arm_cpu.h>
#include <frontends/arm/insn.h>
#include <frontends/arm/rows.h>
#include <translator/backend.h>

#include "../armseq/armseq.h"
#include "../frame/frame.h"

#define FPSCR_SET 0x07c00000u
#define BASE      (DATA_AT + DATA_BYTES / 2)

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allow_user_segv_handler=1:use_sigaltstack=0:detect_leaks=0";
}

static const uint32_t special32[] = {
    0,          1,          0x007fffff, 0x00800000, 0x00800001, 0x33800000, 0x3effffff,
    0x3f000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x40000000, 0x40400000, 0x4effffff,
    0x4f000000, 0x4f7fffff, 0x5f000000, 0x7e800000, 0x7f000000, 0x7f7fffff, 0x7f800000,
    0x7f800001, 0x7fc00000, 0x7fe01234, 0x477fe000, 0x477ff000, 0x47ffe000, 0x33000000,
    0x387fffff, 0x00008000, 0x7fff7fff, 0x80008000, 0x7c017e00, 0x03ff0001, 0x3c00fc00,
};
static const uint64_t special64[] = {
    1,
    0x000fffffffffffff,
    0x0010000000000000,
    0x3fe0000000000000,
    0x3ff0000000000000,
    0x3ff0000000000001,
    0x4000000000000000,
    0x41dfffffffc00000,
    0x41e0000000000000,
    0x41efffffffe00000,
    0x7fefffffffffffff,
    0x7ff0000000000000,
    0x7ff0000000000001,
    0x7ffc000000001234,
    0x47efffffe0000000,
    0x47effffff0000000,
    0x380fffffe0000000,
    0x36a0000000000000,
    0x7fffffffffffffff,
    0x8000000000000000,
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t word(void)
{
    uint64_t r = random_next();
    switch (r >> 61) {
    case 0:
    case 1:
    case 2:
        return special32[(uint32_t)r % COUNT(special32)] ^ (r >> 40 & 1 ? 0x80000000u : 0);
    case 3: /* a number of middling size, few bits */
        return 0x3b000000u + ((uint32_t)r & 0x8ff80000u);
    case 4:
        return (uint32_t)(r & 0x800000ff) % 100;
    default:
        return (uint32_t)r;
    }
}
static uint64_t doubleword(void)
{
    uint64_t r = random_next();
    if (r >> 62 == 0)
        return special64[(uint32_t)r % COUNT(special64)] ^ (r & 1ull << 40) << 23;
    if (r >> 62 == 1)
        return 0x3f00000000000000u + (r & 0x81ffe00000000000u);
    return word() | (uint64_t)word() << 32;
}

static bool uses_memory(unsigned op)
{
    return (op >= ARM_VFP_VLDR && op <= ARM_VFP_VSTM) || (op >= ARM_VLD && op <= ARM_VLD_ALL);
}

/* Bits of the row's pattern; letters and don't-cares: random. */
static uint32_t random_code(const struct arm_row *row)
{
    uint32_t r = (uint32_t)random_next(), code = 0;
    unsigned bit = 32;
    for (const char *p = row->pattern; bit != 0; p++) {
        if (*p == ' ')
            continue;
        bit--;
        if (*p == '1' || *p == '+' || ((*p != '0' && *p != '-') && r >> bit & 1))
            code |= 1u << bit;
    }
    if (row->pattern[0] == 'c')
        code = (code & 0x0fffffff) | 0xe0000000;
    if (uses_memory(row->op)) {
        static const uint8_t rm[4] = {15, 13, 2, 3};
        code = (code & ~0x000f0000u) | 1u << 16;
        if (row->pattern[0] != 'c')
            code = (code & ~15u) | rm[r >> 30];
    }
    return code;
}

static uint32_t to_t32(uint32_t a32)
{
    if (a32 >> 25 == 0x79) /* 1111001U */
        return 0xef000000u | (a32 & 0x01000000u) << 4 | (a32 & 0x00ffffff);
    if (a32 >> 24 == 0xf4)
        return 0xf9000000u | (a32 & 0x00ffffff);
    return a32;
}

/* The row's operation with random operands; false: none was found. */
static bool pick(const struct arm_row *row, bool thumb, uint32_t *code)
{
    for (unsigned tries = 0; tries < 300; tries++) {
        struct arm_insn i;
        uint32_t c = random_code(row);
        c = thumb ? to_t32(c) : c;
        if (thumb)
            arm_decode_t32(c, &i);
        else
            arm_decode_a32(c, &i);
        if (i.op == ARM_UNDEFINED || (i.op != row->op && row->op != ARM_VMOV_I))
            continue;
        bool core2 = i.op == ARM_VFP_MOV_CORE2 && i.x & 1 && (i.rd == 15 || i.ra == 15);
        bool overlap = i.op >= ARM_VTRN && i.op <= ARM_VZIP && i.vd == i.vm;
        if (core2 || overlap || ((i.op == ARM_VFP_VMSR || i.op == ARM_VFP_VMRS) && i.imm != 1))
            continue;
        *code = c;
        return true;
    }
    return false;
}

/* SETEND BE before and SETEND LE behind the instruction. */
static void big_endian(struct input *in, bool thumb)
{
    uint32_t be = thumb ? 0xbf00b658 : 0xf1010200, le = thumb ? 0xbf00b650 : 0xf1010000;
    memcpy(in->code + 4, in->code, 4);
    memcpy(in->code, &be, 4);
    memcpy(in->code + 8, &le, 4);
    in->bytes = 12;
}

static bool make(const struct arm_row *row, struct input *in, bool thumb)
{
    uint32_t code;
    if (!pick(row, thumb, &code))
        return false;
    memset(in, 0, sizeof *in);
    for (unsigned n = 0; n < 32; n++)
        in->s.d[n] = doubleword();
    for (unsigned n = 0; n < 15; n++)
        in->s.r[n] = word();
    for (unsigned n = 0; row->op == ARM_VFP_VMSR && n < 15; n++)
        in->s.r[n] &= ~(FPSCR_LEN | FPSCR_STRIDE); /* the stub could not go on */
    in->s.r[1] = row->op == ARM_VFP_VMSR ? 0 : BASE + (uint32_t)(random_next() & 3) * 32;
    in->s.r[13] = row->op == ARM_VFP_VMSR ? 0 : BASE;
    if (random_next() & 1)
        in->s.fpscr = (uint32_t)random_next() & FPSCR_SET;
    in->s.cpsr = (uint32_t)random_next() & 0xf0000000u;
    in->s.cpsr |= thumb ? CPSR_T : 0;
    in->seed = (uint32_t)random_next();
    if (thumb)
        code = code << 16 | code >> 16;
    in->bytes = 4;
    memcpy(in->code, &code, 4);
    if (uses_memory(row->op) && random_next() & 1)
        big_endian(in, thumb);
    if (row->op == ARM_VFP_CMP) { /* and the flags to the APSR */
        uint32_t vmrs = thumb ? 0xfa10eef1u : 0xeef1fa10u;
        memcpy(in->code + 4, &vmrs, 4);
        in->bytes = 8;
    }
    return true;
}

static struct input in[SLOTS];
static struct output reference[SLOTS], ours[SLOTS];

/* True if both ran case n to its end with the same results. */
static bool same(unsigned n_case, const struct output *a, const struct output *r, char *why,
                 size_t size)
{
    if (a->s.r[15] != CODE_AT + n_case * SLOT_BYTES + in[n_case].bytes)
        return snprintf(why, size, "ended early"), false;
    if (a->signal != r->signal || a->s.r[15] != r->s.r[15])
        return snprintf(why, size, "signal %u, reference %u", a->signal, r->signal), false;
    for (unsigned n = 0; n < 32; n++)
        if (a->s.d[n] != r->s.d[n])
            return snprintf(why, size, "d%u = %016llx, reference %016llx", n,
                            (unsigned long long)a->s.d[n], (unsigned long long)r->s.d[n]),
                   false;
    for (unsigned n = 0; n < 15; n++)
        if (a->s.r[n] != r->s.r[n])
            return snprintf(why, size, "r%u = %08x, reference %08x", n, a->s.r[n], r->s.r[n]),
                   false;
    if (a->s.fpscr != r->s.fpscr)
        return snprintf(why, size, "fpscr = %08x, reference %08x", a->s.fpscr, r->s.fpscr), false;
    if ((a->s.cpsr ^ r->s.cpsr) & CPSR_COMPARED)
        return snprintf(why, size, "cpsr = %08x, reference %08x", a->s.cpsr, r->s.cpsr), false;
    if (memcmp(a->line, r->line, sizeof a->line) != 0)
        return snprintf(why, size, "memory differs"), false;
    return true;
}

static void show(const struct input *c, const struct backend *b, const char *why)
{
    char text[400];
    struct arm_insn i;
    uint32_t code;
    memcpy(&code, c->code, 4);
    if (c->s.cpsr & CPSR_T)
        arm_decode_t32(code << 16 | code >> 16, &i);
    else
        arm_decode_a32(code, &i);
    machine_disassemble(c, text, sizeof text);
    printf("  %s: %s: fpscr %08x; %s", b->name, why, c->s.fpscr, text);
    for (unsigned k = 0; k < 3; k++) {
        unsigned n = k == 0 ? i.vd : k == 1 ? i.vn : i.vm;
        bool s = i.op < ARM_VFP_MOV_CORE && i.size == 2;
        uint64_t d = c->s.d[(s ? n / 2 : n) & 31];
        printf("    %s %u: %016llx\n",
               k == 0   ? "vd"
               : k == 1 ? "vn"
                        : "vm",
               n, (unsigned long long)(s ? d >> (n & 1) * 32 & 0xffffffff : d));
    }
}

static unsigned skipped;
static void try_row(const struct arm_row *row, unsigned count, unsigned *cases)
{
    unsigned made = 0, bad = 0;
    for (unsigned n = 0; n < count; n++)
        made += make(row, &in[made], n & 1);
    if (made == 0)
        return;
    if (!reference_run(in, reference, made)) {
        result("simd reference", false, "it ended");
        exit(1);
    }
    for (unsigned k = 0; backends[k] != NULL; k++) {
        machine_batch(in, made, backends[k]);
        for (unsigned n = 0; n < made; n++) {
            const char *what;
            char why[200];
            if (!machine_run(&in[n], n, &ours[n], &what)) { /* misaligned */
                skipped++;
                continue;
            }
            if (!same(n, &ours[n], &reference[n], why, sizeof why) && bad++ < 3)
                show(&in[n], backends[k], why);
        }
    }
    *cases += made;
    if (bad != 0)
        result("simd", false, "%s: %u of %u", row->pattern, bad, made);
}

/* ---- alignment, which qemu-arm does not check (A3.2.1) ---- */

static const struct {
    uint32_t code, offset;
    bool aligned;
    const char *name;
} alignment[] = {
    {0xed910b00, 4, true, "vldr d0, [r1]"},
    {0xed910b00, 2, false, "vldr d0, [r1]"},
    {0xed810a00, 1, false, "vstr s0, [r1]"},
    {0xec910b04, 4, true, "vldmia r1, {d0, d1}"},
    {0xec810b04, 2, false, "vstmia r1, {d0, d1}"},
    {0xf421078f, 1, true, "vld1.32 {d0}, [r1]"},
    {0xf421079f, 8, true, "vld1.32 {d0}, [r1:64]"},
    {0xf421079f, 4, false, "vld1.32 {d0}, [r1:64]"},
    {0xf4010a6f, 8, false, "vst1.16 {d0, d1}, [r1:128]"},
    {0xf4a1083f, 4, true, "vld1.32 {d0[0]}, [r1:32]"},
    {0xf4a1083f, 2, false, "vld1.32 {d0[0]}, [r1:32]"},
    {0xf4a10d5f, 2, false, "vld2.16 {d0[], d1[]}, [r1:32]"},
};

static void check_alignment(const struct backend *b)
{
    for (unsigned n = 0; n < COUNT(alignment); n++) {
        struct input c = {.bytes = 4};
        struct output out;
        const char *what = NULL;
        c.s.r[1] = BASE + alignment[n].offset;
        memcpy(c.code, &alignment[n].code, 4);
        machine_batch(&c, 1, b);
        bool done = machine_run(&c, 0, &out, &what) && out.s.r[15] == CODE_AT + 4;
        if (done != alignment[n].aligned)
            result("simd alignment", false, "%s: %s + %u", b->name, alignment[n].name,
                   alignment[n].offset);
    }
}

int main(int argc, char **argv)
{
    char folder[4096], stub[4200];
    snprintf(folder, sizeof folder, "%s", argv[0]);
    snprintf(stub, sizeof stub, "%s/armseq-stub", dirname(folder));
    char *command[] = {"qemu-arm", "-cpu", "cortex-a15", stub, NULL};
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 600, cases = 0;
    count = count > SLOTS ? SLOTS : count;
    machine_start(NULL);
    fault_start("armseq", machine_fault);
    setvbuf(stdout, NULL, _IOLBF, 0);
    static const struct reference_kind kind = {sizeof(struct input), sizeof(struct output), false};
    if (!reference_start(&kind, command)) {
        result("simd reference", false, "cannot start %s", command[0]);
        return summary();
    }
    for (unsigned k = 0; backends[k] != NULL; k++)
        check_alignment(backends[k]);
    for (unsigned n = 0; n < arm_rows_simd_count; n++)
        if (argc < 3 || arm_rows_simd[n].op == atoi(argv[2]))
            try_row(&arm_rows_simd[n], count, &cases);
    char name[80];
    snprintf(name, sizeof name, "simd against qemu-arm, %u cases", cases);
    result(name, cases > 10 * skipped, "%u were misaligned", skipped);
    reference_stop();
    return summary();
}
