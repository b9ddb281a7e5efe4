/*
 * The PROM of the board `ss5` as words in RAM: what a client finds when it is entered.
 *
 *   trap table     each entry reports the trap and waits for ever
 *   romvec         OpenBoot's, version 3: pointers to code and data (ss5.h has the places)
 *   services       stub n:  sethi %hi(mailbox), %g1;  st %o0..%o5, [%g1 ...];  mov 4 * n, %o0;
 *                           sta %g0, [%o0] 0xff;  retl;  ld [%g1 + 24], %o0
 *   page tables    RAM at 0 and at KERNEL_VA, the PROM, its client's device registers; supervisor only
 *
 * The extended instruction is executed with the caller's MMU context, whatever it is by then, so
 * stubs and mailbox must stay mapped; clients copy the PROM's mappings into tables of their own.
 */
#include <translator/boards/ss5.h>

#include <string.h>

#include <translator/devices/be_bus.h>

/* Instructions (V8 appendix B). */
#define G1            1u
#define O0            8u
#define L0            16u
#define O7            15u
#define SETHI(rd, v)  ((rd) << 25 | 4u << 22 | (v) >> 10)
#define MOV(n, rd)    (2u << 30 | (rd) << 25 | 2u << 19 | 1u << 13 | (n))
#define ST(rd, rs, n) (3u << 30 | (rd) << 25 | 4u << 19 | (rs) << 14 | 1u << 13 | (n))
#define LD(rs, n, rd) (3u << 30 | (rd) << 25 | (rs) << 14 | 1u << 13 | (n))
#define CALL_BOARD(r) (3u << 30 | 0x14u << 19 | (r) << 14 | 0xffu << 5) /* sta %g0, [r] 0xff */
#define RETL          (2u << 30 | 0x38u << 19 | O7 << 14 | 1u << 13 | 8u)
#define BRANCH_SELF   (8u << 25 | 2u << 22)
#define NOP           (4u << 22)

#define STUB_BYTES 64u
#define TRAPS      256u

/* Page table entries (V8 appendix H). */
#define PTD          1u
#define PTE          2u
#define PTE_SYSTEM   (7u << 2) /* supervisor: read, write, execute */
#define PTE_CACHE    0x80u
#define LEVEL1_SHIFT 24
#define LEVEL2_SHIFT 18
#define LEVEL3_SHIFT 12
#define ENTRY(phys)  ((uint32_t)((phys) >> 4))
#define INDEX(va, n) ((va) >> LEVEL##n##_SHIFT)

#define ROMVEC_MAGIC   0x10010407u
#define ROMVEC_VERSION 3u
#define ROMVEC_WORDS   70u
#define TTYA           1u

/* Words at PROM_NUMBERS. */
enum number { N_BOOTARGS, N_BOOTPATH, N_STDIN, N_STDOUT, N_TTYA, N_NULL, N_SYNC, N_TICKS };
#define NUMBER(n) (PROM_VA + PROM_NUMBERS + 4u * (n))
#define STUB(n)   (PROM_VA + PROM_STUBS + STUB_BYTES * SERVICE_##n)

/* The romvec: word number, value. */
static const struct {
    uint16_t at;
    uint32_t value;
} romvec[] = {
    {0x00, ROMVEC_MAGIC},       {0x04, ROMVEC_VERSION},     {0x08, 2}, /* plug-in revision */
    {0x0c, 0x00020019},         {0x10, NUMBER(N_NULL)}, /* memory lists of version 0 */
    {0x14, NUMBER(N_NULL)},     {0x18, NUMBER(N_NULL)},     {0x1c, PROM_VA + PROM_NODE_OPS},
    {0x20, NUMBER(N_BOOTARGS)}, {0x48, NUMBER(N_TTYA)}, /* stdin, stdout: which device */
    {0x4c, NUMBER(N_TTYA)},     {0x50, STUB(GET_CHAR)},     {0x54, STUB(PUT_CHAR)},
    {0x58, STUB(GET_CHAR_NOW)}, {0x5c, STUB(PUT_CHAR_NOW)}, {0x60, STUB(PUT_STRING)},
    {0x64, STUB(REBOOT)},       {0x68, STUB(PRINT)},        {0x6c, STUB(ABORT)},
    {0x70, NUMBER(N_TICKS)},    {0x74, STUB(HALT)},         {0x78, NUMBER(N_SYNC)},
    {0x7c, STUB(EVALUATE)},     {0x80, NUMBER(N_NULL)}, /* boot arguments of version 0 */
    {0x84, STUB(ETHERNET)},     {0x88, NUMBER(N_BOOTPATH)}, {0x8c, NUMBER(N_BOOTARGS)},
    {0x90, NUMBER(N_STDIN)},    {0x94, NUMBER(N_STDOUT)},   {0x98, STUB(INSTANCE)},
    {0x9c, STUB(ALLOCATE)},     {0xa0, STUB(FREE)},         {0xa4, STUB(MAP)},
    {0xa8, STUB(UNMAP)},        {0xac, STUB(OPEN)},         {0xb0, STUB(CLOSE)},
    {0xb4, STUB(READ)},         {0xb8, STUB(WRITE)},        {0xbc, STUB(SEEK)},
};

static const uint32_t node_ops[] = {STUB(NEXT_NODE),    STUB(CHILD),        STUB(PROPERTY_LENGTH),
                                    STUB(GET_PROPERTY), STUB(SET_PROPERTY), STUB(NEXT_PROPERTY)};

static const uint32_t numbers[] = {
    [N_BOOTARGS] = PROM_VA + PROM_BOOTARGS,
    [N_BOOTPATH] = NUMBER(N_NULL), /* an empty string */
    [N_STDIN] = NODE_SERIAL,
    [N_STDOUT] = NODE_SERIAL,
    [N_TTYA] = TTYA << 24, /* a byte */
    [N_TICKS] = 0,
};

static void put_words(uint8_t *to, const uint32_t *from, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        store_be32(to + 4 * i, from[i]);
}

static void put_code(uint8_t *base)
{
    for (unsigned n = 0; n < TRAPS; n++) {
        const uint32_t code[] = {MOV(CALL_STEP * SERVICE_TRAP, L0), CALL_BOARD(L0), BRANCH_SELF,
                                 NOP};
        put_words(base + PROM_TRAPS + 16 * n, code, 4);
    }
    for (unsigned n = 0; n < SERVICES; n++) {
        uint8_t *to = base + PROM_STUBS + STUB_BYTES * n;
        const uint32_t end[] = {MOV(CALL_STEP * n, O0), CALL_BOARD(O0), RETL,
                                LD(G1, PROM_MAILBOX_RESULT, O0)};
        store_be32(to, SETHI(G1, PROM_VA + PROM_MAILBOX));
        for (unsigned i = 0; i < SERVICE_ARGUMENTS; i++)
            store_be32(to + 4 + 4 * i, ST(O0 + i, G1, 4 * i));
        put_words(to + 4 + 4 * SERVICE_ARGUMENTS, end, 4);
    }
}

static void put_vector(uint8_t *base)
{
    for (unsigned i = 0; i < ROMVEC_WORDS; i++) /* what there is not, also what is a code address */
        store_be32(base + PROM_VECTOR + 4 * i, STUB(FAIL));
    for (unsigned i = 0; i < sizeof romvec / sizeof romvec[0]; i++)
        store_be32(base + PROM_VECTOR + romvec[i].at, romvec[i].value);
    put_words(base + PROM_NODE_OPS, node_ops, sizeof node_ops / 4);
    put_words(base + PROM_NUMBERS, numbers, sizeof numbers / 4);
}

static void put_tables(const struct ss5_prom *p, uint8_t *base)
{
    uint8_t *level1 = base + PROM_LEVEL1, *level2 = base + PROM_LEVEL2;
    for (unsigned i = 0; i < 256; i++)
        store_be32(base + PROM_CONTEXTS + 4 * i, ENTRY(p->phys + PROM_LEVEL1) | PTD);
    for (uint32_t at = 0; at < p->facts.ram_bytes; at += 1u << LEVEL1_SHIFT) {
        uint32_t entry = ENTRY(at) | PTE | PTE_SYSTEM | PTE_CACHE;
        store_be32(level1 + 4 * INDEX(at, 1), entry);
        if (at < (0xfd000000u - KERNEL_VA)) /* above it comes what the PROM may use */
            store_be32(level1 + 4 * INDEX(KERNEL_VA + at, 1), entry);
    }
    store_be32(level1 + 4 * INDEX(PROM_VA, 1), ENTRY(p->phys + PROM_LEVEL2) | PTD);
    store_be32(level2 + 4 * (INDEX(PROM_VA, 2) % 64),
               ENTRY(p->phys) | PTE | PTE_SYSTEM | PTE_CACHE);
    store_be32(level2 + 4 * (INDEX(PROM_DEVICES, 2) % 64), ENTRY(p->phys + PROM_LEVEL3) | PTD);
    for (unsigned i = 0; ss5_device_pages[i] != 0; i++)
        store_be32(base + PROM_LEVEL3 + 4 * i, ENTRY(ss5_device_pages[i]) | PTE | PTE_SYSTEM);
}

bool ss5_prom_build(struct ss5_prom *p)
{
    uint8_t *base = memory_ram(p->vm, p->phys, PROM_BYTES);
    size_t length = strlen(p->facts.bootargs);
    if (base == NULL)
        return false;
    memset(base, 0, PROM_BYTES);
    put_code(base);
    put_vector(base);
    put_tables(p, base);
    if (length > PROM_BOOTARGS_ROOM - 1)
        length = PROM_BOOTARGS_ROOM - 1;
    memcpy(base + PROM_BOOTARGS, p->facts.bootargs, length);
    memory_written(p->vm, p->phys, PROM_BYTES);
    return true;
}
