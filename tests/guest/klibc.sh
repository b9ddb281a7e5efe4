#!/bin/sh
# As busybox.sh, for a guest that has klibc's few tools instead.
job="/bench/micro job"
$job gunzip gzip -dc /bench/text.gz
$job shell_loop sh -c 'i=0; while [ $i -lt 40000 ]; do i=$((i + 1)); done'
$job shell_fork sh -c 'i=0; while [ $i -lt 100 ]; do x=$(uname -m); i=$((i + 1)); done'
