/*
 * NCR 53C9x SCSI controller as initiator, with the SBus DMA controller (NCR 53C90A/B and FAS100A data
 * manuals; sun4m DMA2, STP2000 data sheet).
 *
 * A command does all its work when it is written, and then raises its interrupt: bus phases follow
 * one another as
 *
 *     select -> [message out -> [message in]] -> command -> [data] -> status -> message in -> free
 *
 * `phase` is what the target asks for now (bits MSG, C/D, I/O); -1: the bus is free. Targets do not
 * disconnect, and answer any negotiation with MESSAGE REJECT, so transfers are asynchronous. The DMA
 * controller goes through the IOMMU; an error there is its error bit, and the transfer is cut off.
 *
 * Not modelled: target mode, parity, the byte counter of the DMA controller, data by programmed I/O
 * of more than one byte in a command when reading.
 */
#include <translator/devices/common.h>
#include <translator/devices/esp.h>
#include <translator/devices/scsi_target.h>

#include <stdlib.h>
#include <string.h>

#define TARGETS 8u
#define DISKS   4u
#define FIFO    16u
#define CHUNK   4096u

/* clang-format off */
enum esp_register { /* offset / 4 */
    R_COUNT_LOW, R_COUNT_MID, R_FIFO, R_COMMAND, R_STATUS, R_INTERRUPT, R_STEP, R_FLAGS,
    R_CONFIG1, R_CLOCK, R_TEST, R_CONFIG2, R_CONFIG3, R_CONFIG4, R_COUNT_HIGH, R_PAD,
};
enum esp_command {
    C_NOP = 0x00, C_FLUSH, C_RESET, C_BUS_RESET,
    C_TRANSFER = 0x10, C_COMPLETE, C_ACCEPT, C_PAD = 0x18, C_SET_ATN = 0x1a, C_RESET_ATN,
    C_SELECT = 0x41, C_SELECT_ATN, C_SELECT_STOP, C_ENABLE, C_DISABLE, C_SELECT_ATN3,
};
enum { STATUS_COUNT = 0x10, STATUS_INTERRUPT = 0x80 };
enum { INT_DONE = 0x08, INT_SERVICE = 0x10, INT_FREE = 0x20, INT_ILLEGAL = 0x40, INT_BUS_RESET = 0x80 };
enum { CONFIG1_NO_RESET_REPORT = 0x40 };
enum { COMMAND_DMA = 0x80 };
enum phase { P_FREE = -1, P_DATA_OUT = 0, P_DATA_IN = 1, P_COMMAND = 2, P_STATUS = 3, P_MESSAGE_OUT = 6,
             P_MESSAGE_IN = 7 };
enum { MESSAGE_COMPLETE = 0x00, MESSAGE_EXTENDED = 0x01, MESSAGE_REJECT = 0x07, MESSAGE_IDENTIFY = 0x80 };
enum { /* DMA controller */
    D_CONTROL = 0x0, D_ADDRESS = 0x4, D_COUNT = 0x8, D_TEST = 0xc,
};
enum {
    DMA_INTERRUPT = 0x001, DMA_ERROR = 0x002, DMA_ENABLE_INT = 0x010, DMA_INVALIDATE = 0x020, DMA_RESET = 0x080,
};
/* clang-format on */
#define DMA_VERSION  0xa0000000u
#define DMA_WRITABLE 0x0fffff90u
#define UNIQUE_ID    0x04u /* a FAS100A */
#define STEP_ALL     4u    /* sequence step: everything was sent */
#define STEP_MESSAGE 1u    /* one message byte was sent */

struct esp {
    struct vm *vm;
    struct line line;
    struct sun4m_iommu *iommu;
    struct scsi_target *target[TARGETS], *selected;
    int phase;
    unsigned lun;
    uint8_t message; /* what comes in message in */
    uint8_t fifo[FIFO];
    unsigned level;
    uint32_t count;     /* transfer counter */
    uint32_t count_set; /* what it is loaded with */
    uint8_t command, bus_id, step, interrupt, config1, config2, config3, config4;
    bool count_zero;
    uint32_t dma_control, dma_address, dma_count, dma_test;
};

static void update(struct esp *e)
{
    line_set(&e->line,
             e->dma_control & DMA_ENABLE_INT && (e->interrupt != 0 || e->dma_control & DMA_ERROR));
}

static void raise(struct esp *e, uint8_t why)
{
    e->interrupt |= why;
}

/* ---- bytes for a command: from memory or from the FIFO -------------------------------------------- */

static bool by_dma(const struct esp *e)
{
    return (e->command & COMMAND_DMA) != 0;
}

static void counted(struct esp *e, uint32_t n)
{
    e->count -= n;
    e->dma_address += n;
    e->count_zero = e->count == 0;
}

/* Up to `room` bytes for the target; how many. */
static unsigned take(struct esp *e, uint8_t *to, unsigned room)
{
    unsigned n;
    if (by_dma(e)) {
        n = e->count < room ? e->count : room;
        if (!sun4m_iommu_read(e->iommu, e->dma_address, to, n)) {
            e->dma_control |= DMA_ERROR;
            return 0;
        }
        counted(e, n);
        return n;
    }
    n = e->level < room ? e->level : room;
    memcpy(to, e->fifo, n);
    memmove(e->fifo, e->fifo + n, e->level - n);
    e->level -= n;
    return n;
}

static void push(struct esp *e, uint8_t byte)
{
    if (e->level < FIFO)
        e->fifo[e->level++] = byte;
}

static uint8_t pop(struct esp *e)
{
    uint8_t byte = e->fifo[0];
    if (e->level == 0)
        return 0;
    memmove(e->fifo, e->fifo + 1, --e->level);
    return byte;
}

/* ---- phases --------------------------------------------------------------------------------------- */

static void free_bus(struct esp *e)
{
    e->selected = NULL;
    e->phase = P_FREE;
}

static void run_command(struct esp *e, const uint8_t *bytes, unsigned count)
{
    e->phase = (int)scsi_command(e->selected, e->lun, bytes, count);
}

static void not_selected(struct esp *e)
{
    free_bus(e);
    raise(e, INT_FREE);
}

/* Selection (53C90A 6.4): messages, then the command unless `stop`. Nobody takes a byte of who is not there. */
static void select_target(struct esp *e, unsigned messages, bool stop)
{
    uint8_t bytes[3 + SCSI_COMMAND_MAX];
    e->selected = e->target[e->bus_id & (TARGETS - 1)];
    e->step = 0;
    if (e->selected == NULL) {
        not_selected(e);
        return;
    }
    unsigned got = take(e, bytes, stop ? 1 : messages + SCSI_COMMAND_MAX);
    if (got < messages || e->dma_control & DMA_ERROR) {
        not_selected(e);
        return;
    }
    e->lun = messages != 0 ? bytes[0] & 7u : 0;
    if (stop) {
        e->phase = P_MESSAGE_OUT;
        e->step = STEP_MESSAGE;
    } else if (got == messages) {
        e->phase = P_COMMAND;
    } else {
        run_command(e, bytes + messages, got - messages);
        e->step = STEP_ALL;
    }
    raise(e, INT_DONE | INT_SERVICE);
}

/* Only extended messages, which negotiate, want an answer. */
static void message_out(struct esp *e)
{
    uint8_t bytes[FIFO];
    unsigned got = take(e, bytes, FIFO);
    bool negotiates = false;
    for (unsigned i = 0; i < got; i++) {
        if (bytes[i] == MESSAGE_EXTENDED) {
            negotiates = true;
            break;
        }
        if (bytes[i] & MESSAGE_IDENTIFY)
            e->lun = bytes[i] & 7u;
        else if (bytes[i] >= 0x20 && bytes[i] <= 0x2f) /* of two bytes: a tag */
            i++;
    }
    e->message = MESSAGE_REJECT;
    e->phase = negotiates ? P_MESSAGE_IN : P_COMMAND;
    raise(e, INT_SERVICE);
}

static void command_phase(struct esp *e)
{
    uint8_t bytes[SCSI_COMMAND_MAX];
    unsigned got = take(e, bytes, SCSI_COMMAND_MAX);
    if (got == 0)
        return;
    run_command(e, bytes, got);
    raise(e, INT_SERVICE);
}

static void data_by_dma(struct esp *e)
{
    uint8_t bytes[CHUNK];
    bool in = e->phase == P_DATA_IN;
    while (e->count != 0 && scsi_left(e->selected) != 0) {
        uint32_t left = scsi_left(e->selected), n = e->count < left ? e->count : left;
        bool good;
        n = n < CHUNK ? n : CHUNK;
        if (in)
            scsi_data_in(e->selected, bytes, n);
        good = in ? sun4m_iommu_write(e->iommu, e->dma_address, bytes, n)
                  : sun4m_iommu_read(e->iommu, e->dma_address, bytes, n);
        if (!good) {
            e->dma_control |= DMA_ERROR;
            return;
        }
        if (!in)
            scsi_data_out(e->selected, bytes, n);
        counted(e, n);
    }
}

static void data_by_fifo(struct esp *e)
{
    uint8_t bytes[FIFO];
    uint32_t left = scsi_left(e->selected);
    if (e->phase == P_DATA_IN) {
        scsi_data_in(e->selected, bytes, left != 0);
        push(e, bytes[0]);
    } else {
        unsigned n = take(e, bytes, left < FIFO ? left : FIFO);
        scsi_data_out(e->selected, bytes, n);
    }
}

static void transfer(struct esp *e)
{
    switch (e->phase) {
    case P_DATA_OUT:
    case P_DATA_IN:
        if (by_dma(e))
            data_by_dma(e);
        else
            data_by_fifo(e);
        if (scsi_left(e->selected) == 0)
            e->phase = P_STATUS;
        raise(e, INT_SERVICE);
        break;
    case P_COMMAND:
        command_phase(e);
        break;
    case P_STATUS:
        push(e, scsi_status(e->selected));
        e->message = MESSAGE_COMPLETE;
        e->phase = P_MESSAGE_IN;
        raise(e, INT_SERVICE);
        break;
    case P_MESSAGE_OUT:
        message_out(e);
        break;
    case P_MESSAGE_IN:
        push(e, e->message);
        raise(e, INT_DONE);
        break;
    default:
        raise(e, INT_ILLEGAL);
    }
}

/* Status and message at once. */
static void complete(struct esp *e)
{
    if (e->phase != P_STATUS) {
        raise(e, INT_ILLEGAL);
        return;
    }
    push(e, scsi_status(e->selected));
    push(e, MESSAGE_COMPLETE);
    e->message = MESSAGE_COMPLETE;
    e->phase = P_MESSAGE_IN;
    raise(e, INT_DONE);
}

static void accept(struct esp *e)
{
    if (e->phase == P_MESSAGE_IN && e->message == MESSAGE_REJECT) {
        e->phase = P_COMMAND;
        raise(e, INT_SERVICE);
        return;
    }
    free_bus(e);
    raise(e, INT_FREE);
}

static void reset_chip(struct esp *e)
{
    e->level = 0;
    e->interrupt = e->step = e->command = 0;
    e->config1 &= 7;
    e->config2 = e->config3 = e->config4 = 0;
    e->count = e->count_set = 0;
    e->count_zero = false;
    free_bus(e);
}

static void reset_bus(struct esp *e)
{
    for (unsigned i = 0; i < TARGETS; i++)
        if (e->target[i] != NULL)
            scsi_target_reset(e->target[i]);
    free_bus(e);
    if (!(e->config1 & CONFIG1_NO_RESET_REPORT))
        raise(e, INT_BUS_RESET);
}

static void write_command(struct esp *e, uint8_t v)
{
    e->command = v;
    if (by_dma(e)) {
        e->count = e->count_set != 0 ? e->count_set : 0x10000;
        e->count_zero = false;
    }
    switch (v & ~COMMAND_DMA) {
    case C_NOP:
    case C_SET_ATN:
    case C_RESET_ATN:
    case C_ENABLE:
        break;
    case C_FLUSH:
        e->level = 0;
        break;
    case C_RESET:
        reset_chip(e);
        break;
    case C_BUS_RESET:
        reset_bus(e);
        break;
    case C_TRANSFER:
    case C_PAD:
        transfer(e);
        break;
    case C_COMPLETE:
        complete(e);
        break;
    case C_ACCEPT:
        accept(e);
        break;
    case C_SELECT:
        select_target(e, 0, false);
        break;
    case C_SELECT_ATN:
        select_target(e, 1, false);
        break;
    case C_SELECT_STOP:
        select_target(e, 1, true);
        break;
    case C_SELECT_ATN3:
        select_target(e, 3, false);
        break;
    case C_DISABLE:
        raise(e, INT_DONE);
        break;
    default:
        raise(e, INT_ILLEGAL);
    }
}

/* ---- registers ------------------------------------------------------------------------------------ */

static uint8_t read_interrupt(struct esp *e)
{
    uint8_t v = e->interrupt;
    e->interrupt = e->step = 0;
    update(e);
    return v;
}

static uint64_t esp_read(void *device, uint32_t offset, unsigned size)
{
    struct esp *e = device;
    switch (size == 1 && offset % 4 == 0 ? offset / 4 : ~0u) {
    case R_COUNT_LOW:
        return e->count & 0xff;
    case R_COUNT_MID:
        return e->count >> 8 & 0xff;
    case R_FIFO:
        return pop(e);
    case R_COMMAND:
        return e->command;
    case R_STATUS:
        return (uint64_t)(e->phase == P_FREE ? 0 : e->phase) | (e->count_zero ? STATUS_COUNT : 0) |
               (e->interrupt != 0 ? STATUS_INTERRUPT : 0);
    case R_INTERRUPT:
        return read_interrupt(e);
    case R_STEP:
        return e->step;
    case R_FLAGS:
        return e->level | (unsigned)e->step << 5;
    case R_CONFIG1:
        return e->config1;
    case R_CONFIG2:
        return e->config2;
    case R_CONFIG3:
        return e->config3;
    case R_CONFIG4:
        return e->config4;
    case R_COUNT_HIGH:
        return UNIQUE_ID;
    case R_CLOCK: /* write only */
    case R_TEST:
    case R_PAD:
        return 0;
    }
    device_unassigned(e->vm, "esp", false, offset, size);
    return 0;
}

static void esp_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct esp *e = device;
    uint8_t v = (uint8_t)value;
    switch (size == 1 && offset % 4 == 0 ? offset / 4 : ~0u) {
    case R_COUNT_LOW:
        e->count_set = (e->count_set & 0xff00) | v;
        break;
    case R_COUNT_MID:
        e->count_set = (e->count_set & 0xff) | (uint32_t)v << 8;
        break;
    case R_FIFO:
        push(e, v);
        break;
    case R_COMMAND:
        write_command(e, v);
        break;
    case R_STATUS: /* which target */
        e->bus_id = v;
        break;
    case R_CONFIG1:
        e->config1 = v;
        break;
    case R_CONFIG2:
        e->config2 = v;
        break;
    case R_CONFIG3:
        e->config3 = v;
        break;
    case R_CONFIG4:
        e->config4 = v;
        break;
    case R_INTERRUPT: /* timeout, synchronous period and offset, clock, tests: without effect */
    case R_STEP:
    case R_FLAGS:
    case R_CLOCK:
    case R_TEST:
    case R_COUNT_HIGH:
    case R_PAD:
        break;
    default:
        device_unassigned(e->vm, "esp", true, offset, size);
    }
    update(e);
}

static uint64_t dma_read_register(void *device, uint32_t offset, unsigned size)
{
    struct esp *e = device;
    switch (size == 4 ? offset : ~0u) {
    case D_CONTROL:
        return DMA_VERSION | e->dma_control | (e->interrupt != 0 ? DMA_INTERRUPT : 0);
    case D_ADDRESS:
        return e->dma_address;
    case D_COUNT:
        return e->dma_count;
    case D_TEST:
        return e->dma_test;
    }
    device_unassigned(e->vm, "esp dma", false, offset, size);
    return 0;
}

static void dma_write_register(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct esp *e = device;
    uint32_t v = (uint32_t)value, error = e->dma_control & DMA_ERROR;
    switch (size == 4 ? offset : ~0u) {
    case D_CONTROL:
        if (v & ~e->dma_control & DMA_RESET)
            reset_chip(e);
        e->dma_control = (v & DMA_WRITABLE) | (v & (DMA_INVALIDATE | DMA_RESET) ? 0 : error);
        break;
    case D_ADDRESS:
        e->dma_address = v;
        break;
    case D_COUNT:
        e->dma_count = v & 0xffffff;
        break;
    case D_TEST:
        e->dma_test = v;
        break;
    default:
        device_unassigned(e->vm, "esp dma", true, offset, size);
    }
    update(e);
}

const struct device_ops esp_ops = {esp_read, esp_write};
const struct device_ops esp_dma_ops = {dma_read_register, dma_write_register};

/* ---- life ----------------------------------------------------------------------------------------- */

void esp_reset(struct esp *e)
{
    e->dma_control = e->dma_address = e->dma_count = e->dma_test = 0;
    e->config1 = e->bus_id = 0;
    for (unsigned i = 0; i < TARGETS; i++)
        if (e->target[i] != NULL)
            scsi_target_reset(e->target[i]);
    reset_chip(e);
    update(e);
}

struct esp *esp_create(struct vm *vm, struct disk *const disks[4], struct sun4m_iommu *iommu,
                       struct line line)
{
    struct esp *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->vm = vm;
    e->line = line;
    e->iommu = iommu;
    for (unsigned i = 0; i < DISKS; i++) {
        if (disks[i] == NULL)
            continue;
        e->target[i] = scsi_target_create(disks[i]);
        if (e->target[i] == NULL) {
            esp_delete(e);
            return NULL;
        }
    }
    esp_reset(e);
    return e;
}

void esp_delete(struct esp *e)
{
    if (e == NULL)
        return;
    for (unsigned i = 0; i < TARGETS; i++)
        scsi_target_delete(e->target[i]);
    free(e);
}
