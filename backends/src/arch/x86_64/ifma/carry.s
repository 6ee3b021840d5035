# operand = columns c to c + \v - 1, as digits below 2^52. (What a register has above that means nothing: no instruction looks at it.)
#
# Within a lane carries run from one vector to the next, and then once into the next lane. What they leave is a carry of one at most out of the lowest
# digit of a lane, and out of the lane where all others are ones: which lanes get one is computed for all at once. Then it runs up once more.
#   k1  all digits of the lane but the lowest are ones     k2  the lowest one is      k3  the lowest one has a carry
#   k6 and k7 are those of LOAD
# Registers: columns from \c on; \m the bits of a digit; \z and \t for a moment.
.macro CARRY v, w, c, z, m, t, to
    CARRY_UP \v, \c, \m, \t
    CARRY_LANES \v, \w, \c, %(\c + \v - 1), \z, \m, \t
    CARRY_BITS \c, \w, \m
    CARRY_AGAIN \v, \c, \t, \to
.endm

# Within all lanes. Afterwards every digit is below 2^52, but for the highest.
.macro CARRY_UP v, c, m, t
    vmovdqa64 zmm\m, [rcx + {mask}]
    .set .Li, 0
    .rept \v - 1
    CARRY_ONE %(\c + .Li), %(\c + 1 + .Li), \t
    BELOW_52 %(\c + .Li), \m
    .set .Li, .Li + 1
    .endr
.endm
.macro CARRY_ONE from, to, t
    vpsrlq zmm\t, zmm\from, 52
    vpaddq zmm\to, zmm\to, zmm\t
.endm
.macro BELOW_52 x, m
    vpandq zmm\x, zmm\x, zmm\m
.endm

# From lane to lane. k1: all digits of the lane but the lowest are ones.
.macro CARRY_LANES v, w, lowest, highest, z, m, t
    vpsrlq zmm\t, zmm\highest, 52
    BELOW_52 \highest, \m
    vpxorq xmm\z, xmm\z, xmm\z
    valignq zmm\t, zmm\t, zmm\z, 8 - \w
    vpaddq zmm\lowest, zmm\lowest, zmm\t
    .if \v == 1
    kxnorb k1, k1, k1
    .else
    MOVE_ONE \z, \highest
    .set .Li, 1
    .rept \v - 2
    ONES \z, %(\lowest + .Li)
    .set .Li, .Li + 1
    .endr
    vpcmpeqq k1, zmm\z, zmm\m
    .endif
.endm
.macro ONES to, x
    vpandq zmm\to, zmm\to, zmm\x
.endm

.macro CARRY_BITS lowest, w, m
    vpcmpeqq k2, zmm\lowest, zmm\m
    vptestmq k3, zmm\lowest, qword ptr [rcx + {two_52}]{{1to8}}
    # What comes out of each lane: a carry, or one that comes in.
    kandb k4, k2, k1
    kandb k5, k3, k1
    kshiftlb k5, k5, 1
    .if \w == 2
    # A bit in between, for the other number, passes everything on.
    kandb k2, k5, k6
    korb k3, k4, k6
    kaddb k2, k2, k3
    kandb k5, k5, k7
    korb k3, k4, k7
    kaddb k5, k5, k3
    kxorb k2, k2, k4
    kxorb k5, k5, k4
    kandb k2, k2, k7
    kandb k5, k5, k6
    korb k4, k2, k5
    .else
    kaddb k5, k5, k4
    kxorb k4, k4, k5
    .endif
    vpaddq zmm\lowest{{k4}}, zmm\lowest, qword ptr [rcx + {one}]{{1to8}}
.endm

.macro CARRY_AGAIN v, c, t, to
    .set .Li, 0
    .rept \v - 1
    STORE_ONE %(\c + .Li), %(64 * .Li), \to
    CARRY_ONE %(\c + .Li), %(\c + 1 + .Li), \t
    .set .Li, .Li + 1
    .endr
    STORE_ONE %(\c + .Li), %(64 * .Li), \to
.endm
.macro STORE_ONE from, at, to
    vmovdqa64 [\to + \at], zmm\from
.endm
