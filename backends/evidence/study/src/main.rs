//! Measures whether the time of a decryption tells anything about what is decrypted, in the manner of the Marvin toolkit (Kario, "Everlasting
//! ROBOT: the Marvin Attack", ESORICS 2023): see `backends/TIMING.md`.
//!
//! | file | what it is |
//! |---|---|
//! | `classes` | the classes of ciphertexts, from messages in `message` under a key in `key` |
//! | `sample` | measuring them in rounds |
//! | `unwrap` | whole decryptions, planted differences, and a decryption that leaks |
//! | `network` | whole handshakes |
//! | `kernel` | powers of a kernel alone, of digits that are chosen |
//! | `statistics` | tests of pairs, the bootstrap |
//! | `report` | the table |
//! | `random` | chance |

mod classes;
mod kernel;
mod key;
mod message;
mod network;
mod random;
mod report;
mod sample;
mod statistics;
mod unwrap;

use classes::{ALL, FEW};
use sample::Times;
use sealwire_backends::evidence::Kernel;
use sealwire_traits::Unavailable;
use std::process::ExitCode;

const USAGE: &str = "usage: study (unwrap ENGINE | planted ENGINE | network ENGINE | control | kernel KERNEL) ROUNDS [BITS]

unwrap   decryptions of all classes of ciphertexts
planted  decryptions of one class, with differences of known sizes
network  handshakes over TCP with wrapped secrets of some classes
control  a decryption that leaks: num-bigint's modpow, and a hasty decoding
kernel   powers by fma52 or ifma, of digits that are all zero, and of others
ENGINE is num-bigint/ifma, num-bigint/fma52, num-bigint/mulx, num-bigint/portable, or gmp if built with it; ROUNDS are up to ten million; BITS, 2048 to 4096, a multiple of 16.
Exit status: 0 no difference found, 1 a difference found, 2 usage, 77 this machine cannot run it.";

/// The status for wrong arguments.
const WRONG_USAGE: u8 = 2;
/// The status for code that cannot run here.
const UNAVAILABLE: u8 = 77;

/// Bits of a key, unless others are wanted.
const BITS: usize = 2048;
/// More would not fit into memory.
const MAX_ROUNDS: usize = 10_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((words, rounds, bits)) = numbers(&words) else { return refuse(USAGE, WRONG_USAGE) };
    if !words.starts_with(&["kernel"]) && words.get(1).is_some_and(|name| key::named(name).is_none()) {
        return refuse(USAGE, WRONG_USAGE);
    }
    let studied = match *words {
        ["unwrap", engine] => key::engine(engine).map(|e| (names(), unwrap::measure(e, rounds, bits))),
        ["planted", engine] => {
            key::engine(engine).map(|e| (unwrap::PLANTED_NAMES.to_vec(), unwrap::measure_planted(e, rounds, bits)))
        }
        ["network", engine] => {
            key::engine(engine).map(|e| (FEW.map(|i| ALL[i].0).to_vec(), network::measure(e, rounds, bits)))
        }
        ["control"] => key::engine("num-bigint/portable").map(|e| (names(), unwrap::measure_control(e, rounds, bits))),
        ["kernel", name] => match Kernel::ALL.iter().find(|kernel| kernel.0 == name) {
            Some((_, kernel)) => kernel::measure(*kernel, rounds, bits),
            None => return refuse(USAGE, WRONG_USAGE),
        },
        _ => return refuse(USAGE, WRONG_USAGE),
    };
    finish(studied)
}

/// The words, and the one or two numbers behind them.
fn numbers<'a>(words: &'a [&'a str]) -> Option<(&'a [&'a str], usize, usize)> {
    let count = words.iter().position(|word| word.parse::<usize>().is_ok())?;
    let (words, numbers) = words.split_at(count);
    let numbers: Vec<usize> = numbers.iter().map_while(|number| number.parse().ok()).collect();
    let (rounds, bits) = match *numbers {
        [rounds] => (rounds, BITS),
        [rounds, bits] => (rounds, bits),
        _ => return None,
    };
    let allowed = (1..=MAX_ROUNDS).contains(&rounds) && (2048..=4096).contains(&bits) && bits.is_multiple_of(16);
    allowed.then_some((words, rounds, bits))
}

fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, _)| *name).collect()
}

fn finish(studied: Result<(Vec<&'static str>, Times), Unavailable>) -> ExitCode {
    match studied {
        Ok((names, times)) => ExitCode::from(u8::from(report::report(&names, &times))),
        Err(reason) => refuse(&reason.to_string(), UNAVAILABLE),
    }
}

fn refuse(reason: &str, status: u8) -> ExitCode {
    eprintln!("{reason}");
    ExitCode::from(status)
}
