# What the fault upcall reaches in the VM task, looked at in its disassembly.
$(B)/host/faultpath-test: tests/host/faultpath/check.py $(B)/programs/vm.elf
	@mkdir -p $(@D)
	install -m 755 $< $@
HOST_TESTS += $(B)/host/faultpath-test
