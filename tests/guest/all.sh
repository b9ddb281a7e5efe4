#!/bin/sh
# Everything, in a guest: run=/bench/all.sh
/bench/kernels
/bench/micro
/bench/jit
sh /bench/busybox.sh
