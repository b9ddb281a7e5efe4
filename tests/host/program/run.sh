#!/bin/sh
# The hosted program as a whole, with x86sys.elf as its guest: a host it cannot run on, and under a debugger,
# where the signals of its normal work must pass.
here=$(dirname "$0")
program="$here/../hosted/tetrapla"
guest="--guest x86 --memory 64M --kernel $here/x86sys.elf"
failed=0
fail() {
    echo "FAIL $1: $2"
    failed=1
}

said=$(LD_PRELOAD="$here/no_fsgsbase.so" timeout 20 "$program" $guest 2>&1 </dev/null)
status=$?
if [ $status = 2 ] && echo "$said" | grep -q FSGSBASE; then
    echo "ok program refuses a host without FSGSBASE by name"
else
    fail "program refuses a host without FSGSBASE by name" "status $status: $(echo "$said" | head -3)"
fi

debugger=$(command -v gdb || command -v gdb-multiarch)
if [ -z "$debugger" ]; then
    echo "skip program under gdb: there is no gdb"
    exit $failed
fi
said=$(timeout 100 "$debugger" -nx -batch -x "$here/program.gdbinit" -ex "run $guest 2>/dev/null" "$program" </dev/null 2>&1 | tr -d '\r')
if echo "$said" | grep -qi 'ptrace\|could not trace'; then
    echo "skip program under gdb: it may not trace"
elif echo "$said" | grep -q '^done$' && echo "$said" | grep -q 'exited normally' &&
    ! echo "$said" | grep -q 'received signal\|Breakpoint 1, '; then
    echo "ok program under gdb"
else
    fail "program under gdb" "$(echo "$said" | tail -5 | tr '\n' ' ')"
fi
exit $failed
