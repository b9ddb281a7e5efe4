/*
 * The root task's protocol: calls to the endpoint TASK_ROOT. Word 0 is the operation; the answer's
 * word 0 is a status (enum status). Text travels in words 1.. of the answer, or 1.. of the request,
 * eight bytes a word, zero-terminated, little-endian in memory order.
 *
 * Root answers everything from its own tables: it never calls a driver.
 */
#pragma once

#include <tetrapla/abi.h>

enum root_op {
    ROOT_PING = 0,      /* → status */
    ROOT_TASK_INFO = 1, /* w1 = index → struct root_task_info in words 1..; BAD_ARG past the end */
    ROOT_MEMORY = 2,    /* → struct root_memory in words 1.. */
    ROOT_KILL = 3,      /* text = name: kill the task; a driver is restarted. Needs admin=yes */
    ROOT_LOG_READ = 4, /* w1 = position (0 = oldest) → w1 = next position, w2 = bytes, w3.. text */
    ROOT_LOG_WRITE = 5, /* text: a line for the log, prefixed with the task's name */
    ROOT_EXIT = 6,      /* w1 = exit status: the calling task is done; never answered */
    ROOT_FOCUS = 7,     /* w1 = index of the pane with the keyboard (server of channels only) */
    ROOT_SERVED = 8,    /* a driver reports that it has served a call: resets its death count */
    ROOT_START = 9,     /* text = name: start a task that has stopped or exited. Needs admin=yes */
    ROOT_CAP_INFO = 10, /* w1 = slot of the caller → type, rights, badge, next slot to ask
                           about, used or not (0 = end) */
    ROOT_SHUTDOWN = 11, /* w1 = 0: power off, 1: reboot. Needs admin=yes */
};

/* Exit statuses of the program that runs a guest (ROOT_EXIT). */
enum guest_exit {
    GUEST_OFF = 0,           /* the guest switched its machine off */
    GUEST_BROKEN = 1,        /* the virtual machine cannot go on */
    GUEST_CONFIGURATION = 2, /* its line in the manifest asks for something impossible */
    GUEST_RESET = 3          /* the guest wants to start again; root starts the task again */
};

enum root_task_state {
    ROOT_ABSENT = 0,
    ROOT_RUNNING,
    ROOT_EXITED,
    ROOT_FAULTED,
    ROOT_KILLED,
    ROOT_GIVEN_UP
};

struct root_task_info {
    char name[24];
    uint64_t state; /* enum root_task_state */
    uint64_t priority;
    uint64_t memory_pages; /* granted */
    uint64_t quota_pages, quota_used;
    uint64_t cpu_ns;
    uint64_t restarts;
    uint64_t fault_vector, fault_ip, fault_address; /* of the last crash */
};

struct root_memory {
    uint64_t ram_bytes, free_bytes, granted_bytes; /* user memory */
    uint64_t pool_pages, pool_free;                /* kernel memory */
    uint64_t uptime_ns, idle_ns;
};

/* Stubs (kernel/user/root.c). Each returns a status. */
int root_task_info(unsigned index, struct root_task_info *info);
int root_memory(struct root_memory *memory);
int root_kill(const char *name);
int root_start(const char *name);
int root_log_read(uint64_t *position, char *text, size_t size); /* at most size-1 bytes, 0 ended */
int root_log_write(const char *text);
int root_focus(unsigned pane);
int root_served(void);
int root_shutdown(bool reboot);
_Noreturn void root_exit(int status);
