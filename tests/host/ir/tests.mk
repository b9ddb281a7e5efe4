# Hosted tests of the IR core and the interpreter.
IR_TEST_SRC := $(wildcard tests/host/ir/*.c) tests/host/frame/frame.c $(wildcard translator/ir_*.c) \
	$(wildcard translator/pass_*.c) translator/flags.c $(wildcard translator/softfloat*.c translator/x80*.c) \
	$(wildcard backends/interp/*.c)
$(B)/host/ir-test: $(IR_TEST_SRC) $(wildcard tests/host/ir/*.h translator/*.h backends/interp/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla \
		-Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all -I. -Ikernel/include -o $@ \
		$(IR_TEST_SRC)
HOST_TESTS += $(B)/host/ir-test
