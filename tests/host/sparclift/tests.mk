# Hosted tests of the SPARC frontend's lifting, traps and page tables.
SPARCLIFT_TEST_SRC := $(wildcard tests/host/sparclift/*.c) tests/host/liftframe/machine.c tests/host/seqframe/case_file.c tests/host/frame/frame.c \
	$(wildcard frontends/sparc/*.c) $(wildcard translator/ir_*.c) $(wildcard translator/pass_*.c) translator/flags.c \
	$(wildcard translator/softfloat*.c) $(wildcard translator/x80*.c) $(wildcard backends/interp/*.c)
$(B)/host/sparclift-test: $(SPARCLIFT_TEST_SRC) $(wildcard tests/host/sparclift/*.h tests/host/liftframe/*.h frontends/sparc/*.h \
		translator/*.h backends/interp/*.h)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -std=gnu11 -O1 -g $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all -I. \
		-Ikernel/include -o $@ $(SPARCLIFT_TEST_SRC)
HOST_TESTS += $(B)/host/sparclift-test
