# operand = operand * other / R
.Lfma52_multiply:
    lea rsi, [rcx + {bias_multiply}]
    call .Lfma52_fill
    mov rbx, [rcx + {half}]
    .p2align 4
1:
    # A digit of the lower half and one of the upper half, and what the columns above their rows hold.
    vmovddup ymm12, [rdx]
    vpermilpd ymm13, [rdx], 15
    vmovdqa ymm10, [r9 + r11]
    vmovdqa ymm11, [r10 + r11]
    mov rax, [rcx + {half}]
    call .Lfma52_row
    add r9, 32
    add r10, 32
    add rdx, 32
    dec rbx
    jnz 1b
    jmp .Lfma52_reduce

# operand = operand^2 / R: rows only up to the diagonal, with everything but the diagonal doubled by doubling the digit of the row.
.Lfma52_square:
    lea rsi, [rcx + {bias_square}]
    call .Lfma52_fill
    xor ebx, ebx
    xor edx, edx
    .p2align 4
1:
    vmovapd ymm0, [rdi + rdx]
    vmovddup ymm12, [rdi + rdx]
    vpermilpd ymm13, ymm0, 15
    PRODUCT ymm1, ymm2, ymm0, ymm12
    PRODUCT ymm3, ymm4, ymm0, ymm13
    vpaddq ymm1, ymm1, [r9 + rdx + 32]
    vmovdqa [r9 + rdx + 32], ymm1
    vpaddq ymm10, ymm2, [r9 + rdx]
    vpaddq ymm3, ymm3, [r10 + rdx + 32]
    vmovdqa [r10 + rdx + 32], ymm3
    vpaddq ymm11, ymm4, [r10 + rdx]
    vaddpd ymm12, ymm12, ymm12
    vaddpd ymm13, ymm13, ymm13
    mov eax, ebx
    call .Lfma52_row
    add r9, 32
    add r10, 32
    add rdx, 32
    inc rbx
    cmp rbx, [rcx + {half}]
    jne 1b
    jmp .Lfma52_reduce

# Sets the columns to their biases, and the registers of the rows.
.Lfma52_fill:
    mov rax, [rcx + {half}]
    mov r9, r8
1:
    .irp k, 0,1,2
    vpbroadcastq ymm\k, [rsi + 8 * \k]
    vmovdqa [r9 + 32 * \k], ymm\k
    .endr
    add rsi, 24
    add r9, 96
    dec rax
    jnz 1b
    mov r9, r8
    lea r10, [r8 + r11]
    vmovapd ymm15, [rcx + {high}]
    vmovapd ymm14, [rcx + {low}]
    ret

# Two rows: rax vectors of the operand times ymm12 into the columns from r9 on, and times ymm13 into those from r10 on. They run downwards,
# so that their length is a matter of where they are entered; ymm10 and ymm11 hold the columns that the next products add to. The two
# products of a step are interleaved by hand: with one PRODUCT after the other a window of five bits takes a tenth longer.
.Lfma52_row:
    lea rsi, [rip + 1f]
    movsxd rax, dword ptr [rsi + 4 * rax]
    add rax, rsi
    jmp rax
1:
    .irp k, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20
    .long .Lfma52_row_\k - 1b
    .endr
    .p2align 4
    .irp k, 20,19,18,17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1
.Lfma52_row_\k:
    vmovapd ymm0, [rdi + 32 * \k - 32]
    vmovapd ymm1, ymm15
    vfmadd231pd ymm1, ymm0, ymm12
    vmovapd ymm3, ymm15
    vfmadd231pd ymm3, ymm0, ymm13
    vsubpd ymm2, ymm14, ymm1
    vfmadd231pd ymm2, ymm0, ymm12
    vsubpd ymm4, ymm14, ymm3
    vfmadd231pd ymm4, ymm0, ymm13
    vpaddq ymm10, ymm10, ymm1
    vmovdqa [r9 + 32 * \k], ymm10
    vpaddq ymm10, ymm2, [r9 + 32 * \k - 32]
    vpaddq ymm11, ymm11, ymm3
    vmovdqa [r10 + 32 * \k], ymm11
    vpaddq ymm11, ymm4, [r10 + 32 * \k - 32]
    .endr
.Lfma52_row_0:
    vmovdqa [r9], ymm10
    vmovdqa [r10], ymm11
    ret
