# Products and squares of numbers of \v vectors, \w of them side by side: operand = operand * other / R, operand = operand^2 / R. A row is a digit
# times all vectors of the first factor; then the quotient that its column asks for, times all vectors of the multiplier.

.macro BEGIN v, w
    .if \w == 1
    mov eax, 1
    kmovb k6, eax
    .endif
    ROOM \v
    FETCH %(.Lfactors_at), %(.Lfactors_kept), rdi
    lea rdx, [rcx + {friendly}]
    FETCH %(.Lmultipliers_at), %(.Lmultipliers_kept), rdx
    CLEAR 0, %(2 * \v + 1)
    CLEAR_ONE 27
    CLEAR_ONE 30
    mov r10, rsi
    mov rax, [rcx + {digits}]
.endm

# A row of a product. What falls to the column above the window begins there.
.macro PRODUCT_ROW v, w
    DIGIT \w
    vpxorq xmm\v, xmm\v, xmm\v
    CLEAR_ONE %(2 * \v + 1)
    .set .Li, 0
    .rept \v
    FACTOR %.Li, %(.Li + 1), %.Li
    .set .Li, .Li + 1
    .endr
.endm

# A row of a square, for the digits of vector \row: the vectors below it, all of which will count twice, and it itself, once.
.macro SQUARE_ROW v, w, row
    DIGIT \w
    vpxorq xmm\v, xmm\v, xmm\v
    CLEAR_ONE %(2 * \v + 1)
    .set .Li, 0
    .rept \row
    FACTOR %.Li, %(.Li + 1), %.Li
    .set .Li, .Li + 1
    .endr
    FACTOR %(\v + 1 + \row), %(\v + 2 + \row), \row
.endm

# The column of this row is complete: what the quotient takes away, and what it adds to the columns above. \top: the highest column holds
# something already.
.macro REDUCE_ROW v, w, top
    REDUCE_LOWEST %(\v + 1), %(2 * \v + 1), \v, \w, \top
    .set .Li, 0
    .rept \v - 1
    MULTIPLIER %(\v + 2 + .Li), %(\v + 3 + .Li), %.Li, 29
    .set .Li, .Li + 1
    .endr
    LOW_TOP %(2 * \v + 1), %(\v - 1)
    MOVE 0, \v
    MOVE %(\v + 1), \v
    vmovdqa64 zmm30, zmm29
.endm
.macro REDUCE_LOWEST lowest, highest, v, w, top
    vpaddq zmm0, zmm0, zmm27
    vpaddq zmm\lowest, zmm\lowest, zmm0
    QUOTIENT \w, \lowest
    CARRY_LOWEST \w, \lowest
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
.macro LOW_TOP low, i
    .if \i < .Lmultipliers_kept
    LOW_ONE \low, %(.Lmultipliers_at + \i)
    .else
    vpmadd52luq zmm\low, zmm29, [rdx + 64 * \i]
    .endif
.endm
.macro LOW_ONE low, a
    vpmadd52luq zmm\low, zmm29, zmm\a
.endm

# The last row: with n itself, and the quotient that n asks for.
.macro LAST_ROW v, w
    LAST_LOWEST %(\v + 1), %(\v + 2), %(2 * \v + 1), \v, \w
    .set .Li, 1
    .rept \v - 1
    LAST_PRODUCT %(\v + 1 + .Li), %(\v + 2 + .Li), %(64 * .Li)
    .set .Li, .Li + 1
    .endr
    .set .Li, 0
    .rept \v
    ADD_ONE %(\v + 2 + .Li), %(.Li + 1)
    .set .Li, .Li + 1
    .endr
.endm
.macro LAST_LOWEST lowest, next, highest, v, w
    vpaddq zmm0, zmm0, zmm27
    vpaddq zmm\lowest, zmm\lowest, zmm0
    vpxorq xmm29, xmm29, xmm29
    vpmadd52luq zmm29, zmm\lowest, [rcx + {inverse}]
    QUOTIENT \w, 29
    HIGH_MULTIPLIER \highest, %(\v - 1), 30
    vpmadd52luq zmm\lowest, zmm29, [rcx + {n}]
    vpmadd52huq zmm\next, zmm29, [rcx + {n}]
    CARRY_LOWEST \w, \lowest
    vpaddq zmm\next, zmm\next, zmm27
    vpxorq xmm0, xmm0, xmm0
    valignq zmm\lowest, zmm0, zmm\lowest, \w
    vpaddq zmm\highest, zmm\highest, zmm\lowest
.endm
.macro LAST_PRODUCT low, high, at
    vmovdqa64 zmm31, [rcx + {n} + \at]
    vpmadd52luq zmm\low, zmm29, zmm31
    vpmadd52huq zmm\high, zmm29, zmm31
.endm
.macro ADD_ONE to, from
    vpaddq zmm\to, zmm\to, zmm\from
.endm

# The multiplication and the square.
.macro FUNCTIONS v, w
    .p2align 4
.Lifma_multiply_\w\()_\v:
    BEGIN \v, \w
    mov r9d, \v
1:
    PRODUCT_ROW \v, \w
    dec rax
    jz 4f
    REDUCE_ROW \v, \w, 0
    # The next digit: of the next vector, or of the first one, further up.
    add r10, 64
    dec r9d
    jnz 1b
    mov r9d, \v
    sub r10, 64 * \v - 8 * \w
    jmp 1b

    .p2align 4
.Lifma_square_\w\()_\v:
    mov rsi, rdi
    BEGIN \v, \w
2:
    .set .Lrow, 0
    .rept \v
    SQUARE_ROW \v, \w, %.Lrow
    vpaddq zmm0, zmm0, zmm0
    dec rax
    jz 3f
    REDUCE_ROW \v, \w, %(.Lrow == \v - 1)
    add r10, 64
    .set .Lrow, .Lrow + 1
    .endr
    sub r10, 64 * \v - 8 * \w
    jmp 2b
3:
    # Column 0 has been doubled.
    .set .Li, 1
    .rept \v
    ADD_ONE %.Li, %.Li
    .set .Li, .Li + 1
    .endr
4:
    LAST_ROW \v, \w
    CARRY \v, \w
    ret
.endm
