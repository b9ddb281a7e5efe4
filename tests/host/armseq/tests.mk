# Random ARM code on both backends and under qemu-arm.
ARMSEQ := tests/host/armseq
ARMSEQ_OURS := $(wildcard frontends/arm/*.c translator/ir_*.c translator/pass_*.c translator/flags.c translator/softfloat*.c translator/x80*.c \
	backends/interp/*.c backends/x86_64/*.c)
ARMSEQ_TEST := $(filter-out $(ARMSEQ)/stub.c,$(wildcard $(ARMSEQ)/*.c)) \
	$(wildcard tests/host/seqframe/*.c) tests/host/frame/frame.c
ARMSEQ_HEADERS := $(wildcard $(ARMSEQ)/*.h tests/host/seqframe/*.h frontends/arm/*.h translator/*.h backends/*/*.h)
ARMSEQ_FLAGS := -std=gnu11 -O1 -g $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all -I. \
	-Ikernel/include
ARMSEQ_OBJ := $(patsubst %.c,$(B)/host/armseq/%.o,$(ARMSEQ_OURS) $(ARMSEQ_TEST))

$(B)/host/armseq/tests/host/%.o: tests/host/%.c $(ARMSEQ_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ARMSEQ_FLAGS) -idirafter kernel/user/include -c -o $@ $<
$(B)/host/armseq/%.o: %.c $(ARMSEQ_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ARMSEQ_FLAGS) -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) \
		-Ikernel/user/include -c -o $@ $<
# Linked where no case's stray access goes (case.h, STUB_AT).
$(B)/host/armseq-stub: $(ARMSEQ)/stub.c $(ARMSEQ)/case.h tests/host/seqframe/case_data.h
	@mkdir -p $(@D)
	$(call say,CC)arm-linux-gnueabihf-gcc -std=gnu11 -O2 $(WARN) -static \
		-Wl,-Ttext-segment=0x5a500000 -o $@ $<
$(B)/host/armseq-test: $(ARMSEQ_OBJ) $(B)/host/armseq-stub
	$(call say,LD)$(CC) -fsanitize=address,undefined -o $@ $(ARMSEQ_OBJ)
HOST_TESTS += $(B)/host/armseq-test
