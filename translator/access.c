/*
 * Virtual accesses by C code: helpers, device sites, the interpreter, debuggers.
 *
 * An access is split where it crosses a page; every part is walked before any byte is moved, so a
 * store that faults has changed nothing. A small cache of walks (struct soft_entry) is keyed by
 * window key, so it stays right across mode and process switches; window_flush* empties it.
 */
#include <string.h>

#include <translator/machine.h>

void soft_flush(struct vm *vm)
{
    vm->soft_large[0] = ~0u;
    vm->soft_large[1] = 0;
    if (++vm->soft_age == 0)
        memset(vm->soft, 0, sizeof vm->soft);
}

/* A flush of any address of a guest entry is one of all its pages. */
static void note_large(struct vm *vm, const struct walk *w)
{
    uint32_t last = w->lead + (w->size - 1);
    if (w->lead < vm->soft_large[0])
        vm->soft_large[0] = w->lead;
    if (last > vm->soft_large[1])
        vm->soft_large[1] = last;
}

/* One page's part of an access. */
struct part {
    uint8_t *host; /* RAM, or NULL: */
    uint64_t phys; /* a device, or nothing */
    unsigned bytes;
};

static void fault(struct cpu *cpu, uint32_t va, unsigned kind, uint32_t status)
{
    cpu->fault_va = va;
    cpu->fault_kind = kind;
    cpu->fault_status = status;
    cpu->exit_request = EXIT_FAULT;
}

static bool find(struct cpu *cpu, uint32_t va, unsigned bytes, unsigned kind, struct part *p)
{
    struct vm *vm = cpu->vm;
    struct soft_entry *e = soft_slot(vm, va, kind);
    uint32_t tag = (va & GUEST_PAGE_MASK) | kind | SOFT_VALID;
    const struct window_keys *keys = &windows_now(vm)->keys;
    uint64_t key = kind & ACCESS_USER ? keys->alt : keys->choose;
    p->bytes = bytes;
    if (e->page == tag && e->age == vm->soft_age && e->main == keys->main && e->key == key) {
        p->host = e->host + (va & ~GUEST_PAGE_MASK);
        return true;
    }
    struct walk w;
    vm->walks++;
    vm->frontend->walk(cpu, va, kind, &w);
    if (w.status != 0) {
        fault(cpu, va, kind, w.status);
        return false;
    }
    p->phys = w.phys;
    p->host = NULL;
    struct ram *r = ram_find(vm, w.phys);
    if (r == NULL || (r->rom && (kind & ACCESS_WRITE) != 0))
        return true;
    p->host = (uint8_t *)r->alias + (w.phys - r->phys);
    if ((kind & ACCESS_WRITE) != 0 && ram_page(r, w.phys)->code) {
        uint64_t page = w.phys & ~(uint64_t)(GUEST_PAGE - 1);
        if (vm->in_code && vm->frontend->stores_act_at_once && cache_check_page(vm, r, page)) {
            cpu->exit_request = EXIT_STATE; /* again, in a block that looks at what was written */
            return false;
        }
        cache_kill_page(vm, r, page); /* the store that follows changes it */
        return true;
    }
    if (w.size > GUEST_PAGE)
        note_large(vm, &w);
    *e = (struct soft_entry){.main = keys->main,
                             .key = key,
                             .page = tag,
                             .age = vm->soft_age,
                             .host = p->host - (va & ~GUEST_PAGE_MASK)};
    return true;
}

/* Both parts of an access; the second has 0 bytes if there is only one page. */
static bool find_all(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind,
                     struct part part[2])
{
    unsigned room = GUEST_PAGE - (va & ~GUEST_PAGE_MASK);
    unsigned first = size < room ? size : room;
    part[1].bytes = 0;
    if (va + size - 1 < va && cpu->vm->frontend->over_end_faults) {
        fault(cpu, va, kind, WALK_OVER_END);
        return false;
    }
    return find(cpu, va, first, kind, &part[0]) &&
           (first == size || find(cpu, va + first, size - first, kind, &part[1]));
}

/* Devices see naturally sized pieces of at most 8 bytes. */
static bool move_device(struct vm *vm, const struct part *p, uint8_t *bytes, bool write)
{
    for (unsigned at = 0, n; at < p->bytes; at += n) {
        unsigned left = p->bytes - at;
        n = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        uint64_t v = 0;
        if (write)
            memcpy(&v, bytes + at, n);
        if (!(write ? memory_write(vm, p->phys + at, n, v)
                    : memory_read(vm, p->phys + at, n, &v))) {
            if (!vm->frontend->open_bus)
                return false;
            v = ~0ull;
        }
        if (!write)
            memcpy(bytes + at, &v, n);
    }
    return true;
}

/* With icount, an instruction that accesses a device is a block by itself: what the device does then
 * happens at an exact count, and an interrupt it raises comes right after the instruction. The first
 * time the running block is left before it. */
static bool alone(struct cpu *cpu, const struct part part[2])
{
    struct vm *vm = cpu->vm;
    bool device = part[0].host == NULL || (part[1].bytes != 0 && part[1].host == NULL);
    if (!device || !vm->config.icount || vm->alone)
        return true;
    vm->alone = true;
    cpu->exit_request = EXIT_STATE;
    return false;
}

bool access_move(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint8_t *bytes)
{
    struct vm *vm = cpu->vm;
    struct part part[2];
    bool write = (kind & ACCESS_WRITE) != 0;
    if (!find_all(cpu, va, size, kind, part) || !alone(cpu, part))
        return false;
    for (unsigned n = 0; n < 2 && part[n].bytes != 0; n++) {
        struct part *p = &part[n];
        if (p->host == NULL) {
            if (!move_device(vm, p, bytes, write)) {
                fault(cpu, va, kind, WALK_NOTHING);
                return false;
            }
        } else if (write) {
            memcpy(p->host, bytes, p->bytes);
        } else {
            memcpy(bytes, p->host, p->bytes);
        }
        bytes += p->bytes;
    }
    return true;
}

uint8_t *guest_span(struct cpu *cpu, uint32_t va, unsigned kind, unsigned *bytes)
{
    struct part p;
    if (!find(cpu, va, 1, kind, &p)) {
        cpu->exit_request = EXIT_NONE;
        return NULL;
    }
    *bytes = GUEST_PAGE - (va & ~GUEST_PAGE_MASK);
    return p.host;
}

static inline bool move(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint8_t *bytes)
{
    cpu->vm->counts.slow_accesses++;
    return cpu->cold_at != 0 ? cold_access(cpu, va, size, kind, bytes)
                             : access_move(cpu, va, size, kind, bytes);
}

bool guest_load(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind, uint64_t value[2])
{
    value[0] = 0;
    if (size == 16)
        value[1] = 0;
    return move(cpu, va, size, kind, (uint8_t *)value);
}

bool guest_store(struct cpu *cpu, uint32_t va, unsigned size, unsigned kind,
                 const uint64_t value[2])
{
    uint8_t bytes[16];
    memcpy(bytes, value, size);
    return move(cpu, va, size, kind | ACCESS_WRITE, bytes);
}

static bool debug_move(struct cpu *cpu, uint32_t va, uint8_t *bytes, unsigned count, bool write)
{
    struct vm *vm = cpu->vm;
    while (count > 0) {
        unsigned room = GUEST_PAGE - (va & ~GUEST_PAGE_MASK);
        unsigned n = count < room ? count : room;
        struct walk w;
        vm->frontend->walk(cpu, va, ACCESS_DEBUG, &w);
        uint8_t *host = w.status == 0 ? memory_ram(vm, w.phys, n) : NULL;
        if (host == NULL)
            return false;
        if (write) {
            memcpy(host, bytes, n);
            memory_written(vm, w.phys, n);
        } else {
            memcpy(bytes, host, n);
        }
        va += n, bytes += n, count -= n;
    }
    return true;
}

bool guest_peek(struct cpu *cpu, uint32_t va, void *to, unsigned bytes)
{
    return debug_move(cpu, va, to, bytes, false);
}

bool guest_poke(struct cpu *cpu, uint32_t va, const void *from, unsigned bytes)
{
    return debug_move(cpu, va, (uint8_t *)from, bytes, true);
}
