/*
 * The VM task: what its files offer each other.
 *
 *   main.c       start-up: grants → struct vm_config; the guest's end → the task's
 *   arguments.c  the words of the manifest's guest line
 *   terminal.c   host device: the pane
 *   disk.c       host device: a disk whose image is a module
 */
#pragma once

#include <translator/board.h>

/* ---- arguments.c ---- */

/* Fill c from `text`, the start-up page's args: words KEY=VALUE, a value with blanks in double quotes.
 * Images and disks are names of modules granted to the task. `text` is taken apart in place
 * and must stay. False: a sentence in error. */
bool arguments_read(char *text, struct vm_config *c, char *error, size_t size);

/* ---- terminal.c ---- */

/* The pane granted as channel "console"; NULL: there is none. */
struct terminal *pane_open(void);
/* Text of the task's own, on a line by itself; any thread while the guest does not run. */
void pane_say(struct terminal *t, const char *text);
/* Name the pane for what the guest is; the guest's own programs may name it anew. */
void pane_title(struct terminal *t, const char *text);
/* Have the guest attended to whenever bytes arrive, for ever; a thread's whole work. */
_Noreturn void pane_serve(struct terminal *t);

/* ---- disk.c ---- */

/* A disk that holds at first what the module does; writes last as long as the task. NULL: a sentence in
 * error. */
struct disk *disk_on_module(const struct vm_image *module, bool cdrom, char *error, size_t size);
