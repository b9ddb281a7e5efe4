/*
 * The operations of the intermediate representation: one row each, nothing else lists them.
 *
 * IR(name, result, operands, traits, meaning)
 *
 *   result    type of the value the instruction defines:
 *               - none    T the instruction's own type field    I i32    L i64    F flags
 *   operands  one letter per operand a, b, c:  T I L F as above,  ? optional (0 = absent);
 *             D f64, S f32, V v128;  then a colon and what the other fields hold:
 *               imm  field imm          cc    field aux: enum ir_cc
 *               mem  field aux: enum ir_mem                label  field imm: number of a label
 *               part field aux: 1 or 2 bytes
 *   traits    letters:
 *               e  has an effect: never removed, never moved past another effect
 *               f  may fault: guest state must be exact when it runs
 *               r  reads guest state   w  writes guest state (removed only by dead-store rules)
 *               x  leaves the block; nothing follows it on this path
 *               c  commutative in a and b
 *               k  can give flags: an `flagsof` may follow
 *   meaning   in terms of unsigned 2's-complement arithmetic; all operations are total.
 *
 * The interpreter (backends/interp) is the exact meaning; the text here is for people.
 */
/* clang-format off */

/* ---- constants and guest state ---- */
IR(const,    T, ":imm",    "",    "the number imm")
IR(get,      T, ":imm",    "r",   "guest state of type T at byte offset imm of the CPU structure")
IR(put,      -, "T:imm",   "w",   "guest state of type T at byte offset imm := a")
IR(getf,     F, "",        "r",   "the guest flags kept in the CPU structure")
IR(putf,     -, "F:imm",   "w",   "guest flags selected by imm (IR_FLAG_*) := those of a")
IR(faultf,   -, "F:imm",   "w",   "as putf, but only who looks after a fault of ld or st (not a slow one) sees it: up to the next write of these flags, or a label")
IR(faultb,   -, "I:imm",   "w",   "the same for the one flag that imm names, C or V: a, 0 or 1")
IR(putc,     -, "I",       "w",   "guest flag C := a (0 or 1)")
IR(putnzcv,  -, "I:imm",   "w",   "guest flags := bits 31 to 28 of a: N Z C V; imm 1: C inverted")
IR(putv,     -, "I",       "w",   "guest flag V := a (0 or 1)")

/* ---- integers: T is i32 or i64; shift counts are taken modulo the width ---- */
IR(add,      T, "TT",      "ck",  "a + b")
IR(sub,      T, "TT",      "k",   "a - b")
IR(adc,      T, "TTF",     "k",   "a + b + C(c)")
IR(sbb,      T, "TTF",     "k",   "a - b - C(c)")
IR(and,      T, "TT",      "ck",  "a and b")
IR(or,       T, "TT",      "ck",  "a or b")
IR(xor,      T, "TT",      "ck",  "a xor b")
IR(not,      T, "T",       "",    "complement")
IR(neg,      T, "T",       "k",   "0 - a")
IR(shl,      T, "TI",      "",    "a << b")
IR(shr,      T, "TI",      "",    "a >> b, zeros in")
IR(sar,      T, "TI",      "",    "a >> b, sign in")
IR(ror,      T, "TI",      "",    "a rotated right by b")
IR(mul,      T, "TT",      "c",   "a * b, low half")
IR(umulh,    T, "TT",      "c",   "unsigned a * b, high half")
IR(smulh,    T, "TT",      "c",   "signed a * b, high half")
IR(udiv,     T, "TT",      "",    "a / b unsigned; 0 if b is 0")
IR(sdiv,     T, "TT",      "",    "a / b signed, towards 0; 0 if b is 0; MIN if MIN / -1")
IR(clz,      T, "T",       "",    "leading zeros; the width if a is 0")
IR(ctz,      T, "T",       "",    "trailing zeros; the width if a is 0")
IR(popcnt,   T, "T",       "",    "number of one bits")
IR(bswap,    T, "T",       "",    "bytes reversed")
IR(rbit,     T, "T",       "",    "bits reversed")
IR(zext8,    T, "T",       "",    "low 8 bits, zero-extended")
IR(zext16,   T, "T",       "",    "low 16 bits, zero-extended")
IR(sext8,    T, "T",       "",    "low 8 bits, sign-extended")
IR(sext16,   T, "T",       "",    "low 16 bits, sign-extended")
IR(zext32,   L, "I",       "",    "i32 to i64, unsigned")
IR(sext32,   L, "I",       "",    "i32 to i64, signed")
IR(lo32,     I, "L",       "",    "low half of an i64")
IR(hi32,     I, "L",       "",    "high half of an i64")
IR(pair,     L, "II",      "",    "a + (b << 32)")

/* ---- parts of 32-bit registers: the low 8 or 16 bits (aux: bytes) of a and b; the bits above are a's, and the
 *      flags are those of an operation of that width ---- */
IR(nadd,     I, "II:part",  "k",   "a + b")
IR(nsub,     I, "II:part",  "k",   "a - b")
IR(nadc,     I, "IIF:part", "k",   "a + b + C(c)")
IR(nsbb,     I, "IIF:part", "k",   "a - b - C(c)")
IR(nand,     I, "II:part",  "k",   "a and b")
IR(nor,      I, "II:part",  "k",   "a or b")
IR(nxor,     I, "II:part",  "k",   "a xor b")
IR(insert,   I, "II:part",  "",    "b over those of a")
IR(inserth,  I, "II",       "",    "a, with the low 8 bits of b as its bits 8 to 15")

/* ---- flags ---- */
IR(flagsof,  F, "T",       "",    "flags of the operation a, which is the instruction just before")
IR(fnotc,    F, "F",       "",    "a with C inverted")
IR(setcc,    I, "F:cc",    "",    "1 if cc holds in a, else 0")
IR(nzcv,     I, "F:imm",   "",    "N Z C V of a as bits 31 to 28, the others 0; imm 1: C inverted")
IR(select,   T, "FTT:cc",  "",    "b if cc holds in a, else c; T also f32, f64, v128")

/* ---- guest memory, through the current window; address (a + (b << scale) + imm) mod 2^32 ---- */
IR(ld,       T, "I?:mem",  "f",   "load; sizes below T's are extended as aux says, of v128 (4 or 8 bytes) with zeros")
IR(st,       -, "I?T:mem", "ef",  "store the low bytes of c")
IR(copy,     I, "III:mem", "ef",  "copy c elements of aux bytes, one after the other: from address b on to address a on, upwards, or with c negative -c of them downwards; how many were copied: it stops before one that faults, is no RAM or lies over an end of the address space")
IR(fill,     I, "III:mem", "ef",  "the same, every element is b")
IR(align,    -, "I:imm",   "ef",  "alignment fault at address a if (a & imm) is not 0; aux: enum access_kind of the access it guards")

/* ---- floating point: T is f32 or f64, rounding and exceptions as the guest's (softfloat.h) ---- */
IR(fadd,     T, "TT",      "",    "a + b")
IR(fsub,     T, "TT",      "",    "a - b")
IR(fmul,     T, "TT",      "",    "a * b")
IR(fdiv,     T, "TT",      "",    "a / b")
IR(fsqrt,    T, "T",       "",    "square root")
IR(fma,      T, "TTT",     "",    "a * b + c with one rounding")
IR(fneg,     T, "T",       "",    "sign inverted, also of a NaN")
IR(fabs,     T, "T",       "",    "sign cleared, also of a NaN")
IR(fcmp,     F, "TT",      "",    "quiet compare; a<b: C, a=b: Z, a>b: none, unordered: C Z P, as x86")
IR(fcmps,    F, "TT",      "",    "as fcmp, but Invalid also for quiet NaNs")
IR(fwiden,   T, "S",       "",    "f32 to f64 (T = f64)")
IR(fnarrow,  T, "D",       "",    "f64 to f32 (T = f32)")
IR(fromint,  T, "I:imm",   "",    "i32 to T; imm 1: signed, 0: unsigned; guest's rounding mode")
IR(toint32,  I, "S:imm",   "",    "f32 to i32; imm bit 0: signed, bit 1: round to zero, else guest's mode; saturates, NaN gives 0; bit 2, signed only: 0x80000000 for both")
IR(toint64,  I, "D:imm",   "",    "f64 to i32, imm as for toint32")
IR(bitsto,   T, "I",       "",    "i32 to the f32 of the same bits (T = f32)")
IR(bitsof,   I, "S",       "",    "f32 to the i32 of the same bits")
IR(dbitsto,  T, "L",       "",    "i64 to the f64 of the same bits (T = f64)")
IR(dbitsof,  L, "D",       "",    "f64 to the i64 of the same bits")

/* ---- vectors: 128 bits; aux = log2 of the lane size in bytes ---- */
IR(vadd,     T, "VV",      "c",   "lanes a + b")
IR(vsub,     T, "VV",      "",    "lanes a - b")
IR(vmul,     T, "VV",      "c",   "lanes a * b, low half (lanes of 2 or 4 bytes)")
IR(vand,     T, "VV",      "c",   "a and b")
IR(vor,      T, "VV",      "c",   "a or b")
IR(vxor,     T, "VV",      "c",   "a xor b")
IR(vandn,    T, "VV",      "",    "b and not a")
IR(veq,      T, "VV",      "c",   "lanes: all ones where a = b, else 0")
IR(vgts,     T, "VV",      "",    "lanes: all ones where a > b signed, else 0 (up to 4 bytes)")
IR(vshl,     T, "V:imm",   "",    "lanes << imm (imm < lane bits)")
IR(vshr,     T, "V:imm",   "",    "lanes >> imm, zeros in")
IR(vsar,     T, "V:imm",   "",    "lanes >> imm, sign in (lanes up to 4 bytes)")
IR(vsplat,   T, "I",       "",    "the low bits of a in every lane (lanes up to 4 bytes)")
IR(vsplat64, T, "L",       "",    "a in both halves")
IR(vminu,    T, "VV",      "c",   "bytes: the smaller of a and b, unsigned")
IR(vmask,    I, "V",       "",    "bit n: the sign bit of byte n")
IR(vop,      T, "VV:imm",  "",    "function number imm & 255 of ir_vec.h on integers a and b, with imm >> 8")
IR(vfop,     T, "VV:imm",  "",    "the same for its functions on floating-point numbers")
IR(vlow,     L, "V",       "",    "low 64 bits")
IR(vhigh,    L, "V",       "",    "high 64 bits")
IR(vmake,    T, "LL",      "",    "low half a, high half b")

/* ---- x87: 80-bit registers at offsets in imm, cpu->x87_control and x87_status (ir_x87.h) ---- */
IR(xset,     -, "LI:imm",  "e",   "register := significand a, sign and exponent b")
IR(xld,      -, "L:imm",   "e",   "register := a in a format")
IR(xst,      L, ":imm",    "e",   "the register in a format, rounded as the control word says")
IR(xop,      -, ":imm",    "e",   "register := a function of itself and another")
IR(xopm,     -, "L:imm",   "e",   "the same, the other operand is a in a format")
IR(xcmp,     F, ":imm",    "e",   "compare two registers, flags as fcmp")
IR(xcc,      I, ":imm",    "e",   "compare two registers: C0 C2 C3 as in the status word")
IR(xccm,     I, "L:imm",   "e",   "the same, a register and a in a format (i64: 0)")
IR(xdrop,    -, ":imm",    "e",   "the register's contents are not used any more")
IR(xstatus,  I, "",        "e",   "exceptions raised so far, also to cpu->x87_status")
IR(xclear,   -, "",        "e",   "no exceptions raised so far")
IR(xcontrol, -, "I",       "e",   "cpu->x87_control := a with all exceptions masked")

/* ---- control ---- */
IR(insn,     -, ":imm",    "e",   "a guest instruction begins; imm = address, aux = frontend's side bits")
IR(guard,    -, "L:imm",   "e",   "unless the 8 bytes of host memory at a are imm, leave with EXIT_STALE at the block's begin")
IR(label,    -, ":label",  "e",   "a place to branch to")
IR(br,       -, ":label",  "e",   "go on at a later label")
IR(brcc,     -, "F:cclabel", "e", "go on at a later label if cc holds in a; BRCC_PUTF: and write them there")
IR(call,     T, "???:imm", "efrw", "helper imm of the frontend's table, called with (cpu, a, b, c); operands are i32 or i64; aux: enum ir_call")
IR(jump,     -, ":imm",    "ex",  "go on with the guest at address imm (with mode bits, guest.h); may be linked; aux: enum ir_jump")
IR(jumpto,   -, "I:imm",   "ex",  "the same for a computed address; aux: enum ir_jump; imm: how the mode there differs (xor)")
IR(leave,    -, "I:imm",   "ex",  "pc := a, then leave to the dispatcher with reason imm (enum exit_reason)")
