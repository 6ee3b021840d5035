# Products and squares of numbers of \v vectors, \w of them side by side: operand = operand * other / R, operand = operand^2 / R. A row is a digit
# times all vectors of the first factor; then the quotient that its column asks for, times all vectors of the multiplier.

# What stays in registers: the first factor, the multiplier, and masks. With one number to a vector k6 is its lowest lane; with two k6 has the lanes
# of the second and k7 those of the first.
.macro LOAD v, w
    .if \w == 1
    mov eax, 1
    kmovb k6, eax
    .else
    mov eax, 0xaa
    kmovb k6, eax
    knotb k7, k6
    .endif
    FETCH %(.Lfactors_at), %(.Lfactors_kept), rdi
    lea rdx, [rcx + {friendly}]
    FETCH %(.Lmultipliers_at), %(.Lmultipliers_kept), rdx
.endm
.macro BEGIN v, w
    CLEAR 0, %(2 * \v + 1)
    CLEAR_ONE 27
    CLEAR_ONE 30
    mov rax, [rcx + {digits}]
.endm

# A row begins with the lowest vector, as far as it takes that: with it the lowest column is complete. What falls to the column above the window
# begins there.
.macro ROW_BEGIN v, w
    vpxorq xmm\v, xmm\v, xmm\v
    CLEAR_ONE %(2 * \v + 1)
.endm
.macro PRODUCT_BEGIN v, w
    DIGIT \w
    ROW_BEGIN \v, \w
    FACTOR 0, 1, 0
.endm
.macro PRODUCT_OTHERS v
    .set .Li, 1
    .rept \v - 1
    FACTOR %.Li, %(.Li + 1), %.Li
    .set .Li, .Li + 1
    .endr
.endm

# A row of a square, for the digits of vector \row: of the other vectors those half that follow it, as if in a circle, which will count twice: so each
# two meet once, and all rows have as much to do. And it itself, once.
.macro SQUARE_BEGIN v, w, row
    ROW_BEGIN \v, \w
    SQUARE_TAKE \v, \row, 0, %((\v - \row) % \v)
.endm
.macro SQUARE_OTHERS v, row
    .set .Li, 1
    .rept \v - 1
    SQUARE_TAKE \v, \row, %.Li, %((.Li + \v - \row) % \v)
    .set .Li, .Li + 1
    .endr
.endm
.macro SQUARE_TAKE v, row, i, ahead
    .if \ahead == 0
    .if \row == 0
    # Added to the column with what is carried: where the reduction is, it would have to wait for the quotient of the row before.
    FACTOR 27, %(\v + 2), 0
    .else
    FACTOR %(\v + 1 + \row), %(\v + 2 + \row), \row
    .endif
    .elseif 2 * \ahead < \v || (2 * \ahead == \v && \row < \ahead)
    FACTOR \i, %(\i + 1), \i
    .endif
.endm

# All that the lowest column has, into register \lowest.
.macro LOWEST lowest
    vpaddq zmm0, zmm0, zmm27
    vpaddq zmm\lowest, zmm\lowest, zmm0
.endm

# The column of this row is complete: what the quotient takes away, and what it adds to the columns above. \top: the highest column holds
# something already.
.macro REDUCE_ROW v, w, top
    REDUCE_LOWEST %(\v + 1), %(2 * \v + 1), \v, \w, \top
    # First all lower halves: what is added to one register next to each other would wait.
    .set .Li, 0
    .rept \v
    LOW_MULTIPLIER %(\v + 2 + .Li), %.Li
    .set .Li, .Li + 1
    .endr
    .set .Li, 0
    .rept \v - 1
    HIGH_MULTIPLIER %(\v + 3 + .Li), %.Li, 29
    .set .Li, .Li + 1
    .endr
    MOVE 0, \v
    MOVE %(\v + 1), \v
    vmovdqa64 zmm30, zmm29
.endm
.macro REDUCE_LOWEST lowest, highest, v, w, top
    LOWEST \lowest
    QUOTIENT \w, 29, \lowest
    CARRY_LOWEST \w, 27, \lowest
    # The other lanes are those of columns \v further up.
    vpxorq xmm0, xmm0, xmm0
    .if \top
    valignq zmm\lowest, zmm0, zmm\lowest, \w
    vpaddq zmm\highest, zmm\highest, zmm\lowest
    .else
    valignq zmm\highest, zmm0, zmm\lowest, \w
    .endif
    HIGH_MULTIPLIER \highest, %(\v - 1), 30
.endm

# Behind the products of the last row: all that the other columns have by then, in registers \v + 2 to 2 \v + 1.
.macro COMPLETE v
    .set .Li, 1
    .rept \v
    ADD_ONE %(\v + 1 + .Li), %.Li
    .set .Li, .Li + 1
    .endr
    HIGH_MULTIPLIER %(2 * \v + 1), %(\v - 1), 30
.endm

# The last row's reduction, of columns \c to \c + \v: with n itself, and the quotient that n asks for. What is left are columns from \c + 1 on.
.macro LAST_QUOTIENT w, c, q, modulus
    vpxorq xmm\q, xmm\q, xmm\q
    vpmadd52luq zmm\q, zmm\c, [\modulus + {inverse}]
    QUOTIENT \w, \q, \q
.endm
.macro LAST_PRODUCTS v, w, c, q, t, modulus
    LAST_LOWEST \c, %(\c + 1), %(\c + \v), \w, \q, \t, \modulus
    .set .Li, 1
    .rept \v - 1
    LAST_PRODUCT %(\c + .Li), %(\c + 1 + .Li), \q, %(64 * .Li), \modulus
    .set .Li, .Li + 1
    .endr
.endm
.macro LAST_LOWEST lowest, next, highest, w, q, t, modulus
    vpmadd52luq zmm\lowest, zmm\q, [\modulus + {n}]
    vpmadd52huq zmm\next, zmm\q, [\modulus + {n}]
    CARRY_LOWEST \w, \t, \lowest
    vpaddq zmm\next, zmm\next, zmm\t
    vpxorq xmm\t, xmm\t, xmm\t
    valignq zmm\lowest, zmm\t, zmm\lowest, \w
    vpaddq zmm\highest, zmm\highest, zmm\lowest
.endm
.macro LAST_PRODUCT low, high, q, at, modulus
    vmovdqa64 zmm31, [\modulus + {n} + \at]
    vpmadd52luq zmm\low, zmm\q, zmm31
    vpmadd52huq zmm\high, zmm\q, zmm31
.endm
.macro ADD_ONE to, from
    vpaddq zmm\to, zmm\to, zmm\from
.endm

# The rows of a product, but for the other vectors of the last one: the next digit is that of the next vector, or of the first one, further up. r9
# vectors are left until then.
.macro PRODUCT_ROWS v, w
1:
    PRODUCT_BEGIN \v, \w
    dec rax
    jz 2f
    PRODUCT_OTHERS \v
    REDUCE_ROW \v, \w, 0
    add r10, 64
    dec r9d
    jnz 1b
    mov r9d, \v
    sub r10, 64 * \v - 8 * \w
    jmp 1b
2:
.endm

# The rows of a square for a lane of all vectors. \woven: what is put between them, in two places for each. The last one jumps, if \early before its
# other products, to SQUARE_LAST, else behind them, to 3.
.macro SQUARE_ROWS v, w, woven, early
    .set .Lrow, 0
    .rept \v
    SQUARE_BEGIN \v, \w, %.Lrow
    .if \early
    IF_LAST \v, \w, %.Lrow
    .endif
    SQUARE_OTHERS \v, %.Lrow
    vpaddq zmm0, zmm0, zmm0
    .if !\early
    dec rax
    jz 3f
    .endif
    \woven \v, %(2 * .Lrow)
    REDUCE_ROW \v, \w, %(.Lrow == \v - 1)
    .if .Lrow < \v - 1
    add r10, 64
    .else
    sub r10, 64 * (\v - 1) - 8 * \w
    .endif
    DIGIT \w
    \woven \v, %(2 * .Lrow + 1)
    .set .Lrow, .Lrow + 1
    .endr
.endm
.macro IF_LAST v, w, row
    dec rax
    jz .Lifma_square_\w\()_\v\()_\row
.endm
.macro NOTHING v, place
.endm

# The first digit comes from a register: it may just have been put into memory, from where it would take longer.
.macro SQUARE_FIRST v, w
    BEGIN \v, \w
    mov r10, rdi
    QUOTIENT \w, 28, %(.Lfactors_at)
.endm

# Woven into two lanes' rows: a vector of the next factor, into register 22. (Up to five vectors leave registers from there to 26, and there are more
# rows than those of two lanes, but for a single vector.)
.macro GATHER_PAIRS v, place
    .set .Lpairs, (15 + 4 * \v) / (4 * \v)
    .rept .Lpairs
    .if .Lpair < 16
    KEEP_PAIR 22, 31, %.Lpair, r9, r11
    .endif
    .set .Lpair, .Lpair + 1
    .endr
.endm

# Behind the last row of a square: all columns but the lowest, which has been doubled.
.macro DOUBLE v
    .set .Li, 1
    .rept \v
    ADD_ONE %.Li, %.Li
    .set .Li, .Li + 1
    .endr
.endm

# The multiplication and the square. The quotient of the last row, which takes a multiplication, is asked for before the other products of the row.
.macro FUNCTIONS v, w
    ROOM \v
    .p2align 4
.Lifma_load_\w\()_\v:
    LOAD \v, \w
    ret

    .p2align 4
.Lifma_multiply_\w\()_\v:
    BEGIN \v, \w
    mov r10, rsi
    mov r9d, \v
    PRODUCT_ROWS \v, \w
    LAST_BEGIN \v, \w
    PRODUCT_OTHERS \v
    jmp 4f

    .p2align 4
.Lifma_square_\w\()_\v:
    SQUARE_FIRST \v, \w
1:
    SQUARE_ROWS \v, \w, NOTHING, 1
    jmp 1b

    .p2align 4
.Lifma_square_and_gather_\w\()_\v:
    .if \v == 1 || \v > 5
    call .Lifma_square_\w\()_\v
    jmp .Lifma_gather
    .else
    cmp rbx, [rcx + {length}]
    je .Lifma_square_\w\()_\v
    GATHER_MASKS
    SQUARE_FIRST \v, \w
    lea r9, [r12 + rbx + {table}]
    mov r11, [rcx + {length}]
    .set .Lpair, 0
    SQUARE_ROWS \v, \w, GATHER_PAIRS, 1
    SQUARE_ROWS \v, \w, GATHER_PAIRS, 1
    vmovdqa64 [rsi + rbx], zmm22
    add rbx, 64
    jmp 1b
    .endif
    .set .Lrow, 0
    .rept \v
    SQUARE_LAST \v, \w, %.Lrow
    .set .Lrow, .Lrow + 1
    .endr
3:
    DOUBLE \v
4:
    COMPLETE \v
    LAST_PRODUCTS \v, \w, %(\v + 1), 29, 27, rcx
    CARRY \v, \w, %(\v + 2), 1, 30, 31, rdi
    # For what comes next: from memory it would take longer.
    .set .Li, 0
    .rept .Lfactors_kept
    MOVE_ONE %(.Lfactors_at + .Li), %(\v + 2 + .Li)
    .set .Li, .Li + 1
    .endr
    ret
.endm
.macro LAST_BEGIN v, w
    LOWEST %(\v + 1)
    LAST_QUOTIENT \w, %(\v + 1), 29, rcx
.endm
.macro SQUARE_LAST v, w, row
.Lifma_square_\w\()_\v\()_\row:
    vpaddq zmm0, zmm0, zmm0
    LAST_BEGIN \v, \w
    SQUARE_OTHERS \v, \row
    jmp 3f
.endm
