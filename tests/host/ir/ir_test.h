/* The parts of the IR's test program. */
#pragma once

#include <translator/ir.h>

/* cases.c: the files cases/NAME.ir in directory. */
void test_cases(const char *directory);
/* compare.c: passes keep the meaning of random blocks; print and parse are inverse. */
void test_passes(unsigned rounds);
/* fuzz.c: the parser on damaged text, and the verifier on damaged blocks. */
void test_damage(unsigned rounds);
/* speed.c: time of the passes and of the interpreter; only prints. */
void test_speed(void);
/* unit.c: the builder and the interpreter, case by case. */
void test_builder(void);
void test_interpreter(void);
