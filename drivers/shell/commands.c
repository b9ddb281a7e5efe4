/*
 * The table of commands and those that are a few lines long.
 */
#include "shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tetrapla/root.h>
#include <tetrapla/task.h>

void complain(const char *command, const char *text, int status)
{
    if (status == BAD_RIGHT)
        printf("%s: %s: this task is not an admin in the manifest\r\n", command, text);
    else
        printf("%s: %s: %s\r\n", command, text, status_name(status));
}

static void command_kill(int argc, char **argv)
{
    (void)argc;
    int status = root_kill(argv[1]);
    if (status == BAD_ARG)
        printf("kill: no task '%s' is running\r\n", argv[1]);
    else if (status != OK)
        complain("kill", argv[1], status);
}

static void command_start(int argc, char **argv)
{
    (void)argc;
    int status = root_start(argv[1]);
    if (status == BUSY)
        printf("start: '%s' is running already\r\n", argv[1]);
    else if (status == BAD_ARG)
        printf("start: the manifest has no good line for a task '%s'\r\n", argv[1]);
    else if (status != OK)
        complain("start", argv[1], status);
}

static void command_echo(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("%s%s", i > 1 ? " " : "", argv[i]);
    printf("\r\n");
}

static void command_clear(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("\033[H\033[2J\033[3J");
}

static void shutdown(const char *name, bool reboot)
{
    int status = root_shutdown(reboot);
    if (status == BAD_CALL)
        printf("%s: this machine cannot do it; see 'log'\r\n", name);
    else
        complain(name, "root refuses", status);
}

static void command_reboot(int argc, char **argv)
{
    (void)argc;
    shutdown(argv[0], true);
}

static void command_poweroff(int argc, char **argv)
{
    (void)argc;
    shutdown(argv[0], false);
}

static void command_help(int argc, char **argv);

static const struct {
    const char *name;
    void (*run)(int argc, char **argv);
    int least, most; /* arguments */
    const char *arguments, *help;
} commands[] = {
    {"bench", command_bench, 0, 0, "", "what kernel calls cost"},
    {"caps", command_caps, 0, 0, "", "capabilities of this task"},
    {"clear", command_clear, 0, 0, "", "clear the pane"},
    {"colours", command_colours, 0, 0, "", "palette and box drawing"},
    {"crash", command_crash, 0, 1, "[page|undefined|divide|stack]", "fault on purpose"},
    {"date", command_date, 0, 0, "", "date and time (UTC)"},
    {"echo", command_echo, 0, WORDS_MAX, "[WORD]...", "print the words"},
    {"flood", command_flood, 0, 1, "[LINES]", "write a lot of text"},
    {"help", command_help, 0, 0, "", "this list"},
    {"kill", command_kill, 1, 1, "NAME", "kill a task; root restarts a driver"},
    {"log", command_log, 0, 1, "[-f]", "root's log; -f: follow it until a key"},
    {"mem", command_mem, 0, 0, "", "memory of the machine and of this task"},
    {"poweroff", command_poweroff, 0, 0, "", "switch the machine off"},
    {"reboot", command_reboot, 0, 0, "", "start the machine again"},
    {"start", command_start, 1, 1, "NAME", "start a task that does not run"},
    {"tasks", command_tasks, 0, 1, "[-f]", "all tasks; -f: every second until a key"},
    {"uptime", command_uptime, 0, 0, "", "time since start, and how much was idle"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void command_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (unsigned i = 0; i < COMMANDS; i++)
        printf("  \033[1m%s\033[0m %-*s %s\r\n", commands[i].name,
               36 - (int)strlen(commands[i].name), commands[i].arguments, commands[i].help);
    printf("Keys: arrows, Home, End, Tab, Ctrl-A E U K W L, Ctrl-C.\r\n");
}

const char *command_match(const char *text, size_t length, unsigned n)
{
    for (unsigned i = 0; i < COMMANDS; i++)
        if (strncmp(commands[i].name, text, length) == 0 && n-- == 0)
            return commands[i].name;
    return NULL;
}

/* Split at blanks; -1 if there are too many words. */
static int split(char *line, char **words)
{
    int n = 0;
    for (;;) {
        line += strspn(line, " \t");
        if (!*line)
            return n;
        if (n == WORDS_MAX)
            return -1;
        words[n++] = line;
        line += strcspn(line, " \t");
        if (*line)
            *line++ = 0;
    }
}

void command_run(char *line)
{
    char *words[WORDS_MAX + 1] = {0};
    int n = split(line, words);
    if (n == 0)
        return;
    if (n < 0) {
        printf("at most %d words in a line\r\n", WORDS_MAX);
        return;
    }
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, words[0]) != 0)
            continue;
        if (n - 1 < commands[i].least || n - 1 > commands[i].most)
            printf("usage: %s %s\r\n", commands[i].name, commands[i].arguments);
        else
            commands[i].run(n, words);
        return;
    }
    printf("%s: no such command; 'help' lists them\r\n", words[0]);
}
