//! The rules, on single instructions: a secret that were lost here would be a leak that is not seen.

use super::*;
use iced_x86::{Decoder, DecoderOptions, InstructionInfoFactory, Register};

const RSI: u64 = 0x1000;
const RDI: u64 = 0x2000;
const RSP: u64 = 0x3000;

/// Secrets in registers, and the instructions that follow.
struct Machine {
    taint: Taint,
    factory: InstructionInfoFactory,
}

impl Machine {
    fn with(secrets: &[Register]) -> Machine {
        let mut taint = Taint::new();
        for register in secrets {
            taint.registers[*register as usize] = if register.is_vector_register() { !0 } else { 0xff };
        }
        Machine { taint, factory: InstructionInfoFactory::new() }
    }

    fn run(&mut self, code: &[u8]) -> Option<Leak> {
        let instruction = Decoder::new(64, code, DecoderOptions::NONE).decode();
        assert_eq!(instruction.len(), code.len());
        let effects = Effects::of(&instruction, &mut self.factory);
        let value = |register: Register, _, _| match register.full_register() {
            Register::RSI => Some(RSI),
            Register::RDI => Some(RDI),
            Register::RSP => Some(RSP),
            register => (!register.is_vector_register()).then_some(0),
        };
        let addresses: Vec<_> = effects.places.iter().map(|place| place.operand.virtual_address(0, value)).collect();
        self.taint.follow(&effects, &addresses)
    }

    fn bytes(&self, register: Register) -> u64 {
        self.taint.registers[register as usize]
    }

    fn memory(&self, at: u64) -> bool {
        self.taint.memory.contains(&at)
    }
}

#[test]
fn what_is_read_goes_into_what_is_written() {
    let mut machine = Machine::with(&[Register::RBX]);
    assert_eq!(machine.run(&[0x89, 0xd8]), None, "mov eax, ebx");
    assert_eq!(machine.bytes(Register::RAX), 0xff, "a write of 32 bits writes all 64");
    assert_eq!(machine.run(&[0x66, 0x89, 0x1f]), None, "mov [rdi], bx");
    assert!(machine.memory(RDI) && machine.memory(RDI + 1) && !machine.memory(RDI + 2));
    machine.run(&[0x48, 0x03, 0x04, 0x0f]);
    assert_eq!(machine.bytes(Register::RAX), 0xff, "add rax, [rdi+rcx]");
}

#[test]
fn a_move_of_a_vector_keeps_its_bytes_apart() {
    let mut machine = Machine::with(&[Register::ZMM1]);
    machine.taint.mark(RSI + 8..RSI + 16, true);
    assert_eq!(machine.run(&[0x0f, 0x10, 0x06]), None, "movups xmm0, [rsi]");
    assert_eq!(machine.bytes(Register::ZMM0), 0xff00);
    assert_eq!(machine.run(&[0x0f, 0x11, 0x07]), None, "movups [rdi], xmm0");
    assert!(!machine.memory(RDI + 7) && machine.memory(RDI + 8) && machine.memory(RDI + 15));
    assert_eq!(machine.run(&[0x0f, 0x28, 0xc8]), None, "movaps xmm1, xmm0");
    assert_eq!(machine.bytes(Register::ZMM1), !0 << 16 | 0xff00, "what is above stays");
    machine.taint.registers[Register::ZMM0 as usize] |= 1 << 16;
    assert_eq!(machine.run(&[0xc5, 0xf8, 0x28, 0xc8]), None, "vmovaps xmm1, xmm0");
    assert_eq!(machine.bytes(Register::ZMM1), 0xff00, "what is above is zero");
}

#[test]
fn what_is_written_anew_is_public_again() {
    let all = [Register::RAX, Register::ZMM1, Register::ZMM2];
    for code in [&[0xb8, 1, 0, 0, 0][..], &[0x31, 0xc0]] {
        let mut machine = Machine::with(&all);
        assert_eq!(machine.run(code), None, "mov eax, 1; xor eax, eax");
        assert_eq!(machine.bytes(Register::RAX), 0);
    }
    let mut machine = Machine::with(&all);
    machine.run(&[0xc5, 0xe9, 0xef, 0xca]);
    assert_eq!(machine.bytes(Register::ZMM1), 0, "vpxor xmm1, xmm2, xmm2");
}

#[test]
fn a_part_that_is_not_written_stays() {
    let mut machine = Machine::with(&[Register::RAX]);
    machine.run(&[0xb0, 1]);
    assert_eq!(machine.bytes(Register::RAX), 0xfe, "mov al, 1");
    let mut machine = Machine::with(&[Register::RBX]);
    machine.run(&[0x88, 0xdc]);
    assert_eq!(machine.bytes(Register::RAX), 2, "mov ah, bl");
}

#[test]
fn upper_halves_of_vectors() {
    let mut machine = Machine::with(&[Register::ZMM1]);
    machine.run(&[0xf3, 0x0f, 0x6f, 0xca]);
    assert_eq!(machine.bytes(Register::ZMM1), !0 << 16, "movdqu xmm1, xmm2 leaves it");
    machine.run(&[0xc5, 0xfa, 0x6f, 0xca]);
    assert_eq!(machine.bytes(Register::ZMM1), 0, "vmovdqu xmm1, xmm2 clears it");
    let mut machine = Machine::with(&[Register::ZMM1]);
    assert_eq!(machine.run(&[0xc5, 0xf8, 0x77]), None, "vzeroupper");
    assert_eq!(machine.bytes(Register::ZMM1), 0xffff);
}

#[test]
fn conditional_moves_may_leave_what_was_there() {
    let mut machine = Machine::with(&[Register::RAX]);
    machine.run(&[0x48, 0x0f, 0x44, 0xc3]);
    assert_eq!(machine.bytes(Register::RAX), 0xff, "cmove rax, rbx");
}

#[test]
fn registers_that_go_on_by_themselves_stay_public() {
    let mut machine = Machine::with(&[Register::RBX]);
    assert_eq!(machine.run(&[0x53]), None, "push rbx");
    assert!(machine.memory(RSP - 8) && machine.bytes(Register::RSP) == 0);
    machine.taint.mark(RSI..RSI + 1, true);
    assert_eq!(machine.run(&[0xf3, 0xa4]), None, "rep movsb");
    assert!(machine.memory(RDI));
    for register in [Register::RSI, Register::RDI, Register::RCX] {
        assert_eq!(machine.bytes(register), 0);
    }
}

#[test]
fn flags_carry_secrets_until_they_are_renewed() {
    let jne = [0x75, 2];
    let mut machine = Machine::with(&[Register::RBX]);
    assert_eq!(machine.run(&[0x85, 0xdb]), None, "test ebx, ebx");
    assert_eq!(machine.run(&jne), Some(Leak::Branch));
    machine.run(&[0xd3, 0xe0]);
    assert_eq!(machine.run(&jne), Some(Leak::Branch), "shl eax, cl may have left them");
    machine.run(&[0x84, 0xc9]);
    assert_eq!(machine.run(&jne), None, "test cl, cl");
}

#[test]
fn leaks_of_every_kind() {
    let secret = |register| Machine::with(&[register]);
    assert_eq!(secret(Register::RCX).run(&[0x48, 0x03, 0x04, 0x0f]), Some(Leak::Address), "add rax, [rdi+rcx]");
    assert_eq!(secret(Register::RCX).run(&[0x48, 0x89, 0x04, 0x0f]), Some(Leak::Address), "mov [rdi+rcx], rax");
    assert_eq!(secret(Register::ZMM2).run(&[0xc4, 0xe2, 0x65, 0x90, 0x0c, 0x97]), Some(Leak::Address), "vpgatherdd");
    assert_eq!(secret(Register::RCX).run(&[0xf3, 0xaa]), Some(Leak::Address), "rep stosb");
    assert_eq!(secret(Register::RBX).run(&[0xff, 0xd3]), Some(Leak::Branch), "call rbx");
    assert_eq!(secret(Register::RBX).run(&[0x48, 0xf7, 0xf3]), Some(Leak::Instruction), "div rbx");
    assert_eq!(
        Machine::with(&[]).run(&[0x0f, 0xae, 0x27]),
        Some(Leak::Instruction),
        "xsave [rdi], which cannot be followed"
    );
    assert_eq!(secret(Register::RBX).run(&[0x48, 0x8d, 0x43, 0x08]), None, "lea rax, [rbx+8]");
}

#[test]
fn products_of_52_bits_and_masks_carry_secrets_on() {
    let mut machine = Machine::with(&[]);
    machine.taint.mark(RSI + 8..RSI + 16, true);
    assert_eq!(machine.run(&[0x62, 0xf2, 0xed, 0x48, 0xb4, 0x0e]), None, "vpmadd52luq zmm1, zmm2, [rsi]");
    assert_eq!(machine.bytes(Register::ZMM1), !0);
    assert_eq!(machine.run(&[0x62, 0xf2, 0xf5, 0x48, 0x27, 0xc9]), None, "vptestmq k1, zmm1, zmm1");
    assert_eq!(machine.run(&[0xc5, 0xf5, 0x41, 0xd3]), None, "kandb k2, k1, k3");
    assert_eq!(machine.run(&[0xc5, 0xf9, 0x93, 0xc2]), None, "kmovb eax, k2");
    assert_eq!(machine.bytes(Register::RAX), 0xff);
    assert_eq!(machine.run(&[0x62, 0xf2, 0xd5, 0x4a, 0x64, 0xe6]), None, "vpblendmq zmm4 {{k2}}, zmm5, zmm6");
    assert_eq!(machine.bytes(Register::ZMM4), !0, "a selection by a secret is one");
    assert_eq!(machine.run(&[0x62, 0xf1, 0xfd, 0x48, 0x6f, 0x3e]), None, "vmovdqa64 zmm7, [rsi]");
    assert_eq!(machine.bytes(Register::ZMM7), 0xff00, "a move keeps its bytes apart");
    assert_eq!(machine.run(&[0x62, 0xf1, 0xfd, 0x48, 0x7f, 0x3f]), None, "vmovdqa64 [rdi], zmm7");
    assert!(!machine.memory(RDI + 7) && machine.memory(RDI + 8) && !machine.memory(RDI + 16));
}
