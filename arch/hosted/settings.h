/* What the program may set of the port, and ask it; and what reserve.c tells map.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* vm_map returns QUOTA beyond so many host mappings; 0: 40 % of vm.max_map_count. */
void hosted_set_map_limit(unsigned mappings);
unsigned hosted_map_limit(void);
/* Mappings in use now, and the most there have been. */
unsigned hosted_maps_used(void);
unsigned hosted_maps_most(void);
/* Whether [va, end) lies in the part of the address space that vm_reserve hands out, where nobody
 * but vm_map maps anything. */
bool hosted_reserved(uint64_t va, uint64_t end);
/* Whether the address sanitizer is linked in. */
bool hosted_sanitized(void);
