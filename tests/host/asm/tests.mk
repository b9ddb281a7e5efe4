# Hosted test of the x86-64 encoders against Capstone.
ASM_TEST_SRC := tests/host/asm/main.c tests/host/frame/frame.c backends/x86_64/asm.c
$(B)/host/asm-test: $(ASM_TEST_SRC) backends/x86_64/asm.h backends/x86_64/asm_ops.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla \
		-Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all -I. -Ikernel/include -o $@ \
		$(ASM_TEST_SRC) -lcapstone
HOST_TESTS += $(B)/host/asm-test
