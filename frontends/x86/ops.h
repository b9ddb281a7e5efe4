/*
 * The integer and system instructions: OP(name), one per operation, not per encoding. Operand kinds
 * and sizes are in the record. A name in lower case, up to its `_`, is the mnemonic; the exceptions
 * are in disas.c.
 */
/* clang-format off */

/* two operands, the first is read and written; CMP and TEST only read it */
OP(ADD) OP(OR) OP(ADC) OP(SBB) OP(AND) OP(SUB) OP(XOR) OP(CMP) OP(TEST)
/* one operand; MUL, DIV, IDIV: the other is AL, AX, EAX with AH, DX, EDX by its size */
OP(INC) OP(DEC) OP(NOT) OP(NEG) OP(MUL) OP(DIV) OP(IDIV)
OP(IMUL)                              /* 1 operand: as MUL; 2: a *= b; 3: a = b * imm */
/* shifts and rotations: the count is an immediate (also the implied 1) or CL, not yet masked */
OP(ROL) OP(ROR) OP(RCL) OP(RCR) OP(SHL) OP(SHR) OP(SAR)
OP(SHLD) OP(SHRD)                     /* a, b, count */
OP(BT) OP(BTS) OP(BTR) OP(BTC)        /* b a register: it reaches beyond a memory operand */
OP(BSF) OP(BSR) OP(BSWAP)
OP(XADD) OP(CMPXCHG) OP(CMPXCHG8B)
OP(MOV) OP(MOVBE) OP(MOVZX) OP(MOVSX) OP(LEA) OP(XCHG) OP(XLAT) /* XLAT: [BX + AL] in seg, by addrsize */
OP(CBW)                               /* opsize 2: CBW, 4: CWDE, 8: CDQE */
OP(CWD)                               /* opsize 2: CWD, 4: CDQ,  8: CQO */
OP(CMOVCC) OP(SETCC) OP(JCC)          /* cond */
OP(DAA) OP(DAS) OP(AAA) OP(AAS) OP(AAM) OP(AAD) OP(SALC) /* AAM, AAD: imm is the base */
OP(LAHF) OP(SAHF) OP(CLC) OP(STC) OP(CMC) OP(CLD) OP(STD) OP(CLI) OP(STI)

/* stack; the width is opsize, the pointer's width SS.B */
OP(PUSH) OP(POP)                      /* register, memory; PUSH: immediate, sign-extended */
OP(PUSH_SEG) OP(POP_SEG)
OP(PUSHA) OP(POPA) OP(PUSHF) OP(POPF)
OP(ENTER) OP(LEAVE)                   /* ENTER: imm bytes, imm2 nesting */

/* control flow */
OP(JMP) OP(CALL)                      /* REL, register or memory */
OP(JMP_FAR) OP(CALL_FAR)              /* FAR, or memory: offset, then selector */
OP(RET) OP(RET_FAR)                   /* without operand, or imm: bytes to drop */
OP(IRET)
OP(JCXZ) OP(LOOP) OP(LOOPE) OP(LOOPNE) /* the counter has addrsize */
OP(INT) OP(INT3) OP(INTO) OP(INT1) OP(UD2) OP(UD1) OP(BOUND)

/* strings; operands are X86_SRC_SI and X86_DST_DI, of 1, 2, 4 bytes; `rep` */
OP(MOVS) OP(CMPS) OP(STOS) OP(LODS) OP(SCAS) OP(INS) OP(OUTS)

/* input and output: AL, AX, EAX and a port: imm or DX */
OP(IN) OP(OUT)

/* segments and system */
OP(MOV_SEG)                           /* one operand is X86_SEG; a memory operand has 2 bytes */
OP(LDS) OP(LES) OP(LSS) OP(LFS) OP(LGS)
OP(MOV_CR) OP(MOV_DR)                 /* one operand is X86_CR, X86_DR; DR4, DR5: see CR4.DE */
OP(SLDT) OP(STR) OP(LLDT) OP(LTR) OP(VERR) OP(VERW)
OP(SGDT) OP(SIDT) OP(LGDT) OP(LIDT) OP(SMSW) OP(LMSW) OP(INVLPG) OP(CLTS)
OP(LAR) OP(LSL) OP(ARPL)
OP(INVD) OP(WBINVD) OP(HLT) OP(RDTSC) OP(RDPMC) OP(RDMSR) OP(WRMSR) OP(CPUID)
OP(SYSENTER) OP(SYSEXIT)
OP(MONITOR) OP(MWAIT) OP(RDTSCP)      /* with their CPUID bits only */

/* no effect that a program sees */
OP(NOP)                               /* an operand of NOP is not accessed */
OP(PAUSE)
OP(PREFETCHNTA) OP(PREFETCHT0) OP(PREFETCHT1) OP(PREFETCHT2)
OP(CLFLUSH)                           /* faults as a read of one byte does */
OP(LFENCE) OP(MFENCE) OP(SFENCE)
OP(MOVNTI)
OP(FXSAVE) OP(FXRSTOR) OP(LDMXCSR) OP(STMXCSR)
