# The hosted port and the program build/hosted/tetrapla: the translator as a Linux process.
#
#   translator, boards, devices, frontends, backends   our own library headers only (-nostdinc)
#   arch/hosted                                         the C library of this computer
#
# Two builds with the same rules: $(B)/hosted, and $(B)/hosted-san with the sanitizers.

HOSTED_PORT := $(filter-out arch/hosted/main.c,$(wildcard arch/hosted/*.c arch/hosted/*.S))

HOSTED_COMMON := -std=gnu11 -O2 -g $(WARN) -fno-strict-aliasing -fno-omit-frame-pointer -fPIE \
	-fno-common -MMD -MP
HOSTED_PORT_FLAGS := $(HOSTED_COMMON) -mfsgsbase -I. -Ikernel/include
HOSTED_PROGRAM_FLAGS := $(HOSTED_COMMON) -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) -I. \
	-Ikernel/include -Ikernel/user/include
# gcc's check of a bool forgets that it is volatile, and loads it once before a loop.
HOSTED_SANITIZE := -fsanitize=address,undefined -fno-sanitize=bool -fno-sanitize-recover=all

# $(1) build folder, $(2) flags for compiler and linker
define hosted_build
$(1)/arch/hosted/%.o: arch/hosted/%.c arch/hosted/build.mk
	@mkdir -p $$(@D)
	$$(call say,CC)$(CC) $(HOSTED_PORT_FLAGS) $(2) -c -o $$@ $$<
$(1)/arch/hosted/%.o: arch/hosted/%.S arch/hosted/build.mk
	@mkdir -p $$(@D)
	$$(call say,CC)$(CC) $(HOSTED_PORT_FLAGS) -c -o $$@ $$<
$(1)/tests/vm/%.o: tests/vm/%.c arch/hosted/build.mk
	@mkdir -p $$(@D)
	$$(call say,CC)$(CC) $(HOSTED_PORT_FLAGS) $(2) -c -o $$@ $$<
$(1)/tests/vm/%.o: tests/vm/%.S arch/hosted/build.mk
	@mkdir -p $$(@D)
	$$(call say,CC)$(CC) $(HOSTED_PORT_FLAGS) -c -o $$@ $$<
$(1)/%.o: %.c arch/hosted/build.mk
	@mkdir -p $$(@D)
	$$(call say,CC)$(CC) $(HOSTED_PROGRAM_FLAGS) $(2) \
		$$(if $$(filter $$<,$(GENERAL_REGS_ONLY)),-mgeneral-regs-only) -c -o $$@ $$<
$(1)/%.o: %.S arch/hosted/build.mk
	@mkdir -p $$(@D)
	$$(call say,CC)$(CC) $(HOSTED_PROGRAM_FLAGS) -c -o $$@ $$<
$(1)/libhosted.a: $(patsubst %,$(1)/%.o,$(basename $(HOSTED_PORT)))
	@rm -f $$@
	$$(call say,AR)$(AR) rcs $$@ $$^
$(1)/tetrapla: $(1)/arch/hosted/main.o $(patsubst %,$(1)/%.o,$(basename $(TRANSLATOR_SRC))) \
		$(1)/libhosted.a
	$$(call say,LD)$(CC) -pie -pthread $(2) -o $$@ $$^
$(1)/vmtest: $(patsubst %,$(1)/%.o,$(basename $(wildcard tests/vm/*.c tests/vm/*.S))) \
		$(1)/libhosted.a
	$$(call say,LD)$(CC) -pie -pthread $(2) -o $$@ $$^
endef
$(eval $(call hosted_build,$(B)/hosted,))
$(eval $(call hosted_build,$(B)/hosted-san,$(HOSTED_SANITIZE)))

hosted: $(B)/hosted/tetrapla
hosted-sanitized: $(B)/hosted-san/tetrapla
.PHONY: hosted hosted-sanitized
