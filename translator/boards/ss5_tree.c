/*
 * The device tree of the board `ss5`: nodes and properties as a SPARCstation 5's firmware has them
 * (IEEE 1275; sun4m bindings), of the devices that are there.
 *
 * A node's siblings and children follow from the order of the enumeration and the parents below. Words
 * are big-endian in the value; `reg` is (space, address, bytes), `intr` (level and bus, 0): 2x is on
 * board. `address` is where the PROM has mapped the registers.
 */
#include <translator/boards/ss5.h>

#include <string.h>

#include <translator/devices/be_bus.h>

static const uint8_t parents[NODES] = {
    [NODE_ROOT] = NODE_NONE,     [NODE_CPU] = NODE_ROOT,    [NODE_MEMORY] = NODE_ROOT,
    [NODE_ALIASES] = NODE_ROOT,  [NODE_CHOSEN] = NODE_ROOT, [NODE_OPTIONS] = NODE_ROOT,
    [NODE_OPENPROM] = NODE_ROOT, [NODE_OBIO] = NODE_ROOT,   [NODE_SERIAL] = NODE_OBIO,
    [NODE_KEYBOARD] = NODE_OBIO, [NODE_NVRAM] = NODE_OBIO,  [NODE_CONFIG] = NODE_OBIO,
    [NODE_AUX1] = NODE_OBIO,     [NODE_AUX2] = NODE_OBIO,   [NODE_TIMER] = NODE_OBIO,
    [NODE_IRQ] = NODE_OBIO,      [NODE_IOMMU] = NODE_ROOT,  [NODE_SBUS] = NODE_IOMMU,
    [NODE_DMA] = NODE_SBUS,      [NODE_ESP] = NODE_DMA,     [NODE_APC] = NODE_SBUS,
};

/* clang-format off */
enum device_page {
    PAGE_CPU_IRQ, PAGE_IRQ, PAGE_CPU_TIMER, PAGE_TIMER, PAGE_SERIAL, PAGE_KEYBOARD, PAGE_NVRAM, PAGE_NVRAM2,
    PAGE_AUX1, PAGE_AUX2, PAGE_IOMMU, PAGE_SBUS, PAGES
};
const uint32_t ss5_device_pages[PAGES + 1] = {
    [PAGE_CPU_IRQ] = SS5_OBIO + OBIO_CPU_IRQ,
    [PAGE_IRQ] = SS5_OBIO + OBIO_IRQ,
    [PAGE_CPU_TIMER] = SS5_OBIO + OBIO_CPU_TIMER,
    [PAGE_TIMER] = SS5_OBIO + OBIO_TIMER,
    [PAGE_SERIAL] = SS5_OBIO + OBIO_SERIAL,
    [PAGE_KEYBOARD] = SS5_OBIO + OBIO_KEYBOARD,
    [PAGE_NVRAM] = SS5_OBIO + OBIO_NVRAM,
    [PAGE_NVRAM2] = SS5_OBIO + OBIO_NVRAM + 0x1000,
    [PAGE_AUX1] = SS5_OBIO + OBIO_AUX1,
    [PAGE_AUX2] = SS5_OBIO + OBIO_AUX2,
    [PAGE_IOMMU] = SS5_IOMMU,
    [PAGE_SBUS] = SS5_SBUS,
};
/* clang-format on */
#define AT(page) (PROM_DEVICES + 0x1000u * (page))

enum kind { TEXT, WORDS, EMPTY, AVAILABLE, MEMORY, BOOTARGS, IDPROM };

#define WORDS_MAX 30
struct property {
    uint8_t node;
    uint8_t kind;
    uint8_t count; /* of words */
    const char *name, *text;
    uint32_t word[WORDS_MAX];
};
#define COUNT_OF(...)       (sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
#define T(node, name, text) {NODE_##node, TEXT, 0, name, text, {0}},
#define W(node, name, ...)  {NODE_##node, WORDS, COUNT_OF(__VA_ARGS__), name, NULL, {__VA_ARGS__}},
#define K(node, name, kind) {NODE_##node, kind, 0, name, NULL, {0}},
#define SLOT(n, base)       n, 0, 0, base, 0x10000000
#define ZS_PATH             "/obio/zs@0,100000:a"

/* clang-format off */
static const struct property properties[] = {
    T(ROOT, "name", "SUNW,SPARCstation-5")
    T(ROOT, "compatible", "sun4m")
    T(ROOT, "model", "SUNW,501-3059")
    T(ROOT, "banner-name", "SPARCstation 5")
    T(ROOT, "stdout-path", ZS_PATH)
    T(ROOT, "stdin-path", ZS_PATH)
    W(ROOT, "#address-cells", 2)
    W(ROOT, "#size-cells", 1)
    W(ROOT, "clock-frequency", SS5_CPU_CLOCK)
    K(ROOT, "idprom", IDPROM)

    T(CPU, "name", "FMI,MB86904")
    T(CPU, "device_type", "cpu")
    W(CPU, "clock-frequency", SS5_CPU_CLOCK)
    W(CPU, "mid", 0)
    W(CPU, "implementation", 0)
    W(CPU, "version", 4)
    W(CPU, "psr-implementation", 0)
    W(CPU, "psr-version", 4)
    W(CPU, "sparc-version", 8)
    W(CPU, "mask_rev", SS5_MASK_ID >> 24)
    W(CPU, "page-size", 4096)
    W(CPU, "mmu-nctx", 256)
    W(CPU, "ncaches", 2)
    W(CPU, "cache-line-size", 32)
    W(CPU, "cache-nlines", 512)
    W(CPU, "icache-associativity", 1)
    W(CPU, "icache-line-size", 32)
    W(CPU, "icache-nlines", 512)
    W(CPU, "dcache-associativity", 1)
    W(CPU, "dcache-line-size", 16)
    W(CPU, "dcache-nlines", 512)

    T(MEMORY, "name", "memory")
    T(MEMORY, "device_type", "memory")
    K(MEMORY, "reg", MEMORY)
    K(MEMORY, "available", AVAILABLE)

    T(ALIASES, "name", "aliases")
    T(ALIASES, "ttya", ZS_PATH)
    T(ALIASES, "ttyb", "/obio/zs@0,100000:b")

    T(CHOSEN, "name", "chosen")
    K(CHOSEN, "bootargs", BOOTARGS)
    W(CHOSEN, "stdin", NODE_SERIAL)
    W(CHOSEN, "stdout", NODE_SERIAL)

    T(OPTIONS, "name", "options")
    T(OPTIONS, "input-device", "ttya")
    T(OPTIONS, "output-device", "ttya")

    T(OPENPROM, "name", "openprom")
    T(OPENPROM, "device_type", "BootROM")
    T(OPENPROM, "model", "Tetrapla")
    W(OPENPROM, "boot-syntax", 1)

    T(OBIO, "name", "obio")
    T(OBIO, "device_type", "hierarchical")
    W(OBIO, "#address-cells", 2)
    W(OBIO, "#size-cells", 1)
    W(OBIO, "ranges", 0, 0, 0, SS5_OBIO, 0x1000000)

    T(SERIAL, "name", "zs")
    T(SERIAL, "device_type", "serial")
    W(SERIAL, "reg", 0, OBIO_SERIAL, 8)
    W(SERIAL, "address", AT(PAGE_SERIAL))
    W(SERIAL, "intr", 0x2c, 0)
    W(SERIAL, "slave", 0)
    K(SERIAL, "port-a-ignore-cd", EMPTY)
    K(SERIAL, "port-b-ignore-cd", EMPTY)

    T(KEYBOARD, "name", "zs")
    T(KEYBOARD, "device_type", "serial")
    W(KEYBOARD, "reg", 0, OBIO_KEYBOARD, 8)
    W(KEYBOARD, "address", AT(PAGE_KEYBOARD))
    W(KEYBOARD, "intr", 0x2c, 0)
    W(KEYBOARD, "slave", 1)
    K(KEYBOARD, "keyboard", EMPTY)
    K(KEYBOARD, "mouse", EMPTY)

    T(NVRAM, "name", "eeprom")
    T(NVRAM, "model", "mk48t08")
    W(NVRAM, "reg", 0, OBIO_NVRAM, 0x2000)
    W(NVRAM, "address", AT(PAGE_NVRAM))

    T(CONFIG, "name", "slavioconfig")
    W(CONFIG, "reg", 0, OBIO_CONFIG, 1)

    T(AUX1, "name", "auxio")
    W(AUX1, "reg", 0, OBIO_AUX1, 1)
    W(AUX1, "address", AT(PAGE_AUX1))

    T(AUX2, "name", "power")
    W(AUX2, "reg", 0, OBIO_AUX2, 1)
    W(AUX2, "address", AT(PAGE_AUX2))
    W(AUX2, "intr", 0x22, 0)

    T(TIMER, "name", "counter")
    W(TIMER, "reg", 0, OBIO_CPU_TIMER, 0x10, 0, OBIO_TIMER, 0x14)
    W(TIMER, "address", AT(PAGE_CPU_TIMER), AT(PAGE_TIMER))

    T(IRQ, "name", "interrupt")
    W(IRQ, "reg", 0, OBIO_CPU_IRQ, 0x10, 0, OBIO_IRQ, 0x14)
    W(IRQ, "address", AT(PAGE_CPU_IRQ), AT(PAGE_IRQ))

    T(IOMMU, "name", "iommu")
    W(IOMMU, "#address-cells", 2)
    W(IOMMU, "#size-cells", 1)
    W(IOMMU, "reg", 0, SS5_IOMMU, 0x300)
    W(IOMMU, "address", AT(PAGE_IOMMU))
    W(IOMMU, "page-size", 4096)
    W(IOMMU, "cache-coherence?", 0)

    T(SBUS, "name", "sbus")
    T(SBUS, "device_type", "hierarchical")
    W(SBUS, "#address-cells", 2)
    W(SBUS, "#size-cells", 1)
    W(SBUS, "reg", 0, SS5_SBUS, 0x28)
    W(SBUS, "address", AT(PAGE_SBUS))
    W(SBUS, "ranges", SLOT(0, 0x20000000), SLOT(1, 0x30000000), SLOT(2, 0x40000000), SLOT(3, 0x50000000),
      SLOT(4, 0x60000000), SLOT(5, 0x70000000))
    W(SBUS, "clock-frequency", SS5_SBUS_CLOCK)
    W(SBUS, "burst-sizes", 0x3f)
    W(SBUS, "slot-address-bits", 28)

    T(DMA, "name", "espdma")
    W(DMA, "reg", 5, SS5_DMA - 0x70000000, 0x10)
    W(DMA, "burst-sizes", 0x3f)

    T(ESP, "name", "esp")
    T(ESP, "device_type", "scsi")
    W(ESP, "reg", 5, SS5_ESP - 0x70000000, 0x40)
    W(ESP, "intr", 0x24, 0)
    W(ESP, "clock-frequency", SS5_ESP_CLOCK)
    W(ESP, "initiator-id", 7)

    T(APC, "name", "power-management")
    W(APC, "reg", 4, SS5_APC - 0x60000000, 0x10)
};
/* clang-format on */
#define PROPERTIES (sizeof properties / sizeof properties[0])

uint32_t ss5_next_node(uint32_t node)
{
    if (node == NODE_NONE)
        return NODE_ROOT;
    for (uint32_t n = node + 1; node < NODES && n < NODES; n++)
        if (parents[n] == parents[node])
            return n;
    return NODE_NONE;
}

uint32_t ss5_child_node(uint32_t node)
{
    for (uint32_t n = node + 1; node < NODES && n < NODES; n++)
        if (parents[n] == node)
            return n;
    return NODE_NONE;
}

static int put_words(uint8_t *to, const uint32_t *words, unsigned count)
{
    for (unsigned i = 0; to != NULL && i < count; i++)
        store_be32(to + 4 * i, words[i]);
    return (int)(4 * count);
}

/* With its zero; what does not fit is left out. */
static int put_text(uint8_t *to, const char *text)
{
    size_t length = strlen(text);
    if (length > PROPERTY_ROOM - 1)
        length = PROPERTY_ROOM - 1;
    if (to != NULL) {
        memcpy(to, text, length);
        to[length] = 0;
    }
    return (int)length + 1;
}

int ss5_property(const struct ss5_facts *f, uint32_t node, const char *name, uint8_t *to)
{
    const struct property *p = properties;
    while (p < properties + PROPERTIES && (p->node != node || strcmp(p->name, name) != 0))
        p++;
    if (p == properties + PROPERTIES)
        return -1;
    switch (p->kind) {
    case TEXT:
        return put_text(to, p->text);
    case WORDS:
        return put_words(to, p->word, p->count);
    case AVAILABLE:
        return put_words(to, (const uint32_t[]){0, SS5_RAM, f->ram_available}, 3);
    case MEMORY:
        return put_words(to, (const uint32_t[]){0, SS5_RAM, f->ram_bytes}, 3);
    case BOOTARGS:
        return put_text(to, f->bootargs);
    case IDPROM:
        if (to != NULL)
            memcpy(to, f->idprom, IDPROM_BYTES);
        return IDPROM_BYTES;
    default:
        return 0;
    }
}

const char *ss5_next_property(uint32_t node, const char *name)
{
    bool found = name[0] == 0;
    for (const struct property *p = properties; p < properties + PROPERTIES; p++) {
        if (p->node != node)
            continue;
        if (found)
            return p->name;
        found = strcmp(p->name, name) == 0;
    }
    return NULL;
}
