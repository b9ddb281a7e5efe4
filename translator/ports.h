/*
 * The port space of a machine that has one (x86 IN and OUT).
 *
 * Devices claim ranges of the 65,536 byte-wide ports. An access that is wider than the device takes,
 * or that leaves its range, is split into smaller ones at ascending addresses, as the bus of a PC
 * does. A port nobody claims reads all ones, and writes to it vanish. Where ranges overlap, the one
 * added last answers. Used on the vCPU's thread only; a VM has no ports until the first is added.
 */
#pragma once

#include <translator/memory.h>

struct port_map;

/* Claim ports first … first + count - 1. `ops` sees offsets from first, and sizes of at most `width`
 * (1, 2 or 4) bytes, naturally aligned or not. False: no memory, or too many ranges. */
bool ports_add(struct vm *vm, unsigned first, unsigned count, unsigned width,
               const struct device_ops *ops, void *device, const char *name);
/* Give up what was claimed for the device from port `first` on. */
void ports_remove(struct vm *vm, unsigned first, const void *device);
/* IN and OUT of 1, 2 or 4 bytes; the address wraps at 64 KiB. */
uint32_t ports_read(struct vm *vm, unsigned port, unsigned size);
void ports_write(struct vm *vm, unsigned port, unsigned size, uint32_t value);
/* Release everything (the board's destroy). */
void ports_delete(struct vm *vm);

/* Where the VM keeps the map (vm.c). */
struct port_map **vm_ports(struct vm *vm);
