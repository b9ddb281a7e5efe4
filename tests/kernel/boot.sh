#!/bin/sh
# Boot one test program in place of root, under QEMU, and print what it says on the serial port.
#   tests/kernel/boot.sh PROGRAM [extra QEMU arguments]
# PROGRAM is a name in build/programs (conformance, fuzz). Environment: LIMIT = seconds (default
# 600), WORDS = words for the kernel's command line, B = build folder.
# Exit status: QEMU's (33 = all passed, 35 = something failed, 124 = out of time).
set -eu
program=$1
shift
b=${B:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree/boot/grub"
cp "$b/kernel.elf" "$tree/boot/kernel.elf"
cp "$b/programs/$program.elf" "$tree/boot/root.elf"
cp "$b/kernel.sym" "$tree/boot/symbols"
cat > "$tree/boot/grub/grub.cfg" <<END
set timeout=0
insmod all_video
set gfxmode=1280x800x32,auto
terminal_output gfxterm
menuentry test {
    multiboot2 /boot/kernel.elf ${WORDS:-}
    module2 /boot/root.elf root
    module2 /boot/symbols symbols
    boot
}
END
grub-mkrescue -o "$work/test.iso" "$tree" --directory=/usr/lib/grub/i386-pc >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
timeout "${LIMIT:-600}" qemu-system-x86_64 -accel tcg -cpu max -m 512M -display none -serial stdio \
    -monitor none -device isa-debug-exit,iobase=0xf4,iosize=4 -no-reboot -cdrom "$work/test.iso" \
    "$@" </dev/null
