/*
 * Every encoder of backends/x86_64/asm.c against Capstone: what is encoded must disassemble to the
 * text that the row's form asks for. Registers exhaustively; addressing forms exhaustively for one
 * row of each shape, sampled for the others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <capstone/capstone.h>

#include <backends/x86_64/asm.h>

#include "../frame/frame.h"

static csh handle;
static cs_insn *slot;
static uint8_t bytes[64];
static struct code c;
static unsigned bad, tried;

static const char *const names64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const names32[] = {"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                      "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
static const char *const names16[] = {"ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                                      "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
static const char *const names8[] = {"al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                     "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};

static void start(void)
{
    memset(bytes, 0xcc, sizeof bytes);
    c = (struct code){.at = bytes, .start = bytes, .end = bytes + sizeof bytes, .run = bytes};
}

/* Numbers in one form: "- 8", "-8", "0xfffffff8" and "0xfffffffffffffff8" are the same. */
static void canonical(char *to, const char *from)
{
    char before = ' ';
    while (*from != 0) {
        bool minus = from[0] == '-', gap = minus && from[1] == ' ';
        const char *digits = from + minus + gap;
        if (*digits < '0' || *digits > '9' || (before != ' ' && before != '[' && before != ':')) {
            before = *to++ = *from++;
            continue;
        }
        char *end;
        uint64_t v = strtoull(digits, &end, 0);
        v = minus ? 0 - v : v;
        if ((int64_t)v >= INT32_MIN && (int64_t)v <= (int64_t)UINT32_MAX)
            v = (uint32_t)v;
        to += sprintf(to, "%s%llx", gap ? "+ " : "", (unsigned long long)v);
        from = end;
        before = '0';
    }
    *to = 0;
}

static bool expect(const char *wanted)
{
    const uint8_t *p = bytes;
    size_t left = (size_t)(c.at - c.start);
    uint64_t at = 0x1000;
    char got[400], want[400], text[300] = "(nothing)";
    tried++;
    if (cs_disasm_iter(handle, &p, &left, &at, slot))
        snprintf(text, sizeof text, "%s%s%s", slot->mnemonic, slot->op_str[0] ? " " : "",
                 slot->op_str);
    canonical(got, text);
    canonical(want, wanted);
    if (strcmp(got, want) == 0 && left == 0)
        return true;
    if (bad++ < 20) {
        printf("want %s\ngot  %s (%zu bytes left):", want, got, left);
        for (const uint8_t *b = bytes; b < c.at; b++)
            printf(" %02x", *b);
        printf("\n");
    }
    return false;
}

static void number(char *to, int64_t v)
{
    sprintf(to, "%lld", (long long)v);
}

static const char *size_word(char letter, bool w)
{
    switch (letter) {
    case 'E':
        return w ? "qword ptr " : "dword ptr ";
    case 'B':
        return "byte ptr ";
    case 'H':
        return "word ptr ";
    case 'D':
    case 'S':
        return "dword ptr ";
    case 'Q':
    case 'F':
        return "qword ptr ";
    default:
        return "xmmword ptr ";
    }
}

static void memory(char *to, const char *size, const struct mem *m)
{
    const char *const *n = m->ea32 ? names32 : names64;
    to += sprintf(to, "%s%s[", size, m->gs ? "gs:" : "");
    bool some = m->base != NO_REG || m->index != NO_REG;
    if (m->base != NO_REG)
        to += sprintf(to, "%s", n[m->base]);
    if (m->index != NO_REG) {
        to += sprintf(to, "%s%s", m->base != NO_REG ? " + " : "", n[m->index]);
        if (m->scale)
            to += sprintf(to, "*%d", 1 << m->scale);
    }
    int64_t d = m->disp;
    if (d != 0 || !some) {
        char v[40];
        number(v, some && d < 0 ? -d : d);
        to += sprintf(to, "%s%s", some ? d < 0 ? " - " : " + " : "", v);
    }
    sprintf(to, "]");
}

/* One operand by its letter. */
static void operand(char *to, const struct x86_row *row, char letter, bool w, unsigned reg,
                    unsigned v, unsigned rm, const struct mem *m, int32_t imm)
{
    bool movbe = strcmp(row->name, "movbe") == 0;
    switch (letter) {
    case 'i':
        number(to, imm);
        return;
    case 'c':
        strcpy(to, "cl");
        return;
    case 'v':
        strcpy(to, w ? names64[v] : names32[v]);
        return;
    case 'y':
        sprintf(to, "xmm%u", v);
        return;
    case 'x':
        sprintf(to, "xmm%u", reg);
        return;
    case 'g':
        strcpy(to, w ? names64[reg] : names32[reg]);
        return;
    case 'q':
        strcpy(to, names64[reg]);
        return;
    case 'h':
        strcpy(to, names16[reg]);
        return;
    case 'b':
        strcpy(to, names8[reg]);
        return;
    }
    if (m != NULL) {
        bool word = movbe && row->prefix == 0x66;
        if (strncmp(row->name, "comis", 5) == 0) /* Capstone 4 names the wrong size */
            letter = 'X';
        memory(to,
               letter == 'M' ? movbe ? word ? "word ptr " : size_word('E', w) : ""
                             : size_word(letter, w),
               m);
        return;
    }
    switch (letter) {
    case 'E':
        strcpy(to, w ? names64[rm] : names32[rm]);
        break;
    case 'B':
        strcpy(to, names8[rm]);
        break;
    case 'H':
        strcpy(to, names16[rm]);
        break;
    case 'D':
        strcpy(to, names32[rm]);
        break;
    case 'Q':
        strcpy(to, names64[rm]);
        break;
    default:
        sprintf(to, "xmm%u", rm);
    }
}

/* cmpps xmm0, xmm1, 1 is printed as cmpltps xmm0, xmm1. */
static void predicate(char *want, const char *name, int32_t imm)
{
    static const char *const names[8] = {"eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"};
    char text[300];
    *strrchr(want, ',') = 0;
    snprintf(text, sizeof text, "cmp%s%s%s", names[imm], name + 3, want + strlen(name));
    strcpy(want, text);
}

static void check(enum x86_op op, bool w, unsigned reg, unsigned v, unsigned rm,
                  const struct mem *m, int32_t imm)
{
    const struct x86_row *row = &x86_rows[op];
    char want[300];
    start();
    if (row->imm == 1)
        imm &= 0x7f;
    if (m != NULL)
        x86_rm(&c, op, w, reg, m, imm);
    else if (row->map & ROW_VEX)
        x86_vex(&c, op, w, reg, v, rm, imm);
    else
        x86_rr(&c, op, w, reg, rm, imm);
    const char *name = row->name;
    if (strcmp(name, "movd") == 0 && w)
        name = "movq";
    char *to = want + sprintf(want, "%s", name);
    for (unsigned n = 0; n < 4 && row->form[n]; n++) {
        char text[200];
        operand(text, row, row->form[n], w, reg, v, rm, m, imm);
        to += sprintf(to, "%s%s", n ? ", " : " ", text);
    }
    if (row->imm == 1 && imm < 8 && strncmp(name, "cmp", 3) == 0 && name[4] != 0)
        predicate(want, name, imm);
    expect(want);
}

static bool has(const struct x86_row *r, const char *letters)
{
    for (unsigned n = 0; n < 4 && r->form[n]; n++)
        if (strchr(letters, r->form[n]))
            return true;
    return false;
}

/* Both operand sizes, where the row has them. */
static unsigned widths(const struct x86_row *r)
{
    return has(r, "gEv") || strcmp(r->name, "movbe") == 0 ? 2 : 1;
}

static const int32_t imms[] = {0,  1,    5,   9,    10,         31,        127,
                               -1, -128, 128, -129, 0x12345678, -0x7654321};

static void registers(enum x86_op op)
{
    const struct x86_row *r = &x86_rows[op];
    for (unsigned w = op == X_FMASD;
         w < widths(r) + (op == X_FMASD) && !(r->prefix == 0x66 && has(r, "h") && w); w++)
        for (unsigned reg = 0; reg < (r->ext == ROW_R ? 16 : 1); reg++)
            for (unsigned rm = 0; rm < 16; rm++)
                for (unsigned n = 0; n < (r->imm ? sizeof imms / sizeof imms[0] : 1); n++)
                    for (unsigned v = 0; v < (has(r, "vy") ? 16 : 1); v++)
                        check(op, w, reg, v, rm, NULL, imms[n]);
}

static void addressing(enum x86_op op, bool all)
{
    static const int32_t disps[] = {0, 1, -1, 127, -128, 128, -129, 0x12345678};
    const struct x86_row *r = &x86_rows[op];
    for (unsigned n = 0; n < 17 * 17 * 4 * 8 * 4; n++) {
        if (!all && random_next() % 64 != 0)
            continue;
        struct mem m = {.base = (uint8_t)(n % 17),
                        .index = (uint8_t)(n / 17 % 17),
                        .scale = n / 289 % 4,
                        .disp = disps[n / 1156 % 8],
                        .gs = n / 9248 & 1,
                        .ea32 = n / 18496 & 1};
        bool absolute = m.base == NO_REG && m.index == NO_REG;
        if (m.index == RSP || (m.index == NO_REG && m.scale != 0) || (absolute && m.disp < 0))
            continue; /* Capstone 4 cuts negative absolute addresses */
        bool w = n % 2 && widths(r) == 2 && !(r->prefix == 0x66 && has(r, "h"));
        check(op, w, r->ext == ROW_R ? n / 3 % 16 : 0, 0, 0, &m,
              imms[n % (sizeof imms / sizeof imms[0])]);
    }
}

static void specials(void)
{
    static const char *const cc[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                     "s", "ns", "p", "np", "l", "ge", "le", "g"};
    char want[100];
    struct mem m = mem_base(RSP, 0x41);
    for (unsigned n = 0; n < 16; n++)
        for (unsigned r = 0; r < 16; r++) {
            start(), x86_setcc(&c, n, r);
            sprintf(want, "set%s %s", cc[n], names8[r]), expect(want);
            start(), x86_setcc_m(&c, n, &m);
            sprintf(want, "set%s byte ptr [rsp + 0x41]", cc[n]), expect(want);
            for (unsigned w = 0; w < 2; w++) {
                start(), x86_cmov(&c, n, w, r, n);
                sprintf(want, "cmov%s %s, %s", cc[n], w ? names64[r] : names32[r],
                        w ? names64[n] : names32[n]);
                expect(want);
                start(), x86_cmov_m(&c, n, w, r, &m);
                sprintf(want, "cmov%s %s, %s ptr [rsp + 0x41]", cc[n], w ? names64[r] : names32[r],
                        w ? "qword" : "dword");
                expect(want);
            }
            start(), x86_jcc(&c, n, 0x300);
            sprintf(want, "j%s 0x1300", cc[n]), expect(want);
            start();
            uint32_t field = x86_jcc8(&c, n);
            bytes[field] = 0x20;
            sprintf(want, "j%s 0x1022", cc[n]), expect(want);
        }
    for (unsigned r = 0; r < 16; r++) {
        start(), x86_push(&c, r), sprintf(want, "push %s", names64[r]), expect(want);
        start(), x86_pop(&c, r), sprintf(want, "pop %s", names64[r]), expect(want);
        start(), x86_bswap(&c, false, r), sprintf(want, "bswap %s", names32[r]), expect(want);
        start(), x86_bswap(&c, true, r), sprintf(want, "bswap %s", names64[r]), expect(want);
        start(), x86_const(&c, r, 0xfedcba98), sprintf(want, "mov %s, 0xfedcba98", names32[r]);
        expect(want);
        start(), x86_const(&c, r, -0x12345678ull);
        sprintf(want, "mov %s, 0xffffffffedcba988", names64[r]), expect(want);
        start(), x86_const(&c, r, 0x123456789abull);
        sprintf(want, "movabs %s, 0x123456789ab", names64[r]), expect(want);
    }
    start(), x86_jmp(&c, 0x200), expect("jmp 0x1200");
    start(), x86_jmp_to(&c, (uint64_t)(uintptr_t)bytes + 0x80), expect("jmp 0x1080");
    start(), x86_call_to(&c, (uint64_t)(uintptr_t)bytes + 0x80), expect("call 0x1080");
    start(), x86_store_ah(&c, &m), expect("mov byte ptr [rsp + 0x41], ah");
    start(), x86_load_ah(&c, &m), expect("mov ah, byte ptr [rsp + 0x41]");
    start(), x86_mov_ah_al(&c), expect("mov ah, al");
    start(), x86_movzx_eax_ah(&c), expect("movzx eax, ah");
    start(), x86_byte(&c, X86_LAHF), expect("lahf");
    start(), x86_byte(&c, X86_SAHF), expect("sahf");
    start(), x86_byte(&c, X86_CMC), expect("cmc");
    start(), x86_byte(&c, X86_CDQ), expect("cdq");
    start(), x86_byte(&c, X86_RET), expect("ret");
    m = (struct mem){
        .base = NO_REG, .index = NO_REG, .rip = true, .at = (uint64_t)(uintptr_t)bytes + 0x40};
    start(), x86_rm(&c, X_XORPS, false, 9, &m, 0);
    expect("xorps xmm9, xmmword ptr [rip + 0x38]");
    start(), x86_rm(&c, X_PSHUFD, false, 1, &m, 7);
    expect("pshufd xmm1, xmmword ptr [rip + 0x37], 7");
}

int main(void)
{
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
        return !result("asm", false, "no Capstone");
    slot = cs_malloc(handle);
    for (unsigned op = 0; op < X_OPS; op++) {
        const struct x86_row *r = &x86_rows[op];
        unsigned before = bad;
        bool memory_only =
            has(r, "M") || strcmp(r->name, "ldmxcsr") == 0 || strcmp(r->name, "stmxcsr") == 0;
        bool register_only = (r->map & ROW_VEX) || strcmp(r->name, "wrgsbase") == 0 ||
                             (r->form[0] == 'X' && r->form[1] == 'i');
        if (!memory_only)
            registers(op);
        if (!register_only)
            addressing(op, op == X_MOV || op == X_MOV8_M || op == X_MOVUPS || op == X_CMP_I);
        if (bad != before)
            result(r->name, false, "row %u: %u texts differ", op, bad - before);
    }
    specials();
    result("encoders as Capstone", bad == 0, "%u of %u differ", bad, tried);
    cs_free(slot, 1);
    cs_close(&handle);
    return summary();
}
