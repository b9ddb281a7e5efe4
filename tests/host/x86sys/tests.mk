# A Multiboot program that tests the x86 guest's system side, run by the hosted program.
X86SYS := tests/host/x86sys
$(B)/host/x86sys.elf: $(wildcard $(X86SYS)/*.[ch]) $(X86SYS)/link.ld
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -m32 -std=gnu11 -O1 -ffreestanding -fno-pie -fno-stack-protector \
		-fno-asynchronous-unwind-tables -mgeneral-regs-only $(WARN) -nostdlib -static -no-pie \
		-Wl,-T,$(X86SYS)/link.ld,--build-id=none -z noexecstack -o $@ $(X86SYS)/*.c
$(B)/host/x86sys-test: $(X86SYS)/run.sh $(B)/host/x86sys.elf $(B)/hosted/tetrapla
	@mkdir -p $(@D)
	cp $< $@
HOST_TESTS += $(B)/host/x86sys-test
