# x87, MMX and SSE of the x86 frontend against the host's.
X87_TEST := $(wildcard tests/host/x87/*.c) tests/host/x86seq/stubs.c \
	tests/host/x86seq/coverage.c tests/host/seqframe/fault.c tests/host/frame/frame.c
X87_OURS := $(wildcard frontends/x86/*.c) $(wildcard translator/ir_*.c) $(wildcard translator/pass_*.c) \
	translator/flags.c $(wildcard translator/softfloat*.c) $(wildcard translator/x80*.c) \
	$(wildcard backends/interp/*.c backends/x86_64/*.c)
X87_OBJ := $(patsubst %.c,$(B)/host/x87/%.o,$(X87_OURS) $(X87_TEST))
X87_HEADERS := $(wildcard tests/host/x87/*.h tests/host/seqframe/fault.h frontends/x86/*.h translator/*.h backends/*/*.h)
X87_FLAGS := -std=gnu11 -O1 -g $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all -I. \
	-Ikernel/include
$(B)/host/x87/tests/host/%.o: tests/host/%.c $(X87_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(X87_FLAGS) -idirafter kernel/user/include -c -o $@ $<
$(B)/host/x87/%.o: %.c $(X87_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(X87_FLAGS) -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) \
		-Ikernel/user/include -c -o $@ $<
$(B)/host/x87-test: $(X87_OBJ)
	$(call say,LD)$(CC) -fsanitize=address,undefined -o $@ $(X87_OBJ)
HOST_TESTS += $(B)/host/x87-test
