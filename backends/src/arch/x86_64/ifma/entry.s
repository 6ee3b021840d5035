# kernel(edi: operation, rsi: operand, rdx: other operand or windows, rcx: modulus, r8: workspace, r9: number of windows)
#
# General registers, from the first call on:
#   rcx  modulus          rdi  operand, the first factor, and the result      rsi  the second factor
#   r12  workspace        r13  windows        r14  how many are left      rbx  where in numbers of the table      rbp  squares that are left
# In products: r10 the digit of the row, rax rows that are left, r9 until the next lane, rdx the multiplier; in carries rax, r9, r10 and r11. (In turns
# some have other uses: see turns.s.)
# A product or a square leaves alone rcx, rdi, rbx, rbp, r8, and r12 to r15.
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov r12, r8
    mov r13, rdx
    mov r14, r9
    mov eax, edi
    mov rdi, rsi
    mov rsi, rdx
    cmp eax, {square}
    ja 2f
    je 1f
    call .Lifma_multiply
    jmp 3f
1:
    call .Lifma_square
    jmp 3f
2:
    cmp eax, {turns}
    je 5f
    cmp eax, {first}
    je 4f
    call .Lifma_windows
    jmp 3f
4:
    lea rdi, [r12 + {power}]
    call .Lifma_first
    jmp 3f
5:
    call .Lifma_turns
3:
    # No secret stays in a register.
    vzeroall
    .irp number, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vpxorq xmm\number, xmm\number, xmm\number
    .endr
    .irp number, 1,2,3,4,5
    kxorb k\number, k\number, k\number
    .endr
    xor eax, eax
    xor r9d, r9d
    xor r10d, r10d
    xor r11d, r11d
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

.Lifma_multiply:
    mov r10, [rcx + {shape}]
    lea r9, [rip + 1f]
    movsxd rax, dword ptr [r9 + 4 * r10]
    add rax, r9
    jmp rax
1:
    .irp v, 1,2,3,4,5,6,7,8,9,10
    .long .Lifma_multiply_1_\v - 1b
    .endr
    .irp v, 1,2,3,4,5,6,7
    .long .Lifma_multiply_2_\v - 1b
    .endr

.Lifma_square:
    mov r10, [rcx + {shape}]
    lea r9, [rip + 1f]
    movsxd rax, dword ptr [r9 + 4 * r10]
    add rax, r9
    jmp rax
1:
    .irp v, 1,2,3,4,5,6,7,8,9,10
    .long .Lifma_square_1_\v - 1b
    .endr
    .irp v, 1,2,3,4,5,6,7
    .long .Lifma_square_2_\v - 1b
    .endr

# For each window power = power^32 * table[window]. A fifth of the next factor is gathered after each of the squares: at its end a square waits
# for carries, which leaves the processor time for other things.
.Lifma_windows:
    xor ebx, ebx
    mov ebp, {window}
2:
    lea rdi, [r12 + {power}]
    call .Lifma_square
    lea rdi, [r12 + {factor}]
    call .Lifma_gather
    dec ebp
    jnz 2b
    lea rdi, [r12 + {power}]
    lea rsi, [r12 + {factor}]
    call .Lifma_multiply
    add r13, 8
    dec r14
    jnz .Lifma_windows
    ret

# The same of two numbers in turns, which have four vectors or five.
.Lifma_turns:
    mov r15, rcx
    mov rax, [rcx + {shape}]
    cmp eax, 4 - 1
    je .Lifma_turns_4
    jmp .Lifma_turns_5

# [rdi] = table[window]
.Lifma_first:
    xor ebx, ebx
    mov ebp, {window}
1:
    call .Lifma_gather
    dec ebp
    jnz 1b
    ret

# [rdi] = table[window], a share of its vectors from rbx on, as far as there are any. Every entry is read: of two, then of the two that are left
# of four, and so on, a bit of the window keeps one.
.Lifma_gather:
    vpmovzxbq zmm7, qword ptr [r13]
    .irp bit, 0,1,2,3,4
    KEEP_MASK \bit, %(\bit + 1), 7
    .endr
    mov r9, [rcx + {share}]
1:
    cmp rbx, [rcx + {length}]
    je 2f
    lea r10, [r12 + rbx + {table}]
    GATHER 0, 6, r10
    vmovdqa64 [rdi + rbx], zmm0
    add rbx, 64
    dec r9
    jnz 1b
2:
    ret
