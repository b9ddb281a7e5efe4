# VFP and Advanced SIMD: every row on both backends against qemu-arm, with armseq's machine and stub;
# the decoder and disassembler against Capstone (libcapstone-dev; without sanitizers).
SIMD_OBJ := $(patsubst %.c,$(B)/host/armseq/%.o,$(wildcard frontends/arm/*.c translator/ir_*.c \
	translator/pass_*.c translator/flags.c translator/softfloat*.c translator/x80*.c backends/interp/*.c backends/x86_64/*.c) \
	tests/host/armseq/machine.c \
	$(addprefix tests/host/seqframe/,flat.c fault.c around.c reference.c) tests/host/simd/main.c tests/host/frame/frame.c)
$(B)/host/simd-test: $(SIMD_OBJ) $(B)/host/armseq-stub
	$(call say,LD)$(CC) -fsanitize=address,undefined -o $@ $(SIMD_OBJ)
HOST_TESTS += $(B)/host/simd-test

ifneq ($(wildcard /usr/include/capstone/capstone.h),)
SIMD_DECODE := tests/host/simd/decode.c tests/host/frame/frame.c \
	$(addprefix tests/host/armdec/,capstone.c differences.c normalise.c) \
	$(addprefix frontends/arm/,decode.c fixups.c disas.c fixups_simd.c disas_simd.c)
$(B)/host/simd-decode-test: $(SIMD_DECODE) $(wildcard frontends/arm/*.h) tests/host/armdec/armdec.h
	@mkdir -p $(@D)
	$(call say,CC)$(HOST_CC) -std=gnu11 -O2 -g $(WARN) -I. \
		-DDIFFERENCES='"$(CURDIR)/tests/host/simd/differences.txt"' -o $@ $(SIMD_DECODE) -lcapstone
HOST_TESTS += $(B)/host/simd-decode-test
endif
