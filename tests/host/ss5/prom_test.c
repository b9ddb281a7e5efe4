/* The PROM: romvec and page tables in RAM, the device tree, the services. */
#include "mock.h"

#include <string.h>

#include <translator/boards/ss5.h>
#include <translator/devices/be_bus.h>

#define TEXT 0x4000u
#define OUT  0x5000u

static struct vm *vm;
static struct ss5_prom prom;

static uint32_t word(uint32_t va)
{
    return load_be32(vm->ram + (va >= PROM_VA ? va - PROM_VA + RAM_BYTES - PROM_BYTES : va));
}

/* Call a service as its stub does. */
static uint32_t call(uint32_t service, uint32_t a, uint32_t b, uint32_t c)
{
    uint8_t *mailbox = vm->ram + prom.phys + PROM_MAILBOX;
    store_be32(mailbox, a);
    store_be32(mailbox + 4, b);
    store_be32(mailbox + 8, c);
    ss5_prom_call(&prom, service);
    return load_be32(mailbox + PROM_MAILBOX_RESULT);
}

static uint32_t text(const char *s)
{
    strcpy((char *)vm->ram + TEXT, s);
    return TEXT;
}

static uint32_t walk_tree(uint32_t node)
{
    uint32_t count = 0;
    for (; node != 0; node = call(SERVICE_NEXT_NODE, node, 0, 0)) {
        count += 1 + walk_tree(call(SERVICE_CHILD, node, 0, 0));
        int length = (int)call(SERVICE_PROPERTY_LENGTH, node, text("name"), 0);
        if (length <= 1)
            return 1000;
    }
    return count;
}

static void test_tree(void)
{
    uint32_t root = call(SERVICE_NEXT_NODE, 0, 0, 0);
    CHECK("prom: root", root == NODE_ROOT && call(SERVICE_NEXT_NODE, root, 0, 0) == 0);
    CHECK("prom: every node once", walk_tree(root) == NODES - 1);
    CHECK("prom: property", call(SERVICE_GET_PROPERTY, root, text("compatible"), OUT) == 6 &&
                                strcmp((char *)vm->ram + OUT, "sun4m") == 0);
    CHECK("prom: no such property", call(SERVICE_GET_PROPERTY, root, text("colour"), OUT) == ~0u);
    CHECK("prom: empty property",
          call(SERVICE_PROPERTY_LENGTH, NODE_KEYBOARD, text("keyboard"), 0) == 0);
    CHECK("prom: memory", call(SERVICE_GET_PROPERTY, NODE_MEMORY, text("available"), OUT) == 12 &&
                              word(OUT + 8) == RAM_BYTES - PROM_BYTES);
    CHECK("prom: bad node",
          call(SERVICE_CHILD, 12345, 0, 0) == 0 && call(SERVICE_NEXT_NODE, ~0u, 0, 0) == 0);
    CHECK("prom: bad address", call(SERVICE_GET_PROPERTY, root, text("name"), 0x7fff0000) == ~0u &&
                                   call(SERVICE_GET_PROPERTY, root, 0x7fff0000, OUT) == ~0u);
    unsigned count = 0;
    char name[64] = "";
    while (count++ < 100) {
        uint32_t at = call(SERVICE_NEXT_PROPERTY, NODE_SERIAL, text(name), 0);
        if (!guest_peek(&vm->cpu, at, name, sizeof name) || name[0] == 0)
            break;
    }
    CHECK("prom: property names", count == 9);
}

static void test_vector(void)
{
    uint32_t vector = PROM_VA + PROM_VECTOR, stub;
    CHECK("prom: magic and version", word(vector) == 0x10010407 && word(vector + 4) == 3);
    CHECK("prom: boot arguments",
          strcmp((char *)vm->ram + (word(word(vector + 0x8c)) - PROM_VA + prom.phys), "quiet") ==
              0);
    stub = word(vector + 0xb8);
    CHECK("prom: stub of write", word(stub + 4 * 7) == (0x90102000u | CALL_STEP * SERVICE_WRITE) &&
                                     word(stub + 4 * 8) == 0xc0a21fe0u &&
                                     word(stub + 4 * 9) == 0x81c3e008u);
    uint32_t root = word(prom.phys + PROM_CONTEXTS) >> 4 << 8;
    uint32_t level1 = (word(prom.phys + PROM_CONTEXTS) & ~3u) << 4;
    CHECK("prom: level 1 is where it says", level1 == prom.phys + PROM_LEVEL1 && root != 0);
    CHECK("prom: kernel and RAM are the same",
          word(level1 + 4 * 0xf0) == word(level1) && (word(level1) & 0x1f) == 0x1e);
    uint32_t level2 = (word(level1 + 4 * 0xff) & ~3u) << 4;
    CHECK("prom: maps itself", (word(level2 + 4 * 0x34) & ~0xffu) << 4 == prom.phys);
}

static void test_console(void)
{
    CHECK("prom: write", call(SERVICE_WRITE, NODE_SERIAL, text("hello\n"), 6) == 6 &&
                             strcmp(vm->sent, "hello\r\n") == 0);
    CHECK("prom: write elsewhere", call(SERVICE_WRITE, 77, TEXT, 6) == ~0u);
    CHECK("prom: no character", call(SERVICE_GET_CHAR_NOW, 0, 0, 0) == ~0u);
    vm->typed = "k";
    CHECK("prom: a character", call(SERVICE_GET_CHAR_NOW, 0, 0, 0) == 'k');
    CHECK("prom: instance", call(SERVICE_INSTANCE, NODE_SERIAL, 0, 0) == NODE_SERIAL);
    CHECK("prom: no such service", call(SERVICES, 0, 0, 0) == ~0u && call(~0u, 0, 0, 0) == ~0u);
    call(SERVICE_REBOOT, 0, 0, 0);
    CHECK("prom: reboot", vm->end == VM_RESET);
    call(SERVICE_EVALUATE, text("power-off"), 0, 0);
    CHECK("prom: power-off", vm->end == VM_POWEROFF);
    call(SERVICE_EVALUATE, text("reset"), 0, 0);
    CHECK("prom: reset", vm->end == VM_RESET);
    call(SERVICE_HALT, 0, 0, 0);
    CHECK("prom: halt", vm->end == VM_POWEROFF);
}

void test_prom(void)
{
    vm = new_vm();
    prom = (struct ss5_prom){.vm = vm,
                             .phys = RAM_BYTES - PROM_BYTES,
                             .facts = {.ram_bytes = RAM_BYTES,
                                       .ram_available = RAM_BYTES - PROM_BYTES,
                                       .bootargs = "quiet"}};
    CHECK("prom: build", ss5_prom_build(&prom));
    test_vector();
    test_tree();
    test_console();
    delete_vm(vm);
}
