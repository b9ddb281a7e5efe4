# Random x86 code on both backends and on this machine's CPU. Without the address sanitizer: its shadow
# lies where stray accesses of the cases go.
X86SEQ := tests/host/x86seq
X86SEQ_OURS := $(filter-out frontends/arm/%,$(wildcard frontends/x86/*.c translator/ir_*.c translator/pass_*.c translator/flags.c \
	translator/softfloat*.c translator/x80*.c backends/interp/*.c backends/x86_64/*.c)) $(X86SEQ)/parts.c
X86SEQ_TEST := $(filter-out $(X86SEQ)/parts.c,$(wildcard $(X86SEQ)/*.c)) \
	$(addprefix tests/host/seqframe/,flat.c fault.c case_file.c) tests/host/frame/frame.c
X86SEQ_HEADERS := $(wildcard $(X86SEQ)/*.h tests/host/seqframe/*.h frontends/x86/*.h translator/*.h backends/*/*.h)
X86SEQ_FLAGS := -std=gnu11 -O2 -g $(WARN) -fsanitize=undefined -fno-sanitize-recover=all -I. \
	-Ikernel/include
X86SEQ_OBJ := $(patsubst %.c,$(B)/host/x86seq/%.o,$(X86SEQ_OURS) $(X86SEQ_TEST))

$(B)/host/x86seq/tests/host/%.o: tests/host/%.c $(X86SEQ_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(X86SEQ_FLAGS) -idirafter kernel/user/include -c -o $@ $<
$(B)/host/x86seq/%.o: %.c $(X86SEQ_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(X86SEQ_FLAGS) -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) \
		-Ikernel/user/include -c -o $@ $<
$(B)/host/x86seq-test: $(X86SEQ_OBJ)
	$(call say,LD)$(CC) -fsanitize=undefined -o $@ $(X86SEQ_OBJ)
HOST_TESTS += $(B)/host/x86seq-test
