/* Two ATA channels with bus-master DMA: the IDE function of PIIX3 (Intel 290550, 2.6), ATA/ATAPI-4
 * disks and CD-ROM drives. */
#pragma once

#include <translator/devices/pci.h>

struct ide;

/* Function 00:01.1 on the bus. disk[0–3]: primary and secondary channel, device 0 and 1 of each; NULL:
 * none. NULL: no memory. */
struct ide *ide_create(struct vm *vm, struct pci_bus *bus, const struct line irq[2],
                       struct disk *const disk[4]);
void ide_delete(struct ide *i);
void ide_reset(struct ide *i);
/* As firmware leaves it: bus-master registers at `ports`. */
void ide_configure(struct ide *i, struct pci_bus *bus, unsigned ports);
#define IDE_MASTER_PORTS 16u
