/*
 * Cases in text files. A case is
 *
 *     == name passes
 *     input
 *     --
 *     expected output
 *
 * `passes` are letters of ir_passes, or `verify`: then what follows `--` is a part of the error the
 * verifier must give, or `parse`: the same for the parser. Lines beginning with # are comments.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../frame/frame.h"
#include "ir_test.h"

static struct ir_block block;
static char text[1 << 16];

static void run_passes(const char *letters)
{
    block.most = 32;
    for (; *letters != 0; letters++)
        for (const struct ir_pass *p = ir_passes; p->run != NULL; p++)
            if (p->letter == *letters)
                p->run(&block);
}

/* Compare line by line, ignoring spaces at the ends and empty lines. */
static bool same_text(const char *a, const char *b)
{
    for (;;) {
        a += strspn(a, " \n");
        b += strspn(b, " \n");
        if (*b == '#') { /* a comment on the next case */
            b += strcspn(b, "\n");
            continue;
        }
        size_t n = strcspn(a, "\n"), k = strcspn(b, "\n");
        while (n > 0 && a[n - 1] == ' ')
            n--;
        while (k > 0 && b[k - 1] == ' ')
            k--;
        if (n != k || memcmp(a, b, n) != 0)
            return false;
        if (n == 0)
            return true;
        a += n;
        b += k;
    }
}

static void expect_error(const char *name, bool good, const char *error, const char *expected)
{
    char want[200];
    snprintf(want, sizeof want, "%.*s", (int)strcspn(expected, "\n"), expected);
    result(name, !good && strstr(error, want) != NULL, "%s", good ? "accepted" : error);
}

static void run_case(const char *name, const char *passes, const char *input, const char *expected)
{
    char error[300] = "";
    bool good = ir_parse(&block, input, error, sizeof error);
    if (strcmp(passes, "parse") == 0) {
        expect_error(name, good, error, expected);
        return;
    }
    if (!result(name, good, "%s", error))
        return;
    good = ir_verify(&block, error, sizeof error);
    if (strcmp(passes, "verify") == 0) {
        expect_error(name, good, error, expected);
        return;
    }
    if (!result(name, good, "%s", error))
        return;
    run_passes(passes);
    ir_compact(&block);
    ir_print(&block, text, sizeof text);
    good = same_text(text, expected) && ir_verify(&block, error, sizeof error);
    result(name, good, "is\n%sshould be\n%s%s", text, expected, error);
}

/* The next word of the line; false: there is none, or it is too long. */
static bool word(const char *from, char *to, size_t size, const char **rest)
{
    from += strspn(from, " ");
    size_t n = strcspn(from, " \n");
    *rest = from + n;
    return n > 0 && snprintf(to, size, "%.*s", (int)n, from) < (int)size;
}

static void run_file(const char *path)
{
    static char all[1 << 18];
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(all, 1, sizeof all - 1, f) : 0;
    if (f != NULL)
        fclose(f);
    all[n] = 0;
    result(path, n != 0, "cannot be read");
    for (char *c = strstr(all, "== "); c != NULL;) {
        char name[100], passes[20];
        const char *rest;
        char *next = strstr(c + 3, "\n== ");
        if (next != NULL)
            *next++ = 0;
        char *input = strchr(c, '\n'), *expected = strstr(c, "\n--\n");
        if (input != NULL && expected != NULL && word(c + 3, name, sizeof name, &rest) &&
            word(rest, passes, sizeof passes, &rest)) {
            *expected = 0;
            run_case(name, passes, expected > input ? input + 1 : "", expected + 4);
        } else {
            result(path, false, "malformed: %.40s", c);
        }
        c = next;
    }
}

void test_cases(const char *directory)
{
    DIR *d = opendir(directory);
    if (!result("cases", d != NULL, "no directory %s", directory))
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strstr(e->d_name, ".ir") != NULL) {
            char path[300];
            snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
            run_file(path);
        }
    closedir(d);
}
