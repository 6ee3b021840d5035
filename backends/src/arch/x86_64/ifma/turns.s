# Powers of two numbers, each of which has all lanes, in turns. What ends a product or a square, its last row and its carries, mostly waits for
# itself: it is woven into the first rows of the other number.
#
#   rcx, rdi  modulus and power of the number whose turn it is      r11, r8  those of the other one      rsi  its window, or the second factor
#   r12, r15  workspace and modulus of the first number; those of the second are behind them
# Registers of vectors, beside those of the rows:
#   2 \v + 2 to 3 \v + 2    columns of the other number
#   3 \v + 3                its last quotient, then what its carries need
#   3 \v + 4 to 4 \v + 3    the multiplier
#   25  the bits of a digit      26  for a moment
# and when the carries are done, from 2 \v + 2 on: four of entries of the table, and what has been gathered.
.macro TURN_ROOM v
    .set .Lfactors_kept, 0
    .set .Lfactors_at, 0
    .set .Lc, 2 * \v + 2
    .set .Lz, 3 * \v + 3
    .set .Lmultipliers_at, 3 * \v + 4
    .set .Lmultipliers_kept, \v
.endm

# The end of the other number's operation, a part of it in each of some places, two to a row, so that none has to wait for the one before. (What waits
# keeps what comes behind it from leaving the processor.)
.macro OTHERS_END v, place
    .if \place == 0
    LAST_QUOTIENT 1, %.Lc, %.Lz, r11
    .endif
    .if \place == 3
    LAST_PRODUCTS \v, 1, %.Lc, %.Lz, 26, r11
    .endif
    .if \place == 6
    CARRY_UP \v, %(.Lc + 1), 25, 26
    .endif
    .if \place == 8
    CARRY_LANES \v, 1, %(.Lc + 1), %(.Lc + \v), %.Lz, 25, 26
    .endif
    .if \place == 10
    CARRY_BITS %(.Lc + 1), 1, 25
    .endif
    .if \place == 15
    CARRY_AGAIN \v, %(.Lc + 1), 26, r8
    .endif
.endm

# The same for the rows of the second lane.
.macro OTHERS_LATER v, place
    OTHERS_END \v, %(2 * \v + \place)
.endm

# The columns that the turn of the other number is to end.
.macro HAND_OVER v
    .set .Li, 0
    .rept \v + 1
    MOVE_ONE %(.Lc + .Li), %(\v + 1 + .Li)
    .set .Li, .Li + 1
    .endr
.endm

# A vector of the next factor, in the rows of four lanes: in each, of sixteen numbers of the table the one that the lower bits of the window say, which
# is kept if the sixteen are those that the upper bits say. r9: the first of those left; rdx: from one to the next; rsi: sixteens that are left; r11: how
# many are to be left when it is their turn.
.macro GATHER_BEGIN window
    movzx r11d, byte ptr [\window]
    .irp bit, 0,1,2,3
    KEEP_ALL \bit, %(\bit + 1)
    .endr
    shr r11d, 4
    neg r11d
    add r11d, 4
    mov rdx, [rcx + {length}]
    lea r9, [rdi + rbx + {table} - {power}]
    mov esi, 4
.endm
# Mask k\mask: all lanes where bit \bit of r11 is set.
.macro KEEP_ALL bit, mask
    mov r9d, r11d
    shr r9d, \bit
    and r9d, 1
    neg r9d
    kmovb k\mask, r9d
.endm
.macro GATHER_ROW v, place
    .if \place < 8
    KEEP_PAIR %.Lc, 26, \place, r9, rdx
    .endif
    .if \place == 7
    GATHER_GROUP %(.Lc + 4), %.Lc
    .endif
.endm
.macro GATHER_GROUP to, entry
    mov r8, r11
    xor r8, rsi
    sub r8, 1
    sar r8, 63
    kmovb k5, r8d
    vpblendmq zmm\to{{k5}}, zmm\to, zmm\entry
.endm
.macro GATHER_END x, to
    vmovdqa64 [rdi + rbx + \to], zmm\x
.endm

.macro TURN_OF which
    .if \which == 0
    mov rcx, r15
    lea r11, [r15 + {modulus_size}]
    lea rdi, [r12 + {power}]
    lea r8, [r12 + {workspace_size} + {power}]
    .else
    lea rcx, [r15 + {modulus_size}]
    mov r11, r15
    lea rdi, [r12 + {workspace_size} + {power}]
    lea r8, [r12 + {power}]
    .endif
.endm

# What the second number has done already, at r8, as columns that are still to be divided by a digit, which leaves them as they are: digits, without
# what has been carried out of them.
.macro PENDING v
    CLEAR_ONE %.Lc
    FETCH %(.Lc + 1), \v, r8
    vmovdqa64 zmm25, [rcx + {mask}]
    .set .Li, 1
    .rept \v
    BELOW_52 %(.Lc + .Li), 25
    .set .Li, .Li + 1
    .endr
.endm
.macro END_PENDING v
    .set .Lplace, 0
    .rept 4 * \v
    OTHERS_END \v, %.Lplace
    .set .Lplace, .Lplace + 1
    .endr
.endm

# The powers, as .Lifma_windows has them, of both numbers.
.macro TURNS v
    TURN_ROOM \v
    .p2align 4
.Lifma_turns_\v:
    lea r8, [r12 + {workspace_size} + {power}]
    PENDING \v
1:
    xor ebx, ebx
    mov ebp, {window_in_turns}
2:
    .irp which, 0,1
    TURN_OF \which
    lea rsi, [r13 + \which]
    call .Lifma_turn_square_\v
    .endr
    add rbx, 64
    dec ebp
    jnz 2b
    .irp which, 0,1
    TURN_OF \which
    lea rsi, [rdi - {power} + {factor}]
    call .Lifma_turn_multiply_\v
    .endr
    add r13, 2
    dec r14
    jnz 1b
    TURN_OF 0
    END_PENDING \v
    ret

    # The powers from 2 on for the table: of each k there the square, and the product of that with the first. r14: where k is. Then the powers of the
    # first windows.
.Lifma_first_in_turns_\v:
    mov ebx, 64 * \v
    mov r14d, ebx
    mov ebp, (1 << {window_in_turns}) / 2 - 1
    lea r8, [r12 + rbx + {workspace_size} + {table}]
    PENDING \v
1:
    .irp which, 0,1
    TURN_OF \which
    lea rdi, [rdi + r14 + {table} - {power}]
    lea r8, [r8 + 2 * r14 + {table} - {power} - 64 * \v * (1 - \which)]
    call .Lifma_turn_square_\v
    .endr
    .irp which, 0,1
    TURN_OF \which
    lea rsi, [rdi + rbx + {table} - {power}]
    lea rdi, [rdi + 2 * r14 + {table} - {power}]
    lea r8, [r8 + 2 * r14 + {table} - {power} + 64 * \v * \which]
    call .Lifma_turn_multiply_\v
    .endr
    add r14, rbx
    dec ebp
    jnz 1b
    TURN_OF 0
    lea r8, [r8 + 2 * r14 + {table} - {power} - 64 * \v]
    END_PENDING \v
    .irp which, 0,1
    TURN_OF \which
    lea r10, [r13 + \which]
    call .Lifma_turn_first_\v
    .endr
    ret
.Lifma_turn_first_\v:
    xor ebx, ebx
1:
    GATHER_BEGIN r10
2:
    .irp place, 0,1,2,3,4,5,6,7
    GATHER_ROW \v, \place
    .endr
    dec esi
    jnz 2b
    GATHER_END %(.Lc + 4), 0
    add rbx, 64
    cmp rbx, [rcx + {length}]
    jne 1b
    ret

    .p2align 4
.Lifma_turn_multiply_\v:
    LOAD \v, 1
    BEGIN \v, 1
    mov r10, rsi
    .set .Lrow, 0
    .rept 2 * \v
    .if .Lrow == \v
    sub r10, 64 * \v - 8
    .endif
    PRODUCT_BEGIN \v, 1
    PRODUCT_OTHERS \v
    dec rax
    OTHERS_END \v, %(2 * .Lrow)
    REDUCE_ROW \v, 1, 0
    add r10, 64
    OTHERS_END \v, %(2 * .Lrow + 1)
    .set .Lrow, .Lrow + 1
    .endr
    sub r10, 64 * \v - 8
    mov r9d, \v
    PRODUCT_ROWS \v, 1
    PRODUCT_OTHERS \v
    jmp 4f

    .p2align 4
.Lifma_turn_square_\v:
    LOAD \v, 1
    BEGIN \v, 1
    mov r10, rdi
    DIGIT 1
    SQUARE_ROWS \v, 1, OTHERS_END, 0
    SQUARE_ROWS \v, 1, OTHERS_LATER, 0
    # There are more squares than vectors.
    cmp rbx, [rcx + {length}]
    jae 2f
    GATHER_BEGIN rsi
1:
    SQUARE_ROWS \v, 1, GATHER_ROW, 0
    dec esi
    jnz 1b
    GATHER_END %(.Lc + 4), %({factor} - {power})
2:
    SQUARE_ROWS \v, 1, NOTHING, 0
    jmp 2b
3:
    DOUBLE \v
4:
    LOWEST %(\v + 1)
    COMPLETE \v
    HAND_OVER \v
    ret
.endm
