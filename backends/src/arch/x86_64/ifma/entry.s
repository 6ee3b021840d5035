# kernel(edi: operation, rsi: operand, rdx: other operand or windows, rcx: modulus, r8: workspace, r9: number of windows)
#
# General registers, from the first call on:
#   rcx  modulus          rdi  operand, the first factor, and the result      rsi  the second factor
#   r12  workspace        r13  windows        r14  how many are left      rbx  where in numbers of the table      rbp  squares that are left
# In products: r10 the digit of the row, rax rows that are left, r9 until the next lane, rdx the multiplier. Where entries of the table are chosen:
# r9 or r10 the next ones, r11 from one to the next. (In turns some have other uses: see turns.s.)
# A product or a square leaves alone rcx, rdi, rsi, rbp, r8, and r12 to r15.
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
    cmp eax, {first}
    jae 2f
    mov ebx, eax
    call .Lifma_load
    cmp ebx, {square}
    je 1f
    call .Lifma_multiply
    jmp 3f
1:
    call .Lifma_square
    jmp 3f
2:
    je 4f
    cmp eax, {first_in_turns}
    ja 6f
    je 5f
    call .Lifma_windows
    jmp 3f
4:
    lea rsi, [r12 + {power}]
    call .Lifma_first
    jmp 3f
5:
    call .Lifma_first_in_turns
    jmp 3f
6:
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
    xor r8d, r8d
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

# The functions of a shape. The first factor is in registers when a product or a square begins: `load` puts it there, and so does the end of each.
.macro DISPATCH name
.Lifma_\name:
    mov r10, [rcx + {shape}]
    lea r9, [rip + 1f]
    movsxd rax, dword ptr [r9 + 4 * r10]
    add rax, r9
    jmp rax
1:
    .irp v, 1,2,3,4,5,6,7,8,9,10
    .long .Lifma_\name\()_1_\v - 1b
    .endr
    .irp v, 1,2,3,4,5,6,7
    .long .Lifma_\name\()_2_\v - 1b
    .endr
.endm
    DISPATCH load
    DISPATCH multiply
    DISPATCH square
    DISPATCH square_and_gather

# For each window power = power^32 * table[window]. Each of the squares gathers a fifth of the next factor.
.Lifma_windows:
    lea rdi, [r12 + {power}]
    lea rsi, [r12 + {factor}]
    call .Lifma_load
1:
    xor ebx, ebx
    mov ebp, {window}
2:
    call .Lifma_square_and_gather
    dec ebp
    jnz 2b
    call .Lifma_multiply
    add r13, 2
    dec r14
    jnz 1b
    ret

# The same of two numbers in turns, which have four vectors or five.
.Lifma_turns:
    mov r15, rcx
    cmp qword ptr [rcx + {shape}], 4 - 1
    je .Lifma_turns_4
    jmp .Lifma_turns_5
.Lifma_first_in_turns:
    mov r15, rcx
    cmp qword ptr [rcx + {shape}], 4 - 1
    je .Lifma_first_in_turns_4
    jmp .Lifma_first_in_turns_5

# Masks k1 to k5: where the bits of the window are set, of each number in its lanes. Uses register 0.
.macro GATHER_MASKS
    vpbroadcastw xmm0, word ptr [r13]
    vpmovzxbq zmm0, xmm0
    .irp bit, 0,1,2,3,4
    KEEP_MASK \bit, %(\bit + 1), 0
    .endr
.endm

# [rsi] = table[window]
.Lifma_first:
    xor ebx, ebx
    mov ebp, {window}
1:
    call .Lifma_gather
    dec ebp
    jnz 1b
    ret

# [rsi] = table[window], a share of its vectors, from rbx on, as far as there are any. Every entry is read.
.Lifma_gather:
    GATHER_MASKS
    mov r9, [rcx + {share}]
    mov r11, [rcx + {length}]
1:
    cmp rbx, r11
    je 2f
    lea r10, [r12 + rbx + {table}]
    .irp pair, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    KEEP_PAIR 27, 0, \pair, r10, r11
    .endr
    vmovdqa64 [rsi + rbx], zmm27
    add rbx, 64
    dec r9
    jnz 1b
2:
    ret
