# Registers of a product with \v vectors to a number, as numbers of zmm registers:
#   0 to \v               products: columns c to c + \v, for the row of digit c
#   \v + 1 to 2 \v + 1    what the reduction adds, and what was carried, to the same columns
#   2 \v + 2 to 26        vectors of the first factor, then of the multiplier, as many as there is room for
#   27  what the row before carries      28  digit of the second factor      29  quotient      30  quotient of the row before      31  for a moment
# Macros are given names by number: an expression behind a percent sign is computed first.
.altmacro

# How many vectors of the first factor stay in registers, and of what the reduction multiplies.
.macro ROOM v
    .set .Lfactors_kept, 25 - 2 * \v
    .if .Lfactors_kept > \v
    .set .Lfactors_kept, \v
    .endif
    .set .Lmultipliers_kept, 25 - 2 * \v - .Lfactors_kept
    .if .Lmultipliers_kept > \v
    .set .Lmultipliers_kept, \v
    .endif
    .set .Lfactors_at, 2 * \v + 2
    .set .Lmultipliers_at, 2 * \v + 2 + .Lfactors_kept
.endm

# Vectors 0 to \count - 1 at \from into registers from \first on.
.macro FETCH first, count, from
    .set .Lk, 0
    .rept \count
    FETCH_ONE %(\first + .Lk), %(64 * .Lk), \from
    .set .Lk, .Lk + 1
    .endr
.endm
.macro FETCH_ONE to, at, from
    vmovdqa64 zmm\to, [\from + \at]
.endm

.macro CLEAR first, count
    .set .Lk, 0
    .rept \count
    CLEAR_ONE %(\first + .Lk)
    .set .Lk, .Lk + 1
    .endr
.endm
.macro CLEAR_ONE x
    vpxorq xmm\x, xmm\x, xmm\x
.endm

# Registers from \first on take over from the next one each. The processor renames them, which costs no time of its arithmetic units.
.macro MOVE first, count
    .set .Lk, 0
    .rept \count
    MOVE_ONE %(\first + .Lk), %(\first + .Lk + 1)
    .set .Lk, .Lk + 1
    .endr
.endm
.macro MOVE_ONE to, from
    vmovdqa64 zmm\to, zmm\from
.endm

# The digits that a row begins with, in the lanes of their numbers.
.macro DIGIT w
    .if \w == 2
    vbroadcasti64x2 zmm28, [r10]
    .else
    vpbroadcastq zmm28, [r10]
    .endif
.endm

# The lowest digit of each number in zmm\x, in all lanes of its number.
.macro QUOTIENT w, to, x
    .if \w == 2
    vshufi64x2 zmm\to, zmm\x, zmm\x, 0
    .else
    vpbroadcastq zmm\to, xmm\x
    .endif
.endm

# Vector \i of the first factor times the digits of the row: the two halves of the products.
.macro FACTOR low, high, i
    .if \i < .Lfactors_kept
    PRODUCT \low, \high, %(.Lfactors_at + \i)
    .else
    vmovdqa64 zmm31, [rdi + 64 * \i]
    PRODUCT \low, \high, 31
    .endif
.endm
.macro PRODUCT low, high, a
    vpmadd52luq zmm\low, zmm28, zmm\a
    vpmadd52huq zmm\high, zmm28, zmm\a
.endm

# The lower halves of vector \i of the multiplier times the quotients of this row, and the upper halves of it times those in zmm\b.
.macro LOW_MULTIPLIER low, i
    .if \i < .Lmultipliers_kept
    LOW_ONE \low, %(.Lmultipliers_at + \i)
    .else
    vpmadd52luq zmm\low, zmm29, [rdx + 64 * \i]
    .endif
.endm
.macro LOW_ONE low, a
    vpmadd52luq zmm\low, zmm29, zmm\a
.endm
.macro HIGH_MULTIPLIER high, i, b
    .if \i < .Lmultipliers_kept
    HIGH_ONE \high, %(.Lmultipliers_at + \i), \b
    .else
    vpmadd52huq zmm\high, zmm\b, [rdx + 64 * \i]
    .endif
.endm
.macro HIGH_ONE high, a, b
    vpmadd52huq zmm\high, zmm\b, zmm\a
.endm

# What the lowest digit of each number in zmm\x carries.
.macro CARRY_LOWEST w, to, x
    .if \w == 2
    vpsrlq xmm\to, xmm\x, 52
    .else
    vpsrlq xmm\to{{k6}}{{z}}, xmm\x, 52
    .endif
.endm

# Mask k\mask: where bit \bit of the window is set.
.macro KEEP_MASK bit, mask, window
    vptestmq k\mask, zmm\window, qword ptr [rcx + {bits} + 8 * \bit]{{1to8}}
.endm

# Of two vectors the second where the mask is set: both in memory, or both in registers.
.macro KEEP_ONE to, other, from, stride
    vmovdqa64 zmm\to, [\from]
    vmovdqa64 zmm\other, [\from + \stride]
    vpblendmq zmm\to{{k1}}, zmm\to, zmm\other
.endm
.macro KEEP to, other, mask
    vpblendmq zmm\to{{k\mask}}, zmm\to, zmm\other
.endm

# Of the vectors at \from and, again and again, \stride further the one that the window says, by the masks k1 to k5: of two, then of the two that are
# left of four, and so on, a bit of the window keeps one. A step takes two vectors and moves \from; behind the last step of a power of two of them the
# one is in register \to. Registers behind it, as many as the window has bits, and \other are used.
.macro KEEP_PAIR to, other, pair, from, stride
    .if \pair == 0
    .set .Lkept, 0
    .endif
    KEEP_ONE %(\to + .Lkept), \other, \from, \stride
    lea \from, [\from + 2 * \stride]
    .set .Lkept, .Lkept + 1
    .irp bit, 1,2,3,4
    .if (\pair + 1) % (1 << \bit) == 0
    KEEP %(\to + .Lkept - 2), %(\to + .Lkept - 1), %(\bit + 1)
    .set .Lkept, .Lkept - 1
    .endif
    .endr
.endm
