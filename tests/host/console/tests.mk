# Hosted tests of the console server; see README.md.
CONSOLE_TEST_SRC := $(wildcard tests/host/console/*.c) tests/host/frame/frame.c \
	$(filter-out drivers/console/main.c,$(wildcard drivers/console/*.c)) kernel/user/channel.c
CONSOLE_TEST_FLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes \
	-Wstrict-prototypes -Wvla -Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all \
	-Itests/host/console/include -Idrivers/console -Ikernel/include -idirafter kernel/user/include
$(B)/host/console-test: $(CONSOLE_TEST_SRC) \
		$(wildcard tests/host/console/*.h tests/host/frame/*.h drivers/console/*.h kernel/user/include/tetrapla/*.h)
	@mkdir -p $(@D)
	$(CC) $(CONSOLE_TEST_FLAGS) -o $@ $(CONSOLE_TEST_SRC)
HOST_TESTS += $(B)/host/console-test
