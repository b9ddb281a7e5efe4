#!/bin/sh
# Everything, in a guest: run=/bench/all.sh
/bench/kernels
/bench/micro
/bench/jit
for tools in /bench/busybox.sh /bench/klibc.sh; do
    [ ! -e $tools ] || sh $tools
done
