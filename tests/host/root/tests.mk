# Hosted tests of the root task's pure parts; see README.md.
ROOT_PURE := words keys manifest manifest_check extent restart image
ROOT_TEST_SRC := $(wildcard tests/host/root/*.c) tests/host/frame/frame.c $(ROOT_PURE:%=drivers/root/%.c)
$(B)/host/root-test: $(ROOT_TEST_SRC) $(wildcard tests/host/root/*.h tests/host/frame/*.h drivers/root/*.h) boot/manifest
	@mkdir -p $(@D)
	$(call say,HOST)$(HOST_CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla \
		-Wshadow -fsanitize=address,undefined -fno-sanitize-recover=all -Ikernel/include \
		-Idrivers/root -o $@ $(ROOT_TEST_SRC)
HOST_TESTS += $(B)/host/root-test

# The whole root task on a simulated kernel. No address sanitizer: root maps at addresses of its own.
ROOT_SIM_SRC := $(wildcard tests/host/root/sim/*.c) $(wildcard drivers/root/*.c) \
	kernel/user/channel.c kernel/user/slots.c kernel/user/status.c
ROOT_SIM_FLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes \
	-Wvla -Wshadow -fsanitize=undefined -fno-sanitize-recover=all -pthread \
	-Itests/host/root/sim/include -Ikernel/include -idirafter kernel/user/include
$(B)/host/root-sim: $(ROOT_SIM_SRC) $(wildcard tests/host/root/sim/*.h drivers/root/*.h)
	@mkdir -p $(@D)
	$(call say,HOST)$(HOST_CC) $(ROOT_SIM_FLAGS) -c -o $@.main.o drivers/root/main.c
	$(quiet)$(OBJCOPY) --redefine-sym main=root_main $@.main.o
	$(quiet)$(HOST_CC) $(ROOT_SIM_FLAGS) -o $@ $@.main.o $(filter-out drivers/root/main.c,$(ROOT_SIM_SRC))
HOST_TESTS += $(B)/host/root-sim
