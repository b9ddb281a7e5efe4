/*
 * Services of the PROM of the board `ss5` (OpenBoot's client interface, versions 2 and 3).
 *
 * Arguments are taken from the mailbox and the result is put there. Guest addresses among them are
 * used as the debugger does (guest_peek, guest_poke): a wrong one gives -1 and no trap. All work is
 * bounded, whatever the lengths are.
 */
#include <translator/boards/ss5.h>

#include <string.h>

#include <translator/devices/be_bus.h>

#define FAILED    UINT32_MAX
#define NAME_ROOM 64u
#define TEXT_MAX  4096u /* characters printed by one call */
#define ETHERNET  2u    /* in the idprom */

typedef uint32_t service_fn(struct ss5_prom *p, const uint32_t a[SERVICE_ARGUMENTS]);

/* A property name of the guest; "" if it is too long or not there. */
static void take_name(struct ss5_prom *p, uint32_t va, char name[NAME_ROOM])
{
    for (unsigned i = 0; va != 0 && i < NAME_ROOM; i++)
        if (!guest_peek(vm_cpu(p->vm), va + i, name + i, 1))
            break;
        else if (name[i] == 0)
            return;
    name[0] = 0;
}

/* ---- nodes -------------------------------------------------------------------------------------- */

static uint32_t next_node(struct ss5_prom *p, const uint32_t *a)
{
    (void)p;
    return ss5_next_node(a[0]);
}

static uint32_t child(struct ss5_prom *p, const uint32_t *a)
{
    (void)p;
    return ss5_child_node(a[0]);
}

static uint32_t property_length(struct ss5_prom *p, const uint32_t *a)
{
    char name[NAME_ROOM];
    take_name(p, a[1], name);
    return (uint32_t)ss5_property(&p->facts, a[0], name, NULL);
}

static uint32_t get_property(struct ss5_prom *p, const uint32_t *a)
{
    char name[NAME_ROOM];
    uint8_t value[PROPERTY_ROOM];
    take_name(p, a[1], name);
    int length = ss5_property(&p->facts, a[0], name, value);
    if (length > 0 && !guest_poke(vm_cpu(p->vm), a[2], value, (unsigned)length))
        return FAILED;
    return (uint32_t)length;
}

static uint32_t next_property(struct ss5_prom *p, const uint32_t *a)
{
    char name[NAME_ROOM];
    take_name(p, a[1], name);
    const char *next = ss5_next_property(a[0], name);
    char *to = memory_ram(p->vm, p->phys + PROM_NAME, PROM_NAME_ROOM);
    if (to == NULL)
        return 0;
    memset(to, 0, PROM_NAME_ROOM);
    if (next != NULL && strlen(next) < PROM_NAME_ROOM)
        memcpy(to, next, strlen(next));
    memory_written(p->vm, p->phys + PROM_NAME, PROM_NAME_ROOM);
    return PROM_VA + PROM_NAME;
}

static uint32_t instance(struct ss5_prom *p, const uint32_t *a)
{
    (void)p;
    return a[0]; /* an instance is its node */
}

/* ---- console ------------------------------------------------------------------------------------ */

static struct terminal *terminal(struct ss5_prom *p)
{
    return vm_configuration(p->vm)->terminal;
}

static void put(struct ss5_prom *p, const void *bytes, size_t count)
{
    if (terminal(p) != NULL)
        terminal(p)->write(terminal(p), bytes, count);
}

/* Print up to `count` bytes from va; with `text` up to a zero. How many. */
static uint32_t print(struct ss5_prom *p, uint32_t va, uint32_t count, bool text)
{
    uint32_t done = 0;
    char byte;
    for (; done < count && done < TEXT_MAX; done++) {
        if (!guest_peek(vm_cpu(p->vm), va + done, &byte, 1) || (text && byte == 0))
            break;
        if (byte == '\n')
            put(p, "\r", 1);
        put(p, &byte, 1);
    }
    return done;
}

static uint32_t put_char(struct ss5_prom *p, const uint32_t *a)
{
    char byte = (char)a[0];
    if (byte == '\n')
        put(p, "\r", 1);
    put(p, &byte, 1);
    return 0;
}

static uint32_t get_char_now(struct ss5_prom *p, const uint32_t *a)
{
    uint8_t byte;
    (void)a;
    if (terminal(p) == NULL || terminal(p)->read == NULL ||
        terminal(p)->read(terminal(p), &byte, 1) != 1)
        return FAILED;
    return byte;
}

static uint32_t put_string(struct ss5_prom *p, const uint32_t *a)
{
    return print(p, a[0], a[1], false);
}

/* A format without its arguments: better than nothing, and clients do without them. */
static uint32_t print_text(struct ss5_prom *p, const uint32_t *a)
{
    return print(p, a[0], TEXT_MAX, true);
}

static uint32_t write_device(struct ss5_prom *p, const uint32_t *a)
{
    return a[0] == NODE_SERIAL ? print(p, a[1], a[2], false) : FAILED;
}

static uint32_t read_device(struct ss5_prom *p, const uint32_t *a)
{
    uint32_t c = a[0] == NODE_SERIAL && a[2] != 0 ? get_char_now(p, a) : FAILED;
    uint8_t byte = (uint8_t)c;
    return c != FAILED && guest_poke(vm_cpu(p->vm), a[1], &byte, 1) ? 1 : 0;
}

/* ---- the machine -------------------------------------------------------------------------------- */

static uint32_t reboot(struct ss5_prom *p, const uint32_t *a)
{
    (void)a;
    vm_end(p->vm, VM_RESET);
    return 0;
}

static uint32_t halt(struct ss5_prom *p, const uint32_t *a)
{
    (void)a;
    vm_end(p->vm, VM_POWEROFF);
    return 0;
}

/* There is no Forth; these words are what clients end with. */
static uint32_t evaluate(struct ss5_prom *p, const uint32_t *a)
{
    static const struct {
        const char *word;
        enum vm_end how;
    } words[] = {
        {"reset", VM_RESET},
        {"reset-all", VM_RESET},
        {"boot", VM_RESET},
        {"power-off", VM_POWEROFF},
    };
    char text[NAME_ROOM];
    take_name(p, a[0], text);
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i].word) == 0)
            vm_end(p->vm, words[i].how);
    return 0;
}

static uint32_t ethernet(struct ss5_prom *p, const uint32_t *a)
{
    return guest_poke(vm_cpu(p->vm), a[1], p->facts.idprom + ETHERNET, 6) ? 0 : FAILED;
}

static uint32_t nothing(struct ss5_prom *p, const uint32_t *a)
{
    (void)p, (void)a;
    return 0;
}

static uint32_t fail(struct ss5_prom *p, const uint32_t *a)
{
    (void)p, (void)a;
    return FAILED;
}

/* A PROM would say so and prompt; there is nothing here to be told. */
static uint32_t trap(struct ss5_prom *p, const uint32_t *a)
{
    (void)a;
    vm_log(p->vm, "a trap came before the guest had a trap table: it is switched off");
    vm_end(p->vm, VM_POWEROFF);
    return 0;
}

static service_fn *const services[SERVICES] = {
    [SERVICE_NONE] = fail,
    [SERVICE_NEXT_NODE] = next_node,
    [SERVICE_CHILD] = child,
    [SERVICE_PROPERTY_LENGTH] = property_length,
    [SERVICE_GET_PROPERTY] = get_property,
    [SERVICE_SET_PROPERTY] = fail,
    [SERVICE_NEXT_PROPERTY] = next_property,
    [SERVICE_GET_CHAR] = get_char_now,
    [SERVICE_PUT_CHAR] = put_char,
    [SERVICE_GET_CHAR_NOW] = get_char_now,
    [SERVICE_PUT_CHAR_NOW] = put_char,
    [SERVICE_PUT_STRING] = put_string,
    [SERVICE_PRINT] = print_text,
    [SERVICE_REBOOT] = reboot,
    [SERVICE_ABORT] = halt,
    [SERVICE_HALT] = halt,
    [SERVICE_EVALUATE] = evaluate,
    [SERVICE_ETHERNET] = ethernet,
    [SERVICE_INSTANCE] = instance,
    [SERVICE_ALLOCATE] = nothing,
    [SERVICE_FREE] = nothing,
    [SERVICE_MAP] = nothing,
    [SERVICE_UNMAP] = nothing,
    [SERVICE_OPEN] = nothing,
    [SERVICE_CLOSE] = nothing,
    [SERVICE_READ] = read_device,
    [SERVICE_WRITE] = write_device,
    [SERVICE_SEEK] = nothing,
    [SERVICE_FAIL] = fail,
    [SERVICE_TRAP] = trap,
};

void ss5_prom_call(struct ss5_prom *p, uint32_t n)
{
    uint32_t a[SERVICE_ARGUMENTS];
    uint8_t *mailbox = memory_ram(p->vm, p->phys + PROM_MAILBOX, PROM_MAILBOX_RESULT + 4);
    if (mailbox == NULL)
        return;
    for (unsigned i = 0; i < SERVICE_ARGUMENTS; i++)
        a[i] = load_be32(mailbox + 4 * i);
    store_be32(mailbox + PROM_MAILBOX_RESULT, n < SERVICES ? services[n](p, a) : FAILED);
}
