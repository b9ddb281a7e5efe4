# Hosted tests of the hosted port: its conformance suite, plain and with sanitizers, and a program
# that tests what vm.h does not show (options, host devices, book-keeping of extents).
HOSTED_TEST_SRC := $(wildcard tests/host/hosted/*.c) tests/host/frame/frame.c
$(B)/host/hosted-test: $(HOSTED_TEST_SRC) $(B)/hosted-san/libhosted.a \
		$(wildcard tests/host/hosted/*.h tests/host/frame/*.h arch/hosted/*.h translator/hostdev.h)
	@mkdir -p $(@D)
	$(call say,HOST)$(CC) $(HOSTED_PORT_FLAGS) $(HOSTED_SANITIZE) -pie -pthread -o $@ $(HOSTED_TEST_SRC) \
		$(B)/hosted-san/libhosted.a -lutil
HOST_TESTS += $(B)/host/hosted-test $(B)/hosted/vmtest $(B)/hosted-san/vmtest
