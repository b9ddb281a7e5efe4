/* The board `pc`: its structure, and the wiring of its devices (pc_parts.c). */
#pragma once

#include <translator/boards/pc.h>
#include <translator/boards/pc_console.h>
#include <translator/devices/fw_cfg.h>
#include <translator/devices/i8254.h>
#include <translator/devices/i8259.h>
#include <translator/devices/ide.h>
#include <translator/devices/ioapic.h>
#include <translator/devices/mc146818.h>
#include <translator/devices/piix.h>

struct pc {
    struct vm *vm;
    uint64_t ram_bytes;
    struct i8259 *pic;
    struct lapic *lapic;
    struct ioapic *ioapic;
    struct i8254 *pit;
    struct mc146818 *rtc;
    struct uart16550 *uart;
    struct i8042 *kbc;
    struct keyboard *keyboard;
    struct vga *vga;
    struct pci_bus *pci;
    struct piix *piix;
    struct ide *ide;
    struct fw_cfg *fw_cfg;
    struct pc_console console;
    struct line irq[16]; /* each reaches both interrupt controllers */
    uint8_t scratch[16]; /* ports 80h–8Fh */
    char message[128];   /* of the firmware, until its line ends */
    unsigned message_bytes;
};

/* Make all devices and connect them; seconds: what the clock shows. False: no memory. */
bool pc_create_parts(struct pc *p, uint64_t seconds);
void pc_delete_parts(struct pc *p);
void pc_reset_parts(struct pc *p);
/* Interrupts 9 to 11 level-triggered, as firmware sets them. */
void pc_elcr(struct pc *p);
