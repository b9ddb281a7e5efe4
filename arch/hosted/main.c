/*
 * The hosted program: take the command line apart, open files and host devices, run one VM.
 *
 * Exit status: 0 the guest powered off; 1 the VM is broken (the translator's fault, reported);
 * 2 wrong arguments, or something they name cannot be used; 3 any other end (reset with --no-reboot,
 * Ctrl-A x). A signal ends the program as usual.
 */
#include "devices.h"
#include "options.h"
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <translator/backend.h>
#include <translator/board.h>
#include <unistd.h>

enum { EXIT_POWEROFF = 0, EXIT_BROKEN_VM = 1, EXIT_USAGE = 2, EXIT_OTHER = 3 };

static struct vm *the_vm; /* for the hooks that have no argument */

static void fail(const char *sentence)
{
    fprintf(stderr, "tetrapla: %s\n", sentence);
    exit(EXIT_USAGE);
}

static void attend(void)
{
    vm_attend(the_vm);
}

/* The first time, ask; if that does not help (a device model hangs), do it. */
static void quit(void)
{
    static bool asked;
    if (asked || the_vm == NULL) {
        raw_mode_end();
        _exit(EXIT_OTHER);
    }
    asked = true;
    vm_end(the_vm, VM_STOPPED);
}

static void print_line(const char *text)
{
    puts(text);
}

/* ---- names: those of this build ---- */

/* The i-th name that this option can take; NULL: no more, or it takes no names. */
static const char *known(const char *option, unsigned i)
{
    if (strcmp(option, "guest") == 0)
        return boards[i] != NULL ? boards[i]->guest : NULL;
    if (strcmp(option, "board") == 0)
        return boards[i] != NULL ? boards[i]->name : NULL;
    if (strcmp(option, "backend") == 0)
        return backends[i] != NULL ? backends[i]->name : NULL;
    return NULL;
}

static void check_name(const char *option, const char *given)
{
    char text[400];
    for (unsigned i = 0; given != NULL && known(option, i) != NULL; i++)
        if (strcmp(known(option, i), given) == 0)
            return;
    if (given == NULL)
        return;
    int n = snprintf(text, sizeof text, "--%s: \"%.60s\" is not one of:", option, given);
    for (unsigned i = 0; known(option, i) != NULL && n < (int)sizeof text; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, " %s", known(option, i));
    fail(text);
}

/* ---- images ---- */

static void no_image(const char *option, const char *path, const char *why)
{
    char text[400];
    snprintf(text, sizeof text, "--%s: the file \"%.200s\" cannot be used: %s", option, path, why);
    fail(text);
}

/* A private copy in memory, not a mapping: another program that shortens the file harms nobody. */
static void load(const char *option, const char *path, struct vm_image *image)
{
    struct stat status;
    if (path == NULL)
        return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0)
        no_image(option, path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        no_image(option, path, "it is not a regular file");
    if (status.st_size == 0)
        no_image(option, path, "it is empty");
    size_t bytes = (size_t)status.st_size, done = 0;
    char *data = malloc(bytes);
    if (data == NULL)
        no_image(option, path, "it is larger than the memory there is");
    while (done < bytes) {
        ssize_t n = read(file, data + done, bytes - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            no_image(option, path, n < 0 ? strerror(errno) : "it became shorter");
        done += (size_t)n;
    }
    close(file);
    *image = (struct vm_image){.data = data, .bytes = bytes, .name = path};
}

static void release(struct vm_image *image)
{
    free((void *)image->data);
    *image = (struct vm_image){0};
}

/* ---- the configuration ---- */

static struct terminal *open_terminal(const char *where, char *error, size_t size)
{
    if (where != NULL && strcmp(where, "none") == 0)
        return terminal_none(error, size);
    if (where != NULL && strcmp(where, "stdio") != 0)
        return terminal_file(where, error, size);
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        fprintf(stderr, "tetrapla: Ctrl-A x ends the program, Ctrl-A Ctrl-A sends Ctrl-A\n");
    return terminal_stdio(quit, error, size);
}

static void trace_line(void *file, const char *text)
{
    fprintf(file, "%s\n", text);
}

static void open_trace(const struct trace_options *o, struct vm_config *c)
{
    static struct vm_trace trace;
    if (o->path == NULL)
        return;
    trace = (struct vm_trace){o->every, o->from, o->to, o->full, trace_line, fopen(o->path, "we")};
    if (trace.file == NULL)
        no_image("trace-state", o->path, strerror(errno));
    c->trace = &trace;
}

static void open_devices(const struct options *o, struct vm_config *c)
{
    char error[400];
    for (unsigned i = 0; i < o->disks; i++) {
        c->disk[i] = disk_open(o->disk[i].path, o->disk[i].read_only, error, sizeof error);
        if (c->disk[i] == NULL)
            fail(error);
        c->disk[i]->cdrom = o->disk[i].cdrom;
    }
    if (o->gdb != 0) {
        c->gdb_port = (unsigned)o->gdb;
        c->gdb_wait = o->gdb_wait;
        c->gdb = gdb_port_open(c->gdb_port, error, sizeof error);
        if (c->gdb == NULL)
            fail(error);
    }
    open_trace(&o->trace, c);
    c->terminal = open_terminal(o->serial, error, sizeof error);
    if (c->terminal == NULL)
        fail(error);
}

/* Those with threads, which may call attend or quit: before the VM goes. */
static void close_connections(struct vm_config *c)
{
    terminal_close(c->terminal);
    if (c->gdb != NULL)
        gdb_port_close(c->gdb);
}

static void close_disks(struct vm_config *c)
{
    for (unsigned i = 0; i < VM_DISKS; i++)
        if (c->disk[i] != NULL) {
            c->disk[i]->flush(c->disk[i]);
            disk_close(c->disk[i]);
        }
}

/* Guests wait long for randomness of their own. With icount all runs get the same. */
static void seed(struct vm_config *c)
{
    c->seeded = c->icount || getrandom(c->seed, sizeof c->seed, GRND_NONBLOCK) == sizeof c->seed;
}

static void load_images(const struct options *o, struct vm_config *c)
{
    load("kernel", o->kernel, &c->kernel);
    load("initrd", o->initrd, &c->initrd);
    load("dtb", o->dtb, &c->dtb);
    load("bios", o->bios, &c->bios);
    load("vga-bios", o->vga_bios, &c->vga_bios);
}

static void release_images(struct vm_config *c)
{
    release(&c->kernel);
    release(&c->initrd);
    release(&c->dtb);
    release(&c->bios);
    release(&c->vga_bios);
}

static void configure(const struct options *o, struct vm_config *c)
{
    *c = (struct vm_config){.faults_dear = true, /* a signal, and system calls that map */
                            .guest = o->guest != NULL ? o->guest : known("guest", 0),
                            .board = o->board,
                            .cpu = o->cpu,
                            .backend = o->backend,
                            .memory = o->memory,
                            .append = o->append != NULL ? o->append : "",
                            .icount = o->icount,
                            .cache_bytes = o->cache,
                            .windows = (unsigned)o->windows,
                            .block_limit = (unsigned)o->block_limit,
                            .dump = o->dump,
                            .random = (uint32_t)o->random,
                            .stats = o->stats};
    check_name("guest", o->guest);
    check_name("board", o->board);
    check_name("backend", o->backend);
    load_images(o, c);
}

/* What a reset needs again. */
static bool reset(const struct options *o, struct vm_config *c, char *error, size_t size)
{
    load_images(o, c);
    seed(c);
    bool good = vm_reset(the_vm, c, error, size);
    release_images(c);
    return good;
}

static int run(const struct options *o, struct vm_config *c)
{
    char error[400] = "";
    seed(c);
    the_vm = vm_create(c, error, sizeof error);
    release_images(c);
    if (the_vm == NULL) {
        close_connections(c);
        fail(error);
    }
    __atomic_store_n(&hostdev_attend, attend, __ATOMIC_RELEASE);
    attend(); /* input may be there already */
    enum vm_end end = vm_run(the_vm);
    bool good = true;
    while (end == VM_RESET && !o->no_reboot && (good = reset(o, c, error, sizeof error)))
        end = vm_run(the_vm);
    __atomic_store_n(&hostdev_attend, NULL, __ATOMIC_RELEASE);
    fflush(stdout);
    close_connections(c);
    vm_delete(the_vm);
    close_disks(c);
    if (c->trace != NULL && fclose(c->trace->file) != 0)
        fprintf(stderr, "tetrapla: --trace-state: %s\n", strerror(errno));
    if (c->stats)
        fprintf(stderr, "host mappings: at most %u of %u\n", hosted_maps_most(),
                hosted_map_limit());
    if (!good)
        fail(error);
    return end == VM_POWEROFF ? EXIT_POWEROFF : end == VM_BROKEN ? EXIT_BROKEN_VM : EXIT_OTHER;
}

/* Translated string instructions use 64-bit addresses made of 32-bit ones: an error there must hit
 * nothing. The sanitizer's shadow memory begins below 4 GiB. */
static void check_low_addresses(void)
{
    unsigned long long lowest = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    if (f == NULL)
        return;
    bool known = fscanf(f, "%llx", &lowest) == 1;
    fclose(f);
    if (known && lowest < 1ull << 32 && !hosted_sanitized())
        fail("the program or a library lies below 4 GiB; build it position-independent (-pie)");
}

int main(int argc, char **argv)
{
    static struct options options;
    static struct vm_config config;
    char error[400];
    if (!options_parse(&options, argc, argv, error, sizeof error))
        fail(error);
    if (options.version) {
        puts("tetrapla, hosted on Linux");
        return 0;
    }
    if (options.help) {
        puts("tetrapla --kernel FILE [options]: run a guest operating system");
        options_help(print_line, known);
        return 0;
    }
    check_low_addresses();
    configure(&options, &config);
    open_devices(&options, &config);
    int status = run(&options, &config);
    options_free(&options);
    return status;
}
