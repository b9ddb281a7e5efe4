# Hosted tests of the x86-64 backend against the interpreter.
X86_TEST_SRC := $(wildcard tests/host/x86/*.c) tests/host/ir/machine.c tests/host/ir/random.c \
	tests/host/frame/frame.c $(wildcard translator/ir_*.c) $(wildcard translator/pass_*.c) translator/flags.c \
	$(wildcard translator/softfloat*.c translator/x80*.c) $(wildcard backends/interp/*.c backends/x86_64/*.c)
$(B)/host/x86-test: $(X86_TEST_SRC) $(wildcard tests/host/ir/*.h translator/*.h backends/*/*.h)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -std=gnu11 -O1 -g $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all -I. -Ikernel/include -o $@ \
		$(X86_TEST_SRC)
HOST_TESTS += $(B)/host/x86-test
