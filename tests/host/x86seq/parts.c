/* The backends in this program (backends[] of translator/backend.h). */
#include <translator/backend.h>

extern const struct backend x86_64_backend, interp_backend;
const struct backend *const backends[] = {&x86_64_backend, &interp_backend, NULL};
