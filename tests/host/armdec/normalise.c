/*
 * One form for the texts of both disassemblers, in which texts are equal if they mean the same:
 *
 *   - no width suffix (.w, and w of addw and subw); registers r9, r10, r11, r12 for sb, sl, fp, ip
 *   - numbers after # and {n} in decimal, signed 32 bits; #-0 stays
 *   - no blank before ^, no offset #0 unless it is written back
 *   - `adr rA, #n` becomes `add rA, pc, #n` or `sub`
 *   - `op rA, rA, ...` becomes `op rA, ...`: the short form of T16
 *   - `#a, #b` of an A32 immediate that is not in its canonical form: the rotated value
 */
#include "armdec.h"

#include <stdlib.h>
#include <string.h>

static const char *const aliases[][2] = {{"sb", "r9"}, {"sl", "r10"}, {"fp", "r11"}, {"ip", "r12"}};

static bool word_sign(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static char *put_number(char *to, const char **from)
{
    const char *at = *from + 1;
    bool minus = *at == '-';
    char *end;
    unsigned long v = strtoul(at + minus, &end, 0);
    int32_t number = (int32_t)(minus ? 0 - v : v);
    *from = end;
    return to + sprintf(to, minus && !v ? "#-0" : "#%d", number);
}

/* `..., #a, #b` at the end becomes `..., #c`, c = a rotated right by b. */
static void rotate(char *text)
{
    char *last = strrchr(text, '#');
    if (!last || last - text < 4 || last[-2] != ',')
        return;
    char *first = last - 3;
    while (first > text && *first != '#' && *first != ' ')
        first--;
    if (*first != '#')
        return;
    uint32_t v = (uint32_t)atoi(first + 1), by = (uint32_t)atoi(last + 1) & 31;
    sprintf(first, "#%d", (int32_t)(by ? v >> by | v << (32 - by) : v));
}

/* `op rA, rA, ` becomes `op rA, `. */
static void shorten(char *text)
{
    char *first = strchr(text, ' ');
    char *comma = first ? strchr(first, ',') : NULL;
    if (!comma)
        return;
    size_t n = (size_t)(comma - first) + 1;
    if (!memcmp(comma + 1, first, n))
        memmove(comma, comma + n, strlen(comma + n) + 1);
}

/* `adrX rA, #n`: into `to`, which then replaces `from`. */
static const char *without_adr(const char *from, char *to)
{
    const char *number = strchr(from, '#');
    if (strncmp(from, "adr", 3) != 0 || !number)
        return from;
    bool minus = number[1] == '-';
    sprintf(to, "%s%.*spc, #%s", minus ? "sub" : "add", (int)(number - from - 3), from + 3,
            number + 1 + minus);
    return to;
}

void normalise(char *to, const char *from, bool rotated)
{
    char *start = to;
    bool mnemonic = true;
    char adr[200];
    from = without_adr(from, adr);
    while (*from) {
        if (*from == '#' && (from[1] == '-' || (from[1] >= '0' && from[1] <= '9'))) {
            to = put_number(to, &from);
        } else if (*from == '{' && from[1] >= '0' && from[1] <= '9') {
            to = put_number(to, &from);
        } else if (!strncmp(from, " ^", 2)) {
            from++;
        } else if (!strncmp(from, ", #0]", 5) && from[5] != '!') {
            from += 4;
        } else if (word_sign(*from)) {
            size_t n = 0;
            if (mnemonic && (!strncmp(from, "addw", 4) || !strncmp(from, "subw", 4))) {
                memcpy(to, from, 3);
                to += 3;
                from += 4;
            }
            while (word_sign(from[n]))
                n++;
            const char *word = from;
            size_t length = n;
            for (unsigned k = 0; k < 4; k++)
                if (n == 2 && !memcmp(from, aliases[k][0], 2)) {
                    word = aliases[k][1];
                    length = strlen(word);
                }
            if (mnemonic && n >= 2 && !memcmp(from + n - 2, ".w", 2))
                length -= 2;
            memcpy(to, word, length);
            to += length;
            from += n;
            mnemonic = false;
        } else {
            *to++ = *from++;
        }
    }
    while (to > start && to[-1] == ' ')
        to--;
    memset(to, 0, 32);
    shorten(start);
    if (rotated)
        rotate(start);
}
