# operand = columns / R. In the loop r9 is where the two lowest columns are that are left; they are in ymm5 and ymm6, their digits in ymm12
# and ymm13, what these carry in ymm7.
.Lfma52_reduce:
    mov r9, r8
    mov r15, [rcx + {half}]
    dec r15
    # The bulk counts its steps from the end: pointers are set back by the steps that are left out.
    mov rbx, {digits}
    sub rbx, r11
    lea rdx, [rcx + {friendly}]
    sub rdx, rbx
    vmovdqa ymm5, [r8]
    vmovdqa ymm6, [r8 + 32]
    vpaddq ymm5, ymm5, [rcx + {carry}]
    QUOTIENT ymm12, ymm13
    vpxor xmm10, xmm10, xmm10
    vpxor xmm11, xmm11, xmm11
    CLOSE r8 + r11
    .p2align 4
1:
    # The two columns are their digits and what they carry: the quotient takes the digits away.
    vpaddq ymm5, ymm7, [r9 + 64]
    vmovdqa ymm6, [r9 + 96]
    HEAD {friendly}
    QUOTIENT ymm8, ymm9
    lea r10, [r9 + 64]
    sub r10, rbx
    call .Lfma52_bulk
    CLOSE r9 + r11 + 64
    vmovapd ymm12, ymm8
    vmovapd ymm13, ymm9
    add r9, 64
    dec r15
    jnz 1b

    # The last step: the quotient is the two digits times -1/n modulo 2^104, and n itself is added, at the columns themselves.
    PRODUCT ymm1, ymm2, ymm12, [rcx + {inverse}]
    PRODUCT ymm3, ymm4, ymm12, [rcx + {inverse} + 32]
    PRODUCT ymm8, ymm9, ymm13, [rcx + {inverse}]
    # The fraction of 1.5 * 2^104.
    vpaddq ymm1, ymm1, [rcx + {two_51}]
    vpaddq ymm1, ymm1, ymm4
    vpaddq ymm13, ymm1, ymm9
    vpand ymm12, ymm2, [rcx + {mask}]
    DIGIT ymm12
    vpand ymm13, ymm13, [rcx + {mask}]
    DIGIT ymm13
    # The upper lanes have been passed on already. The exponents of the products to come were left out of the bias, since the digits had to
    # be right before them.
    vpxor xmm0, xmm0, xmm0
    vpunpcklqdq ymm5, ymm5, ymm0
    vpunpcklqdq ymm6, ymm6, ymm0
    vpsubq ymm5, ymm5, [rcx + {two_52}]
    vpsubq ymm6, ymm6, [rcx + {two_52}]
    vpsubq ymm6, ymm6, [rcx + {two_52}]
    vpsubq ymm6, ymm6, ymm15
    HEAD {n}
    vpsrlq ymm0, ymm5, 52
    vpaddq ymm0, ymm0, ymm6
    vpsrlvq ymm7, ymm0, [rcx + {shift}]
    vpaddq ymm10, ymm10, ymm7
    mov r10, r9
    sub r10, rbx
    lea rdx, [rcx + {n}]
    sub rdx, rbx
    call .Lfma52_bulk
    CLOSE r9 + r11

# operand = the last H columns, brought back to digits from -2^51 to 2^51. Carries go up by one column, to all columns at once, and once
# more for what the first time leaves; the last vector's lower lanes carry into the first one's upper lanes.
    vmovdqa ymm15, [rcx + {mask}]
    vmovdqa ymm14, [rcx + {two_52}]
    vmovapd ymm13, [rcx + {middle}]
    add r9, 64
    vmovdqa ymm0, [r9 + r11 - 32]
    vpsrlq ymm0, ymm0, 52
    vpslldq ymm0, ymm0, 8
    xor eax, eax
2:
    CARRY r9 + rax
    vmovdqa [r9 + rax], ymm2
    add rax, 32
    cmp rax, r11
    jne 2b
    vpsrlq ymm0, ymm2, 52
    vpslldq ymm0, ymm0, 8
    xor eax, eax
3:
    CARRY r9 + rax
    # A sum, not an or: the digit may be 2^52.
    vpaddq ymm2, ymm2, ymm14
    vsubpd ymm2, ymm2, ymm13
    vmovapd [rdi + rax], ymm2
    add rax, 32
    cmp rax, r11
    jne 3b
    ret

# The vectors from the third on at rdx times the quotient, into the columns at r10. ymm10 and ymm11 hold what the products before add to the
# column of a step and to the one after it.
.Lfma52_bulk:
    mov rax, [rcx + {half}]
    lea rsi, [rip + 1f]
    movsxd rax, dword ptr [rsi + 4 * rax - 12]
    add rax, rsi
    jmp rax
1:
    # From H = 3.
    .irp k, 19,18,17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2
    .long .Lfma52_bulk_\k - 1b
    .endr
    .p2align 4
    .irp k, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19
.Lfma52_bulk_\k:
    vmovapd ymm0, [rdx + 32 * \k]
    PRODUCT ymm1, ymm2, ymm0, ymm12
    vpaddq ymm10, ymm10, [r10 + 32 * \k]
    vpaddq ymm10, ymm10, ymm2
    vmovdqa [r10 + 32 * \k], ymm10
    vpaddq ymm10, ymm11, ymm1
    PRODUCT ymm11, ymm4, ymm0, ymm13
    vpaddq ymm10, ymm10, ymm4
    .endr
    ret
.purgem PRODUCT
.purgem DIGIT
.purgem QUOTIENT
.purgem HEAD
.purgem CLOSE
.purgem CARRY
