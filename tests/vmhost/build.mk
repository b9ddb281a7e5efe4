# The hosted tests of the translator as tasks of the kernel: $(B)/programs/vmt-NAME.elf, linked with the
# very objects that the VM task has. What they test comes from the lists in tests/host/*/tests.mk.
VMHOST_SRC_armdec := tests/host/armdec/fuzz.c $(ARMDEC)
VMHOST_SRC_armlift := $(ARMLIFT_TEST_SRC)
VMHOST_SRC_sparclift := $(SPARCLIFT_TEST_SRC)
VMHOST_SRC_sparcseq := $(SPARCSEQ_OURS) $(SPARCSEQ_TEST)
VMHOST_SRC_pcdev := $(PCDEV_TEST_SRC)
VMHOST_SRC_ss5 := $(SS5_TEST_SRC)
VMHOST_SRC_armseq := $(ARMSEQ_OURS) $(ARMSEQ_TEST)
VMHOST_SRC_simd := $(patsubst $(B)/host/armseq/%.o,%.c,$(SIMD_OBJ))
VMHOST_SRC_ir := $(IR_TEST_SRC)
VMHOST_SRC_x86 := $(X86_TEST_SRC)
VMHOST_SRC_window := $(WINDOW_TEST_SRC)
VMHOST_SRC_softfloat := $(SOFTFLOAT_TEST)
VMHOST_SRC_board := $(BOARD_TEST_SRC)
VMHOST_SRC_gdb := $(GDB_TEST)
VMHOST_NAMES := $(patsubst VMHOST_SRC_%,%,$(filter VMHOST_SRC_%,$(.VARIABLES)))
# Files that need Linux, and what stands in for them.
VMHOST_INSTEAD := tests/host/seqframe/reference.c=tests/vmhost/reference.c tests/host/board/dtc.c=tests/vmhost/no_dtc.c \
	tests/host/softfloat/judge.c=tests/vmhost/softfloat_judge.c
VMHOST := tests/vmhost
VMHOST_FLAGS := -I$(VMHOST)/include $(USER_FLAGS) -I.

vmhost_instead = $(or $(patsubst $(1)=%,%,$(filter $(1)=%,$(VMHOST_INSTEAD))),$(1))
vmhost_object = $(if $(filter tests/%,$(1)),$(B)/vmhost/$(1:.c=.o),$(B)/user/$(basename $(1)).o)
vmhost_objects = $(foreach s,$(sort $(foreach t,$(1),$(call vmhost_instead,$(t)))),$(call vmhost_object,$(s)))

$(B)/vmhost/tests/%.o: tests/%.c Makefile $(VMHOST)/build.mk
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(VMHOST_FLAGS) -c -o $@ $<
$(B)/vmhost/tests/vmhost/signal.o: VMHOST_FLAGS += -mgeneral-regs-only

# Files that the tests read, in the table of vmhost.h.
VMHOST_FILES := $(wildcard tests/host/*/cases.txt tests/host/*/cases/*)
$(B)/vmhost/files.S: $(VMHOST_FILES) $(VMHOST)/build.mk
	@mkdir -p $(@D)
	@{ echo '.section .rodata'; echo '.global linked_files'; echo '.balign 8'; echo 'linked_files:'; \
	for f in $(VMHOST_FILES); do printf '.pushsection .rodata.files\n1: .asciz "%s"\n2: .incbin "%s"\n' $$f $$f; \
	printf '3:\n.popsection\n.quad 1b, 2b, 3b\n'; done; \
	echo '.quad 0, 0, 0'; echo '.section .note.GNU-stack,"",@progbits'; } >$@
$(B)/vmhost/files.o: $(B)/vmhost/files.S
	$(call say,CC)$(CC) -c -o $@ $<

# In an archive, so that a test's own stand-in for a part of vm.h does not meet this one's needs.
VMHOST_LIB := $(B)/vmhost/libvmhost.a
$(VMHOST_LIB): $(patsubst %,$(B)/vmhost/$(VMHOST)/%.o,files small memory signal) $(B)/vmhost/files.o
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

define vmhost_program
VMHOST_PROGRAMS += $(B)/programs/vmt-$(1).elf
$(B)/programs/vmt-$(1).full.elf: $(call vmhost_objects,$(VMHOST_SRC_$(1))) \
		$(B)/vmhost/$(VMHOST)/start.o $(VMHOST_LIB) $(LIB) arch/$(ARCH)/user/task.ld
	@mkdir -p $$(@D)
	$$(call say,LD)$(LD) --no-relax -T arch/$(ARCH)/user/task.ld -z max-page-size=4096 --gc-sections --wrap=main \
		-o $$@ $$(filter %.o,$$^) $(VMHOST_LIB) $(LIB) $(LIBGCC)
$(B)/programs/vmt-$(1).elf: $(B)/programs/vmt-$(1).full.elf
	$$(call say,STRIP)$(OBJCOPY) --strip-all $$< $$@
	$$(quiet)$(OBJDUMP) -S $$< > $$(@:.elf=.asm)
	$$(quiet)$(NM) -n $$< > $$(@:.elf=.sym)
endef
$(foreach n,$(VMHOST_NAMES),$(eval $(call vmhost_program,$(n))))
vmhost: $(VMHOST_PROGRAMS)

# What the references answer, as modules for the tasks: qemu-arm, qemu-sparc; for softfloat this machine. The numbers
# are those of tests/suites.txt; armseq may run fewer there.
$(B)/vmhost/armseq.recording: $(B)/host/armseq-test $(VMHOST)/build.mk
	$(call say,RECORD)REFERENCE_RECORD=$@.part $< 150000 >$@.log
	$(quiet)mv $@.part $@
$(B)/vmhost/sparcseq.recording: $(B)/host/sparcseq-test $(VMHOST)/build.mk
	$(call say,RECORD)REFERENCE_RECORD=$@.part $< 100000 >$@.log
	$(quiet)mv $@.part $@
$(B)/vmhost/simd.recording: $(B)/host/simd-test $(VMHOST)/build.mk
	$(call say,RECORD)REFERENCE_RECORD=$@.part $< 40 >$@.log
	$(quiet)mv $@.part $@
$(B)/vmhost/softfloat.recording: $(B)/host/softfloat-test $(VMHOST)/build.mk
	@rm -f $@.part
	$(call say,RECORD)REFERENCE_RECORD=$@.part $< 24000 >$@.log
	$(quiet)mv $@.part $@
.PHONY: vmhost
