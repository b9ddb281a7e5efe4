/*
 * The simulated kernel. It follows docs/kernel-reference.md as far as root goes and aborts on
 * anything it does not know, so that a wrong assumption is a failed test and not a quiet pass.
 * Memory that returns to its parent is filled with AAh: whoever forgets to clear it is found out.
 */
#define _GNU_SOURCE
#include "sim.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tetrapla/sys.h>
#include <unistd.h>

#define OBJECTS  4096
#define SLOTS    1024
#define MAPPINGS 512
#define MEMORY   (64ull << 20)

struct cap {
    struct object *object; /* NULL: empty */
    uint64_t rights, badge;
    struct cap *parent;
};
struct mapping {
    struct object *region;
    uint64_t va, pages;
    unsigned rights;
};
struct object {
    unsigned type, caps;        /* type OBJ_NONE: unused */
    struct object *parent;      /* region; quota */
    struct object *task;        /* thread */
    uint64_t base, pages, used; /* region: bytes, pages; quota: pages, pages */
    bool carved;
    struct cap *slots;        /* task */
    struct mapping *mappings; /* task */
    struct sim_thread thread;
    uint64_t bits; /* notification */
};

static struct object objects[OBJECTS];
static struct object *root_task, *pool;
static int memory_file;
static char *memory; /* all of physical memory */
static struct boot_info machine;
static unsigned calls, fail_call;
static char serial[1 << 20];
static size_t serial_length;

#define CHECK(x)                                                               \
    do {                                                                       \
        if (!(x)) {                                                            \
            printf("FAIL root/simulated-kernel: line %d: %s\n", __LINE__, #x); \
            fflush(stdout);                                                    \
            _exit(3);                                                          \
        }                                                                      \
    } while (0)

/* ---- capabilities ----------------------------------------------------------------------------- */

static struct object *object_make(unsigned type)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        if (objects[i].type == OBJ_NONE) {
            objects[i] = (struct object){.type = type};
            return &objects[i];
        }
    CHECK(!"objects are left");
    return NULL;
}

static struct cap *cap_at(struct object *task, uint64_t slot)
{
    CHECK(slot > 0 && slot < SLOTS);
    return &task->slots[slot];
}

static void cap_put(struct cap *c, struct object *o, uint64_t rights, uint64_t badge,
                    struct cap *parent)
{
    *c = (struct cap){o, rights, badge, parent};
    o->caps++;
}

static void cap_delete(struct cap *c);

static void unmap(struct object *task, struct mapping *m)
{
    if (task == root_task)
        CHECK(munmap((void *)m->va, m->pages * PAGE_SIZE) == 0);
    *m = (struct mapping){0};
}

static void object_die(struct object *o)
{
    if (o->type == OBJ_TASK) {
        for (unsigned s = 1; s < SLOTS; s++)
            if (o->slots[s].object)
                cap_delete(&o->slots[s]);
        free(o->slots);
        free(o->mappings);
    } else if (o->type == OBJ_REGION) {
        for (unsigned i = 0; i < OBJECTS; i++)
            for (unsigned n = 0; objects[i].type == OBJ_TASK && n < MAPPINGS; n++)
                if (objects[i].mappings[n].region == o)
                    unmap(&objects[i], &objects[i].mappings[n]);
        if (o->carved)
            memset(memory + o->base, 0xaa, o->pages * PAGE_SIZE);
    } else if (o->type == OBJ_QUOTA) {
        CHECK(o->used == 0); /* root must delete the task before its quota */
        o->parent->used -= o->pages;
    }
    if (o->type == OBJ_TASK || o->type == OBJ_THREAD)
        o->parent->used -= 4;
    o->type = OBJ_NONE;
}

static void cap_delete(struct cap *c)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        for (unsigned s = 1; objects[i].type == OBJ_TASK && s < SLOTS; s++)
            if (objects[i].slots[s].object && objects[i].slots[s].parent == c)
                cap_delete(&objects[i].slots[s]);
    struct object *o = c->object;
    *c = (struct cap){0};
    if (--o->caps == 0)
        object_die(o);
}

static struct object *need(uint64_t slot, unsigned type)
{
    struct cap *c = cap_at(root_task, slot);
    CHECK(c->object && c->object->type == type);
    return c->object;
}

static struct object *task_arg(uint64_t handle)
{
    return handle ? need(handle, OBJ_TASK) : root_task;
}

/* ---- calls ------------------------------------------------------------------------------------ */

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static void task_fill(struct object *o)
{
    o->slots = calloc(SLOTS, sizeof *o->slots);
    o->mappings = calloc(MAPPINGS, sizeof *o->mappings);
}

static int create(unsigned type, uint64_t quota_slot, uint64_t b, const uint64_t *w)
{
    struct cap *slot = cap_at(root_task, w[0]), *parent = NULL;
    struct object *quota = need(quota_slot, OBJ_QUOTA), *o;
    CHECK(!slot->object);
    if ((type == OBJ_TASK || type == OBJ_THREAD) && quota->pages - quota->used < 4)
        return QUOTA;
    if (type == OBJ_QUOTA && (w[1] == 0 || quota->pages - quota->used < w[1]))
        return QUOTA;
    if (type == OBJ_REGION) {
        struct object *r = need(b, OBJ_REGION);
        CHECK(w[2] > 0 && w[1] + w[2] <= r->pages && w[4] == REGION_CARVE);
        for (unsigned i = 0; i < OBJECTS; i++)
            CHECK(!(objects[i].type == OBJ_REGION && objects[i].parent == r &&
                    overlap(objects[i].base, objects[i].pages * PAGE_SIZE,
                            r->base + w[1] * PAGE_SIZE, w[2] * PAGE_SIZE)));
        for (unsigned n = 0; n < MAPPINGS; n++)
            CHECK(root_task->mappings[n].region != r);
        parent = cap_at(root_task, b);
    }
    o = object_make(type);
    o->parent = quota;
    if (type == OBJ_TASK || type == OBJ_THREAD)
        quota->used += 4;
    switch (type) {
    case OBJ_TASK:
        CHECK(w[1] <= PRIORITY_MAX);
        task_fill(o);
        break;
    case OBJ_THREAD:
        o->task = need(b, OBJ_TASK);
        o->thread.priority = w[2];
        break;
    case OBJ_QUOTA:
        o->pages = w[1];
        quota->used += w[1];
        parent = cap_at(root_task, quota_slot);
        break;
    case OBJ_REGION:
        o->parent = need(b, OBJ_REGION);
        o->base = o->parent->base + w[1] * PAGE_SIZE;
        o->pages = w[2];
        o->carved = true;
        break;
    case OBJ_IRQ:
        need(b, OBJ_IRQ_CONTROL);
        parent = cap_at(root_task, b);
        break;
    case OBJ_PORTS:
        need(b, OBJ_PORTS);
        parent = cap_at(root_task, b);
        break;
    default:
        CHECK(type == OBJ_ENDPOINT || type == OBJ_REPLY || type == OBJ_NOTIFICATION);
    }
    cap_put(slot, o, RIGHTS_ALL, 0, parent);
    return OK;
}

static int cap_call(unsigned op, uint64_t a, uint64_t b, const uint64_t *w)
{
    struct cap *source = cap_at(task_arg(a), w[0]);
    CHECK(source->object);
    if (op == CAP_DELETE) {
        cap_delete(source);
        return OK;
    }
    CHECK(op == CAP_MINT && !(w[3] && source->badge));
    struct cap *to = cap_at(task_arg(b), w[1]);
    CHECK(!to->object);
    cap_put(to, source->object, source->rights & w[2], w[3] ? w[3] : source->badge, source);
    return OK;
}

static int map_one(struct object *task, const struct map_op *op)
{
    struct mapping *m = task->mappings;
    if (op->kind == MAP_PORTS) {
        need(op->region, OBJ_PORTS);
        return OK;
    }
    CHECK(op->va % PAGE_SIZE == 0 && op->pages > 0 && op->va >= USER_MIN &&
          op->va + op->pages * PAGE_SIZE <= USER_MAX);
    if (op->kind == MAP_UNMAP) {
        for (unsigned n = 0; n < MAPPINGS; n++)
            if (m[n].region && m[n].va == op->va && m[n].pages == op->pages)
                unmap(task, &m[n]);
        return OK;
    }
    CHECK(op->kind == MAP_MAP);
    struct object *r = need(op->region, OBJ_REGION);
    CHECK(op->offset + op->pages <= r->pages && op->rights);
    unsigned free_slot = MAPPINGS;
    for (unsigned n = 0; n < MAPPINGS; n++) {
        if (!m[n].region)
            free_slot = n;
        else
            CHECK(!overlap(m[n].va, m[n].pages * PAGE_SIZE, op->va, op->pages * PAGE_SIZE));
    }
    CHECK(free_slot < MAPPINGS);
    if (task == root_task)
        CHECK(mmap((void *)op->va, op->pages * PAGE_SIZE,
                   PROT_READ | (op->rights & MAP_WRITE ? PROT_WRITE : 0),
                   MAP_SHARED | MAP_FIXED_NOREPLACE, memory_file,
                   (off_t)(r->base + op->offset * PAGE_SIZE)) == (void *)op->va);
    m[free_slot] = (struct mapping){r, op->va, op->pages, op->rights};
    return OK;
}

static int thread_call(unsigned op, uint64_t a, uint64_t b, const uint64_t *w)
{
    if (a == 0) { /* root binds its notification to itself */
        CHECK(op == THREAD_BIND);
        need(b, OBJ_NOTIFICATION);
        return OK;
    }
    struct sim_thread *t = &need(a, OBJ_THREAD)->thread;
    switch (op) {
    case THREAD_SET_FAULT:
        need(b, OBJ_ENDPOINT);
        t->fault_endpoint = true;
        return OK;
    case THREAD_PRIORITY:
        t->priority = w[0];
        t->budget = w[1];
        t->period = w[2];
        return OK;
    case THREAD_START:
        CHECK(!t->started && w[2] == STARTUP_VA && w[1] == STACK_TOP);
        t->entry = w[0];
        t->started = true;
        return OK;
    default:
        CHECK(!"a thread operation that is known");
        return BAD_CALL;
    }
}

static int info_call(unsigned what, uint64_t a, const uint64_t *w)
{
    uint64_t *msg = ipc()->msg;
    memset(msg, 0x55, MSG_MAX_WORDS * sizeof *msg); /* the words of a message are gone after this */
    if (what == INFO_SYSTEM) {
        *(struct info_system *)msg = (struct info_system){.cpus_present = 1, .pool_pages = 5000};
    } else if (what == INFO_TASK) {
        need(a, OBJ_TASK);
        *(struct info_task *)msg = (struct info_task){.threads = 1, .cpu_ns = 12345};
    } else if (what == INFO_QUOTA) {
        struct object *q = need(a, OBJ_QUOTA);
        *(struct info_quota *)msg = (struct info_quota){q->pages, q->used};
    } else if (what == INFO_CAP) {
        struct object *task = task_arg(a);
        struct cap none = {0}, *c = w[0] < SLOTS ? cap_at(task, w[0]) : &none;
        *(struct info_cap *)msg =
            (struct info_cap){c->object ? c->object->type : OBJ_NONE, c->rights, c->badge, 0};
    } else {
        CHECK(!"a question that is known");
    }
    return OK;
}

/* ---- the turn --------------------------------------------------------------------------------- */

static sem_t root_turn, test_turn;
static pthread_t root_thread;
static bool root_ended;
static struct message event; /* for root; words 6.. in event_words */
static uint64_t event_words[MSG_MAX_WORDS], answer_words[MSG_MAX_WORDS];
static unsigned answer_count;

static uint64_t receive(bool answered, unsigned count, uint64_t w[6], uint64_t *badge)
{
    answer_count = answered ? count : 0;
    memcpy(answer_words, ipc()->msg, sizeof answer_words);
    memcpy(answer_words, w, MSG_REG_WORDS * sizeof *w);
    sem_post(&test_turn);
    sem_wait(&root_turn);
    memset(ipc()->msg, 0x66, sizeof ipc()->msg);
    for (unsigned i = MSG_REG_WORDS; i < event.words; i++)
        ipc()->msg[i] = event_words[i];
    memcpy(w, event.w, sizeof event.w);
    *badge = event.badge;
    return OK | (uint64_t)event.kind << 8 | (uint64_t)event.words << 16;
}

static bool fallible(unsigned call, unsigned sub)
{
    return call == CALL_CREATE || call == CALL_MAP || (call == CALL_CAP && sub == CAP_MINT) ||
           (call == CALL_THREAD && sub != THREAD_BIND);
}

static bool is_unmap(unsigned call)
{
    return call == CALL_MAP && ipc()->vector[0].kind == MAP_UNMAP; /* never fails */
}

uint64_t trap(uint64_t word, uint64_t w[6], uint64_t *badge)
{
    unsigned call = word & 0xff, sub = word >> 8 & 0xff;
    uint64_t a = word >> 16 & 0xffffff, b = word >> 40;
    int status = OK;
    if (fallible(call, sub) && !is_unmap(call) && ++calls == fail_call) {
        if (call == CALL_MAP)
            w[0] = 0;
        return QUOTA;
    }
    switch (call) {
    case CALL_CREATE:
        return (uint64_t)create(sub, a, b, w);
    case CALL_CAP:
        return (uint64_t)cap_call(sub, a, b, w);
    case CALL_MAP:
        for (uint64_t i = 0; i < w[0] && status == OK; i++)
            status = map_one(task_arg(a), &ipc()->vector[i]);
        return (uint64_t)status;
    case CALL_THREAD:
        return (uint64_t)thread_call(sub, a, b, w);
    case CALL_SIGNAL:
        need(a, OBJ_NOTIFICATION)->bits |= w[0];
        return OK;
    case CALL_IRQ:
        CHECK(sub == IRQ_BIND && b == 0);
        need(a, OBJ_IRQ);
        return OK;
    case CALL_INFO:
        return (uint64_t)info_call(sub, a, w);
    case CALL_RECV:
    case CALL_REPLY_RECV:
        need(a, OBJ_ENDPOINT);
        need(b, OBJ_REPLY);
        return receive(call == CALL_REPLY_RECV, sub, w, badge);
    default:
        CHECK(!"a call that is known");
        return BAD_CALL;
    }
}

/* ---- the user library, where it is not the real one ------------------------------------------- */

static struct ipc_page ipc_page;
static uint64_t now = 1000000;

struct ipc_page *ipc(void)
{
    return &ipc_page;
}
uint64_t time_now(void)
{
    return now += 1000000;
}
const struct boot_info *boot_info(void)
{
    return &machine;
}
void uart_write(const char *bytes, size_t n)
{
    CHECK(serial_length + n < sizeof serial);
    memcpy(serial + serial_length, bytes, n);
    serial_length += n;
}
const struct grant *grant_nth(unsigned kind, unsigned n)
{
    (void)kind, (void)n;
    return NULL;
}
void sleep_ns(uint64_t ns)
{
    now += ns;
}

/* ---- boot ------------------------------------------------------------------------------------- */

static struct boot_region *add_region(unsigned kind, uint64_t base, uint64_t pages)
{
    struct boot_region *r = &machine.region[machine.region_count];
    struct object *o = object_make(OBJ_REGION);
    *r = (struct boot_region){.kind = kind, .physical = base, .pages = pages};
    r->handle = ROOT_FIRST_REGION + (handle_t)machine.region_count++;
    o->base = base;
    o->pages = pages;
    cap_put(cap_at(root_task, r->handle), o, RIGHTS_ALL, 0, NULL);
    return r;
}

static void add_module(const char *name, const void *bytes, size_t n, uint64_t base)
{
    struct boot_region *r = add_region(BOOT_MODULE, base, (n + PAGE_SIZE) / PAGE_SIZE);
    snprintf(r->name, sizeof r->name, "%s", name);
    r->bytes = n;
    memcpy(memory + base, bytes, n);
}

/* The smallest program: one page of text, one of data with bss. */
static void add_program(uint64_t base)
{
    static uint8_t file[0x2010];
    static const uint64_t words[][2] = {
        /* byte offset, value: ELF header, then two program headers */
        {0, 0x00010102464c457f},
        {16, 0x00000001003e0002},
        {24, IMAGE_VA},
        {32, 64},
        {48, 0x0038004000000000},
        {56, 2},
        {64, 0x0000000500000001},
        {72, 0x1000},
        {80, IMAGE_VA},
        {96, 0x800},
        {104, 0x800},
        {120, 0x0000000600000001},
        {128, 0x2000},
        {136, IMAGE_VA + 0x1000},
        {152, 0x10},
        {160, 0x3000}};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        memcpy(file + words[i][0], &words[i][1], 8);
    memset(file + 0x1000, 0x90, 0x800);
    add_module("p", file, sizeof file, base);
}

void slots_init(handle_t first);
int root_main(void);

static void *run_root(void *unused)
{
    (void)unused;
    slots_init(256);
    root_main();
    root_ended = true;
    sem_post(&test_turn);
    return NULL;
}

static void fixed(handle_t slot, unsigned type)
{
    struct object *o = type == OBJ_TASK ? root_task : object_make(type);
    cap_put(cap_at(root_task, slot), o, RIGHTS_ALL, 0, NULL);
    if (slot == ROOT_QUOTA)
        pool = o;
}

bool sim_boot(const char *manifest, unsigned fail_at)
{
    memory_file = memfd_create("memory", 0);
    CHECK(ftruncate(memory_file, MEMORY) == 0);
    memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, memory_file, 0);
    CHECK(memory != MAP_FAILED);
    memset(memory, 0xaa, 32 << 20);
    root_task = object_make(OBJ_TASK);
    task_fill(root_task);
    fixed(ROOT_TASK, OBJ_TASK);
    fixed(ROOT_THREAD, OBJ_THREAD);
    fixed(ROOT_QUOTA, OBJ_QUOTA);
    fixed(ROOT_IRQ_CONTROL, OBJ_IRQ_CONTROL);
    fixed(ROOT_PORTS, OBJ_PORTS);
    pool->pages = 4000;
    machine.magic = BOOTINFO_MAGIC;
    machine.ram_bytes = MEMORY;
    machine.framebuffer.present = 1;
    machine.framebuffer.width = 1280;
    snprintf(machine.command_line, sizeof machine.command_line, "log=serial");
    add_region(BOOT_RAM, 0x100000, 100);
    add_region(BOOT_RAM, 0x200000, 6000);
    add_region(BOOT_FRAMEBUFFER, 0x2000000 + 0x1000, 1000);
    add_module("manifest", manifest, strlen(manifest), 0x3000000);
    add_module("bad", "not a program", 13, 0x3010000);
    add_module("font", "PFF2", 4, 0x3020000);
    add_program(0x3030000);
    fail_call = fail_at;
    sem_init(&root_turn, 0, 0);
    sem_init(&test_turn, 0, 0);
    CHECK(pthread_create(&root_thread, NULL, run_root, NULL) == 0);
    sem_wait(&test_turn);
    return !root_ended;
}

unsigned sim_calls(void)
{
    return calls;
}

void sim_fail(unsigned n)
{
    fail_call = n ? calls + n : 0;
}

static void turn(void)
{
    sem_post(&root_turn);
    sem_wait(&test_turn);
    CHECK(!root_ended);
}

unsigned sim_request(unsigned number, uint64_t words[MSG_MAX_WORDS], unsigned count)
{
    event = (struct message){.badge = number, .words = count, .kind = RECV_MESSAGE};
    memcpy(event_words, words, sizeof event_words);
    memcpy(event.w, words, sizeof event.w);
    turn();
    memcpy(words, answer_words, sizeof answer_words);
    return answer_count;
}

bool sim_fault(unsigned number, unsigned vector)
{
    event = (struct message){.badge = 0x10000 | number,
                             .words = FAULT_WORDS,
                             .kind = RECV_FAULT,
                             .w = {vector, 0x100000123, 0x10, PF_WRITE | PF_USER, 0x7eff, 0x202}};
    turn();
    return answer_count == 1 && answer_words[0] == FAULT_REPLY_STOP;
}

void sim_signal(uint64_t bits)
{
    event = (struct message){.badge = bits, .kind = RECV_SIGNALS};
    turn();
}

/* ---- looking ---------------------------------------------------------------------------------- */

struct sim_counts sim_count(void)
{
    struct sim_counts c = {.quota_used = pool->used};
    for (unsigned i = 0; i < OBJECTS; i++)
        c.objects[objects[i].type] += objects[i].type != OBJ_NONE;
    for (unsigned s = 1; s < SLOTS; s++)
        c.root_caps += root_task->slots[s].object != NULL;
    for (unsigned n = 0; n < MAPPINGS; n++)
        c.root_mappings += root_task->mappings[n].region != NULL;
    return c;
}

static struct object *task_of(unsigned number)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        if (objects[i].type == OBJ_TASK && &objects[i] != root_task &&
            objects[i].slots[TASK_ROOT].object && objects[i].slots[TASK_ROOT].badge == number)
            return &objects[i];
    return NULL;
}

static const struct mapping *mapping_at(unsigned number, uint64_t va)
{
    struct object *t = task_of(number);
    for (unsigned n = 0; t && n < MAPPINGS; n++) {
        const struct mapping *m = &t->mappings[n];
        if (m->region && va >= m->va && va < m->va + m->pages * PAGE_SIZE)
            return m;
    }
    return NULL;
}

const struct startup *sim_startup(unsigned number)
{
    const struct mapping *m = mapping_at(number, STARTUP_VA);
    return m ? (const struct startup *)(memory + m->region->base) : NULL;
}

const char *sim_memory(unsigned number, uint64_t va)
{
    const struct mapping *m = mapping_at(number, va);
    return m ? memory + m->region->base + (va - m->va) : NULL;
}

struct info_cap sim_cap(unsigned number, handle_t slot)
{
    struct object *t = task_of(number);
    struct cap none = {0}, *c = t ? cap_at(t, slot) : &none;
    return (struct info_cap){c->object ? c->object->type : OBJ_NONE, c->rights, c->badge, 0};
}

bool sim_same(unsigned number, handle_t a, unsigned other, handle_t b)
{
    struct object *t = task_of(number), *o = task_of(other);
    return t && o && cap_at(t, a)->object && cap_at(t, a)->object == cap_at(o, b)->object;
}

struct sim_thread sim_thread(unsigned number)
{
    struct object *t = task_of(number);
    struct cap none = {0}, *c = t ? cap_at(t, TASK_THREAD) : &none;
    return c->object ? c->object->thread : (struct sim_thread){0};
}

bool sim_memory_clean(unsigned number)
{
    struct object *t = task_of(number);
    const struct startup *s = sim_startup(number);
    const struct object *r = cap_at(t, TASK_MEMORY)->object;
    for (uint64_t i = s->memory_used; i < s->memory_bytes; i++)
        if (memory[r->base + i])
            return false;
    return true;
}

bool sim_mapped(unsigned number, uint64_t va, unsigned rights)
{
    const struct mapping *m = mapping_at(number, va);
    return m && m->rights == rights;
}

const char *sim_log(void)
{
    serial[serial_length] = 0;
    return serial;
}
