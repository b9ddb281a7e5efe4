# Hosted tests of the user library; see README.md. The library's sources are compiled against its
# own headers and renamed (rename.h); the tests against the host's.
LIBRARY_TEST := tests/host/library
LIBRARY_SRC := string search number sort format format_double stdio malloc lock extents slots \
	channel words status memory vm_reserve server
LIBRARY_WARN := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes \
	-Wvla -Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LIBRARY_HEADERS := $(wildcard $(LIBRARY_TEST)/*.h tests/host/frame/*.h kernel/user/*.h kernel/user/include/*.h \
	kernel/user/include/tetrapla/*.h kernel/include/tetrapla/*.h)
LIBRARY_OBJ := $(LIBRARY_SRC:%=$(B)/host/library/%.o) $(B)/host/library/copy.o \
	$(B)/host/library/test/common.o $(patsubst $(LIBRARY_TEST)/%.c,$(B)/host/library/test/%.o,$(wildcard $(LIBRARY_TEST)/*.c))

$(B)/host/library/%.o: kernel/user/%.c $(LIBRARY_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(LIBRARY_WARN) -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
		-include $(LIBRARY_TEST)/rename.h -I$(LIBRARY_TEST)/include -Ikernel/include \
		-Ikernel/user/include -Iarch/$(ARCH)/user/include $(LIBRARY_EXTRA) -c -o $@ $<
# The tests have a heap of their own to give to malloc.c.
$(B)/host/library/memory.o: LIBRARY_EXTRA := -Dmemory_extend_heap=real_memory_extend_heap
$(B)/host/library/copy.o: arch/$(ARCH)/user/copy.S $(LIBRARY_TEST)/rename.h
	@mkdir -p $(@D)
	$(CC) -include $(LIBRARY_TEST)/rename.h -c -o $@ $<
$(B)/host/library/test/%.o: $(LIBRARY_TEST)/%.c $(LIBRARY_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(LIBRARY_WARN) -D_GNU_SOURCE -I$(LIBRARY_TEST)/include -Ikernel/include \
		-idirafter kernel/user/include -c -o $@ $<
$(B)/host/library/test/common.o: tests/host/frame/frame.c $(LIBRARY_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(LIBRARY_WARN) -c -o $@ $<
$(B)/host/library-test: $(LIBRARY_OBJ)
	$(CC) -fsanitize=address,undefined -o $@ $^ -lpthread -lm
HOST_TESTS += $(B)/host/library-test
