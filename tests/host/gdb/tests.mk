# The debugger's protocol against a script.
GDB_TEST := tests/host/gdb/main.c tests/host/frame/frame.c translator/gdb.c
$(B)/host/gdb-test: $(GDB_TEST) $(wildcard translator/*.h)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(filter-out -MMD -MP,$(HOST_CFLAGS)) -I. -Ikernel/include -idirafter kernel/user/include -o $@ \
		$(GDB_TEST)
HOST_TESTS += $(B)/host/gdb-test
