# The x87 in software against the host's.
X80_TEST := $(wildcard tests/host/x80/*.c) tests/host/frame/frame.c translator/x80.c \
	translator/x80_convert.c translator/x80_whole.c
$(B)/host/x80-test: $(X80_TEST) tests/host/x80/x80_test.h translator/x80.h translator/x80_parts.h
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -std=gnu11 -O1 -g $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all -I. -o $@ $(X80_TEST)
HOST_TESTS += $(B)/host/x80-test
