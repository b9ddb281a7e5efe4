/*
 * What this build contains: the guests and backends that vm_create can choose from (boards are
 * listed in boards/boards.c).
 */
#include <translator/backend.h>

extern const struct frontend arm_frontend, sparc_frontend, x86_frontend;
extern const struct backend x86_64_backend, interp_backend;

const struct frontend *const frontends[] = {&arm_frontend, &sparc_frontend, &x86_frontend, NULL};
const struct backend *const backends[] = {&x86_64_backend, &interp_backend, NULL};
