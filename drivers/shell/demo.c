/*
 * Commands that exercise the terminal: colours and flood.
 */
#include "shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <tetrapla/task.h>

/* A frame of `columns` by `rows` boxes. */
static void box(unsigned columns, unsigned rows)
{
    static const struct {
        const char *left, *cross, *right, *line;
    } parts[] = {{"┌", "┬", "┐", "─"}, {"├", "┼", "┤", "─"}, {"└", "┴", "┘", "─"}};
    for (unsigned r = 0; r <= rows; r++) {
        unsigned part = r == 0 ? 0 : r == rows ? 2 : 1;
        for (unsigned c = 0; c < columns; c++) {
            printf("%s", c ? parts[part].cross : parts[part].left);
            for (unsigned i = 0; i < 8; i++)
                printf("%s", parts[part].line);
        }
        printf("%s\r\n", parts[part].right);
        for (unsigned c = 0; r < rows && c < columns; c++)
            printf("│ %c%u     ", 'A' + r, c + 1);
        if (r < rows)
            printf("│\r\n");
    }
}

static void palette(unsigned first, unsigned count, unsigned in_row)
{
    for (unsigned i = 0; i < count; i++) {
        printf("\033[48;5;%um%*s", first + i, in_row > 30 ? 1 : 3, "");
        if ((i + 1) % in_row == 0)
            printf("\033[0m\r\n");
    }
    printf("\033[0m");
}

void command_colours(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (unsigned bright = 0; bright < 2; bright++) {
        for (unsigned c = 0; c < 8; c++)
            printf("\033[%um %3u \033[0m\033[%um %3u \033[0m", (bright ? 100 : 40) + c,
                   (bright ? 100 : 40) + c, (bright ? 90 : 30) + c, (bright ? 90 : 30) + c);
        printf("\r\n");
    }
    printf("\033[1mbold\033[0m \033[2mfaint\033[0m \033[3mitalic\033[0m \033[4munderlined\033[0m "
           "\033[5mblinking\033[0m \033[7mreverse\033[0m \033[9mcrossed out\033[0m\r\n");
    palette(16, 216, 72);
    palette(232, 24, 24);
    box(6, 2);
    printf("╔═══╦═══╗  ░▒▓█▓▒░  ▁▂▃▄▅▆▇█  ←↑→↓ ◆ ● äöü ß é ñ Ω λ Ж € ✓\r\n"
           "╚═══╩═══╝  \033(0lqqwqqk  mqqvqqj\033(B  (the DEC line-drawing set)\r\n");
}

void command_flood(int argc, char **argv)
{
    unsigned long lines = 2000, bytes = 0;
    char *end;
    if (argc > 1) {
        lines = strtoul(argv[1], &end, 10);
        if (*end || argv[1][0] == '-' || lines == 0 || lines > 1000000) {
            printf("flood: a number of lines from 1 to 1000000, not '%s'\r\n", argv[1]);
            return;
        }
    }
    uint64_t start = time_now();
    for (unsigned long i = 1; i <= lines; i++)
        bytes += (unsigned long)printf(
            "\033[3%lum%6lu the quick brown fox jumps over the lazy dog ────┤\033[0m\r\n",
            1 + i % 7, i);
    uint64_t ms = (time_now() - start) / 1000000;
    printf("%lu lines, %lu bytes in %llu ms\r\n", lines, bytes, (unsigned long long)ms);
}
