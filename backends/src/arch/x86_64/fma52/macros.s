# A product of two digits in each lane: \high = 1.5 * 2^104 + a b, rounded down to a multiple of 2^52; \low = 2^52 + what was cut off.
.macro PRODUCT high, low, a, b
    vmovapd \high, ymm15
    vfmadd231pd \high, \a, \b
    vsubpd \low, ymm14, \high
    vfmadd231pd \low, \a, \b
.endm

# An integer of 52 bits in each lane becomes a double: its bits are the fraction of a number from 2^52 up.
.macro DIGIT x
    vpor \x, \x, [rcx + {two_52}]
    vsubpd \x, \x, [rcx + {two_52}]
.endm

# The two lowest digits of what is in columns ymm5 and ymm6, each in both lanes of its number: the next two digits of the quotient. What
# they carry goes to ymm7. The shift by 64 in the upper lanes clears them: they hold columns that have time yet.
.macro QUOTIENT q0, q1
    vpsrlq \q0, ymm5, 52
    vpaddq \q1, ymm6, \q0
    vpsrlvq ymm7, \q1, [rcx + {shift}]
    vpand \q0, ymm5, [rcx + {mask}]
    DIGIT \q0
    vmovddup \q0, \q0
    vpand \q1, \q1, [rcx + {mask}]
    DIGIT \q1
    vmovddup \q1, \q1
.endm

# The first two digits of the number at \m times the quotient: into columns ymm5 and ymm6, and ymm10 and ymm11 for the next two. These
# four products go first, since the next quotient waits for them.
.macro HEAD m
    vmovapd ymm0, [rcx + \m]
    vmovapd ymm8, [rcx + \m + 32]
    PRODUCT ymm1, ymm2, ymm0, ymm12
    PRODUCT ymm3, ymm4, ymm8, ymm12
    vpaddq ymm5, ymm5, ymm2
    vpaddq ymm6, ymm6, ymm1
    vpaddq ymm6, ymm6, ymm4
    PRODUCT ymm1, ymm2, ymm0, ymm13
    vpaddq ymm6, ymm6, ymm2
    vpaddq ymm10, ymm3, ymm1
    PRODUCT ymm11, ymm2, ymm8, ymm13
    vpaddq ymm10, ymm10, ymm2
.endm

# Columns H and H + 1 from the top pending ones, with the upper lanes of ymm5 and ymm6, which belong to the same columns.
.macro CLOSE at
    vpsrldq ymm0, ymm5, 8
    vpsrldq ymm1, ymm6, 8
    vpaddq ymm10, ymm10, [\at]
    vpaddq ymm11, ymm11, [\at + 32]
    vpaddq ymm10, ymm10, ymm0
    vpaddq ymm11, ymm11, ymm1
    vmovdqa [\at], ymm10
    vmovdqa [\at + 32], ymm11
.endm

# The column at \at in ymm2: its lowest 52 bits, and the carry of ymm0. What it carries itself goes to ymm0.
.macro CARRY at
    vmovdqa ymm1, [\at]
    vpand ymm2, ymm1, ymm15
    vpaddq ymm2, ymm2, ymm0
    vpsrlq ymm0, ymm1, 52
.endm
