//! What an instruction reads and writes, by iced's tables, in the form that `taint` works on.

use super::fixed_time::FIXED_TIME;
use iced_x86::{Code, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, Register, UsedMemory};

/// Bytes of a register: the number of the full register, and a bit a byte.
#[derive(Clone, Copy)]
pub struct Part {
    pub register: usize,
    pub bytes: u64,
}

/// A piece of memory that an instruction uses.
#[derive(Clone, Copy)]
pub struct Place {
    /// For the address.
    pub operand: UsedMemory,
    pub len: u64,
    pub read: bool,
    pub written: Written,
}

/// Whether something is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Written {
    No,
    /// Perhaps: what was there may stay.
    Maybe,
    Yes,
}

/// All that an instruction does; of one that repeats, all that it does once, for a processor that is stepped stops each time.
pub struct Effects {
    /// What says where: base and index of each address, and the count of an instruction that repeats.
    pub addresses: Vec<Part>,
    /// It repeats, as often as RCX says.
    pub repeats: bool,
    pub reads: Vec<Part>,
    pub writes: Vec<(Part, Written)>,
    pub places: Vec<Place>,
    pub flags_read: u32,
    /// Flags that are made from what is read.
    pub flags_made: u32,
    /// Flags that do not keep their value.
    pub flags_renewed: u32,
    /// What is executed next depends on what is read.
    pub branches: bool,
    /// It takes the same time for all operands.
    pub fixed_time: bool,
    /// How much memory it uses is known.
    pub known: bool,
    /// It moves bytes from one place to another and nothing else, so that each keeps to itself whether it is secret.
    pub moves: bool,
}

/// Moves of whole vectors, with which the compiler also moves structures whose parts are not all secret.
const MOVES: &[Mnemonic] = {
    use Mnemonic::*;
    &[
        Movaps, Movups, Movapd, Movupd, Movdqa, Movdqu, Vmovaps, Vmovups, Vmovapd, Vmovupd, Vmovdqa, Vmovdqu,
        Vmovdqa64, Vmovdqu64,
    ]
};

impl Effects {
    /// Of one instruction.
    pub fn of(instruction: &Instruction, factory: &mut InstructionInfoFactory) -> Effects {
        let (once, repeats) = once(instruction);
        let info = factory.info(&once);
        let flags_made = instruction.rflags_written() | instruction.rflags_undefined();
        let flags_fixed = instruction.rflags_cleared() | instruction.rflags_set();
        let mut effects = Effects {
            addresses: if repeats { vec![part(Register::RCX)] } else { Vec::new() },
            repeats,
            reads: Vec::new(),
            writes: Vec::new(),
            places: info.used_memory().iter().filter_map(place).collect(),
            flags_read: instruction.rflags_read(),
            flags_made,
            // A shift by nothing changes no flag.
            flags_renewed: if shifts_by_register(instruction) { 0 } else { flags_made | flags_fixed },
            branches: instruction.flow_control() != FlowControl::Next,
            fixed_time: FIXED_TIME.contains(&instruction.mnemonic()),
            known: true,
            moves: MOVES.contains(&instruction.mnemonic()),
        };
        for place in &effects.places {
            let registers =
                [place.operand.base(), place.operand.index()].into_iter().filter(|&part| part != Register::None);
            effects.addresses.extend(registers.map(part));
            effects.known &= place.len != 0;
        }
        for used in info.used_registers() {
            let part = part(used.register());
            // Registers that go on by themselves do so by a length, not by what is moved.
            if moves_on(instruction, used.register()) {
                continue;
            }
            if reads(used.access()) {
                effects.reads.push(part);
            }
            if written(used.access()) != Written::No {
                effects.writes.push((part, written(used.access())));
            }
        }
        if instruction.code() == Code::VEX_Vzeroupper {
            // The upper halves become zero, and the lower stay as they are.
            effects.reads.clear();
            let upper = |i| Part { register: Register::ZMM0 as usize + i, bytes: !0 << 16 };
            effects.writes = (0..16).map(|i| (upper(i), Written::Yes)).collect();
        }
        effects
    }
}

/// An instruction without its prefix that repeats it, and whether it has one.
fn once(instruction: &Instruction) -> (Instruction, bool) {
    let mut once = *instruction;
    let repeats = once.is_string_instruction() && (once.has_rep_prefix() || once.has_repne_prefix());
    if repeats {
        once.set_has_rep_prefix(false);
        once.set_has_repne_prefix(false);
    }
    (once, repeats)
}

/// Whether it shifts or rotates by CL, the last operand.
fn shifts_by_register(instruction: &Instruction) -> bool {
    use Mnemonic::{Rcl, Rcr, Rol, Ror, Sar, Shl, Shld, Shr, Shrd};
    let shifts = [Rcl, Rcr, Rol, Ror, Sar, Shl, Shld, Shr, Shrd].contains(&instruction.mnemonic());
    shifts && instruction.op_register(instruction.op_count() - 1) == Register::CL
}

/// The stack pointer of PUSH and its like, and the pointers of string instructions.
fn moves_on(instruction: &Instruction, register: Register) -> bool {
    match register.full_register() {
        Register::RSP => instruction.is_stack_instruction(),
        Register::RSI | Register::RDI => instruction.is_string_instruction(),
        _ => false,
    }
}

fn place(used: &UsedMemory) -> Option<Place> {
    let (read, written) = (reads(used.access()), written(used.access()));
    let len = used.memory_size().size() as u64;
    (read || written != Written::No).then_some(Place { operand: *used, len, read, written })
}

fn part(register: Register) -> Part {
    let bytes = match register.size() {
        64.. => !0,
        size => (1 << size) - 1,
    };
    let high = matches!(register, Register::AH | Register::BH | Register::CH | Register::DH);
    Part { register: register.full_register() as usize, bytes: bytes << u32::from(high) }
}

fn reads(access: OpAccess) -> bool {
    matches!(access, OpAccess::Read | OpAccess::CondRead | OpAccess::ReadWrite | OpAccess::ReadCondWrite)
}

fn written(access: OpAccess) -> Written {
    match access {
        OpAccess::Write | OpAccess::ReadWrite => Written::Yes,
        OpAccess::CondWrite | OpAccess::ReadCondWrite => Written::Maybe,
        _ => Written::No,
    }
}
