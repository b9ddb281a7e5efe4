# Hosted tests of the SPARC board's devices and PROM, on a VM without a CPU (mock.c).
SS5_TEST_SRC := $(wildcard tests/host/ss5/*.c) tests/host/frame/frame.c \
	$(addprefix translator/devices/,be_bus.c common.c esp.c m48t59.c scsi_target.c slavio_irq.c \
	slavio_timer.c sun4m_iommu.c z8530.c) \
	$(addprefix translator/boards/,ss5_calls.c ss5_prom.c ss5_tree.c)
$(B)/host/ss5-test: $(SS5_TEST_SRC) $(wildcard tests/host/ss5/*.h translator/*.h \
		translator/devices/*.h translator/boards/*.h)
	@mkdir -p $(@D)
	$(call say,HOST)$(HOST_CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes \
		-Wstrict-prototypes -Wvla -Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all \
		-I. -Ikernel/include -idirafter kernel/user/include -o $@ $(SS5_TEST_SRC)
HOST_TESTS += $(B)/host/ss5-test
