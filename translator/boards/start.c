/*
 * From a configuration to a board that is ready to run, for all boards alike: what is impossible is said in one
 * sentence, then memory and devices, power-on state, images. A reset goes the last two steps again: RAM keeps what
 * was in it, as on hardware, but for what the images overwrite.
 */
#include <translator/boards/boards.h>

#include <stdio.h>
#include <stdlib.h>

#define MIB (1ull << 20)

uint64_t board_memory(const struct board *board, struct vm *vm)
{
    uint64_t asked = vm_configuration(vm)->memory;
    return asked != 0 ? asked : board->memory_default;
}

static bool possible(const struct board *b, struct vm *vm, char *error, size_t size)
{
    const struct vm_config *c = vm_configuration(vm);
    uint64_t memory = board_memory(b, vm);
    if (memory < b->memory_min || memory > b->memory_max || memory % MIB != 0)
        snprintf(error, size, "memory must be whole MiB, %llu to %llu, on board \"%s\"",
                 (unsigned long long)(b->memory_min / MIB),
                 (unsigned long long)(b->memory_max / MIB), b->name);
    else if ((c->kernel.bytes != 0) == (c->bios.bytes != 0))
        snprintf(error, size, "the board \"%s\" needs either a kernel or firmware", b->name);
    else if (c->bios.bytes > b->firmware_max)
        snprintf(error, size, "the firmware is too big: at most %llu KiB on board \"%s\"",
                 (unsigned long long)(b->firmware_max / 1024), b->name);
    else
        return true;
    return false;
}

bool board_start(const struct board *board, struct vm *vm, char *error, size_t size)
{
    if (!possible(board, vm, error, size))
        return false;
    void *data = calloc(1, board->bytes);
    vm_set_board_data(vm, data);
    snprintf(error, size, "no memory for the board");
    if (data == NULL || !board->create(vm, error, size))
        return false;
    return board_reset(board, vm, error, size);
}

bool board_reset(const struct board *board, struct vm *vm, char *error, size_t size)
{
    board->reset(vm);
    return board->load(vm, error, size);
}

bool board_no_memory(const struct board *board, struct vm *vm, char *error, size_t size)
{
    snprintf(error, size, "there are not %llu MiB for the guest's memory",
             (unsigned long long)(board_memory(board, vm) / MIB));
    return false;
}

void board_delete(const struct board *board, struct vm *vm)
{
    void *data = vm_board_data(vm);
    if (data == NULL)
        return;
    board->destroy(vm);
    free(data);
    vm_set_board_data(vm, NULL);
}
