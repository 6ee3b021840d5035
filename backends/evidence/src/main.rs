//! Shows that no branch, no address and no instruction of uncertain time depends on a secret: see `backends/TIMING.md`, and `./run`.
//!
//! | file | what it is |
//! |---|---|
//! | `aes` | what is watched of AES-GCM |
//! | `rsa` | what is watched of RSA |
//! | `powers` | what is watched of its kernels `fma52` and `ifma` |
//! | `control` | leaks planted on purpose, which have to be found |
//! | `step` | a tool that watches: the processor executes, instruction by instruction |
//! | `arch` | all the `unsafe` |

mod aes;
mod arch;
mod control;
mod powers;
mod rsa;
mod step;

use aes::Extent;
use sealwire_backends::evidence::Kernel;
use std::process::ExitCode;

const USAGE: &str = "usage: evidence [step] (aes BACKEND [brief] | rsa ENGINE | kernel (fma52 | ifma) | control NAME)

Runs under valgrind, or, with `step`, instruction by instruction under its own eyes; ./run does all of it.
Exit status: 0 nothing found, 1 failed, 2 usage, 77 this machine cannot run it, 99 a leak.";

/// The status for wrong arguments.
const WRONG_USAGE: u8 = 2;
/// The status for code that cannot run here.
const UNAVAILABLE: u8 = 77;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["step", rest @ ..] => step::watch(rest),
        [step::STEPPED, rest @ ..] => {
            step::offer();
            run(rest)
        }
        words => run(words),
    }
}

fn run(words: &[&str]) -> ExitCode {
    if !arch::watched() {
        return refuse("nobody watches: run it under valgrind, or with `step`", 1);
    }
    match *words {
        ["aes", name] => aes(name, &Extent::Full),
        ["aes", name, "brief"] => aes(name, &Extent::Brief),
        ["rsa", engine] => rsa(engine),
        ["kernel", name] => match find(&Kernel::ALL, name).map(|&kernel| powers::run(kernel)) {
            Some(Ok(())) => ExitCode::SUCCESS,
            Some(Err(reason)) => unavailable(&reason.to_string()),
            None => refuse(USAGE, WRONG_USAGE),
        },
        ["control", name] => match find(control::CONTROLS, name) {
            Some(&control) if control::run(control) => ExitCode::SUCCESS,
            Some(_) => unavailable("this processor lacks the instructions"),
            None => refuse(USAGE, WRONG_USAGE),
        },
        _ => refuse(USAGE, WRONG_USAGE),
    }
}

fn aes(name: &str, extent: &Extent) -> ExitCode {
    let Some(backend) = find(aes::BACKENDS, name) else { return refuse(USAGE, WRONG_USAGE) };
    match aes::run(backend, extent) {
        Ok(opened) => {
            println!("verdict opened {opened}");
            ExitCode::SUCCESS
        }
        Err(reason) => unavailable(&reason.to_string()),
    }
}

fn rsa(name: &str) -> ExitCode {
    let Some(engine) = rsa::find(name) else { return refuse(USAGE, WRONG_USAGE) };
    match rsa::run(engine) {
        Ok(()) => {
            for (name, count) in rsa::VERDICTS {
                println!("verdict {name} {count}");
            }
            ExitCode::SUCCESS
        }
        Err(reason) => unavailable(&reason.to_string()),
    }
}

fn find<'a, T>(list: &'a [(&str, T)], name: &str) -> Option<&'a T> {
    list.iter().find(|entry| entry.0 == name).map(|entry| &entry.1)
}

fn unavailable(reason: &str) -> ExitCode {
    refuse(&format!("unavailable: {reason}"), UNAVAILABLE)
}

fn refuse(reason: &str, status: u8) -> ExitCode {
    eprintln!("{reason}");
    ExitCode::from(status)
}
