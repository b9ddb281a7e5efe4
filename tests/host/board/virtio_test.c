/*
 * Virtio: the transport's registers, block requests in all shapes, and drivers that lie: bad
 * addresses, loops, jumps, random rings.
 */
#include "mock.h"

#include <string.h>

#include <translator/devices/virtio_blk.h>

#define RAM   (1u << 20)
#define DESC  (RAM_BASE + 0x1000)
#define AVAIL (RAM_BASE + 0x2000)
#define USED  (RAM_BASE + 0x3000)
#define HEAD  (RAM_BASE + 0x4000) /* request header */
#define STAT  (RAM_BASE + 0x4100) /* status byte */
#define DATA  (RAM_BASE + 0x8000)
#define TABLE (RAM_BASE + 0x5000) /* indirect */
#define QUEUE 8

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

static uint8_t medium[64 * 512];
static unsigned flushes;

static bool disk_read(struct disk *d, uint64_t offset, void *to, size_t count)
{
    if (offset % 512 || count % 512 || offset + count > d->bytes)
        return result("disk-bounds", false, "read %u at %u", (unsigned)count, (unsigned)offset);
    memcpy(to, medium + offset, count);
    return true;
}

static bool disk_write(struct disk *d, uint64_t offset, const void *from, size_t count)
{
    if (offset % 512 || count % 512 || offset + count > d->bytes || d->read_only)
        return result("disk-bounds", false, "write %u at %u", (unsigned)count, (unsigned)offset);
    memcpy(medium + offset, from, count);
    return true;
}

static bool disk_flush(struct disk *d)
{
    (void)d;
    flushes++;
    return true;
}

static struct disk disk = {
    .bytes = sizeof medium, .read = disk_read, .write = disk_write, .flush = disk_flush};

/* A VM with a block device in slot 1. */
struct rig {
    struct vm *vm;
    struct virtio_slots slots;
    struct probe line;
    uint16_t available;
};

static uint32_t reg(struct rig *r, uint32_t offset)
{
    return get(&virtio_mmio_ops, &r->slots, 0x200 + offset);
}

static void set(struct rig *r, uint32_t offset, uint32_t value)
{
    put(&virtio_mmio_ops, &r->slots, 0x200 + offset, value);
}

static void queue_up(struct rig *r)
{
    set(r, 0x30, 0);
    set(r, 0x38, QUEUE);
    set(r, 0x80, (uint32_t)DESC);
    set(r, 0x90, (uint32_t)AVAIL);
    set(r, 0xa0, (uint32_t)USED);
    set(r, 0x44, 1);
}

/* What a driver does up to DRIVER_OK. */
static void bring_up(struct rig *r)
{
    set(r, 0x70, 0);
    set(r, 0x70, 3);
    set(r, 0x24, 1);
    set(r, 0x20, 1);
    set(r, 0x70, 11);
    queue_up(r);
    set(r, 0x70, 15);
    memset(r->vm->ram + 0x1000, 0, 0x3000);
    r->available = 0;
}

static void start(struct rig *r)
{
    memset(r, 0, sizeof *r);
    r->vm = new_vm(RAM);
    r->slots.vm = r->vm;
    r->slots.slot[1] = virtio_blk_create(r->vm, &disk, "serial", probe_line(&r->line));
    bring_up(r);
}

static void stop(struct rig *r)
{
    r->slots.slot[1]->model->destroy(r->slots.slot[1]);
    delete_vm(r->vm);
}

static void descriptor(struct rig *r, uint64_t table, unsigned n, uint64_t at, uint32_t bytes,
                       unsigned flags, unsigned next)
{
    poke64(r->vm, table + 16 * n, at);
    poke32(r->vm, table + 16 * n + 8, bytes);
    poke16(r->vm, table + 16 * n + 12, (uint16_t)flags);
    poke16(r->vm, table + 16 * n + 14, (uint16_t)next);
}

static void header(struct rig *r, uint32_t type, uint64_t sector)
{
    poke32(r->vm, HEAD, type);
    poke64(r->vm, HEAD + 8, sector);
    r->vm->ram[STAT - RAM_BASE] = 0xee;
}

static void offer(struct rig *r, unsigned head)
{
    poke16(r->vm, AVAIL + 4 + 2 * (r->available % QUEUE), (uint16_t)head);
    poke16(r->vm, AVAIL + 2, ++r->available);
}

static unsigned status(struct rig *r)
{
    return r->vm->ram[STAT - RAM_BASE];
}

/* Header, one data buffer, status; notify; the status byte. */
static unsigned ask(struct rig *r, uint32_t type, uint64_t sector, uint64_t data, uint32_t bytes,
                    unsigned flags)
{
    header(r, type, sector);
    descriptor(r, DESC, 0, HEAD, 16, NEXT, 1);
    descriptor(r, DESC, 1, data, bytes, NEXT | flags, 2);
    descriptor(r, DESC, 2, STAT, 1, WRITE, 0);
    offer(r, 0);
    set(r, 0x50, 0);
    return status(r);
}

static void transport(void)
{
    struct rig r;
    start(&r);
    CHECK("virtio-id", reg(&r, 0) == 0x74726976 && reg(&r, 4) == 2 && reg(&r, 8) == 2);
    CHECK("virtio-empty-slot", get(&virtio_mmio_ops, &r.slots, 0) == 0x74726976 &&
                                   get(&virtio_mmio_ops, &r.slots, 8) == 0);
    set(&r, 0x14, 1);
    CHECK("virtio-version-1", reg(&r, 0x10) == 1);
    set(&r, 0x14, 7);
    CHECK("virtio-no-more-features", reg(&r, 0x10) == 0);
    CHECK("virtio-capacity", reg(&r, 0x100) == 64 && reg(&r, 0x104) == 0 &&
                                 virtio_mmio_ops.read(&r.slots, 0x300, 1) == 64);
    CHECK("virtio-up", reg(&r, 0x70) == 15 && reg(&r, 0x44) == 1 && reg(&r, 0x34) == 256);
    set(&r, 0x30, 1);
    CHECK("virtio-one-queue", reg(&r, 0x34) == 0);
    set(&r, 0x70, 0);
    CHECK("virtio-reset", reg(&r, 0x70) == 0 && reg(&r, 0x44) == 0);
    set(&r, 0x70, 11);
    CHECK("virtio-legacy-refused", reg(&r, 0x70) == 3);
    set(&r, 0x24, 1);
    set(&r, 0x20, 0x81);
    set(&r, 0x70, 11);
    CHECK("virtio-unknown-feature-refused", reg(&r, 0x70) == 3);
    stop(&r);
}

static void requests(void)
{
    struct rig r;
    start(&r);
    for (unsigned i = 0; i < sizeof medium; i++)
        medium[i] = (uint8_t)(i * 7 + i / 512);
    CHECK("blk-read", ask(&r, 0, 3, DATA, 1024, WRITE) == 0 &&
                          memcmp(r.vm->ram + 0x8000, medium + 3 * 512, 1024) == 0);
    CHECK("blk-used", peek16(r.vm, USED + 2) == 1 && peek32(r.vm, USED + 8) == 1025);
    CHECK("blk-interrupt", r.line.level && reg(&r, 0x60) == 1 && r.vm->written >= 1025);
    set(&r, 0x64, 1);
    CHECK("blk-acknowledge", !r.line.level);
    poke16(r.vm, AVAIL, 1);
    memset(r.vm->ram + 0x8000, 0x5a, 512);
    CHECK("blk-write", ask(&r, 1, 63, DATA, 512, 0) == 0 && medium[63 * 512 + 511] == 0x5a);
    CHECK("blk-no-interrupt", !r.line.level && peek32(r.vm, USED + 16) == 1);
    poke16(r.vm, AVAIL, 0);
    CHECK("blk-id",
          ask(&r, 8, 0, DATA, 20, WRITE) == 0 && memcmp(r.vm->ram + 0x8000, "serial", 7) == 0);
    CHECK("blk-unsupported", ask(&r, 99, 0, DATA, 20, WRITE) == 2);
    CHECK("blk-past-end", ask(&r, 0, 63, DATA, 1024, WRITE) == 1 &&
                              ask(&r, 0, 1ull << 60, DATA, 512, WRITE) == 1 &&
                              ask(&r, 1, UINT64_MAX, DATA, 512, 0) == 1);
    CHECK("blk-odd-length", ask(&r, 0, 0, DATA, 513, WRITE) == 1);
    CHECK("blk-not-ram", ask(&r, 0, 0, 0x10, 512, WRITE) == 1 &&
                             ask(&r, 1, 0, RAM_BASE + RAM - 256, 512, 0) == 1 &&
                             ask(&r, 0, 0, UINT64_MAX - 15, 512, WRITE) == 1);
    poke64(r.vm, DATA, 10);
    poke32(r.vm, DATA + 8, 2);
    poke32(r.vm, DATA + 12, 0);
    CHECK("blk-zeroes", ask(&r, 13, 0, DATA, 16, 0) == 0 && medium[10 * 512] == 0 &&
                            medium[12 * 512 - 1] == 0 && medium[12 * 512 + 1] != 0);
    poke32(r.vm, DATA + 8, 0xffffffff);
    CHECK("blk-zeroes-past-end", ask(&r, 13, 0, DATA, 16, 0) == 1);
    descriptor(&r, DESC, 0, HEAD, 16, NEXT, 1);
    descriptor(&r, DESC, 1, STAT, 1, WRITE, 0);
    header(&r, 4, 0);
    offer(&r, 0);
    set(&r, 0x50, 0);
    CHECK("blk-flush", status(&r) == 0 && flushes == 1);
    disk.read_only = true;
    CHECK("blk-read-only", ask(&r, 1, 0, DATA, 512, 0) == 1);
    disk.read_only = false;
    stop(&r);
}

/* Buffers cut at odd places, directly and through an indirect table. */
static void shapes(void)
{
    struct rig r;
    start(&r);
    static const uint16_t cuts[] = {100, 412, 0, 512, 1, 511};
    for (unsigned indirect = 0; indirect < 2; indirect++) {
        uint64_t table = indirect ? TABLE : DESC, at = DATA;
        memset(r.vm->ram + 0x8000, 0, 0x2000);
        header(&r, 0, 5);
        descriptor(&r, table, 0, HEAD, 7, NEXT, 1);
        descriptor(&r, table, 1, HEAD + 7, 9, NEXT, 2);
        for (unsigned i = 0; i < 5; i++, at += cuts[i - 1])
            descriptor(&r, table, 2 + i, at, cuts[i], NEXT | WRITE, 3 + i);
        poke64(r.vm, table + 16 * 7, at); /* the last piece and the status in one buffer */
        descriptor(&r, table, 7, at, cuts[5] + 1, WRITE, 0);
        if (indirect)
            descriptor(&r, DESC, 4, TABLE, 8 * 16, INDIRECT, 0);
        r.vm->ram[0x8000 + 1536] = 0xee;
        offer(&r, indirect ? 4 : 0);
        set(&r, 0x50, 0);
        CHECK(indirect ? "blk-indirect" : "blk-cut",
              r.vm->ram[0x8000 + 1536] == 0 &&
                  memcmp(r.vm->ram + 0x8000, medium + 5 * 512, 1536) == 0);
    }
    stop(&r);
}

/* One lie: afterwards the device needs a reset, and works again after it. */
static void lie(const char *name, void (*tell)(struct rig *r))
{
    struct rig r;
    start(&r);
    header(&r, 0, 0);
    tell(&r);
    set(&r, 0x50, 0);
    bool stopped = reg(&r, 0x70) & 64;
    unsigned logs = r.vm->logs;
    bring_up(&r);
    bool again = ask(&r, 0, 0, DATA, 512, WRITE) == 0;
    result(name, stopped && again && logs == 1, "stopped %d, again %d, logs %u (%s)", stopped,
           again, logs, r.vm->log);
    stop(&r);
}

static void loop(struct rig *r)
{
    descriptor(r, DESC, 0, HEAD, 16, NEXT, 1);
    descriptor(r, DESC, 1, HEAD, 0, NEXT, 0);
    offer(r, 0);
}

static void indirect_loop(struct rig *r)
{
    descriptor(r, DESC, 0, TABLE, 32, INDIRECT, 0);
    descriptor(r, TABLE, 0, HEAD, 16, NEXT, 1);
    descriptor(r, TABLE, 1, HEAD, 16, NEXT, 0);
    offer(r, 0);
}

static void long_chain(struct rig *r)
{
    descriptor(r, DESC, 0, TABLE, 0xfffffff0, INDIRECT, 0);
    descriptor(r, TABLE, 0, HEAD, 16, NEXT, 0);
    offer(r, 0);
}

static void nested(struct rig *r)
{
    descriptor(r, DESC, 0, TABLE, 16, INDIRECT, 0);
    descriptor(r, TABLE, 0, TABLE, 16, INDIRECT, 0);
    offer(r, 0);
}

static void odd_table(struct rig *r)
{
    descriptor(r, DESC, 0, TABLE, 17, INDIRECT, 0);
    offer(r, 0);
}

static void far_table(struct rig *r)
{
    descriptor(r, DESC, 0, UINT64_MAX - 7, 32, INDIRECT, 0);
    offer(r, 0);
}

static void bad_head(struct rig *r)
{
    offer(r, 0xffff);
}

static void bad_next(struct rig *r)
{
    descriptor(r, DESC, 0, HEAD, 16, NEXT, QUEUE);
    descriptor(r, DESC, QUEUE, STAT, 1, WRITE, 0); /* what would be good, were it in the table */
    offer(r, 0);
}

static void jump(struct rig *r)
{
    descriptor(r, DESC, 0, HEAD, 16, NEXT, 1); /* good requests, but more than the ring holds */
    descriptor(r, DESC, 1, STAT, 1, WRITE, 0);
    poke16(r->vm, AVAIL + 2, QUEUE + 1);
}

static void order(struct rig *r)
{
    descriptor(r, DESC, 0, STAT, 1, NEXT | WRITE, 1);
    descriptor(r, DESC, 1, HEAD, 16, 0, 0);
    offer(r, 0);
}

static void no_status(struct rig *r)
{
    descriptor(r, DESC, 0, HEAD, 16, 0, 0);
    offer(r, 0);
}

static void short_header(struct rig *r)
{
    descriptor(r, DESC, 0, HEAD, 15, NEXT, 1);
    descriptor(r, DESC, 1, STAT, 1, WRITE, 0);
    offer(r, 0);
}

static void far_status(struct rig *r)
{
    descriptor(r, DESC, 0, HEAD, 16, NEXT, 1);
    descriptor(r, DESC, 1, 0x1000, 513, WRITE, 0);
    offer(r, 0);
}

static void bad_queues(void)
{
    struct rig r;
    static const uint64_t bad[][4] = {
        {0, DESC, AVAIL, USED},     {3, DESC, AVAIL, USED},
        {512, DESC, AVAIL, USED},   {8, DESC + 8, AVAIL, USED},
        {8, DESC, AVAIL + 1, USED}, {8, DESC, AVAIL, USED + 2},
        {8, 0, AVAIL, USED},        {8, DESC, RAM_BASE + RAM - 2, USED},
        {8, DESC, AVAIL, ~15ull},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char name[32] = "virtio-bad-queue-";
        name[strlen(name)] = (char)('0' + i);
        start(&r);
        set(&r, 0x44, 0);
        set(&r, 0x38, (uint32_t)bad[i][0]);
        for (unsigned a = 0; a < 3; a++) {
            set(&r, 0x80 + 16 * a, (uint32_t)bad[i][1 + a]);
            set(&r, 0x84 + 16 * a, (uint32_t)(bad[i][1 + a] >> 32));
        }
        set(&r, 0x44, 1);
        result(name, reg(&r, 0x44) == 0 && (reg(&r, 0x70) & 64), "accepted");
        set(&r, 0x50, 0);
        stop(&r);
    }
}

/* Random rings over a small RAM, so that everything overlaps everything. */
static void random_rings(void)
{
    struct rig r;
    start(&r);
    for (unsigned i = 0; i < 20000 / rounds_divisor; i++) {
        if (reg(&r, 0x70) & 64 || i % 64 == 0)
            bring_up(&r);
        for (unsigned n = 0; n < QUEUE; n++) {
            uint64_t v = random_next();
            uint64_t at = v % 8 == 0 ? random_next() : RAM_BASE + (v >> 20) % (RAM + 64);
            uint32_t bytes = v >> 8 & 1 ? (uint32_t)(v >> 32) % 2000 : (uint32_t)(v >> 32);
            if (v >> 9 & 1)
                bytes &= ~15u;
            descriptor(&r, v & 16 ? TABLE : DESC, n, v & 32 ? HEAD : at, v & 32 ? 16 : bytes,
                       (v >> 40 & 3) | (v >> 42 & 7 ? 0 : INDIRECT), v >> 48 & 7);
        }
        header(&r, (uint32_t)(random_next() % 14), random_next() % 70);
        for (unsigned n = 0; n < 4; n++)
            offer(&r, (unsigned)random_next() % (QUEUE + (n == 3)));
        if (random_next() % 16 == 0)
            virtio_mmio_ops.write(&r.slots, (uint32_t)random_next() % 0x4000,
                                  1u << (random_next() & 3), random_next());
        set(&r, 0x50, 0);
        pass(r.vm, 1000);
    }
    bring_up(&r);
    CHECK("blk-random-rings", ask(&r, 0, 0, DATA, 512, WRITE) == 0);
    stop(&r);
}

void test_virtio(void)
{
    static const struct {
        const char *name;
        void (*tell)(struct rig *r);
    } lies[] = {
        {"virtio-loop", loop},
        {"virtio-indirect-loop", indirect_loop},
        {"virtio-long-chain", long_chain},
        {"virtio-nested-table", nested},
        {"virtio-odd-table", odd_table},
        {"virtio-far-table", far_table},
        {"virtio-bad-head", bad_head},
        {"virtio-bad-next", bad_next},
        {"virtio-index-jump", jump},
        {"virtio-order", order},
        {"blk-no-status", no_status},
        {"blk-short-header", short_header},
        {"blk-far-status", far_status},
    };
    transport();
    requests();
    shapes();
    for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++)
        lie(lies[i].name, lies[i].tell);
    bad_queues();
    random_rings();
}
