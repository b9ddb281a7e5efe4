# Hosted test of windows against a model of guest and host.
WINDOW_TEST_SRC := $(wildcard tests/host/window/*.c) tests/host/frame/frame.c \
	translator/window.c translator/window_map.c translator/window_flush.c translator/memory.c \
	translator/access.c translator/cold.c translator/sites.c
$(B)/host/window-test: $(WINDOW_TEST_SRC) $(wildcard tests/host/window/*.h translator/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla \
		-Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all -I. -Ikernel/include -o $@ \
		$(WINDOW_TEST_SRC)
HOST_TESTS += $(B)/host/window-test
