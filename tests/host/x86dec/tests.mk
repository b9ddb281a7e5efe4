# The x86 decoder and disassembler against Capstone (libcapstone-dev; without sanitizers, as it
# compares 32 million strings), and a short run of random strings with sanitizers.
X86DEC := $(addprefix frontends/x86/,decode.c tables.c rows.c disas.c) tests/host/frame/frame.c
X86DEC_TEST := $(addprefix tests/host/x86dec/,main.c pair.c capstone.c differences.c records.c)
X86DEC_NEEDS := $(addprefix frontends/x86/,insn.h ops.h ops_x87.h ops_simd.h rows.h rows_base.h \
	rows_0f.h rows_x87.h rows_simd.h tables.h) tests/host/x86dec/x86dec.h tests/host/frame/frame.h

ifneq ($(wildcard /usr/include/capstone/capstone.h),)
$(B)/host/x86dec-test: $(X86DEC_TEST) $(X86DEC) $(X86DEC_NEEDS)
	@mkdir -p $(@D)
	$(HOST_CC) -std=gnu11 -O2 -g $(WARN) -I. -o $@ $(X86DEC_TEST) $(X86DEC) -lcapstone
HOST_TESTS += $(B)/host/x86dec-test
endif

$(B)/host/x86dec-fuzz: tests/host/x86dec/fuzz.c $(X86DEC) $(X86DEC_NEEDS)
	@mkdir -p $(@D)
	$(HOST_CC) $(filter-out -MMD -MP,$(HOST_CFLAGS)) -I. -o $@ tests/host/x86dec/fuzz.c $(X86DEC)
HOST_TESTS += $(B)/host/x86dec-fuzz
