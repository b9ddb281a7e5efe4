/*
 * Records of chosen codes: what the text does not tell, such as the carry of an immediate, write-back
 * of post-indexed accesses, or where the parts of an unusual encoding go.
 */
#include "armdec.h"

#include <frontends/arm/rows.h>

#include <string.h>

/* Fields by the letters of rows.h: "d=1 n=2"; F is the form. */
static const struct {
    enum set set;
    uint32_t code;
    uint16_t op;
    const char *fields;
} rows[] = {
    {SET_A32, 0xe3a000ff, ARM_MOV, "F=1 d=0 i=255 v=2 S=0 c=14"},
    {SET_A32, 0xe3b004ff, ARM_MOV, "F=1 i=4278190080 v=1 S=1"},
    {SET_A32, 0xe3b00eff, ARM_MOV, "F=1 i=4080 v=0 S=1"},
    {SET_A32, 0x01a01062, ARM_MOV, "F=2 c=0 d=1 m=2 t=4 h=1"},
    {SET_A32, 0xe1a01022, ARM_MOV, "F=2 d=1 m=2 t=1 h=32"},
    {SET_A32, 0xe1a01352, ARM_MOV, "F=3 d=1 m=2 t=2 a=3"},
    {SET_A32, 0xe24f1004, ARM_ADR, "F=1 d=1 n=15 U=0 i=4"},
    {SET_A32, 0xe4910004, ARM_LDR, "F=1 d=0 n=1 P=0 U=1 W=1 T=0 i=4"},
    {SET_A32, 0xe4b10004, ARM_LDR, "F=1 d=0 n=1 P=0 U=1 W=1 T=1 i=4"},
    {SET_A32, 0xe7a12103, ARM_STR, "F=2 d=2 n=1 m=3 t=0 h=2 P=1 U=1 W=1"},
    {SET_A32, 0xe04120d4, ARM_LDRD, "F=1 d=2 a=3 n=1 P=0 U=0 W=1 i=4"},
    {SET_A32, 0xe1a12f94, ARM_STREXD, "a=2 d=4 m=5 n=1 F=1 i=0 P=1 U=1"},
    {SET_A32, 0xe1b14f9f, ARM_LDREXD, "d=4 a=5 n=1"},
    {SET_A32, 0xe0832190, ARM_UMULL, "a=3 d=2 n=0 m=1 S=0"},
    {SET_A32, 0xe16103a1, ARM_SMULXY, "d=1 n=1 m=3 x=2"},
    {SET_A32, 0xe8bd8010, ARM_LDM, "n=13 P=0 U=1 W=1 r=32784 T=0"},
    {SET_A32, 0xe8fd8010, ARM_LDM, "n=13 W=1 r=32784 T=1"},
    {SET_A32, 0xeafffffe, ARM_B, "i=4294967288 c=14"},
    {SET_A32, 0xfbfffffe, ARM_BLX, "i=4294967290"},
    {SET_A32, 0xf10c0080, ARM_CPS, "x=10"},
    {SET_A32, 0xf10a0093, ARM_CPS, "x=50 i=19"},
    {SET_A32, 0xee11cf10, ARM_MRC, "d=12 k=15 f=0 y=1 z=0 g=0 x=0"},
    {SET_A32, 0xfe11cf10, ARM_MRC, "d=12 k=15 x=1"},
    {SET_A32, 0xec510f1e, ARM_MRRC, "d=0 a=1 k=15 f=1 z=14"},
    {SET_A32, 0xe129f000, ARM_MSR, "F=2 x=0 f=9 m=0"},
    {SET_A32, 0xe6c10ff2, ARM_UNDEFINED, ""},
    {SET_A32, 0xe7c41f12, ARM_UNDEFINED, ""},
    {SET_A32, 0xe6af1472, ARM_SXTB, "d=1 m=2 x=8"},
    {SET_A32, 0xe6a11412, ARM_SSAT, "b=2 d=1 n=2 t=0 h=8"},
    {SET_A32, 0xe7c21112, ARM_BFI, "b=1 l=2 d=1 n=2"},
    {SET_T16, 0x2105, ARM_MOV, "F=1 d=1 i=5 S=2 v=2"},
    {SET_T16, 0x4091, ARM_MOV, "F=3 d=1 m=1 a=2 t=0 S=2"},
    {SET_T16, 0x4251, ARM_RSB, "F=1 d=1 n=2 i=0 S=2"},
    {SET_T16, 0x4801, ARM_LDR, "F=1 d=0 n=15 i=4 P=1 U=1 W=0"},
    {SET_T16, 0xb510, ARM_STM, "n=13 P=1 U=0 W=1 r=16400"},
    {SET_T16, 0xbd10, ARM_LDM, "n=13 P=0 U=1 W=1 r=32784"},
    {SET_T16, 0xc802, ARM_LDM, "n=0 W=1 r=2"},
    {SET_T16, 0xc903, ARM_LDM, "n=1 W=0 r=3"},
    {SET_T16, 0xb672, ARM_CPS, "x=10"},
    {SET_T16, 0xb662, ARM_CPS, "x=18"},
    {SET_T16, 0xbf1c, ARM_IT, "x=28"},
    {SET_T16, 0xd0fe, ARM_B, "c=0 i=4294967292"},
    {SET_T16, 0xb901, ARM_CBNZ, "n=1 i=0"},
    {SET_T32, 0xf04f40ff, ARM_MOV, "F=1 i=2139095040 v=0 S=0"},
    {SET_T32, 0xf05f41ff, ARM_MOV, "F=1 d=1 i=2139095040 v=0 S=1"},
    {SET_T32, 0xf05f4100, ARM_MOV, "F=1 i=2147483648 v=1 S=1"},
    {SET_T32, 0xf05f13ff, ARM_MOV, "F=1 d=3 i=16711935 v=2"},
    {SET_T32, 0xf2c11234, ARM_MOVT, "d=2 i=4404"},
    {SET_T32, 0xf8510b04, ARM_LDR, "F=1 d=0 n=1 P=0 U=1 W=1 T=0 i=4"},
    {SET_T32, 0xf8510e04, ARM_LDR, "F=1 d=0 n=1 P=1 U=1 W=0 T=1 i=4"},
    {SET_T32, 0xe8c14572, ARM_STREXD, "a=2 d=4 m=5 n=1"},
    {SET_T32, 0xe8414503, ARM_STREX, "a=5 d=4 n=1 i=12"},
    {SET_T32, 0xfa01f203, ARM_MOV, "F=3 d=2 m=1 a=3 t=0 S=0"},
    {SET_T32, 0xfb812304, ARM_SMULL, "d=2 a=3 n=1 m=4"},
    {SET_T32, 0xf3de8f04, ARM_SUB, "F=1 d=15 n=14 i=4 S=1"},
    {SET_T32, 0xf3af8681, ARM_UNDEFINED, ""},
    {SET_T32, 0xf3af8620, ARM_CPS, "x=9"},
    {SET_T32, 0xf000f800, ARM_BL, "i=0"},
    {SET_T32, 0xf7ffeffe, ARM_BLX, "i=4294967292"},
    {SET_T32, 0xf43faffe, ARM_B, "c=0 i=4294967292"},
    {SET_T32, 0xee11cf10, ARM_MRC, "d=12 k=15 y=1 c=14"},
};

static uint32_t field(const struct arm_insn *i, char letter)
{
    const struct arm_field *f = &arm_fields[letter & 127];
    uint32_t v = 0;
    if (letter == 'F')
        return i->form;
    memcpy(&v, (const uint8_t *)i + f->offset, f->size);
    return v;
}

void test_records(void)
{
    unsigned wrong = 0;
    for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        struct arm_insn i;
        rows[k].set == SET_A32 ? arm_decode_a32(rows[k].code, &i)
                               : arm_decode_t32(rows[k].code, &i);
        bool good = i.op == rows[k].op && i.raw == rows[k].code;
        char letter;
        unsigned value;
        int n;
        for (const char *at = rows[k].fields; sscanf(at, " %c=%u%n", &letter, &value, &n) == 2;
             at += n)
            if (field(&i, letter) != value) {
                printf("record %08x: %c is %u\n", rows[k].code, letter,
                       (unsigned)field(&i, letter));
                good = false;
            }
        if (i.op != rows[k].op)
            printf("record %08x: op %u\n", rows[k].code, i.op);
        wrong += !good;
    }
    result("armdec.records", wrong == 0, "%u of them", wrong);
}
