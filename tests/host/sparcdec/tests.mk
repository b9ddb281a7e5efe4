# The SPARC decoder and disassembler against Capstone (libcapstone-dev).
SPARCDEC := $(addprefix frontends/sparc/,decode.c disas.c) tests/host/frame/frame.c
SPARCDEC_TEST := $(addprefix tests/host/sparcdec/,main.c capstone.c differences.c normalise.c)
SPARCDEC_NEEDS := $(wildcard frontends/sparc/*.h tests/host/sparcdec/*.h) tests/host/frame/frame.h

ifneq ($(wildcard /usr/include/capstone/capstone.h),)
$(B)/host/sparcdec-test: $(SPARCDEC_TEST) $(SPARCDEC) $(SPARCDEC_NEEDS)
	@mkdir -p $(@D)
	$(call say,CC)$(HOST_CC) -std=gnu11 -O2 -g $(WARN) -I. -o $@ $(SPARCDEC_TEST) $(SPARCDEC) -lcapstone
HOST_TESTS += $(B)/host/sparcdec-test
endif
