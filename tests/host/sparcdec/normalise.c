/*
 * One form for the texts of both disassemblers, in which texts are equal if they mean the same:
 *
 *   - no blanks but one behind the mnemonic; numbers in decimal, signed 32 bits; no %icc
 *   - the synthetic instructions that Capstone prints are the real ones: mov, cmp, ret, retl, jmp,
 *     call of an address, restore and nop without operands
 *   - `[a+0]` is `[a]`
 */
#include "sparcdec.h"

#include <stdlib.h>
#include <string.h>

/* Blanks out, numbers to decimal. */
static void plain(char *to, const char *from)
{
    bool mnemonic = true;
    while (*from != 0) {
        if (*from == ' ' && !mnemonic) {
            from++;
            continue;
        }
        if (!mnemonic && *from >= '0' && *from <= '9' && (to[-1] < 'a' || to[-1] > 'z') &&
            (to[-1] < '0' || to[-1] > '9')) {
            char *end;
            unsigned long v = strtoul(from, &end, 0);
            to += sprintf(to, "%ld", (long)(int32_t)v);
            from = end;
            continue;
        }
        if (*from == ' ')
            mnemonic = false;
        *to++ = *from++;
    }
    if (to[-1] == ' ')
        to--;
    *to = 0;
}

static void replace(char *text, const char *what, const char *with)
{
    char *at = strstr(text, what), rest[200];
    if (at == NULL)
        return;
    strcpy(rest, at + strlen(what));
    strcpy(at, with);
    strcat(at, rest);
}

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

void normalise_ours(char *to, const char *from)
{
    plain(to, from);
}

/* `-` of a negative number behind `+`, and a sum with nothing. */
static void sums(char *text)
{
    size_t n = strlen(text);
    if (n > 2 && !strcmp(text + n - 2, "+0"))
        text[n - 2] = 0;
    replace(text, "+-", "-");
    replace(text, "+%g0", "");
    replace(text, "%g0+", "");
    replace(text, "+0]", "]");
    replace(text, "[%g0-", "[-");
    replace(text, " %g0-", " -");
}

void normalise_theirs(char *to, const char *from)
{
    char text[200], operands[200];
    plain(text, from);
    replace(text, "%icc,", "");
    sums(text);
    strcpy(to, text);
    if (begins(text, "mov ")) {
        strcpy(operands, text + 4);
        sprintf(to, "or %%g0,%s", operands);
    } else if (begins(text, "cmp ")) {
        sprintf(to, "subcc %s,%%g0", text + 4);
    } else if (!strcmp(text, "ret")) {
        strcpy(to, "jmpl %i7+8,%g0");
    } else if (!strcmp(text, "retl")) {
        strcpy(to, "jmpl %o7+8,%g0");
    } else if (begins(text, "jmp ")) {
        sprintf(to, "jmpl %s,%%g0", text + 4);
    } else if (begins(from, "call %g0+")) {
        sprintf(to, "jmpl %s,%%o7", text + 5);
    } else if (begins(text, "call %")) {
        sprintf(to, "jmpl %s,%%o7", text + 5);
    } else if (!strcmp(text, "restore")) {
        strcpy(to, "restore %g0,%g0,%g0");
    } else if (!strcmp(text, "save")) {
        strcpy(to, "save %g0,%g0,%g0");
    } else if (!strcmp(text, "nop")) {
        strcpy(to, "sethi 0,%g0");
    }
}
