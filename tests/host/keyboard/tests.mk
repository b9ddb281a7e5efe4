# Hosted tests of the keyboard driver's decoder.
KEYBOARD_TEST_SRC := tests/host/keyboard/main.c drivers/keyboard/decode.c drivers/keyboard/layout.c
$(B)/host/keyboard-test: $(KEYBOARD_TEST_SRC) drivers/keyboard/decode.h \
		kernel/user/include/tetrapla/console.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla \
		-Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all \
		-idirafter kernel/user/include -o $@ $(KEYBOARD_TEST_SRC)
HOST_TESTS += $(B)/host/keyboard-test
