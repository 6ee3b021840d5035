//! Executes a program instruction by instruction and follows its secrets: Valgrind's check, on the processor itself, for instructions
//! that Valgrind does not know.
//!
//! | file | what it is |
//! |---|---|
//! | `effects` | what an instruction reads and writes |
//! | `fixed_time` | the instructions that may work on secrets |
//! | `taint` | which bytes are secret now |
//! | `tracee` | the process that is stepped: registers, memory, code |
//! | `report` | what was found, and where |

mod effects;
mod fixed_time;
mod report;
mod taint;
mod tracee;

use crate::arch::{MAKE_DEFINED, MAKE_UNDEFINED, RUNNING};
use iced_x86::{Code, Instruction, Mnemonic, Register};
use report::Report;
use std::error::Error;
use std::process::ExitCode;
use taint::Taint;
use tracee::{Next, Tracee};

pub use tracee::offer;

/// The word that makes the program offer itself to be stepped.
pub const STEPPED: &str = "stepped";

/// The status of a program that leaks, as `./run` has Valgrind give it.
const LEAKS: u8 = 99;

/// Runs this program with other arguments and watches it.
pub fn watch(arguments: &[&str]) -> ExitCode {
    match follow(arguments) {
        Ok((0, leaks)) => ExitCode::from(if leaks { LEAKS } else { 0 }),
        Ok((status, _)) => ExitCode::from(status),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The exit status of the program, and whether it leaks. Prints what was found.
fn follow(arguments: &[&str]) -> Result<(u8, bool), Box<dyn Error>> {
    let mut tracee = Tracee::start(arguments)?;
    let (mut taint, mut report) = (Taint::new(), Report::new(tracee.base()?)?);
    loop {
        let Next { instruction, effects, addresses, idle } = tracee.next()?;
        if is_request(instruction) {
            let [code, start, len] = tracee.request()?;
            match code {
                RUNNING => tracee.answer(1)?,
                MAKE_UNDEFINED => taint.mark(start..start + len, true),
                MAKE_DEFINED => taint.mark(start..start + len, false),
                _ => {}
            }
        } else if !idle && let Some(leak) = taint.follow(effects, &addresses) {
            report.add(leak, instruction.ip(), instruction.code());
        } else if instruction.mnemonic() == Mnemonic::Ldmxcsr {
            // The last moment before they are forgotten.
            report.raised(tracee.exceptions()?);
        }
        if let Some(status) = tracee.step()? {
            print!("{report}");
            for (module, (done, all)) in report.coverage(|at| tracee.executed(at))? {
                println!("executed {done} of {all} instructions of {module}");
            }
            println!("met opened {}", report.verdicts());
            return Ok((status, report.leaks()));
        }
    }
}

/// A word to the tool ends with an exchange of RBX with itself, which no compiler writes.
fn is_request(instruction: &Instruction) -> bool {
    instruction.code() == Code::Xchg_rm64_r64
        && [instruction.op0_register(), instruction.op1_register()] == [Register::RBX; 2]
}
