# Tetrapla: `make help` lists the targets.
#
# The build picks files, never #if: ARCH names the port. Everything built lies in $(B).
# Beside every binary X.elf lie X.asm (disassembly with source) and X.sym (symbol table).

ARCH := x86_64
B := build
CC := gcc
LD := ld
OBJCOPY := objcopy
OBJDUMP := objdump
NM := nm
AR := ar

WARN := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wshadow
GCC_INCLUDE := $(shell $(CC) -print-file-name=include 2>/dev/null)
FREESTANDING := -std=gnu11 -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) -O2 -g $(WARN) \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-fno-omit-frame-pointer -fno-common -MMD -MP
KERNEL_FLAGS := $(FREESTANDING) -O3 -momit-leaf-frame-pointer -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pie \
	-Ikernel/include -Ikernel -Iarch/$(ARCH)/include -Iarch/$(ARCH)
USER_FLAGS := $(FREESTANDING) -fPIE -Ikernel/include -Ikernel/user/include \
	-Iarch/$(ARCH)/user/include

# What a rule prints: one short line, or with V=1 the command itself.
quiet = $(if $(V),,@)
silent := $(findstring s,$(firstword -$(MAKEFLAGS)))
say = $(quiet)$(if $(V)$(silent),,printf '  %-8s %s\n' $(1) $@;)

all: kernel programs
help:
	@sed -n 's/^## //p' Makefile
## make            the kernel and all user tasks
## make iso        build/tetrapla.iso, boots by BIOS and UEFI (GUESTS=... as with make run)
## make hosted     build/hosted/tetrapla, the translator as a Linux program
## make hosted-sanitized  the same with sanitizers, in build/hosted-san
## make run        boot it in QEMU (window if there is a display, else serial) with three Linuxes: x86,
##                 ARM and SPARC; GUESTS="arm arm:memory=512M": others, GUESTS= : none
## make test       everything; ends with "N passed, N failed" (TESTS="name ..." runs some)
## make check      the quick part of it: builds, format, hosted tests
## make bench-kernel  instruction counts of the kernel's paths
## make run-hosted an ARM guest in the translator as a Linux program (GUEST=x86, GUEST=sparc)
## make bench-cpu  the hosted program against QEMU: table and chart (GUEST=arm, x86, sparc)
## make bench-system  the whole system: host instructions for what an ARM guest does
## make clean      remove what was built

# ---- kernel ---------------------------------------------------------------------------------
KERNEL_SRC := $(wildcard kernel/*.c) $(wildcard arch/$(ARCH)/*.c) $(wildcard arch/$(ARCH)/*.S)
KERNEL_OBJ := $(patsubst %,$(B)/kernel/%.o,$(basename $(KERNEL_SRC)))

$(B)/kernel/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(KERNEL_FLAGS) -c -o $@ $<
$(B)/kernel/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(KERNEL_FLAGS) -Wa,-I$(B)/boot -c -o $@ $<

# The 32-bit entry code is a program of its own, linked into the kernel as bytes.
BOOT32_FLAGS := -std=gnu11 -m32 -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) -Os -g $(WARN) \
	-fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -mgeneral-regs-only -fno-common \
	-MMD -MP -Ikernel/include -Ikernel -Iarch/$(ARCH)/include -Iarch/$(ARCH)
BOOT32_OBJ := $(B)/boot/entry32.o $(B)/boot/early.o $(B)/boot/emergency.o $(B)/boot/font.o
$(B)/boot/entry32.o: boot/entry32.S Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BOOT32_FLAGS) -c -o $@ $<
$(B)/boot/early.o: boot/early.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BOOT32_FLAGS) -c -o $@ $<
$(B)/boot/%.o: arch/$(ARCH)/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BOOT32_FLAGS) -c -o $@ $<
$(B)/boot/boot32.elf: $(BOOT32_OBJ) boot/boot32.ld
	$(call say,LD)$(LD) -m elf_i386 -T boot/boot32.ld -o $@ $(BOOT32_OBJ)
$(B)/boot/boot32.bin: $(B)/boot/boot32.elf
	$(call say,STRIP)$(OBJCOPY) -O binary $< $@
$(B)/kernel/arch/$(ARCH)/boot32.o: $(B)/boot/boot32.bin

$(B)/kernel.full.elf: $(KERNEL_OBJ) arch/$(ARCH)/kernel.ld
	$(call say,LD)$(LD) -T arch/$(ARCH)/kernel.ld -z max-page-size=4096 -z noexecstack -o $@ \
		$(KERNEL_OBJ)
$(B)/kernel.elf: $(B)/kernel.full.elf
	$(call say,STRIP)$(OBJCOPY) --strip-all $< $@
kernel: $(B)/kernel.elf $(B)/kernel.asm $(B)/kernel.sym
$(B)/kernel.asm: $(B)/kernel.full.elf
	$(quiet)$(OBJDUMP) -S $< > $@
$(B)/kernel.sym: $(B)/kernel.full.elf
	$(quiet)$(NM) -n $< | sed -n 's/^\([0-9a-f]*\) [TtRrDdBb] /\1 /p' > $@

# ---- user library and programs ---------------------------------------------------------------
LIB_SRC := $(wildcard kernel/user/*.c) $(wildcard arch/$(ARCH)/user/*.c arch/$(ARCH)/user/*.S)
LIB_OBJ := $(patsubst %,$(B)/user/%.o,$(basename $(LIB_SRC)))
LIB := $(B)/user/libtetrapla.a
$(B)/user/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(USER_FLAGS) -I$(dir $<) -c -o $@ $<
$(B)/user/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(USER_FLAGS) -I$(dir $<) -c -o $@ $<
$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $(LIB_OBJ)

# A program is a folder of drivers/ or tests/tasks/ with .c (and .S) files: build/programs/NAME.elf.
# tests/vm is the program vmtest, the conformance suite of vm.h that runs on both ports.
PROGRAM_DIRS := $(patsubst %/,%,$(sort $(dir $(wildcard drivers/*/*.c tests/tasks/*/*.c tests/vm/*.c))))
program_name = $(if $(filter tests/vm,$(1)),vmtest,$(notdir $(1)))
program_objects = $(patsubst %,$(B)/user/%.o,$(basename $(wildcard $(1)/*.c $(1)/*.S)))
PROGRAMS := $(foreach d,$(PROGRAM_DIRS),$(B)/programs/$(call program_name,$(d)).elf)
LIBGCC := $(shell gcc -print-libgcc-file-name 2>/dev/null)

# The translator is linked into two programs: the VM task, drivers/vm, and the hosted program.
TRANSLATOR_SRC := $(wildcard translator/*.c translator/devices/*.c translator/boards/*.c \
	frontends/*/*.c backends/*/*.c backends/*/*.S)
# Code that runs in the fault upcall, while the guest's vector registers are live.
GENERAL_REGS_ONLY := translator/window.c translator/window_map.c translator/upcall.c translator/memory.c \
	translator/cache.c translator/sites.c translator/cold.c translator/flags.c \
	backends/x86_64/faultflags.c $(wildcard frontends/*/mmu.c)
program_extra_drivers_vm := $(patsubst %,$(B)/user/%.o,$(basename $(TRANSLATOR_SRC)))
$(program_extra_drivers_vm) $(patsubst %.c,$(B)/user/%.o,$(wildcard drivers/vm/*.c)): USER_FLAGS += -I.
$(patsubst %.c,$(B)/user/%.o,$(GENERAL_REGS_ONLY)): USER_FLAGS += -mgeneral-regs-only

define program
$(B)/programs/$(call program_name,$(1)).full.elf: $(call program_objects,$(1)) $(LIB) \
		$(program_extra_$(subst /,_,$(1))) arch/$(ARCH)/user/task.ld
	@mkdir -p $$(@D)
	$$(call say,LD)$(LD) --no-relax -T arch/$(ARCH)/user/task.ld -z max-page-size=4096 --gc-sections -o $$@ \
		$$(filter %.o,$$^) $(LIB) $(LIBGCC)
$(B)/programs/$(call program_name,$(1)).elf: $(B)/programs/$(call program_name,$(1)).full.elf
	$$(call say,STRIP)$(OBJCOPY) --strip-all $$< $$@
	$$(quiet)$(OBJDUMP) -S $$< > $$(@:.elf=.asm)
	$$(quiet)$(NM) -n $$< > $$(@:.elf=.sym)
endef
$(foreach d,$(PROGRAM_DIRS),$(eval $(call program,$(d))))
programs: $(PROGRAMS)

# ---- the translator on Linux -------------------------------------------------------------------
include arch/hosted/build.mk

# ---- the ISO, and machines to boot it on -------------------------------------------------------
ISO := $(B)/tetrapla.iso
# Guests on the ISO, a word each (tools/guests/lines.py); they get the first panes.
GUESTS := x86 arm sparc
MODULES :=
GUEST := arm
iso: iso-packages
	@$(MAKE) --no-print-directory $(ISO)
# What boot/grub.cfg names goes onto the ISO: the kernel, its symbols, the manifest, the programs; and the
# guests with their images.
ISO_PARTS := $(B)/kernel.elf $(B)/kernel.sym $(PROGRAMS) boot/grub.cfg boot/manifest tools/make-iso \
	$(wildcard tools/guests/*.py tools/guests/init* tools/guests/*.config)
$(ISO): $(ISO_PARTS) $(B)/guests $(foreach m,$(MODULES),$(lastword $(subst =, ,$(m))))
	tools/make-iso --build $(B) --output $@ --guests '$(GUESTS)' $(MODULES:%=--module %)
# Changes when GUESTS or MODULES do.
$(B)/guests: FORCE
	@mkdir -p $(@D)
	@echo '$(GUESTS) $(MODULES)' | cmp -s - $@ || echo '$(GUESTS) $(MODULES)' >$@
# The same without guests: four shells, for the tests.
$(B)/plain.iso: $(ISO_PARTS)
	tools/make-iso --build $(B) --output $@
iso-packages:
	@tools/install-packages "make iso" build iso $(if $(filter sparc%,$(GUESTS)),sparc)
run: run-packages iso
	@tools/run-machine $(ISO)
FORCE:
run-packages:
	@tools/install-packages "make run" run $(if $(DISPLAY)$(WAYLAND_DISPLAY),window)

# ---- tests ---------------------------------------------------------------------------------------
# Hosted tests are ordinary programs of this machine: tests/host/NAME/tests.mk adds a binary below
# $(B)/host to HOST_TESTS and gives its rule. Each prints "ok NAME" or "FAIL NAME" lines.
HOST_CC := gcc
HOST_CFLAGS := -std=gnu11 -O1 -g $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all \
	-MMD -MP
HOST_TESTS :=
-include $(wildcard tests/host/*/tests.mk)
include tests/vmhost/build.mk
host-tests: $(HOST_TESTS)
# Suites that run as root tasks, and the images the system tests use, are made by tests/run.
test: test-packages
	@tests/run --build $(B) $(TESTS)
check: check-packages
	@tests/run --build $(B) --quick
test-packages:
	@tools/install-packages "make test" build iso run test guest
check-packages:
	@tools/install-packages "make check" build iso guest
bench-kernel: bench-packages
	@$(MAKE) --no-print-directory -s $(B)/kernel.elf $(B)/kernel.sym $(B)/programs/bench.elf
	@tests/run-bench --build $(B)
bench-packages:
	@tools/install-packages "make bench-kernel" build iso run
bench-system: bench-system-packages kernel programs
	@tools/bench-system --build $(B)
bench-system-packages:
	@tools/install-packages "make bench-system" build iso run guest
run-hosted: bench-cpu-packages hosted
	@tools/run-hosted $(B)/hosted/tetrapla $(GUEST)
bench-cpu: bench-cpu-packages hosted
	@tools/bench-cpu --guest $(GUEST) --program $(B)/hosted/tetrapla --output $(B)/bench
bench-cpu-packages:
	@tools/install-packages "make bench-cpu" build guest $(filter sparc,$(GUEST))
# Names what tests/run needs to know about this build.
print-%:
	@echo $($*)

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: FORCE all help run-hosted bench-cpu bench-cpu-packages bench-system bench-system-packages kernel programs clean iso iso-packages run run-packages test test-packages \
	check check-packages host-tests bench-kernel bench-packages
.SECONDARY:
