# operand = columns \v + 2 to 2 \v + 1, as digits below 2^52. (What a register has above that means nothing: no instruction looks at it.)
#
# Within a lane carries run from one vector to the next, and then once into the next lane. What they leave is a carry of one at most, out of a
# digit that was all ones: where it goes to is computed for all digits at once, from where it may pass.
#   k1  all digits of the lane but the lowest are ones     k2  the lowest one is      k3  the lowest one has a carry
.macro CARRY v, w
    .set .Li, 0
    .rept \v - 1
    CARRY_ONE %(\v + 2 + .Li), %(\v + 3 + .Li)
    .set .Li, .Li + 1
    .endr
    CARRY_LANES %(\v + 2), %(2 * \v + 1), \w
    # Registers 1 to \v - 1: where the digits of this vector and of those below it, but for the lowest, have zeros.
    .if \v > 1
    CARRY_ZEROS_FIRST %(\v + 3)
    .set .Li, 2
    .rept \v - 2
    CARRY_ZEROS %.Li, %(.Li - 1), %(\v + 2 + .Li)
    .set .Li, .Li + 1
    .endr
    CARRY_ALL %(\v - 1)
    .else
    kxnorb k1, k1, k1
    .endif
    CARRY_BITS %(\v + 2), \w
    .set .Li, 1
    .rept \v - 1
    CARRY_INTO %(\v + 2 + .Li), %(.Li - 1), %(.Li > 1)
    .set .Li, .Li + 1
    .endr
    .set .Li, 0
    .rept \v
    STORE_ONE %(\v + 2 + .Li), %(64 * .Li)
    .set .Li, .Li + 1
    .endr
.endm
.macro CARRY_ONE from, to
    vpsrlq zmm31, zmm\from, 52
    vpaddq zmm\to, zmm\to, zmm31
.endm
.macro CARRY_LANES lowest, highest, w
    vpsrlq zmm31, zmm\highest, 52
    vpxorq xmm0, xmm0, xmm0
    vmovdqa64 zmm30, [rcx + {mask}]
    vpandq zmm\lowest, zmm\lowest, zmm30
    valignq zmm31, zmm31, zmm0, 8 - \w
    vpaddq zmm\lowest, zmm\lowest, zmm31
.endm
.macro CARRY_ZEROS_FIRST x
    vpandnq zmm1, zmm\x, zmm30
.endm
.macro CARRY_ZEROS to, from, x
    vmovdqa64 zmm\to, zmm\from
    vpternlogq zmm\to, zmm\x, zmm30, 0xf3
.endm
.macro CARRY_ALL zeros
    vptestnmq k1, zmm\zeros, zmm30
.endm
.macro CARRY_BITS lowest, w
    vpandnq zmm31, zmm\lowest, zmm30
    vptestnmq k2, zmm31, zmm31
    vptestmq k3, zmm\lowest, qword ptr [rcx + {two_52}]{{1to8}}
    # What comes out of each lane: a carry, or one that comes in.
    kandb k4, k2, k1
    kandb k5, k3, k1
    kmovb eax, k4
    kmovb r9d, k5
    add r9d, r9d
    .if \w == 2
    # A bit in between, for the other number, passes everything on.
    mov r10d, r9d
    and r10d, 0xaa
    and r9d, 0x154
    mov r11d, eax
    or r11d, 0xaa
    add r10d, r11d
    mov r11d, eax
    or r11d, 0x55
    add r9d, r11d
    xor r10d, eax
    xor r9d, eax
    and r10d, 0x55
    and r9d, 0xaa
    or r9d, r10d
    .else
    add r9d, eax
    xor r9d, eax
    .endif
    kmovb k4, r9d
    kandb k2, k2, k4
    korb k3, k3, k2
    vpaddq zmm\lowest{{k4}}, zmm\lowest, qword ptr [rcx + {one}]{{1to8}}
.endm
.macro CARRY_INTO to, zeros, passed
    .if \passed
    vptestnmq k4, zmm\zeros, zmm30
    kandb k4, k4, k3
    vpaddq zmm\to{{k4}}, zmm\to, qword ptr [rcx + {one}]{{1to8}}
    .else
    vpaddq zmm\to{{k3}}, zmm\to, qword ptr [rcx + {one}]{{1to8}}
    .endif
.endm
.macro STORE_ONE from, at
    vmovdqa64 [rdi + \at], zmm\from
.endm
