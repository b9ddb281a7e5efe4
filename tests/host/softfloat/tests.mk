# Software floating point against the host's.
SOFTFLOAT_TEST := tests/host/softfloat/main.c tests/host/softfloat/judge.c tests/host/frame/frame.c translator/softfloat.c \
	translator/softfloat_convert.c
$(B)/host/softfloat-test: $(SOFTFLOAT_TEST) translator/softfloat.h translator/softfloat_parts.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla \
		-Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all -I. -Ikernel/include \
		-idirafter kernel/user/include -o $@ $(SOFTFLOAT_TEST)
HOST_TESTS += $(B)/host/softfloat-test
