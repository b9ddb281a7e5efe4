/*
 * The instructions of A32 and T32 without VFP and Advanced SIMD: OP(name), one per operation, not
 * per encoding. Shifts by `lsl`, `lsr` ... are MOV with a shifted operand. ADR is ADD or SUB of the
 * aligned PC (u). Loads and stores with a literal have rn 15.
 */
/* clang-format off */

/* data processing, A8.8: rd, rn, operand 2 by form, s */
OP(AND) OP(EOR) OP(SUB) OP(RSB) OP(ADD) OP(ADC) OP(SBC) OP(RSC) OP(TST) OP(TEQ) OP(CMP) OP(CMN)
OP(ORR) OP(MOV) OP(BIC) OP(MVN) OP(ORN) OP(ADR) OP(MOVW) OP(MOVT)

/* multiplication: rd = rn * rm + ra; long: ra:rd (RdHi:RdLo) */
OP(MUL) OP(MLA) OP(MLS) OP(UMULL) OP(UMLAL) OP(SMULL) OP(SMLAL) OP(UMAAL)
OP(SMULXY) OP(SMLAXY) OP(SMULW) OP(SMLAW) OP(SMLALXY)
OP(SMUAD) OP(SMUSD) OP(SMLAD) OP(SMLSD) OP(SMLALD) OP(SMLSLD) OP(SMMUL) OP(SMMLA) OP(SMMLS)
OP(SDIV) OP(UDIV)

/* saturation, parallel arithmetic (x = enum arm_parallel), packing */
OP(QADD) OP(QSUB) OP(QDADD) OP(QDSUB) OP(SSAT) OP(USAT) OP(SSAT16) OP(USAT16)
OP(PADD16) OP(PASX) OP(PSAX) OP(PSUB16) OP(PADD8) OP(PSUB8)
OP(USAD8) OP(USADA8) OP(SEL) OP(PKHBT) OP(PKHTB)
OP(SXTB) OP(SXTH) OP(SXTB16) OP(UXTB) OP(UXTH) OP(UXTB16)
OP(SXTAB) OP(SXTAH) OP(SXTAB16) OP(UXTAB) OP(UXTAH) OP(UXTAB16)
OP(REV) OP(REV16) OP(REVSH) OP(RBIT) OP(CLZ) OP(BFC) OP(BFI) OP(SBFX) OP(UBFX)

/* branches */
OP(B) OP(BL) OP(BLX) OP(BX) OP(BLXR) OP(BXJ) OP(CBZ) OP(CBNZ) OP(TBB) OP(TBH) OP(IT)

/* loads and stores: rd at rn + offset by form, p u w user; LDRD, STRD: rd and ra */
OP(LDR) OP(STR) OP(LDRB) OP(STRB) OP(LDRH) OP(STRH) OP(LDRSB) OP(LDRSH) OP(LDRD) OP(STRD)
OP(LDREX) OP(LDREXB) OP(LDREXH) OP(LDREXD) OP(STREX) OP(STREXB) OP(STREXH) OP(STREXD) OP(CLREX)
OP(SWP) OP(SWPB) OP(LDM) OP(STM) OP(PLD) OP(PLDW) OP(PLI)

/* system */
OP(SVC) OP(BKPT) OP(UDF) OP(HVC) OP(SMC) OP(RFE) OP(SRS) OP(ERET)
OP(MRS) OP(MSR) OP(CPS) OP(SETEND) OP(NOP) OP(YIELD) OP(WFE) OP(WFI) OP(SEV) OP(DBG)
OP(DMB) OP(DSB) OP(ISB) OP(MCR) OP(MRC) OP(MCRR) OP(MRRC) OP(CDP) OP(LDC) OP(STC)
