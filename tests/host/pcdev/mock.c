/* The VM without a CPU (mock.h). */
#include "mock.h"

#include <stdio.h>

#include <translator/boards/boards.h>

struct vm *new_vm(uint64_t ram_bytes)
{
    struct pc_vm *pc = calloc(1, sizeof *pc);
    struct vm *vm = &pc->vm;
    vm->config.append = "";
    pc->a20 = true;
    vm->ram = calloc(1, ram_bytes != 0 ? ram_bytes : 1);
    vm->ram_bytes = ram_bytes;
    return vm;
}

void delete_vm(struct vm *vm)
{
    if (vm->board != NULL)
        board_delete(&board_pc, vm);
    ports_delete(vm);
    free(vm->ram);
    free(vm);
}

bool new_pc(struct vm *vm)
{
    char error[200];
    vm->config.memory = (uint64_t)RAM_MIB << 20;
    bool good = board_start(&board_pc, vm, error, sizeof error);
    if (!good)
        printf("%s\n", error);
    return good;
}

/* ---- the CPU ---------------------------------------------------------------------------------------- */

struct port_map **vm_ports(struct vm *vm)
{
    return &pc_vm(vm)->ports;
}

bool pc_cpu_choose(struct vm *vm, const char *name)
{
    (void)vm;
    return name == NULL;
}

void pc_cpu_reset(struct vm *vm)
{
    memset(&pc_vm(vm)->entry, 0, sizeof pc_vm(vm)->entry);
}

void pc_cpu_enter(struct vm *vm, const struct pc_entry *e)
{
    pc_vm(vm)->entry = *e;
}

void pc_cpu_a20(struct vm *vm, bool enabled)
{
    pc_vm(vm)->a20 = enabled;
}

void pc_cpu_nmi(struct vm *vm)
{
    pc_vm(vm)->nmis++;
}

/* ---- memory --------------------------------------------------------------------------------------- */

bool memory_add_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    return phys + bytes <= vm->ram_bytes;
}

bool memory_add_rom(struct vm *vm, uint64_t phys, const void *image, uint64_t bytes)
{
    (void)vm, (void)image;
    return phys + bytes == 1ull << 32;
}

/* The VGA's planes are not RAM. */
void *memory_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    if (phys >= vm->ram_bytes || bytes > vm->ram_bytes - phys ||
        (phys < PC_VGA_TEXT && phys + bytes > PC_VGA))
        return NULL;
    return vm->ram + phys;
}

static const struct range *find(const struct vm *vm, uint64_t phys)
{
    for (unsigned i = vm->ranges; i-- > 0;)
        if (phys - vm->range[i].phys < vm->range[i].bytes)
            return &vm->range[i];
    return NULL;
}

uint32_t get32(struct vm *vm, uint64_t phys)
{
    const struct range *r = find(vm, phys);
    return r != NULL ? (uint32_t)r->ops->read(r->device, (uint32_t)(phys - r->phys), 4) : 0xdead;
}

void put32(struct vm *vm, uint64_t phys, uint32_t value)
{
    const struct range *r = find(vm, phys);
    if (r != NULL)
        r->ops->write(r->device, (uint32_t)(phys - r->phys), 4, value);
}

/* ---- for tests ------------------------------------------------------------------------------------ */

uint8_t in8(struct vm *vm, unsigned port)
{
    return (uint8_t)ports_read(vm, port, 1);
}

uint16_t in16(struct vm *vm, unsigned port)
{
    return (uint16_t)ports_read(vm, port, 2);
}

uint32_t in32(struct vm *vm, unsigned port)
{
    return ports_read(vm, port, 4);
}

void out8(struct vm *vm, unsigned port, unsigned value)
{
    ports_write(vm, port, 1, value);
}

void out16(struct vm *vm, unsigned port, unsigned value)
{
    ports_write(vm, port, 2, value);
}

void out32(struct vm *vm, unsigned port, uint32_t value)
{
    ports_write(vm, port, 4, value);
}

static void screen_write(struct terminal *t, const void *bytes, size_t count)
{
    struct screen *s = t->private;
    if (count > sizeof s->output - 1 - s->count)
        count = sizeof s->output - 1 - s->count;
    memcpy(s->output + s->count, bytes, count);
    s->count += count;
    s->output[s->count] = 0;
}

static size_t screen_read(struct terminal *t, void *to, size_t size)
{
    struct screen *s = t->private;
    size_t n = strlen(s->input) < size ? strlen(s->input) : size;
    memcpy(to, s->input, n);
    s->input += n;
    return n;
}

void screen_start(struct screen *s)
{
    memset(s, 0, sizeof *s);
    s->terminal = (struct terminal){.write = screen_write, .read = screen_read, .private = s};
    s->input = "";
}

static bool touches(const struct memory_disk *d, uint64_t offset, size_t count)
{
    return d->bad != UINT64_MAX && offset <= d->bad * 512 && d->bad * 512 < offset + count;
}

static bool disk_read(struct disk *disk, uint64_t offset, void *to, size_t count)
{
    struct memory_disk *d = disk->private;
    if (offset + count > disk->bytes || touches(d, offset, count))
        return false;
    memcpy(to, d->bytes + offset, count);
    return true;
}

static bool disk_write(struct disk *disk, uint64_t offset, const void *from, size_t count)
{
    struct memory_disk *d = disk->private;
    if (offset + count > disk->bytes || touches(d, offset, count))
        return false;
    memcpy(d->bytes + offset, from, count);
    return true;
}

static bool disk_flush(struct disk *disk)
{
    struct memory_disk *d = disk->private;
    d->flushes++;
    return true;
}

void disk_start(struct memory_disk *d, unsigned sectors)
{
    memset(d, 0, sizeof *d);
    d->bytes = calloc(sectors, 512);
    for (uint64_t i = 0; i < sectors; i++)
        memcpy(d->bytes + 512 * i, &i, sizeof i);
    d->bad = UINT64_MAX;
    d->disk = (struct disk){.bytes = sectors * 512ull,
                            .read = disk_read,
                            .write = disk_write,
                            .flush = disk_flush,
                            .private = d};
}

void disk_end(struct memory_disk *d)
{
    free(d->bytes);
}
