/*
 * Guest physical memory: pieces of RAM, each a memory region that stays mapped in the VM task (the
 * alias), and ranges that belong to devices.
 *
 * There are few of either, so they are lists; the piece found last is tried first. What is nowhere
 * is reported to the caller, who decides what the guest gets for it.
 */
#include <stdlib.h>
#include <string.h>

#include <translator/machine.h>

static bool add_ram(struct vm *vm, uint64_t phys, uint64_t bytes, bool rom)
{
    struct ram *r = calloc(1, sizeof *r);
    uint64_t pages = bytes >> GUEST_PAGE_SHIFT;
    if (r == NULL)
        return false;
    r->pages = calloc(pages, sizeof *r->pages);
    if (r->pages == NULL || vm_region_create(&r->region, pages) != OK) {
        vm_log(vm, "no memory for %llu MiB of guest RAM", (unsigned long long)bytes >> 20);
        free(r->pages);
        free(r);
        return false;
    }
    r->phys = phys;
    r->bytes = bytes;
    r->rom = rom;
    r->alias = vm_reserve(bytes, 2 << 20);
    struct map_op op = {.kind = MAP_MAP,
                        .rights = MAP_READ | MAP_WRITE,
                        .region = r->region,
                        .va = r->alias,
                        .pages = pages};
    unsigned done;
    int status = r->alias == 0 ? LIMIT : vm_map(&op, 1, &done);
    if (status != OK) {
        vm_log(vm, "guest RAM cannot be mapped: %s",
               status == QUOTA ? "the quota for mappings is too small" : "no addresses are free");
        vm_region_delete(r->region);
        free(r->pages);
        free(r);
        return false;
    }
    r->next = vm->ram;
    vm->ram = r;
    return true;
}

bool memory_add_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    return add_ram(vm, phys, bytes, false);
}

bool memory_add_rom(struct vm *vm, uint64_t phys, const void *image, uint64_t bytes)
{
    uint64_t whole = (bytes + GUEST_PAGE - 1) & ~(uint64_t)(GUEST_PAGE - 1);
    if (!add_ram(vm, phys, whole, true))
        return false;
    memcpy((void *)vm->ram->alias, image, bytes);
    return true;
}

void memory_add_device(struct vm *vm, uint64_t phys, uint32_t bytes, const struct device_ops *ops,
                       void *device, const char *name)
{
    struct device_range *d = calloc(1, sizeof *d);
    if (d == NULL)
        vm_broken(vm, "no memory for a device");
    *d = (struct device_range){phys, bytes, ops, device, name, vm->devices};
    vm->devices = d;
}

struct ram *ram_find(struct vm *vm, uint64_t phys)
{
    struct ram *r = vm->last_ram;
    if (r != NULL && phys - r->phys < r->bytes)
        return r;
    for (r = vm->ram; r != NULL; r = r->next)
        if (phys - r->phys < r->bytes)
            return vm->last_ram = r;
    return NULL;
}

static struct device_range *device_find(struct vm *vm, uint64_t phys)
{
    for (struct device_range *d = vm->devices; d != NULL; d = d->next)
        if (phys - d->phys < d->bytes)
            return d;
    return NULL;
}

void *memory_ram(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    struct ram *r = ram_find(vm, phys);
    if (r == NULL || bytes > r->bytes - (phys - r->phys))
        return NULL;
    return (void *)(r->alias + (phys - r->phys));
}

void memory_written(struct vm *vm, uint64_t phys, uint64_t bytes)
{
    struct ram *r = ram_find(vm, phys);
    if (r == NULL || bytes == 0)
        return;
    uint64_t last = (phys + bytes - 1) & ~(uint64_t)(GUEST_PAGE - 1);
    for (uint64_t page = phys & ~(uint64_t)(GUEST_PAGE - 1); page <= last; page += GUEST_PAGE)
        if (page - r->phys < r->bytes && ram_page(r, page)->code)
            cache_kill_page(vm, r, page);
}

static uint64_t read_ram(const void *from, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, from, size);
    return v;
}

bool memory_read(struct vm *vm, uint64_t phys, unsigned size, uint64_t *value)
{
    void *host = memory_ram(vm, phys, size);
    if (host != NULL) {
        *value = read_ram(host, size);
        return true;
    }
    struct device_range *d = device_find(vm, phys);
    if (d == NULL)
        return false;
    vm->counts.device_accesses++;
    *value = d->ops->read(d->device, (uint32_t)(phys - d->phys), size);
    if (size < 8)
        *value &= (1ULL << 8 * size) - 1;
    return true;
}

bool memory_write(struct vm *vm, uint64_t phys, unsigned size, uint64_t value)
{
    struct ram *r = ram_find(vm, phys);
    if (r != NULL && size <= r->bytes - (phys - r->phys)) {
        if (r->rom)
            return true;
        memcpy((void *)(r->alias + (phys - r->phys)), &value, size);
        memory_written(vm, phys, size);
        return true;
    }
    struct device_range *d = device_find(vm, phys);
    if (d == NULL)
        return false;
    vm->counts.device_accesses++;
    d->ops->write(d->device, (uint32_t)(phys - d->phys), size, value);
    return true;
}

bool memory_table32(struct vm *vm, uint64_t phys, uint32_t *value)
{
    struct ram *r = ram_find(vm, phys);
    if (r == NULL || r->bytes - (phys - r->phys) < sizeof *value)
        return false;
    *value = *(volatile uint32_t *)(r->alias + (phys - r->phys));
    return true;
}

bool memory_table64(struct vm *vm, uint64_t phys, uint64_t *value)
{
    struct ram *r = ram_find(vm, phys);
    if (r == NULL || r->bytes - (phys - r->phys) < sizeof *value)
        return false;
    *value = *(volatile uint64_t *)(r->alias + (phys - r->phys));
    return true;
}
