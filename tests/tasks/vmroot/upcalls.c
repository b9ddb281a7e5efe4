/* The suite of tests/vm, built into a program that is booted in place of root. */
#include "../../vm/upcalls.c"
