# Random SPARC code on both backends and under qemu-sparc.
SPARCSEQ := tests/host/sparcseq
SPARCSEQ_OURS := $(wildcard frontends/sparc/*.c translator/ir_*.c translator/pass_*.c translator/flags.c translator/softfloat*.c translator/x80*.c \
	backends/interp/*.c backends/x86_64/*.c)
SPARCSEQ_TEST := $(filter-out $(SPARCSEQ)/stub.c,$(wildcard $(SPARCSEQ)/*.c)) \
	$(addprefix tests/host/seqframe/,flat.c fault.c around.c reference.c) tests/host/frame/frame.c
SPARCSEQ_HEADERS := $(wildcard $(SPARCSEQ)/*.h tests/host/seqframe/*.h frontends/sparc/*.h translator/*.h backends/*/*.h)
SPARCSEQ_FLAGS := -std=gnu11 -O1 -g $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all -I. \
	-Ikernel/include
SPARCSEQ_OBJ := $(patsubst %.c,$(B)/host/sparcseq/%.o,$(SPARCSEQ_OURS) $(SPARCSEQ_TEST))

$(B)/host/sparcseq/tests/host/%.o: tests/host/%.c $(SPARCSEQ_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(SPARCSEQ_FLAGS) -idirafter kernel/user/include -c -o $@ $<
$(B)/host/sparcseq/%.o: %.c $(SPARCSEQ_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(SPARCSEQ_FLAGS) -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) \
		-Ikernel/user/include -c -o $@ $<
# Without a library: there is none for 32 bits beside the cross compiler.
$(B)/host/sparcseq-stub: $(SPARCSEQ)/stub.c $(SPARCSEQ)/case.h
	@mkdir -p $(@D)
	$(call say,CC)sparc64-linux-gnu-gcc -m32 -mcpu=v8 -std=gnu11 -O2 -Wall -Wextra -Werror -ffreestanding \
		-fno-pic -static -nostdlib -Wl,-melf32_sparc -o $@ $<
$(B)/host/sparcseq-test: $(SPARCSEQ_OBJ) $(B)/host/sparcseq-stub
	$(call say,LD)$(CC) -fsanitize=address,undefined -o $@ $(SPARCSEQ_OBJ)
HOST_TESTS += $(B)/host/sparcseq-test
