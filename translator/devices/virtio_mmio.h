/*
 * Virtio over memory-mapped registers, version 2 (VIRTIO 1.1, 4.2): the transport, and what a
 * virtio device supplies to it.
 */
#pragma once

#include <translator/devices/virtqueue.h>

#define VIRTIO_QUEUES 2

/* Feature bits of all devices (6). */
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_VERSION_1     (1ull << 32)

struct virtio;

struct virtio_model {
    const char *name;
    uint32_t id;     /* device type (5) */
    unsigned queues; /* at most VIRTIO_QUEUES */
    /* A byte of the configuration space, 0 where there is none. */
    uint8_t (*config)(struct virtio *v, uint32_t offset);
    void (*config_write)(struct virtio *v, uint32_t offset, uint8_t value); /* NULL: read only */
    /* There may be chains in the queue. The driver is ready, the device not broken. */
    void (*notify)(struct virtio *v, unsigned queue);
    void (*reset)(struct virtio *v); /* NULL: nothing of its own */
    void (*destroy)(struct virtio *v);
};

/* A device's structure begins with this. */
struct virtio {
    struct vm *vm;
    const struct virtio_model *model;
    struct line line;
    uint64_t features; /* offered, besides those of the transport */
    /* transport: */
    uint64_t accepted;
    uint32_t features_word, accepted_word, queue_selected; /* selectors */
    uint32_t status, interrupts;
    struct virtqueue queue[VIRTIO_QUEUES];
};

void virtio_init(struct virtio *v, struct vm *vm, const struct virtio_model *model,
                 struct line line, uint64_t features);
void virtio_reset(struct virtio *v);
/* Chains were given back: interrupt the driver if it wants that. */
void virtio_used(struct virtio *v, unsigned queue);
/* The driver broke a rule: stop until it resets the device. */
void virtio_broken(struct virtio *v);
/* Whether the device may work: driver ready, not broken. */
bool virtio_live(const struct virtio *v);

/* A row of slots of 512 bytes each; NULL: an empty one, as drivers probe for. The device of
 * virtio_mmio_ops. */
#define VIRTIO_SLOTS      32
#define VIRTIO_SLOT_BYTES 0x200u
struct virtio_slots {
    struct vm *vm;
    struct virtio *slot[VIRTIO_SLOTS];
};
extern const struct device_ops virtio_mmio_ops;
