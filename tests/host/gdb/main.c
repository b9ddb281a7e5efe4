/*
 * The debugger's protocol against a scripted debugger: each step feeds packets and compares the
 * answers. The guest is 64 bytes of memory at 1000 and three registers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <translator/gdb.h>
#include <translator/machine.h>

#include "../frame/frame.h"

static struct cpu cpu;
static uint8_t memory[64];
static unsigned flushes, connected = 1;
static char input[4096], output[8192];
static size_t input_at, input_end, output_end;

/* ---- the guest ---- */
static unsigned read_register(struct cpu *c, unsigned n, uint8_t *to)
{
    if (n < 3)
        memcpy(to, n == 2 ? &c->pc : &c->reg[n], 4);
    return n < 3 ? 4 : 0;
}

static unsigned write_register(struct cpu *c, unsigned n, const uint8_t *from)
{
    if (n < 3)
        memcpy(n == 2 ? &c->pc : &c->reg[n], from, 4);
    return n < 3 ? 4 : 0;
}

static void dump(const struct cpu *c, char *to, size_t size)
{
    snprintf(to, size, "pc %x", c->pc);
}

static const struct frontend fake = {.name = "fake",
                                     .pc_state = 1,
                                     .gdb_xml = "<target>a#b</target>",
                                     .gdb_registers = 3,
                                     .gdb_read = read_register,
                                     .gdb_write = write_register,
                                     .dump = dump};

struct cpu *vm_cpu(struct vm *vm)
{
    (void)vm;
    return &cpu;
}

bool guest_peek(struct cpu *c, uint32_t va, void *to, unsigned bytes)
{
    (void)c;
    if (va - 0x1000 > 64 || va - 0x1000 + bytes > 64)
        return false;
    memcpy(to, memory + (va - 0x1000), bytes);
    return true;
}

bool guest_poke(struct cpu *c, uint32_t va, const void *from, unsigned bytes)
{
    (void)c;
    if (va - 0x1000 > 64 || va - 0x1000 + bytes > 64)
        return false;
    memcpy(memory + (va - 0x1000), from, bytes);
    return true;
}

void cache_flush(struct vm *vm)
{
    (void)vm;
    flushes++;
}

/* ---- the connection ---- */
static bool port_send(struct gdb_port *p, const void *bytes, size_t count)
{
    (void)p;
    if (output_end + count < sizeof output) {
        memcpy(output + output_end, bytes, count);
        output_end += count;
    }
    return connected != 0;
}

static size_t port_receive(struct gdb_port *p, void *to, size_t size, bool block)
{
    (void)p, (void)block;
    size_t count = input_end - input_at < size ? input_end - input_at : size;
    if (count > 3)
        count = 3; /* in pieces, as a network would */
    memcpy(to, input + input_at, count);
    input_at += count;
    return count;
}

static unsigned port_connection(struct gdb_port *p)
{
    (void)p;
    return connected;
}

static void say_packet(const char *text)
{
    uint8_t sum = 0;
    for (const char *p = text; *p != 0; p++)
        sum = (uint8_t)(sum + (uint8_t)*p);
    input_end +=
        (size_t)snprintf(input + input_end, sizeof input - input_end, "$%s#%02x", text, sum);
}

/* Feed packets separated by blanks; then compare the answers' texts, joined by blanks. */
static void step(struct gdb *g, const char *packets, const char *answers, enum gdb_why why,
                 enum gdb_resume expected)
{
    char text[1000], got[4096] = "";
    input_at = input_end = output_end = 0;
    snprintf(text, sizeof text, "%s", packets);
    for (char *p = strtok(text, " "); p != NULL; p = strtok(NULL, " "))
        say_packet(p);
    enum gdb_resume how = gdb_stopped(g, why);
    output[output_end] = 0;
    for (char *p = output, *end; (p = strchr(p, '$')) != NULL; p = end) {
        end = strchr(p, '#');
        if (end == NULL)
            break;
        size_t used = strlen(got);
        snprintf(got + used, sizeof got - used, "%s%.*s", used ? " " : "", (int)(end - p - 1),
                 p + 1);
    }
    result("gdb step", strcmp(got, answers) == 0 && how == expected,
           "\"%s\" gave \"%s\" (%d), not \"%s\" (%d)", packets, got, how, answers, expected);
}

int main(void)
{
    struct vm *vm = calloc(1, sizeof *vm);
    struct gdb_port port = {
        .send = port_send, .receive = port_receive, .connection = port_connection};
    struct gdb *g = gdb_create(vm, &port);
    vm->frontend = &fake;
    cpu.reg[0] = 0x12345678;
    cpu.pc = 0x1001;
    for (unsigned n = 0; n < 64; n++)
        memory[n] = (uint8_t)n;

    result("gdb comes", gdb_wants(g) && !gdb_wants(g), "a new debugger is wanted once");
    step(g, "qSupported:a ? g p0 p3 c",
         "PacketSize=1000;qXfer:features:read+;QStartNoAckMode+;vContSupported+ T05thread:1; "
         "785634120000000001100000 78563412 E01",
         GDB_INTERRUPTED, GDB_RUN);
    step(g, "m1000,4 m103f,1 m103f,2 m2000,1 s", "T05thread:1; 00010203 3f E01 E01", GDB_STEPPED,
         GDB_STEP);
    step(g, "M1000,2:aabb m1000,3 M2000,1:00 vCont;s:1", "T05thread:1; OK aabb02 E01", GDB_STEPPED,
         GDB_STEP);
    result("gdb flushes", flushes == 0, "%u flushes without a breakpoint", flushes);
    step(g, "Z0,1010,2 Z0,1010,2 Z2,1000,4 c", "T05thread:1; OK OK ", GDB_STEPPED, GDB_RUN);
    result("gdb breakpoint",
           gdb_breakpoint(g, 0x1011) && !gdb_breakpoint(g, 0x1012) && flushes == 1,
           "breakpoint or flush is missing");
    step(g, "z0,1010,2 P1=01020304 p1 G0000000001000000ff0f0000 g c1003",
         "T05thread:1; OK OK 01020304 OK 0000000001000000ff0f0000", GDB_BREAKPOINT, GDB_RUN);
    result("gdb pc", cpu.pc == 0x1003 && !gdb_breakpoint(g, 0x1010), "pc %x", cpu.pc);
    step(g, "qXfer:features:read:target.xml:0,5 qXfer:features:read:target.xml:8,ff nonsense k",
         "T05thread:1; m<targ la}\003b</target> ", GDB_BREAKPOINT, GDB_KILL);

    input_at = output_end = 0;
    input_end = 1;
    input[0] = 3;
    result("gdb interrupt", gdb_wants(g), "the byte 3 is not seen");
    step(g, "qRcmd,726567697374657273 D", "T02thread:1; 70632031303033 OK", GDB_INTERRUPTED,
         GDB_RUN);
    result("gdb detached", !gdb_wants(g), "a debugger that left is wanted");
    step(g, "Z0,1000,2", "T05thread:1; OK", GDB_BREAKPOINT, GDB_RUN);
    result("gdb gone", !gdb_breakpoint(g, 0x1000), "its breakpoint is still there");
    gdb_delete(g);
    free(vm);
    return summary();
}
