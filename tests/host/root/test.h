/* What these tests share; see ../frame for results and random numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../frame/frame.h"

void manifest_tests(void);
void image_tests(void);
void extent_tests(void);
void restart_tests(void);
