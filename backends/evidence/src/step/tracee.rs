//! The process that is stepped.

use super::STEPPED;
use super::effects::Effects;
use iced_x86::{Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Register};
use nix::libc::user_regs_struct;
use nix::sys::ptrace::{self, regset};
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Error, Result};
use std::os::unix::fs::FileExt;
use std::process::Command;

/// Bytes of the longest instruction.
const LONGEST: usize = 15;

/// Called by the process that is to be stepped: stops until its parent goes on with it.
pub fn offer() {
    ptrace::traceme().expect("a parent that traces");
    raise(Signal::SIGSTOP).expect("a signal to oneself");
}

/// A process that stands before an instruction.
pub struct Tracee {
    pid: Pid,
    memory: File,
    registers: user_regs_struct,
    factory: InstructionInfoFactory,
    /// Code does not change, and the same is executed many times.
    decoded: HashMap<u64, (Instruction, Effects)>,
}

/// An instruction that comes next.
pub struct Next<'a> {
    pub instruction: &'a Instruction,
    pub effects: &'a Effects,
    /// Of its places in memory; `None` for one that cannot be told.
    pub addresses: Vec<Option<u64>>,
    /// It is one that repeats, and it is over.
    pub idle: bool,
}

impl Tracee {
    /// Starts this program with other arguments.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(arguments: &[&str]) -> Result<Tracee> {
        let child = Command::new(std::env::current_exe()?).arg(STEPPED).args(arguments).spawn()?;
        let pid = Pid::from_raw(child.id().cast_signed());
        match waitpid(pid, None)? {
            WaitStatus::Stopped(_, Signal::SIGSTOP) => {}
            other => return Err(Error::other(format!("the program did not offer itself: {other:?}"))),
        }
        ptrace::setoptions(pid, ptrace::Options::PTRACE_O_EXITKILL)?;
        let memory = File::open(format!("/proc/{pid}/mem"))?;
        let (registers, factory) = (ptrace::getregs(pid)?, InstructionInfoFactory::new());
        Ok(Tracee { pid, memory, registers, factory, decoded: HashMap::new() })
    }

    /// Where the program was loaded.
    ///
    /// # Errors
    /// Those of the system.
    pub fn base(&self) -> Result<u64> {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.pid))?;
        let program = std::env::current_exe()?;
        let first = maps.lines().find(|line| line.ends_with(&*program.to_string_lossy()));
        let start = first.and_then(|line| line.split('-').next()).and_then(|hex| u64::from_str_radix(hex, 16).ok());
        start.ok_or_else(|| Error::other("the program is not in its own memory"))
    }

    /// The instruction that comes next.
    ///
    /// # Errors
    /// Those of the system.
    pub fn next(&mut self) -> Result<Next<'_>> {
        let at = self.registers.rip;
        if !self.decoded.contains_key(&at) {
            let instruction = self.decode(at)?;
            let effects = Effects::of(&instruction, &mut self.factory);
            self.decoded.insert(at, (instruction, effects));
        }
        let (instruction, effects) = &self.decoded[&at];
        let value = |register, _, _| value(&self.registers, register);
        let addresses = effects.places.iter().map(|place| place.operand.virtual_address(0, value)).collect();
        let idle = effects.repeats && self.registers.rcx == 0;
        Ok(Next { instruction, effects, addresses, idle })
    }

    /// Code, start and length of a word to the tool.
    ///
    /// # Errors
    /// Those of the system.
    pub fn request(&self) -> Result<[u64; 3]> {
        let mut bytes = [0; 24];
        self.memory.read_exact_at(&mut bytes, self.registers.rax)?;
        Ok(std::array::from_fn(|i| u64::from_ne_bytes(bytes.as_chunks().0[i])))
    }

    /// Answers a word to the tool.
    ///
    /// # Errors
    /// Those of the system.
    pub fn answer(&mut self, answer: u64) -> Result<()> {
        self.registers.rdx = answer;
        Ok(ptrace::setregs(self.pid, self.registers)?)
    }

    /// Executes one instruction; the exit status, when that was the last one.
    ///
    /// # Errors
    /// Those of the system, and a program that ends by a signal.
    pub fn step(&mut self) -> Result<Option<u8>> {
        ptrace::step(self.pid, None)?;
        match waitpid(self.pid, None)? {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => {
                self.registers = ptrace::getregs(self.pid)?;
                Ok(None)
            }
            WaitStatus::Exited(_, status) => Ok(Some(status as u8)),
            other => Err(Error::other(format!("the program stopped: {other:?}"))),
        }
    }

    /// The floating-point exceptions that were raised since the program last cleared them: the lower six bits of MXCSR.
    ///
    /// # Errors
    /// Those of the system.
    pub fn exceptions(&self) -> Result<u32> {
        let registers = ptrace::getregset::<regset::NT_PRFPREG>(self.pid)?;
        Ok(registers.mxcsr & 0x3f)
    }

    /// Whether the instruction at this address was ever the next one.
    pub fn executed(&self, at: u64) -> bool {
        self.decoded.contains_key(&at)
    }

    fn decode(&self, at: u64) -> Result<Instruction> {
        let mut code = [0; LONGEST];
        let len = self.memory.read_at(&mut code, at)?;
        Ok(Decoder::with_ip(64, &code[..len], at, DecoderOptions::NONE).decode())
    }
}

/// The value of a register that is part of an address; `None` for a vector.
fn value(registers: &user_regs_struct, register: Register) -> Option<u64> {
    let full = match register.full_register() {
        Register::RAX => registers.rax,
        Register::RBX => registers.rbx,
        Register::RCX => registers.rcx,
        Register::RDX => registers.rdx,
        Register::RSI => registers.rsi,
        Register::RDI => registers.rdi,
        Register::RBP => registers.rbp,
        Register::RSP => registers.rsp,
        Register::R8 => registers.r8,
        Register::R9 => registers.r9,
        Register::R10 => registers.r10,
        Register::R11 => registers.r11,
        Register::R12 => registers.r12,
        Register::R13 => registers.r13,
        Register::R14 => registers.r14,
        Register::R15 => registers.r15,
        Register::FS => registers.fs_base,
        Register::GS => registers.gs_base,
        Register::CS | Register::DS | Register::ES | Register::SS => 0,
        _ => return None,
    };
    Some(if register.size() == 4 { full & 0xffff_ffff } else { full })
}
