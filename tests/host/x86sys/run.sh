#!/bin/sh
# guest.c as a guest of the hosted program, on both backends and with a small code cache; its lines are the
# results.
here=$(dirname "$0")
failed=0
for options in "" "--backend interp" "--cache 256K" "--block-limit 1"; do
    out=$(timeout 120 "$here/../hosted/tetrapla" --guest x86 --memory 64M $options \
        --kernel "$here/x86sys.elf" </dev/null 2>/dev/null | head -c 200000 | tr -d '\r')
    if echo "$out" | grep -q '^FAIL' || ! echo "$out" | grep -q '^done$'; then
        echo "FAIL x86sys $options: $(echo "$out" | grep -v '^ok' | head -5 | tr '\n' ' ')"
        failed=1
    else
        echo "ok x86sys $options"
    fi
done
exit $failed
