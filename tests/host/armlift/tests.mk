# Hosted tests of the ARM frontend's lifting, exceptions, page tables and system registers.
ARMLIFT_TEST_SRC := $(wildcard tests/host/armlift/*.c) tests/host/liftframe/machine.c tests/host/frame/frame.c \
	$(wildcard frontends/arm/*.c) $(wildcard translator/ir_*.c) $(wildcard translator/pass_*.c) translator/flags.c \
	$(wildcard translator/softfloat*.c translator/x80*.c) $(wildcard backends/interp/*.c)
$(B)/host/armlift-test: $(ARMLIFT_TEST_SRC) $(wildcard tests/host/armlift/*.h tests/host/liftframe/*.h frontends/arm/*.h \
		translator/*.h backends/interp/*.h)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -std=gnu11 -O1 -g $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all -I. \
		-Ikernel/include -o $@ $(ARMLIFT_TEST_SRC)
HOST_TESTS += $(B)/host/armlift-test
