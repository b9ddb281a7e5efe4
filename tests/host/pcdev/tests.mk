# Hosted tests of the PC's devices and board, on a VM without a CPU (mock.c).
PCDEV_TEST_SRC := $(wildcard tests/host/pcdev/*.c tests/host/devframe/*.c) tests/host/frame/frame.c translator/ports.c \
	$(addprefix translator/devices/,common.c i8042.c i8254.c i8259.c fw_cfg.c ide.c ide_ata.c \
	ide_atapi.c ioapic.c keyboard.c lapic.c mc146818.c pci.c piix.c uart16550.c vga.c vga_text.c) \
	$(addprefix translator/boards/,pc.c pc_parts.c pc_console.c pc_acpi.c pc_aml.c linux_x86.c \
	multiboot.c start.c)
$(B)/host/pcdev-test: $(PCDEV_TEST_SRC) $(wildcard tests/host/pcdev/*.h tests/host/devframe/*.h translator/*.h \
		translator/devices/*.h translator/boards/*.h)
	@mkdir -p $(@D)
	$(call say,HOST)$(HOST_CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes \
		-Wstrict-prototypes -Wvla -Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all \
		-I. -Ikernel/include -idirafter kernel/user/include -o $@ $(PCDEV_TEST_SRC)
HOST_TESTS += $(B)/host/pcdev-test
