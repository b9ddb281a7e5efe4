# The ARM decoder and disassembler against Capstone (libcapstone-dev; without sanitizers, as it
# compares 20 million codes), and a short run of random codes with sanitizers.
ARMDEC := $(addprefix frontends/arm/,decode.c fixups.c disas.c) \
	$(wildcard frontends/arm/fixups_simd.c frontends/arm/disas_simd.c) \
	tests/host/armdec/no_simd.c tests/host/frame/frame.c
ARMDEC_TEST := $(addprefix tests/host/armdec/,main.c capstone.c differences.c normalise.c records.c)
ARMDEC_NEEDS := $(wildcard frontends/arm/*.h) tests/host/armdec/armdec.h tests/host/frame/frame.h

ifneq ($(wildcard /usr/include/capstone/capstone.h),)
$(B)/host/armdec-test: $(ARMDEC_TEST) $(ARMDEC) $(ARMDEC_NEEDS)
	@mkdir -p $(@D)
	$(HOST_CC) -std=gnu11 -O2 -g $(WARN) -I. \
		-DDIFFERENCES='"$(CURDIR)/tests/host/armdec/differences.txt"' \
		-o $@ $(ARMDEC_TEST) $(ARMDEC) -lcapstone
HOST_TESTS += $(B)/host/armdec-test
endif

$(B)/host/armdec-fuzz: tests/host/armdec/fuzz.c $(ARMDEC) $(ARMDEC_NEEDS)
	@mkdir -p $(@D)
	$(HOST_CC) $(filter-out -MMD -MP,$(HOST_CFLAGS)) -I. -o $@ tests/host/armdec/fuzz.c $(ARMDEC)
HOST_TESTS += $(B)/host/armdec-fuzz
