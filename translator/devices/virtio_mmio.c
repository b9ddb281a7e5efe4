/*
 * Virtio over MMIO, version 2 (VIRTIO 1.1, 4.2.2): registers, feature negotiation, device status.
 *
 * The transport owns the queues' addresses and checks them once, when the driver says that a queue is
 * ready; from then on they do not change. A device is called (notify) only while it is live:
 * DRIVER_OK is set and DEVICE_NEEDS_RESET is not. A driver that does not accept VERSION_1 does not
 * get FEATURES_OK: there is no legacy interface.
 *
 * The interrupt line is level: high while a bit of InterruptStatus is set.
 */
#include <translator/devices/common.h>
#include <translator/devices/virtio_mmio.h>

/* clang-format off */
enum mmio_register { /* table 4.1 */
    R_MAGIC = 0x000, R_VERSION = 0x004, R_DEVICE = 0x008, R_VENDOR = 0x00c, R_FEATURES = 0x010,
    R_FEATURES_SEL = 0x014, R_ACCEPTED = 0x020, R_ACCEPTED_SEL = 0x024, R_QUEUE_SEL = 0x030,
    R_QUEUE_MAX = 0x034, R_QUEUE_NUM = 0x038, R_QUEUE_READY = 0x044, R_NOTIFY = 0x050,
    R_INT_STATUS = 0x060, R_INT_ACK = 0x064, R_STATUS = 0x070, R_DESC_LOW = 0x080,
    R_DESC_HIGH = 0x084, R_AVAIL_LOW = 0x090, R_AVAIL_HIGH = 0x094, R_USED_LOW = 0x0a0,
    R_USED_HIGH = 0x0a4, R_SHM_SEL = 0x0ac, R_SHM_LENGTH = 0x0b0, R_SHM_END = 0x0c0,
    R_GENERATION = 0x0fc, R_CONFIG = 0x100,
};
enum { /* 2.1 */
    STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 64, STATUS_BITS = 0xff,
};
enum { INT_USED = 1, INT_CONFIG = 2 };
/* clang-format on */

#define MAGIC   0x74726976u /* "virt" */
#define VENDOR  0x52544554u /* "TETR": informative only */
#define VERSION 2

static void update(struct virtio *v)
{
    line_set(&v->line, v->interrupts != 0);
}

static uint64_t offered(const struct virtio *v)
{
    return v->features | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC;
}

bool virtio_live(const struct virtio *v)
{
    return (v->status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;
}

void virtio_used(struct virtio *v, unsigned queue)
{
    if (!virtqueue_wants_interrupt(&v->queue[queue]))
        return;
    v->interrupts |= INT_USED;
    update(v);
}

void virtio_broken(struct virtio *v)
{
    v->status |= STATUS_NEEDS_RESET;
    v->interrupts |= INT_CONFIG; /* 2.1.2: the driver is told by a configuration change */
    update(v);
}

void virtio_reset(struct virtio *v)
{
    v->accepted = 0;
    v->features_word = v->accepted_word = v->queue_selected = 0;
    v->status = v->interrupts = 0;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        v->queue[i] = (struct virtqueue){.vm = v->vm, .name = v->model->name};
    if (v->model->reset != NULL)
        v->model->reset(v);
    update(v);
}

void virtio_init(struct virtio *v, struct vm *vm, const struct virtio_model *model,
                 struct line line, uint64_t features)
{
    *v = (struct virtio){.vm = vm, .model = model, .line = line, .features = features};
    virtio_reset(v);
}

/* The selected queue, NULL if there is no such. */
static struct virtqueue *selected(struct virtio *v)
{
    return v->queue_selected < v->model->queues ? &v->queue[v->queue_selected] : NULL;
}

static uint32_t feature_word(uint64_t features, uint32_t word)
{
    return word < 2 ? (uint32_t)(features >> 32 * word) : 0;
}

static uint64_t config_read(struct virtio *v, uint32_t offset, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)v->model->config(v, offset + i) << 8 * i;
    return value;
}

static uint32_t register_read(struct virtio *v, uint32_t offset, unsigned size)
{
    const struct virtqueue *q = selected(v);
    switch (offset) {
    case R_MAGIC:
        return MAGIC;
    case R_VERSION:
        return VERSION;
    case R_DEVICE:
        return v->model->id;
    case R_VENDOR:
        return VENDOR;
    case R_FEATURES:
        return feature_word(offered(v), v->features_word);
    case R_QUEUE_MAX:
        return q != NULL ? VIRTQUEUE_MAX : 0;
    case R_QUEUE_READY:
        return q != NULL && q->ready;
    case R_INT_STATUS:
        return v->interrupts;
    case R_STATUS:
        return v->status;
    case R_GENERATION: /* the configuration does not change */
        return 0;
    }
    if (offset >= R_SHM_LENGTH && offset < R_SHM_END)
        return ~0u; /* no shared memory (4.2.2) */
    device_unassigned(v->vm, v->model->name, false, offset, size);
    return 0;
}

/* Replace the low or high half of *address. */
static void half(uint64_t *address, bool high, uint32_t value)
{
    unsigned shift = high ? 32 : 0;
    *address = (*address & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

/* Registers of the selected queue; its size and addresses are fixed while it is ready. */
static void queue_write(struct virtio *v, uint32_t offset, uint32_t value)
{
    struct virtqueue *q = selected(v);
    if (q == NULL)
        return;
    if (offset == R_QUEUE_READY) {
        if (!(value & 1))
            q->ready = false;
        else if (!q->ready && !virtqueue_start(q))
            virtio_broken(v);
        return;
    }
    if (q->ready) {
        vm_log(v->vm, "%s: a queue in use cannot be changed", v->model->name);
        return;
    }
    switch (offset) {
    case R_QUEUE_NUM:
        q->num = value;
        break;
    case R_DESC_LOW:
    case R_DESC_HIGH:
        half(&q->desc, offset == R_DESC_HIGH, value);
        break;
    case R_AVAIL_LOW:
    case R_AVAIL_HIGH:
        half(&q->avail, offset == R_AVAIL_HIGH, value);
        break;
    case R_USED_LOW:
    case R_USED_HIGH:
        half(&q->used, offset == R_USED_HIGH, value);
        break;
    }
}

static void accept_features(struct virtio *v, uint32_t value)
{
    if (v->accepted_word < 2 && !(v->status & STATUS_FEATURES_OK))
        half(&v->accepted, v->accepted_word != 0, value);
}

static void write_status(struct virtio *v, uint32_t value)
{
    if (value == 0) {
        virtio_reset(v);
        return;
    }
    uint32_t set = (value & STATUS_BITS) | (v->status & STATUS_NEEDS_RESET);
    if ((set & STATUS_FEATURES_OK) &&
        (!(v->accepted & VIRTIO_F_VERSION_1) || (v->accepted & ~offered(v))))
        set &= ~(uint32_t)STATUS_FEATURES_OK; /* 3.1.1, step 6: the driver reads it back */
    if (!(set & STATUS_FEATURES_OK))
        set &= ~(uint32_t)STATUS_DRIVER_OK;
    v->status = set;
}

static void register_write(struct virtio *v, uint32_t offset, unsigned size, uint32_t value)
{
    switch (offset) {
    case R_FEATURES_SEL:
        v->features_word = value;
        break;
    case R_ACCEPTED:
        accept_features(v, value);
        break;
    case R_ACCEPTED_SEL:
        v->accepted_word = value;
        break;
    case R_QUEUE_SEL:
        v->queue_selected = value;
        break;
    case R_QUEUE_NUM:
    case R_QUEUE_READY:
    case R_DESC_LOW:
    case R_DESC_HIGH:
    case R_AVAIL_LOW:
    case R_AVAIL_HIGH:
    case R_USED_LOW:
    case R_USED_HIGH:
        queue_write(v, offset, value);
        break;
    case R_NOTIFY:
        if (virtio_live(v) && value < v->model->queues)
            v->model->notify(v, value);
        break;
    case R_INT_ACK:
        v->interrupts &= ~value;
        update(v);
        break;
    case R_STATUS:
        write_status(v, value);
        break;
    case R_SHM_SEL:
        break;
    default:
        device_unassigned(v->vm, v->model->name, true, offset, size);
    }
}

/* ---- the row of slots ------------------------------------------------------------------------- */

static uint64_t slots_read(void *device, uint32_t offset, unsigned size)
{
    struct virtio_slots *s = device;
    struct virtio *v = s->slot[offset / VIRTIO_SLOT_BYTES % VIRTIO_SLOTS];
    uint32_t at = offset % VIRTIO_SLOT_BYTES;
    if (v == NULL) /* device type 0: nobody there, and no other register matters (4.2.2.2) */
        return at == R_MAGIC ? MAGIC : at == R_VERSION ? VERSION : 0;
    if (at >= R_CONFIG)
        return config_read(v, at - R_CONFIG, size);
    if (size == 4 && !(at & 3))
        return register_read(v, at, size);
    device_unassigned(s->vm, v->model->name, false, at, size);
    return 0;
}

static void slots_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    struct virtio_slots *s = device;
    struct virtio *v = s->slot[offset / VIRTIO_SLOT_BYTES % VIRTIO_SLOTS];
    uint32_t at = offset % VIRTIO_SLOT_BYTES;
    if (v == NULL)
        return;
    if (at >= R_CONFIG && v->model->config_write != NULL) {
        for (unsigned i = 0; i < size; i++)
            v->model->config_write(v, at - R_CONFIG + i, (uint8_t)(value >> 8 * i));
    } else if (size == 4 && !(at & 3)) {
        register_write(v, at, size, (uint32_t)value);
    } else {
        device_unassigned(s->vm, v->model->name, true, at, size);
    }
}

const struct device_ops virtio_mmio_ops = {slots_read, slots_write};
