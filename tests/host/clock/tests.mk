# Hosted tests of the clock server's date arithmetic.
$(B)/host/clock-test: tests/host/clock/main.c drivers/clock/rtc.c drivers/clock/rtc.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla \
		-Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ \
		tests/host/clock/main.c drivers/clock/rtc.c
HOST_TESTS += $(B)/host/clock-test
