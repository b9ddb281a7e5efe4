/*
 * IDE channels: task files, data port, bus-master DMA (ATA/ATAPI-4 chapters 7 and 9; Intel 290550,
 * 2.6 and 3.10).
 *
 * A command is done when its register is written; what the host sees of its course are the blocks of
 * data, each offered in the drive's buffer with DRQ and an interrupt. When the host has moved the last
 * byte of a block, the function the command left in `next` goes on. Writes to task-file registers
 * reach both drives of a channel, reads come from the selected one; a drive that is not there reads 0.
 *
 * DMA: the transfer happens at once when both sides are ready, the drive with a DMA command and the
 * bus master with its start bit; in pieces of the buffer's size, scattered over the list of physical
 * regions. A list that ends before the data leaves the channel active, as on hardware; one that goes on
 * is left where it was.
 */
#include "ide_state.h"

#include <stdlib.h>
#include <string.h>

#include <translator/ports.h>

/* clang-format off */
enum { CONTROL_NIEN = 2, CONTROL_RESET = 4, CONTROL_HOB = 0x80 };     /* 7.9 */
enum { BM_COMMAND = 0, BM_STATUS = 2, BM_TABLE = 4, BM_START = 1, BM_TO_MEMORY = 8 };
enum { BMS_ACTIVE = 1, BMS_ERROR = 2, BMS_INTERRUPT = 4, BMS_CAPABLE = 0x60 };
enum { P_TIMING = 0x40, DECODE = 0x80 /* of byte 1: the channel's ports answer */ };
/* clang-format on */

#define PRD_MAX 8192u /* entries of a list; one that is longer never ends */

struct channel {
    struct ide *owner;
    struct line irq;
    struct ide_drive drive[2];
    uint8_t control, second;
    bool raised;
    uint8_t bm_command, bm_status;
    uint32_t bm_table;
};

struct ide {
    struct vm *vm;
    struct pci_function pci;
    struct channel channel[2];
};

static struct ide_drive *selected(struct channel *c)
{
    return &c->drive[c->second];
}

static void update(struct channel *c)
{
    bool raised = selected(c)->interrupt && !(c->control & CONTROL_NIEN);
    if (raised && !c->raised)
        c->bm_status |= BMS_INTERRUPT;
    c->raised = raised;
    line_set(&c->irq, raised);
}

/* ---- for the drives ---------------------------------------------------------------------------------- */

void ide_interrupt(struct ide_drive *d)
{
    d->interrupt = true;
}

void ide_pio(struct ide_drive *d, bool to_host, unsigned bytes, ide_next *next)
{
    d->to_host = to_host;
    d->at = 0;
    d->end = bytes;
    d->next = next;
    d->status = S_READY | S_SEEK | S_DRQ;
}

void ide_done(struct ide_drive *d)
{
    d->at = d->end = 0;
    d->dma_waits = false;
    d->status = S_READY | S_SEEK;
    d->error = 0;
    ide_interrupt(d);
}

void ide_abort(struct ide_drive *d, uint8_t error)
{
    ide_done(d);
    d->status = S_READY | S_SEEK | S_ERR;
    d->error = error;
}

void ide_signature(struct ide_drive *d)
{
    d->reg[R_COUNT] = d->reg[R_LBA0] = 1;
    d->reg[R_LBA1] = d->packet ? 0x14 : 0;
    d->reg[R_LBA2] = d->packet ? 0xeb : 0;
    d->reg[R_DEVICE] &= DEV_SECOND;
    d->error = 1; /* diagnostics passed */
}

void ide_identify_text(uint8_t *words, unsigned word, unsigned count, const char *text)
{
    for (unsigned i = 0; i < 2 * count; i++) {
        words[2 * word + (i ^ 1)] = *text != 0 ? (uint8_t)*text : ' ';
        text += *text != 0;
    }
}

static void reset_drive(struct ide_drive *d)
{
    d->at = d->end = 0;
    d->dma_waits = d->interrupt = false;
    d->status = d->disk == NULL || d->packet ? 0 : S_READY | S_SEEK;
    d->reg[R_DEVICE] = 0;
    d->heads = 16;
    d->sectors = 63;
    d->attention = d->packet;
    d->sense = d->asc = 0;
    ide_signature(d);
}

/* ---- DMA ------------------------------------------------------------------------------------------------ */

/* Where the next byte goes: an entry of the list (290550, 3.10). */
struct region {
    uint32_t table, phys, bytes;
    bool last;
    unsigned entries;
};

static bool next_region(struct channel *c, struct region *r)
{
    uint8_t entry[8];
    if (r->last || r->entries++ == PRD_MAX ||
        !dma_read(c->owner->vm, r->table, entry, sizeof entry))
        return false;
    r->table += sizeof entry;
    r->phys = load32(entry) & ~1u;
    r->bytes = load16(entry + 4) & 0xfffeu;
    r->bytes = r->bytes == 0 ? 0x10000 : r->bytes;
    r->last = entry[7] & 0x80;
    return true;
}

/* Move bytes between the drive's buffer and the list; false: the list has no room, or no RAM. */
static bool scatter(struct channel *c, struct region *r, bool to_memory, uint8_t *bytes,
                    uint32_t count)
{
    struct vm *vm = c->owner->vm;
    while (count > 0) {
        if (r->bytes == 0 && !next_region(c, r))
            return false;
        uint32_t n = count < r->bytes ? count : r->bytes;
        if (!(to_memory ? dma_write(vm, r->phys, bytes, n) : dma_read(vm, r->phys, bytes, n)))
            return false;
        r->phys += n;
        r->bytes -= n;
        bytes += n;
        count -= n;
    }
    return true;
}

static void finish(struct channel *c, struct ide_drive *d, bool good, bool whole)
{
    if (good && whole)
        c->bm_status &= (uint8_t)~BMS_ACTIVE;
    if (!good)
        c->bm_status |= BMS_ERROR;
    if (d->packet)
        atapi_dma_end(d, good);
    else
        ata_dma_end(d, good);
}

static void run_dma(struct channel *c)
{
    struct ide_drive *d = selected(c);
    bool to_memory = c->bm_command & BM_TO_MEMORY, good = true;
    struct region r = {.table = c->bm_table & ~3u};
    if (!(c->bm_command & BM_START) || !(c->bm_status & BMS_ACTIVE) || !d->dma_waits)
        return;
    d->dma_waits = false;
    if (to_memory != d->to_host) {
        finish(c, d, false, false);
        return;
    }
    while (good && d->left != 0) {
        uint32_t n = 0;
        if (to_memory) {
            good = d->packet ? atapi_dma(d, &n) : ata_dma(d, true, &n);
            good = good && scatter(c, &r, true, d->buffer, n);
        } else {
            n = d->left < IDE_BUFFER / SECTOR ? d->left * SECTOR : IDE_BUFFER;
            good = scatter(c, &r, false, d->buffer, n) && ata_dma(d, false, &n);
        }
    }
    finish(c, d, good, r.last && r.bytes == 0);
}

/* ---- registers -------------------------------------------------------------------------------------- */

static void write_command(struct channel *c, uint8_t v)
{
    struct ide_drive *d = selected(c);
    if (v == 0x90) { /* EXECUTE DEVICE DIAGNOSTIC: both drives, whichever is selected */
        for (unsigned i = 0; i < 2; i++)
            if (c->drive[i].disk != NULL)
                reset_drive(&c->drive[i]);
        c->second = 0;
        c->drive[c->drive[0].disk == NULL].interrupt = true;
        return;
    }
    if (d->disk == NULL)
        return;
    d->interrupt = false;
    d->error = 0;
    d->dma = d->dma_waits = false;
    d->at = d->end = 0;
    if (d->packet)
        atapi_command(d, v);
    else
        ata_command(d, v);
    run_dma(c);
}

/* The block is through: let the command go on. */
static void moved(struct ide_drive *d)
{
    if (d->at < d->end)
        return;
    d->status &= (uint8_t)~S_DRQ;
    d->at = d->end = 0;
    d->next(d);
}

static uint32_t read_data(struct channel *c, unsigned size)
{
    struct ide_drive *d = selected(c);
    uint32_t v = 0;
    if (!(d->status & S_DRQ) || !d->to_host)
        return 0;
    for (unsigned i = 0; i < size && d->at < d->end; i++)
        v |= (uint32_t)d->buffer[d->at++] << 8 * i;
    moved(d);
    run_dma(c);
    return v;
}

static void write_data(struct channel *c, unsigned size, uint32_t v)
{
    struct ide_drive *d = selected(c);
    if (!(d->status & S_DRQ) || d->to_host)
        return;
    for (unsigned i = 0; i < size && d->at < d->end; i++)
        d->buffer[d->at++] = (uint8_t)(v >> 8 * i);
    moved(d);
    run_dma(c);
}

static uint8_t read_register(struct channel *c, unsigned at)
{
    struct ide_drive *d = selected(c);
    if (d->disk == NULL)
        return 0;
    if (at == R_STATUS) {
        d->interrupt = false;
        return d->status;
    }
    if (at == R_ERROR)
        return d->error;
    if (at == R_DEVICE)
        return d->reg[at] | 0xa0;
    return c->control & CONTROL_HOB ? d->previous[at] : d->reg[at];
}

static void write_register(struct channel *c, unsigned at, uint8_t v)
{
    c->control &= (uint8_t)~CONTROL_HOB;
    for (unsigned i = 0; i < 2; i++) {
        struct ide_drive *d = &c->drive[i];
        if (d->disk == NULL)
            continue;
        if (at != R_DEVICE)
            d->previous[at] = d->reg[at];
        d->reg[at] = v;
    }
    if (at == R_DEVICE)
        c->second = v & DEV_SECOND ? 1 : 0;
}

/* The data port takes 16 and 32 bits; wide accesses elsewhere are several. */
static uint64_t ide_read(void *device, uint32_t offset, unsigned size)
{
    struct channel *c = device;
    uint64_t v = 0;
    if (offset == R_DATA)
        v = read_data(c, size);
    else
        for (unsigned i = 0; i < size; i++)
            v |= (uint64_t)read_register(c, offset + i) << 8 * i;
    update(c);
    return v;
}

static void ide_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct channel *c = device;
    if (offset == R_DATA) {
        write_data(c, size, (uint32_t)value);
        size = 0;
    }
    for (unsigned i = 0; i < size; i++) {
        uint8_t v = (uint8_t)(value >> 8 * i);
        if (offset + i == R_COMMAND)
            write_command(c, v);
        else
            write_register(c, offset + i, v);
    }
    update(c);
}

/* 3F6h and 376h: alternate status, device control. */
static uint64_t control_read(void *device, uint32_t offset, unsigned size)
{
    struct channel *c = device;
    (void)offset, (void)size;
    return selected(c)->disk != NULL ? selected(c)->status : 0;
}

static void control_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct channel *c = device;
    uint8_t was = c->control;
    (void)offset, (void)size;
    c->control = (uint8_t)value;
    if (value & CONTROL_RESET) {
        for (unsigned i = 0; i < 2; i++) {
            reset_drive(&c->drive[i]);
            c->drive[i].status = c->drive[i].disk != NULL ? S_BUSY : 0;
        }
        c->second = 0;
    } else if (was & CONTROL_RESET) {
        for (unsigned i = 0; i < 2; i++)
            reset_drive(&c->drive[i]);
    }
    update(c);
}

static const struct device_ops ide_ops = {ide_read, ide_write};
static const struct device_ops control_ops = {control_read, control_write};

/* ---- bus-master registers (290550, 2.7) ---------------------------------------------------------------- */

static uint64_t master_read(void *device, uint32_t offset, unsigned size)
{
    struct ide *i = device;
    const struct channel *c = &i->channel[offset >> 3 & 1];
    (void)size;
    switch (offset & 7) {
    case BM_COMMAND:
        return c->bm_command;
    case BM_STATUS:
        return c->bm_status;
    case BM_TABLE:
    case BM_TABLE + 1:
    case BM_TABLE + 2:
    case BM_TABLE + 3:
        return c->bm_table >> 8 * (offset & 3);
    }
    return 0;
}

static void write_bm_command(struct channel *c, uint8_t v)
{
    bool start = v & ~c->bm_command & BM_START;
    c->bm_command = v & (BM_START | BM_TO_MEMORY);
    if (!(v & BM_START))
        c->bm_status &= (uint8_t)~BMS_ACTIVE;
    if (start)
        c->bm_status |= BMS_ACTIVE;
    run_dma(c);
    update(c);
}

static void master_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct ide *i = device;
    struct channel *c = &i->channel[offset >> 3 & 1];
    uint8_t v = (uint8_t)value;
    unsigned shift = 8 * (offset & 3);
    uint32_t mask = (0xffffffffu >> (32 - 8 * size)) << shift;
    switch (offset & 7) {
    case BM_COMMAND:
        write_bm_command(c, v);
        break;
    case BM_STATUS: /* written ones clear ERROR and INTERRUPT */
        c->bm_status =
            (uint8_t)((c->bm_status & ~(v & (BMS_ERROR | BMS_INTERRUPT)) & ~BMS_CAPABLE) |
                      (v & BMS_CAPABLE));
        break;
    case BM_TABLE:
    case BM_TABLE + 1:
    case BM_TABLE + 2:
    case BM_TABLE + 3:
        c->bm_table = (c->bm_table & ~mask) | ((uint32_t)value << shift & mask);
        break;
    }
}

static const struct device_ops master_ops = {master_read, master_write};

/* ---- power-on ------------------------------------------------------------------------------------------ */

void ide_reset(struct ide *i)
{
    struct pci_function *f = &i->pci;
    pci_header(f, 0x8086, 0x7010, 0x010180, 0x00);
    f->config[PCI_STATUS] = 0x80;
    f->config[PCI_STATUS + 1] = 0x02;
    for (unsigned at = P_TIMING; at < P_TIMING + 4; at++)
        f->writable[at] = 0xff;
    f->config[P_TIMING + 1] = f->config[P_TIMING + 3] = DECODE;
    for (unsigned n = 0; n < 2; n++) {
        struct channel *c = &i->channel[n];
        reset_drive(&c->drive[0]);
        reset_drive(&c->drive[1]);
        c->drive[0].multiple = c->drive[1].multiple = 0;
        c->control = c->second = c->bm_command = c->bm_status = 0;
        c->bm_table = 0;
        update(c);
    }
}

void ide_configure(struct ide *i, struct pci_bus *bus, unsigned ports)
{
    store32(i->pci.config + PCI_BAR + 4 * i->pci.bar.index, ports | 1);
    i->pci.config[PCI_COMMAND] = PCI_COMMAND_IO | PCI_COMMAND_MASTER;
    pci_place(bus, &i->pci);
}

static void plug(struct ide *i, unsigned n, struct disk *disk)
{
    struct ide_drive *d = &i->channel[n / 2].drive[n % 2];
    d->vm = i->vm;
    d->disk = disk;
    d->packet = disk != NULL && disk->cdrom;
    memcpy(d->serial, "TP0000000", 10);
    d->serial[8] = (char)('0' + n);
}

struct ide *ide_create(struct vm *vm, struct pci_bus *bus, const struct line irq[2],
                       struct disk *const disk[4])
{
    static const uint16_t command[2] = {0x1f0, 0x170}, control[2] = {0x3f6, 0x376};
    struct ide *i = calloc(1, sizeof *i);
    bool good = i != NULL;
    if (!good)
        return NULL;
    i->vm = vm;
    i->pci.name = "IDE";
    i->pci.bar = (struct pci_io_bar){4, IDE_MASTER_PORTS, 4, &master_ops, i, 0};
    for (unsigned n = 0; n < 4; n++)
        plug(i, n, disk[n]);
    for (unsigned n = 0; n < 2; n++) {
        struct channel *c = &i->channel[n];
        c->owner = i;
        c->irq = irq[n];
        good = good && ports_add(vm, command[n], 8, 4, &ide_ops, c, "IDE") &&
               ports_add(vm, control[n], 1, 1, &control_ops, c, "IDE control");
    }
    if (!good) {
        free(i);
        return NULL;
    }
    ide_reset(i);
    pci_add(bus, 1, 1, &i->pci);
    return i;
}

void ide_delete(struct ide *i)
{
    free(i);
}
