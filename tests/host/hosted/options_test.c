/* The command line: a table of good and bad ones. */
#include "test.h"

#include <arch/hosted/options.h>
#include <stdio.h>
#include <string.h>

#define WORDS 12

struct row {
    const char *words; /* separated by | */
    const char *error; /* part of the sentence; NULL: it is right */
};

static const struct row table[] = {
    {"--kernel|a", NULL},
    {"-kernel|a", NULL},
    {"-kernel=a|-memory=64M", NULL},
    {"--kernel|a|--append|", NULL},
    {"--kernel|a|--append=x=y z", NULL},
    {"--bios|b|--icount|--stats", NULL},
    {"--kernel|a|--disk|1|--disk|2|--disk|3,ro|--disk|4", NULL},
    {"--kernel|a|--memory|1GiB|--cache|0x100000|--gdb|65535", NULL},
    {"--kernel|a|--random-alloc|4294967295|--windows|64", NULL},
    {"--kernel|a|--gdb|1,wait", NULL},
    {"--kernel|a|--gdb|1,stop", "a port, with"},
    {"--kernel|a|--gdb|123456789,wait", "a port, with"},
    {"--kernel|a|--gdb|0,wait", "a number from 1"},
    {"--kernel|a|--icount|--trace-state|f,every=5,from=0,to=9,full", NULL},
    {"--kernel|a|--icount|--trace-state|f,every=0", "FILE[,every=N]"},
    {"--kernel|a|--icount|--trace-state|f,every=5x", "FILE[,every=N]"},
    {"--kernel|a|--icount|--trace-state|f,", "FILE[,every=N]"},
    {"--kernel|a|--icount|--trace-state|,full", "FILE[,every=N]"},
    {"--kernel|a|--trace-state|f", "--trace-state needs --icount"},
    {"--help", NULL},
    {"--version", NULL},
    {"", "nothing to start"},
    {"--initrd|a|--bios|b", "--initrd needs --kernel"},
    {"a", "\"a\" is not an option"},
    {"---kernel|a", "is not an option"},
    {"--kern|a", "is not an option"},
    {"--", "is not an option"},
    {"-", "is not an option"},
    {"--=a", "is not an option"},
    {"--kernel", "--kernel needs a value"},
    {"--kernel|", "--kernel: \"\" is not"},
    {"--kernel|a|-kernel|b", "--kernel is given twice"},
    {"--icount=1|--kernel|a", "--icount takes no value"},
    {"--icount|--icount|--kernel|a", "--icount is given twice"},
    {"--memory|", "--memory: \"\" is not"},
    {"--memory|-5M", "--memory: \"-5M\" is not a size from 1M to 4G"},
    {"--memory| 5M", "--memory: \" 5M\" is not"},
    {"--memory|5T", "--memory: \"5T\" is not"},
    {"--memory|5Mx", "--memory: \"5Mx\" is not"},
    {"--memory|1000000", "--memory: \"1000000\" is not"},
    {"--memory|1048577", "whole pages"},
    {"--memory|4097M", "--memory: \"4097M\" is not"},
    {"--memory|18446744073709551615", "is not a size"},
    {"--memory|99999999999999999999G", "is not a size"},
    {"--memory|17179869184G", "is not a size"}, /* 2^64 */
    {"--gdb|0", "--gdb: \"0\" is not a number from 1 to 65535"},
    {"--gdb|65536", "--gdb: \"65536\" is not"},
    {"--gdb|12a", "--gdb: \"12a\" is not"},
    {"--gdb|1k", "--gdb: \"1k\" is not"},
    {"--windows|1", "--windows: \"1\" is not"},
    {"--random-alloc|4294967296", "--random-alloc"},
    {"--dump|a-b", "--dump: \"a-b\" is not a word of letters"},
    {"--disk|", "--disk: \"\" is not"},
    {"--disk|,ro", "--disk: \",ro\" is not"},
    {"--disk|1|--disk|2|--disk|3|--disk|4|--disk|5", "--disk: \"5\" is one too many"},
    {"--cpu|", "--cpu: \"\" is not a name"},
};

static bool parse(const char *text, struct options *o, char *error, size_t size)
{
    static char copy[300], program[] = "tetrapla";
    char *argv[WORDS] = {program}, *at = copy;
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", text);
    while (*text != 0 && at != NULL && argc < WORDS)
        argv[argc++] = strsep(&at, "|");
    return options_parse(o, argc, argv, error, size);
}

void options_tests(void)
{
    struct options o;
    char error[300], name[80];
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct row *r = &table[i];
        error[0] = 0;
        bool good = parse(r->words, &o, error, sizeof error);
        snprintf(name, sizeof name, "options %.60s", r->words);
        if (r->error == NULL)
            result(name, good, "%s", error);
        else
            result(name, !good && strstr(error, r->error) != NULL, "%s", good ? "taken" : error);
        options_free(&o);
    }
    bool good = parse("-kernel|k|--memory=3M|--disk|a,b,ro|--disk|c|--append=q|--random-alloc=0x10|"
                      "--icount",
                      &o, error, sizeof error);
    result("options values",
           good && strcmp(o.kernel, "k") == 0 && o.memory == 3 << 20 && o.disks == 2 &&
               strcmp(o.disk[0].path, "a,b") == 0 && o.disk[0].read_only &&
               strcmp(o.disk[1].path, "c") == 0 && !o.disk[1].read_only &&
               strcmp(o.append, "q") == 0 && o.random == 16 && o.icount && !o.stats && o.gdb == 0,
           "wrong values");
    options_free(&o);
}
