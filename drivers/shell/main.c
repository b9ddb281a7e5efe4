/*
 * The shell: reads lines in its pane and runs commands. Start with commands.c.
 *
 * args="..." of the manifest is a list of commands, separated by semicolons, to run first.
 */
#include "shell.h"

#include <stdio.h>
#include <string.h>
#include <tetrapla/task.h>

static void run_arguments(const char *text)
{
    char line[LINE_MAX];
    while (*text) {
        size_t n = strcspn(text, ";");
        if (n < sizeof line) {
            memcpy(line, text, n);
            line[n] = 0;
            command_run(line);
        }
        text += n + (text[n] == ';');
    }
}

int main(void)
{
    static char line[LINE_MAX];
    char prompt[40];
    const struct startup *s = startup();
    if (!terminal_open()) {
        printf("shell: the manifest gives task %s no pane\n", s->name);
        return 1;
    }
    terminal_title(s->name);
    if (s->incarnation)
        printf("\r\n%s: started again (%u)\r\n", s->name, s->incarnation);
    else
        printf("Tetrapla. This is %s; 'help' lists the commands.\r\n", s->name);
    run_arguments(s->args);
    snprintf(prompt, sizeof prompt, "%s> ", s->name);
    for (;;)
        if (line_read(prompt, line))
            command_run(line);
}
