/* Virtio block device (VIRTIO 1.1, 5.2) on a struct disk. */
#pragma once

#include <translator/devices/virtio_mmio.h>

/* serial: at most 20 characters, read by the guest as the device's ID. NULL: no memory. */
struct virtio *virtio_blk_create(struct vm *vm, struct disk *disk, const char *serial,
                                 struct line line);
