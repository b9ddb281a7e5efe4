/*
 * Small registers of a SPARCstation 5 (sun4m system architecture; STP2001 and NCR89C105 data sheets).
 *
 *   aux1, configuration, diagnostic, AFX    keep what is written
 *   aux2                                    bit 0 written: the power goes off
 *   system control                          bit 0 written: the machine is reset
 *   floppy, Ethernet's DMA                  nothing: firmware writes there, before it looks
 *   APC                                     bit 0 of its first byte written: the CPU waits for an
 *                                           interrupt, masked or not
 */
#include <translator/boards/ss5_misc.h>

#define POWER_OFF    0x01u
#define SYSTEM_RESET 0x01u
#define APC_IDLE     0x01u

static uint64_t misc_read(void *device, uint32_t offset, unsigned size)
{
    const struct ss5_misc_slot *s = device;
    (void)size;
    return offset == 0 ? s->misc->value[s->kind] : 0;
}

static void wait_for_interrupt(struct vm *vm)
{
    struct cpu *cpu = vm_cpu(vm);
    cpu->halted = true;
    cpu->attention = 1;
}

static void misc_write(void *device, uint32_t offset, unsigned size, uint64_t value)
{
    const struct ss5_misc_slot *s = device;
    struct vm *vm = s->misc->vm;
    (void)size;
    if (offset != 0)
        return;
    switch (s->kind) {
    case MISC_AUX2:
        if (value & POWER_OFF)
            vm_end(vm, VM_POWEROFF);
        break;
    case MISC_SYSTEM:
        if (value & SYSTEM_RESET)
            vm_end(vm, VM_RESET);
        break;
    case MISC_APC:
        if (value & APC_IDLE)
            wait_for_interrupt(vm);
        return; /* it reads as awake */
    case MISC_NOTHING:
        return;
    default:
        break;
    }
    s->misc->value[s->kind] = (uint8_t)value;
}

const struct device_ops ss5_misc_ops = {misc_read, misc_write};

void ss5_misc_reset(struct ss5_misc *m, struct vm *vm)
{
    *m = (struct ss5_misc){.vm = vm};
    for (unsigned i = 0; i < sizeof m->slot / sizeof m->slot[0]; i++)
        m->slot[i] = (struct ss5_misc_slot){m, i};
}
