#!/bin/sh
# Everything, in a guest: run=/bench/all.sh
/bench/kernels
/bench/micro
sh /bench/busybox.sh
