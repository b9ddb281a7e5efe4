/*
 * Virtio block device (VIRTIO 1.1, 5.2): read, write, flush, identity, write zeroes.
 *
 * A request is a chain: 16 bytes of header, data, one status byte; where one buffer ends and the
 * next begins means nothing (2.6.4). Data moves between the disk and guest RAM directly, in pieces
 * that are multiples of 512 bytes and contiguous; what remains, e.g. a sector that lies in two
 * buffers, goes through a sector of the device's own.
 *
 * Requests are done one after the other on the vCPU's thread. One run of the queue does at most
 * RUN_BYTES of data and then lets the guest go on: a timer that has expired brings it back. One
 * request moves at most REQUEST_BYTES, else it fails: the guest cannot keep the VM's thread.
 */
#include <translator/devices/common.h>
#include <translator/devices/virtio_blk.h>

#include <stdlib.h>
#include <string.h>

#define SECTOR        512u
#define SEGMENTS      254u         /* data buffers a driver may use in a request, */
#define SEGMENT_BYTES (256u << 10) /* each of so many bytes: together below REQUEST_BYTES */
#define REQUEST_BYTES (64u << 20)
#define RUN_BYTES     (16u << 20)
#define REQUEST_COST  4096u /* a request counts at least as so many bytes */
#define ID_BYTES      20u
#define ZEROES_MAX    (RUN_BYTES / SECTOR)

/* clang-format off */
enum { /* 5.2.3 */
    F_SIZE_MAX = 1 << 1, F_SEG_MAX = 1 << 2, F_RO = 1 << 5, F_BLK_SIZE = 1 << 6,
    F_FLUSH = 1 << 9, F_WRITE_ZEROES = 1 << 14,
};
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_WRITE_ZEROES = 13 }; /* 5.2.6 */
enum { S_OK = 0, S_IOERR = 1, S_UNSUPPORTED = 2 };
/* clang-format on */

struct virtio_blk {
    struct virtio v;
    struct disk *disk;
    char id[ID_BYTES];
    struct vtimer go_on;
    uint64_t work;      /* bytes moved in this run, and REQUEST_COST for each request */
    struct chain chain; /* of the request being done */
    uint8_t sector[SECTOR];
};

struct header {
    uint32_t type;
    uint64_t sector;
};
#define HEADER_BYTES 16u

/* Whether bytes at offset lie on the disk and are whole sectors. */
static bool on_disk(const struct virtio_blk *b, uint64_t sector, uint64_t bytes)
{
    uint64_t sectors = b->disk->bytes / SECTOR;
    return bytes % SECTOR == 0 && bytes <= REQUEST_BYTES && sector <= sectors &&
           bytes / SECTOR <= sectors - sector;
}

/* Disk to RAM at the cursor, or RAM to disk: one piece of at most `bytes`; its length, 0: an error. */
static uint64_t move_piece(struct virtio_blk *b, bool to_guest, struct cursor *at, uint64_t offset,
                           uint64_t bytes)
{
    void *host = NULL;
    uint64_t phys = 0;
    struct disk *d = b->disk;
    uint64_t n = cursor_piece(at, bytes, &host, &phys) & ~(uint64_t)(SECTOR - 1);
    if (n == 0) {
        if (to_guest)
            return d->read(d, offset, b->sector, SECTOR) && cursor_write(at, b->sector, SECTOR)
                       ? SECTOR
                       : 0;
        return cursor_read(at, b->sector, SECTOR) && d->write(d, offset, b->sector, SECTOR) ? SECTOR
                                                                                            : 0;
    }
    bool good = to_guest ? d->read(d, offset, host, n) : d->write(d, offset, host, n);
    if (to_guest)
        memory_written(b->v.vm, phys, n);
    return good && cursor_skip(at, n) ? n : 0;
}

/* *written counts what was put into the guest's buffers. */
static unsigned transfer(struct virtio_blk *b, bool to_guest, struct cursor at, uint64_t sector,
                         uint64_t bytes, uint64_t *written)
{
    if (!on_disk(b, sector, bytes) || (!to_guest && b->disk->read_only))
        return S_IOERR;
    b->work += bytes;
    for (uint64_t n, done = 0; done < bytes; done += n) {
        n = move_piece(b, to_guest, &at, sector * SECTOR + done, bytes - done);
        if (n == 0)
            return S_IOERR;
        *written += to_guest ? n : 0;
    }
    return S_OK;
}

static const uint8_t zeroes[128 * SECTOR];

/* Data: one range of 16 bytes {sector, number of sectors, flags} (5.2.6.2). */
static unsigned write_zeroes(struct virtio_blk *b, struct cursor *at, uint64_t bytes)
{
    uint8_t range[16];
    if (bytes != sizeof range || !cursor_read(at, range, sizeof range))
        return S_UNSUPPORTED;
    uint64_t sector = load64(range), count = load32(range + 8);
    if (load32(range + 12) & ~1u) /* bit 0, unmap: may be done by writing */
        return S_UNSUPPORTED;
    if (b->disk->read_only || !on_disk(b, sector, count * SECTOR))
        return S_IOERR;
    b->work += count * SECTOR;
    for (uint64_t n, done = 0; done < count * SECTOR; done += n) {
        n = count * SECTOR - done < sizeof zeroes ? count * SECTOR - done : sizeof zeroes;
        if (!b->disk->write(b->disk, sector * SECTOR + done, zeroes, n))
            return S_IOERR;
    }
    return S_OK;
}

/* Do the request in b->chain; returns its status. data_in: room for data, without the status. */
static unsigned perform(struct virtio_blk *b, uint64_t data_in, uint64_t *written)
{
    uint8_t bytes[HEADER_BYTES];
    struct cursor out = chain_out(b->v.vm, &b->chain), in = chain_in(b->v.vm, &b->chain);
    if (!cursor_read(&out, bytes, sizeof bytes))
        return S_IOERR;
    struct header h = {load32(bytes), load64(bytes + 8)};
    uint64_t data_out = b->chain.out_bytes - HEADER_BYTES;
    switch (h.type) {
    case T_IN:
        return transfer(b, true, in, h.sector, data_in, written);
    case T_OUT:
        return transfer(b, false, out, h.sector, data_out, written);
    case T_FLUSH:
        return b->disk->flush == NULL || b->disk->flush(b->disk) ? S_OK : S_IOERR;
    case T_GET_ID:
        if (data_in < ID_BYTES || !cursor_write(&in, b->id, ID_BYTES))
            return S_IOERR;
        *written += ID_BYTES;
        return S_OK;
    case T_WRITE_ZEROES:
        return write_zeroes(b, &out, data_out);
    }
    return S_UNSUPPORTED;
}

/* One request, answered; false: the driver broke a rule. */
static bool request(struct virtio_blk *b)
{
    const struct chain *c = &b->chain;
    if (c->out_bytes < HEADER_BYTES || c->in_bytes < 1) {
        vm_log(b->v.vm, "virtio-blk: a request without header or status");
        return false;
    }
    uint64_t written = 0, data_in = c->in_bytes - 1;
    uint8_t status = (uint8_t)perform(b, data_in, &written);
    struct cursor at = chain_in(b->v.vm, c);
    b->work += REQUEST_COST;
    if (!cursor_skip(&at, data_in) || !cursor_write(&at, &status, 1)) {
        vm_log(b->v.vm, "virtio-blk: a request's status byte is not in RAM");
        return false;
    }
    /* Only what was written from the start without a gap may be counted (2.6.8). */
    return virtqueue_give(&b->v.queue[0], c,
                          (uint32_t)(written == data_in ? written + 1 : written));
}

static void run(struct virtio_blk *b)
{
    bool any = false;
    b->work = 0;
    while (b->work < RUN_BYTES) {
        enum chain_result r = virtqueue_take(&b->v.queue[0], &b->chain);
        if (r == CHAIN_NONE)
            break;
        if (r == CHAIN_BROKEN || !request(b)) {
            virtio_broken(&b->v);
            return;
        }
        any = true;
    }
    if (any)
        virtio_used(&b->v, 0);
    if (b->work >= RUN_BYTES)
        vtimer_arm(b->v.vm, &b->go_on, vm_time(b->v.vm));
}

static void blk_notify(struct virtio *v, unsigned queue)
{
    (void)queue;
    run((struct virtio_blk *)v);
}

static void blk_go_on(void *device)
{
    struct virtio_blk *b = device;
    if (virtio_live(&b->v))
        run(b);
}

static uint8_t blk_config(struct virtio *v, uint32_t offset)
{
    const struct virtio_blk *b = (const struct virtio_blk *)v;
    const struct {
        uint8_t at, bytes;
        uint64_t value;
    } fields[] = {
        /* 5.2.4 */
        {0, 8, b->disk->bytes / SECTOR}, /* capacity */
        {8, 4, SEGMENT_BYTES},           /* size_max */
        {12, 4, SEGMENTS},               /* seg_max */
        {20, 4, SECTOR},                 /* blk_size */
        {48, 4, ZEROES_MAX},             /* max_write_zeroes_sectors */
        {52, 4, 1},                      /* max_write_zeroes_seg */
    };
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (offset - fields[i].at < fields[i].bytes)
            return (uint8_t)(fields[i].value >> 8 * (offset - fields[i].at));
    return 0;
}

static void blk_reset(struct virtio *v)
{
    struct virtio_blk *b = (struct virtio_blk *)v;
    vtimer_arm(v->vm, &b->go_on, UINT64_MAX);
}

static void blk_destroy(struct virtio *v)
{
    free(v);
}

static const struct virtio_model blk_model = {
    .name = "virtio-blk",
    .id = 2,
    .queues = 1,
    .config = blk_config,
    .notify = blk_notify,
    .reset = blk_reset,
    .destroy = blk_destroy,
};

struct virtio *virtio_blk_create(struct vm *vm, struct disk *disk, const char *serial,
                                 struct line line)
{
    struct virtio_blk *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->disk = disk;
    memcpy(b->id, serial, strnlen(serial, ID_BYTES));
    b->go_on = (struct vtimer){.when = UINT64_MAX, .expired = blk_go_on, .device = b};
    vtimer_add(vm, &b->go_on);
    virtio_init(&b->v, vm, &blk_model, line,
                F_SIZE_MAX | F_SEG_MAX | F_BLK_SIZE | F_FLUSH |
                    (disk->read_only ? F_RO : F_WRITE_ZEROES));
    return &b->v;
}
