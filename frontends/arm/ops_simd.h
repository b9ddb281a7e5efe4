/*
 * VFPv4 and Advanced SIMD: OP(name), as in ops.h. What a record holds:
 *
 *   vd vn vm  register numbers. VFP: S0-S31 if size is 2, D0-D31 if 3. Advanced SIMD: D0-D31; of a
 *             quadword register the lower one; the conversions say which is which
 *   size      log2 of the bytes of a lane (of the narrower lanes where they differ), or of the VFP type
 *   q         1: quadword operation
 *   x         bit 0: unsigned (Advanced SIMD, where signs matter); else as said below
 *   imm       shift count, lane, expanded immediate
 *   simd      bit 0: vm is a scalar, lane imm; else as said below
 */
/* clang-format off */

/* VFP, A7.5: vd = vn op vm */
OP(VFP_MLA) OP(VFP_MLS) OP(VFP_NMLA) OP(VFP_NMLS) OP(VFP_MUL) OP(VFP_NMUL) OP(VFP_ADD) OP(VFP_SUB)
OP(VFP_DIV) OP(VFP_FMA) OP(VFP_FMS) OP(VFP_FNMA) OP(VFP_FNMS)
/* vd = op vm; MOVI: imm = bits of the single, or upper word of the double;
 * CMP: x bit 0: Invalid for quiet NaNs (VCMPE), bit 1: with zero */
OP(VFP_MOVI) OP(VFP_MOV) OP(VFP_ABS) OP(VFP_NEG) OP(VFP_SQRT) OP(VFP_CMP)
/* TYPE: size = that of vm, vd has the other. HALF: both single; x bit 0: top half, bit 1: to half.
 * FROM_INT: vd of size from S vm, x bit 0: unsigned. TO_INT: S vd from vm of size; x bit 0: unsigned,
 * bit 1: rounding mode of FPSCR. FIXED: vd both; x bit 0 unsigned, bit 1 to fixed, bit 2: 32 bits
 * instead of 16; imm = fraction bits (negative: unpredictable) */
OP(VFP_CVT_TYPE) OP(VFP_CVT_HALF) OP(VFP_FROM_INT) OP(VFP_TO_INT) OP(VFP_FIXED)

/* transfers, A7.8, A7.9: x bit 0: to core. MOV_CORE: S vn, rd. MOV_CORE2: rd, ra with S vm, S vm + 1
 * (size 2) or D vm (size 3). MOV_LANE: D vn, lane imm, size; x bit 1: zero-extend. DUP_CORE: vd, q */
OP(VFP_MOV_CORE) OP(VFP_MOV_CORE2) OP(VFP_MOV_LANE) OP(VFP_DUP_CORE)
/* system register imm (0 FPSID, 1 FPSCR, 6 MVFR1, 7 MVFR0, 8 FPEXC); VMRS rd 15: to the flags */
OP(VFP_VMRS) OP(VFP_VMSR)
/* loads and stores, A7.6: rn, imm = offset in bytes, u; LDM, STM: imm = words, p u w */
OP(VFP_VLDR) OP(VFP_VSTR) OP(VFP_VLDM) OP(VFP_VSTM)

/* three registers of the same length, A7.4.1 */
OP(VHADD) OP(VQADD) OP(VRHADD) OP(VHSUB) OP(VQSUB) OP(VCGT) OP(VCGE) OP(VSHL) OP(VQSHL) OP(VRSHL)
OP(VQRSHL) OP(VMAX) OP(VMIN) OP(VABD) OP(VABA) OP(VADD) OP(VSUB) OP(VTST) OP(VCEQ) OP(VMLA) OP(VMLS)
OP(VMUL) OP(VMUL_P) OP(VPMAX) OP(VPMIN) OP(VQDMULH) OP(VQRDMULH) OP(VPADD)
OP(VAND) OP(VBIC) OP(VORR) OP(VORN) OP(VEOR) OP(VBSL) OP(VBIT) OP(VBIF)
OP(VFMA_F) OP(VFMS_F) OP(VADD_F) OP(VSUB_F) OP(VPADD_F) OP(VABD_F) OP(VMLA_F) OP(VMLS_F) OP(VMUL_F)
OP(VCEQ_F) OP(VCGE_F) OP(VCGT_F) OP(VACGE_F) OP(VACGT_F) OP(VMAX_F) OP(VMIN_F) OP(VPMAX_F) OP(VPMIN_F)
OP(VRECPS) OP(VRSQRTS)
/* three registers of different lengths, A7.4.2, and with a scalar, A7.4.3 */
OP(VADDL) OP(VADDW) OP(VSUBL) OP(VSUBW) OP(VADDHN) OP(VRADDHN) OP(VSUBHN) OP(VRSUBHN) OP(VABAL)
OP(VABDL) OP(VMLAL) OP(VMLSL) OP(VQDMLAL) OP(VQDMLSL) OP(VMULL) OP(VQDMULL) OP(VMULL_P)
/* two registers and a shift amount, A7.4.4 */
OP(VSHR) OP(VSRA) OP(VRSHR) OP(VRSRA) OP(VSRI) OP(VSHL_I) OP(VSLI) OP(VQSHLU) OP(VQSHL_I) OP(VSHRN)
OP(VRSHRN) OP(VQSHRUN) OP(VQRSHRUN) OP(VQSHRN) OP(VQRSHRN) OP(VSHLL)
OP(VCVT_FROM_FIXED) OP(VCVT_TO_FIXED)
/* one register and a modified immediate, A7.4.6: imm = imm8, simd = cmode, x = op */
OP(VMOV_I) OP(VMVN_I) OP(VORR_I) OP(VBIC_I)
/* two registers, A7.4.5; CVT_HALF: x bit 0: to single */
OP(VREV64) OP(VREV32) OP(VREV16) OP(VPADDL) OP(VPADAL) OP(VCLS) OP(VCLZ) OP(VCNT) OP(VMVN) OP(VQABS)
OP(VQNEG) OP(VCGT0) OP(VCGE0) OP(VCEQ0) OP(VCLE0) OP(VCLT0) OP(VABS) OP(VNEG) OP(VCGT0_F) OP(VCGE0_F)
OP(VCEQ0_F) OP(VCLE0_F) OP(VCLT0_F) OP(VABS_F) OP(VNEG_F) OP(VSWP) OP(VTRN) OP(VUZP) OP(VZIP) OP(VMOVN)
OP(VQMOVUN) OP(VQMOVN) OP(VSHLL_MAX) OP(VCVT_HALF) OP(VRECPE) OP(VRSQRTE) OP(VRECPE_F) OP(VRSQRTE_F)
OP(VCVT_FROM_INT) OP(VCVT_TO_INT)
/* VEXT: imm = byte. TBL, TBX: simd = registers in the table. VDUP: lane imm */
OP(VEXT) OP(VTBL) OP(VTBX) OP(VDUP)
/* elements and structures, A7.7: rn, rm; simd = elements of a structure (1-4); imm = step between
 * its registers; lsb = structures' registers (x) ; lane in width; shift = alignment in bytes, 0: none.
 * ALL: lsb = registers written per element (1 or 2) */
OP(VLD) OP(VST) OP(VLD_LANE) OP(VST_LANE) OP(VLD_ALL)
