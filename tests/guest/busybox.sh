#!/bin/sh
# What busybox's tools take, in a guest: each job timed by `micro job` on data made here.
# Elsewhere: BENCH is where micro is, TMPDIR an empty folder.
cd "${TMPDIR:-/tmp}" || exit 1
job="${BENCH:-/bench}/micro job"
awk 'BEGIN { x = 1; for (i = 0; i < 20000; i++) { x = (x * 16807) % 2147483647
    printf "%d line %d of the text, %x\n", x, i, x } }' </dev/null >text
i=0
while [ $i -lt 4 ]; do cat text; i=$((i + 1)); done >big
cat big >/dev/null
$job sha256sum sha256sum big
$job md5sum md5sum big
$job gzip sh -c 'gzip -c big >big.gz'
$job gunzip sh -c 'gunzip -c big.gz | cmp - big'
$job bzip2 sh -c 'bzip2 -c text >text.bz2'
$job bunzip2 sh -c 'bunzip2 -c text.bz2 | cmp - text'
$job awk awk '{ n[$1 % 97] += $4 } END { for (k in n) s += n[k]; print s }' big
$job sort sort -n text
$job grep grep -c 'line 1.*of.*[05]$' big
$job shell_loop sh -c 'i=0; while [ $i -lt 40000 ]; do i=$((i + 1)); done'
$job shell_fork sh -c 'i=0; while [ $i -lt 100 ]; do x=$(expr $i + 1); i=$x; done'
