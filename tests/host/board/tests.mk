# Hosted tests of device models and boards, on a VM without a CPU (mock.c).
BOARD_TEST_SRC := $(wildcard tests/host/board/*.c tests/host/devframe/*.c) tests/host/frame/frame.c \
	$(addprefix translator/devices/,common.c generic_timer.c gicv2.c gicv2_registers.c pl011.c \
	pl031.c psci.c virtio_blk.c virtio_mmio.c virtqueue.c) \
	$(wildcard translator/boards/virt*.c translator/boards/fdt*.c translator/boards/linux_arm.c) translator/boards/start.c
$(B)/host/board-test: $(BOARD_TEST_SRC) $(wildcard tests/host/board/*.h tests/host/devframe/*.h translator/*.h \
		translator/devices/*.h translator/boards/*.h frontends/arm/*.h)
	@mkdir -p $(@D)
	$(call say,HOST)$(HOST_CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes \
		-Wstrict-prototypes -Wvla -Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all \
		-I. -Ikernel/include -idirafter kernel/user/include -o $@ $(BOARD_TEST_SRC)
HOST_TESTS += $(B)/host/board-test
