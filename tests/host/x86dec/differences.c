/*
 * The list of deliberate differences between ours and Capstone 4.0.2.
 *
 * `refuse` rows: only Capstone takes the encoding; `accept` rows: only we do; `length` rows: both,
 * with different lengths; `text` rows: with different texts. The encoding is written as in
 * frontends/x86/rows.h; 10-17 are all of these. `words` rows: where the texts differ, one string in Capstone's is another in
 * ours.
 */
#include "x86dec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct difference {
    enum { REFUSE, ACCEPT, LENGTH, TEXT } how;
    const char *encoding, *reason;
    unsigned used;
} differences[] = {
    /* Not on this processor, or not in 16- and 32-bit code. */
    {REFUSE, "0F 05", "SYSCALL: AMD's, or 64-bit code", 0},
    {REFUSE, "0F 07", "SYSRET: AMD's, or 64-bit code", 0},
    {REFUSE, "0F 0D", "PREFETCHW: 3DNow!", 0},
    {REFUSE, "0F 0E", "FEMMS: 3DNow!", 0},
    {REFUSE, "0F 0F", "3DNow!", 0},
    {REFUSE, "0F 37", "GETSEC: safer mode extensions", 0},
    {REFUSE, "0F 38 10-17", "SSE4.1", 0},
    {REFUSE, "0F 38 20-41", "SSE4", 0},
    {REFUSE, "0F 38 80-82", "INVEPT, INVVPID, INVPCID", 0},
    {REFUSE, "0F 38 C8-DF", "SHA, AES", 0},
    {REFUSE, "F2 0F 38 F0-F1", "CRC32", 0},
    {REFUSE, "F3 0F 38 F0-F1", "nothing (SDM vol. 2, table A-4); processors raise #UD", 0},
    {REFUSE, "0F 38 F6", "ADX", 0},
    {REFUSE, "0F 3A 08-0E", "SSE4.1", 0},
    {REFUSE, "0F 3A 14-DF", "SSE4, SHA, AES", 0},
    {REFUSE, "0F 78", "VMREAD, EXTRQ", 0},
    {REFUSE, "0F 79", "VMWRITE, EXTRQ", 0},
    {REFUSE, "0F 2B", "MOVNTSS, MOVNTSD: SSE4a", 0},
    {REFUSE, "0F A6", "VIA's PadLock", 0},
    {REFUSE, "0F A7", "VIA's PadLock", 0},
    {REFUSE, "0F AA", "RSM: #UD outside system management mode", 0},
    {REFUSE, "0F AE /4 m", "XSAVE", 0},
    {REFUSE, "0F AE /5 m", "XRSTOR", 0},
    {REFUSE, "0F AE /6 m", "XSAVEOPT, CLWB", 0},
    {REFUSE, "0F B8", "POPCNT", 0},
    {REFUSE, "0F C7 /3 m", "XRSTORS", 0},
    {REFUSE, "0F C7 /4 m", "XSAVEC", 0},
    {REFUSE, "0F C7 /5 m", "XSAVES", 0},
    {REFUSE, "0F C7 /6", "VMPTRLD, RDRAND", 0},
    {REFUSE, "0F C7 /7", "VMPTRST, RDSEED", 0},
    {REFUSE, "0F FF", "UD0", 0},
    {REFUSE, "0F 01 /0 r", "VMCALL and the like", 0},
    {REFUSE, "0F 01 CA", "CLAC", 0},
    {REFUSE, "0F 01 CB", "STAC", 0},
    {REFUSE, "0F 01 CF", "ENCLS", 0},
    {REFUSE, "0F 01 /2 r", "XGETBV, XTEST, VMFUNC, ENCLU", 0},
    {REFUSE, "0F 01 /3 r", "AMD's virtualization", 0},
    {REFUSE, "0F 01 F8", "SWAPGS: 64-bit code", 0},
    {REFUSE, "62 r", "EVEX", 0},
    {REFUSE, "C4 r", "VEX", 0},
    {REFUSE, "C5 r", "VEX", 0},
    {REFUSE, "8F", "XOP", 0},
    {REFUSE, "C6 F8", "XABORT", 0},
    {REFUSE, "C7 F8", "XBEGIN", 0},
    /* Invalid by the manual. */
    {REFUSE, "0F 20", "CR1, CR5 to CR7 (SDM vol. 2, MOV CRn)", 0},
    {REFUSE, "0F 22", "CR1, CR5 to CR7 (SDM vol. 2, MOV CRn)", 0},
    {REFUSE, "8E /1", "MOV CS (SDM vol. 2, MOV)", 0},
    {REFUSE, "66 0F 12 r", "MOVLPD has no register form", 0},
    {REFUSE, "66 0F 16 r", "MOVHPD has no register form", 0},
    {REFUSE, "66 0F AE", "NP: #UD with a mandatory prefix (SDM vol. 2, 3.1.1.1)", 0},
    {REFUSE, "F3 0F AE", "NP", 0},
    {REFUSE, "F2 0F AE", "NP", 0},
    /* Left out by Capstone. */
    {ACCEPT, "0F 18 r", "hint NOPs have register forms (SDM vol. 2, A-6 g16)", 0},
    {ACCEPT, "0F 1A", "hint NOPs (SDM vol. 2, table A-3)", 0},
    {ACCEPT, "0F 1B", "hint NOPs", 0},
    {ACCEPT, "0F 1C", "hint NOPs", 0},
    {ACCEPT, "0F 1D", "hint NOPs", 0},
    {ACCEPT, "0F 1E", "hint NOPs", 0},
    {ACCEPT, "0F 1F", "hint NOPs", 0},
    {ACCEPT, "0F AE /5 r", "LFENCE: r/m is ignored", 0},
    {ACCEPT, "0F AE /6 r", "MFENCE: r/m is ignored", 0},
    {ACCEPT, "0F AE /7 r", "SFENCE: r/m is ignored", 0},
    {TEXT, "F3 0F 1E", "ENDBR32, ENDBR64: a hint NOP here", 0},
    {TEXT, "0F 19", "hint NOP: Capstone prints a second operand", 0},
    {LENGTH, "0F B9", "UD1 has a ModR/M byte", 0},
};

/* In order; a text is rewritten by every row that fits. */
static struct words {
    const char *begin; /* of the text */
    const char *theirs, *ours, *reason;
    bool code16; /* only there */
    unsigned used;
} words[] = {
    {"cwde", "cwde", "cbw", "in 16-bit code", true, 0},
    {"cdq", "cdq", "cwd", "in 16-bit code", true, 0},
    {"movsd dword ptr es:", "movsd", "repne movsd", "prefix not printed", false, 0},
    {"nop dword", "nop dword", "nop word", "0F 18 in 16-bit code", true, 0},
    {"sal ", "sal", "shl", "one operation", false, 0},
    {"lzcnt ", "lzcnt", "bsr", "F3 means nothing before BSR", false, 0},
    {"tzcnt ", "tzcnt", "bsf", "F3 means nothing before BSF", false, 0},
    {"feni8087_nop", "feni8087_nop", "fnop", "one operation", false, 0},
    {"fdisi8087_nop", "fdisi8087_nop", "fnop", "one operation", false, 0},
    {"fsetpm", "fsetpm", "fnop", "one operation", false, 0},
    {"fstpnce ", "fstpnce", "fstp", "one operation", false, 0},
    {"fstp st(", ", st(0)", "", "syntax", false, 0},
    {"fcom st(0)", "st(0), ", "", "syntax", false, 0},
    {"fcomp st(0)", "st(0), ", "", "syntax", false, 0},
    {"fxch st(0)", "st(0), ", "", "syntax", false, 0},
    {"fadd st(0), st(0)", "st(0), ", "", "one record", false, 0},
    {"fmul st(0), st(0)", "st(0), ", "", "one record", false, 0},
    {"fsub st(0), st(0)", "st(0), ", "", "one record", false, 0},
    {"fsubr st(0), st(0)", "st(0), ", "", "one record", false, 0},
    {"fdiv st(0), st(0)", "st(0), ", "", "one record", false, 0},
    {"fdivr st(0), st(0)", "st(0), ", "", "one record", false, 0},
    {"fld ", "xword", "tbyte", "one name for ten bytes", false, 0},
    {"fstp ", "xword", "tbyte", "one name for ten bytes", false, 0},
    {"frstor ", "dword ptr ", "", "94 or 108 bytes", false, 0},
    {"fnsave ", "dword ptr ", "", "94 or 108 bytes", false, 0},
    {"fnstsw ", "dword ptr", "word ptr", "two bytes", false, 0},
    {"lds ", "ptr ", "", "far pointers have no size", false, 0},
    {"les ", "ptr ", "", "far pointers have no size", false, 0},
    {"lss ", "ptr ", "", "far pointers have no size", false, 0},
    {"lfs ", "ptr ", "", "far pointers have no size", false, 0},
    {"lgs ", "ptr ", "", "far pointers have no size", false, 0},
    {"lsl ", "dword ptr", "word ptr", "a selector in memory has two bytes", false, 0},
    {"invlpg ", "byte ptr ", "", "nothing is accessed", false, 0},
    {"punpcklbw mm", "qword", "dword", "four bytes are read", false, 0},
    {"punpcklwd mm", "qword", "dword", "four bytes are read", false, 0},
    {"punpckldq mm", "qword", "dword", "four bytes are read", false, 0},
    {"comiss ", "xmmword", "dword", "four bytes are read", false, 0},
    {"comisd ", "xmmword", "qword", "eight bytes are read", false, 0},
};

/* ---- text ------------------------------------------------------------------------------------- */

static void replace(char text[TEXT_BYTES], char *at, size_t bytes, const char *by)
{
    char rest[TEXT_BYTES];
    snprintf(rest, sizeof(rest), "%s", at + bytes);
    snprintf(at, TEXT_BYTES - (size_t)(at - text), "%s%s", by, rest);
}

/* Where the text of operand `number` begins. */
static char *operand_text(char *text, unsigned number)
{
    for (text = strchr(text, ' '); text && number; number--)
        text = strstr(text + 1, ", ");
    return text ? text + strspn(text, ", ") : NULL;
}

/* Capstone prints some immediates as signed numbers; ours are unsigned. */
static void unsign(struct pair *p)
{
    char by[24];
    for (unsigned k = 0; k < p->insn.count; k++) {
        const struct x86_operand *o = &p->insn.operand[k];
        char *at = operand_text(p->other, k);
        if ((o->kind != X86_IMM && o->kind != X86_IMM2) || !at || *at != '-')
            continue;
        uint64_t v = (uint64_t)strtoll(at, NULL, 16) & ((1ull << 8 * o->size) - 1);
        snprintf(by, sizeof(by), v > 9 ? "0x%llx" : "%llu", (unsigned long long)v);
        replace(p->other, at, strcspn(at, ","), by);
    }
}

/* Capstone cuts addresses that stand alone and targets of branches to the size of the mode, not to
 * that of the instruction, or the reverse. Two texts that differ in one number, which is equal in
 * its low 16 bits: take ours. */
static void repair_number(struct pair *p)
{
    const char *theirs = p->other, *ours = p->text;
    while (*theirs && *theirs == *ours)
        theirs++, ours++;
    while (theirs > p->other && theirs[-1] != ' ' && theirs[-1] != '[')
        theirs--, ours--;
    char *their_end, *our_end;
    uint64_t a = strtoull(theirs, &their_end, 16), b = strtoull(ours, &our_end, 16);
    if (their_end > theirs && our_end > ours && (uint16_t)a == (uint16_t)b &&
        !strcmp(their_end, our_end))
        strcpy(p->other, p->text);
}

/* Whether `repair_number` may look at it. */
static bool is_cut(const struct pair *p)
{
    const struct x86_insn *i = &p->insn;
    bool branch = i->count && i->operand[0].kind == X86_REL;
    return branch ? p->opsize || p->addrsize || !p->d
                  : (p->addrsize || !p->d) && i->base == X86_NO_REG && i->index == X86_NO_REG;
}

void differences_rewrite(struct pair *p)
{
    for (unsigned k = 0; k < sizeof(words) / sizeof(words[0]) && strcmp(p->text, p->other); k++) {
        size_t length = strlen(words[k].begin);
        char *at;
        if ((words[k].code16 && p->d) || p->other[0] != words[k].begin[0] ||
            strncmp(p->other, words[k].begin, length) ||
            !(at = strstr(p->other, words[k].theirs)) || !strstr(p->text, words[k].ours))
            continue;
        words[k].used++;
        replace(p->other, at, strlen(words[k].theirs), words[k].ours);
    }
    if (!strcmp(p->text, p->other))
        return;
    unsign(p);
    if (is_cut(p))
        repair_number(p);
}

/* ---- validity --------------------------------------------------------------------------------- */

static bool prefix_fits(const struct pair *p, const char **at)
{
    static const struct {
        char name[4];
        uint8_t rep;
    } names[] = {{"66 ", 0}, {"F3 ", 0xf3}, {"F2 ", 0xf2}};
    for (unsigned k = 0; k < 3; k++)
        if (!strncmp(*at, names[k].name, 3) && strlen(*at) > 3) {
            *at += 3;
            return p->rep == names[k].rep && (p->rep || p->opsize);
        }
    return true;
}

static bool encoding_fits(const struct pair *p, const char *at)
{
    const uint8_t *byte = &p->code[p->opcode];
    if (!prefix_fits(p, &at))
        return false;
    for (char *end; *at; at = *end ? end + 1 : end) {
        if (*at == '/') {
            if ((*byte >> 3 & 7) != at[1] - '0')
                return false;
            end = (char *)at + 2;
        } else if (*at == 'm' || *at == 'r') {
            if ((*byte >= 0xc0) != (*at == 'r'))
                return false;
            end = (char *)at + 1;
        } else {
            unsigned long least = strtoul(at, &end, 16);
            unsigned long most = *end == '-' ? strtoul(end + 1, &end, 16) : least;
            if (*byte < least || *byte > most)
                return false;
            byte++;
        }
    }
    return true;
}

/* LOCK where the manual does not allow it: without it the instruction is in order. That the right
 * instructions allow it is a test of its own (main.c). */
static bool is_lock(const struct pair *p)
{
    uint8_t code[CODE_BYTES];
    struct pair without;
    for (unsigned k = 0; k < CODE_BYTES; k++)
        code[k] = k < p->opcode && p->code[k] == 0xf0 ? 0x3e : p->code[k];
    if (!p->lock)
        return false;
    pair_ours(&without, code, p->d);
    return without.error == X86_OK;
}

bool difference_known(const struct pair *p)
{
    int how = p->error != X86_OK            ? REFUSE
              : !p->length                  ? ACCEPT
              : p->length != p->insn.length ? LENGTH
                                            : TEXT;
    for (unsigned k = 0; k < sizeof(differences) / sizeof(differences[0]); k++)
        if ((int)differences[k].how == how && encoding_fits(p, differences[k].encoding)) {
            differences[k].used++;
            return true;
        }
    if (how != REFUSE)
        return false;
    return is_lock(p) || (pair_is_simd(p) && (p->rep || p->opsize) && capstone_ignores_prefix(p));
}

const char *difference_unused(void)
{
    for (unsigned k = 0; k < sizeof(differences) / sizeof(differences[0]); k++)
        if (!differences[k].used)
            return differences[k].encoding;
    for (unsigned k = 0; k < sizeof(words) / sizeof(words[0]); k++)
        if (!words[k].used)
            return words[k].begin;
    return NULL;
}
