/* strcasecmp and strncasecmp are declared in string.h. */
#pragma once

#include <string.h>
