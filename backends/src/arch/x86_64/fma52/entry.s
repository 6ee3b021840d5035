# kernel(rdi: operation, rsi: operand, rdx: other operand or windows, rcx: modulus, r8: workspace, which begins with the columns,
#        r9: number of windows)
#
# Registers, from the first call on:
#   rcx  modulus                   r8   columns             r11  32 H, a half number in bytes
#   r12  workspace                 r13  windows             r14  how many are left (these three only mean something to the exponentiation)
# In products and reductions:
#   rdi  operand and result        r9, r10  where in the columns
#   rdx  other operand in a product, where in the operand in a square, where in the addend in a reduction
#   rbx  rows that are left in a product, that are done in a square; in a reduction the vectors that numbers have less than the most, in bytes
#   r15  steps that are left in a reduction
#   rsi  biases, then tables of jumps; rax vectors in a row, jumps, and what loops count
#   ymm15  1.5 * 2^104             ymm14  1.5 * 2^104 + 2^52, both until the carries
# In the table: rdi and r9 an entry's place and end, rsi and r10 places in the table, rax entries that are left.
# A product or a square leaves alone rcx, rdi, rbp, r8, and r11 to r14: the exponentiation counts squares in rbp.
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    sub rsp, 8
    stmxcsr [rsp]
    # Every exception masked, rounding toward zero.
    mov dword ptr [rsp + 4], 0x7f80
    ldmxcsr [rsp + 4]
    mov r12, r8
    mov r13, rdx
    mov r14, r9
    mov r11, [rcx + {half}]
    shl r11, 5
    mov eax, edi
    mov rdi, rsi
    cmp eax, {square}
    ja 2f
    je 1f
    call .Lfma52_multiply
    jmp 3f
1:
    call .Lfma52_square
    jmp 3f
2:
    cmp eax, {first}
    je 4f
    call .Lfma52_windows
    jmp 3f
4:
    lea rdi, [r12 + {power}]
    call .Lfma52_gather
3:
    ldmxcsr [rsp]
    # No secret stays in a register.
    vzeroall
    add rsp, 8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

# For each window power = power^32 * table[window].
.Lfma52_windows:
    lea rdi, [r12 + {power}]
    mov ebp, {window}
2:
    call .Lfma52_square
    dec ebp
    jnz 2b
    lea rdi, [r12 + {factor}]
    call .Lfma52_gather
    lea rdx, [r12 + {factor}]
    lea rdi, [r12 + {power}]
    call .Lfma52_multiply
    add r13, 4
    dec r14
    jnz .Lfma52_windows
    ret

# [rdi] = table[window]. Every entry is read, ten vectors of each at a time; a mask keeps the right one.
.Lfma52_gather:
    vpmovzxbq ymm15, dword ptr [r13]
    vpcmpeqd ymm13, ymm13, ymm13
    lea rsi, [r12 + {table}]
    lea r9, [rdi + r11]
1:
    vpxor xmm12, xmm12, xmm12
    mov r10, rsi
    mov eax, 1 << {window}
2:
    vpcmpeqq ymm11, ymm12, ymm15
    vpsubq ymm12, ymm12, ymm13
    .irp k, 0,1,2,3,4,5,6,7,8,9
    vpblendvb ymm\k, ymm\k, [r10 + 32 * \k], ymm11
    .endr
    add r10, {digits}
    dec eax
    jnz 2b
    .irp k, 0,1,2,3,4,5,6,7,8,9
    vmovdqa [rdi + 32 * \k], ymm\k
    .endr
    add rsi, 320
    add rdi, 320
    cmp rdi, r9
    jb 1b
    ret
