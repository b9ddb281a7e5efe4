# The hosted program as a whole.
$(B)/host/no_fsgsbase.so: tests/host/program/no_fsgsbase.c
	@mkdir -p $(@D)
	$(call say,HOST)$(CC) -std=gnu11 -O2 $(WARN) -fPIC -shared -o $@ $<
$(B)/host/program-test: tests/host/program/run.sh arch/hosted/.gdbinit $(B)/host/no_fsgsbase.so \
		$(B)/host/x86sys.elf $(B)/hosted/tetrapla
	@mkdir -p $(@D)
	cp arch/hosted/.gdbinit $(B)/host/program.gdbinit
	install -m 755 $< $@
HOST_TESTS += $(B)/host/program-test
