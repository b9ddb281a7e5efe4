/*
 * A debugger on the guest: the remote protocol's other end (gdb.c).
 *
 * The dispatcher decides when the guest runs; this part speaks with the debugger while it does not.
 * What the dispatcher does:
 *
 *   when attended to             if (gdb_wants(g)) resume = gdb_stopped(g, GDB_INTERRUPTED)
 *   EXIT_DEBUG                   resume = gdb_stopped(g, GDB_BREAKPOINT)
 *   after one step               resume = gdb_stopped(g, GDB_STEPPED)
 *   GDB_STEP                     one guest instruction: a block with limit 1, not linked, without
 *                                looking at breakpoints
 *   GDB_KILL                     vm_end(vm, VM_STOPPED)
 *   translating (not a step)     ends a block before an instruction for which gdb_breakpoint is
 *                                true; a block that would begin with one is `leave` EXIT_DEBUG, pc
 *
 * cpu->pc and all registers are exact when gdb_stopped is called. Setting or removing a breakpoint
 * calls cache_flush.
 */
#pragma once

#include <translator/board.h>

struct gdb;

enum gdb_why { GDB_INTERRUPTED, GDB_BREAKPOINT, GDB_STEPPED };
enum gdb_resume { GDB_RUN, GDB_STEP, GDB_KILL };

/* NULL: no memory. */
struct gdb *gdb_create(struct vm *vm, struct gdb_port *port);
void gdb_delete(struct gdb *g);
/* A debugger has come, or asks the running guest to stop. Never blocks. */
bool gdb_wants(struct gdb *g);
/* The guest has stopped: tell the debugger, and do as it asks until the guest is to go on. */
enum gdb_resume gdb_stopped(struct gdb *g, enum gdb_why why);
/* Is there a breakpoint at pc (mode bits are ignored)? g may be NULL. */
bool gdb_breakpoint(const struct gdb *g, uint32_t pc);
