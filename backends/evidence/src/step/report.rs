//! What was found and where, and how much of the kernels was executed.

use super::taint::Leak;
use addr2line::{Frame, Loader};
use iced_x86::{Code, Decoder, DecoderOptions};
use object::{Object, ObjectSection, ObjectSymbol};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Display};
use std::path::PathBuf;

/// Leaks by their places.
pub struct Report {
    program: PathBuf,
    loader: Loader,
    /// Where the program is loaded.
    base: u64,
    found: BTreeMap<(u64, Leak), (Code, usize)>,
    verdicts: usize,
    exceptions: u32,
}

/// The floating-point exceptions by their bits in MXCSR (AMD64 Architecture Programmer's Manual, volume 1, section 4.2.2).
const EXCEPTIONS: [&str; 6] = ["invalid", "denormal", "zero-divide", "overflow", "underflow", "precision"];
/// Nothing but that a result was rounded, as almost every result is.
const PRECISION: u32 = 1 << 5;

impl Report {
    /// Nothing so far, in this program loaded at `base`.
    ///
    /// # Errors
    /// When the program cannot be read.
    pub fn new(base: u64) -> Result<Report, Box<dyn Error>> {
        let program = std::env::current_exe()?;
        Ok(Report { loader: Loader::new(&program)?, program, base, found: BTreeMap::new(), verdicts: 0, exceptions: 0 })
    }

    /// A leak at an address; or a verdict, which is none.
    pub fn add(&mut self, leak: Leak, at: u64, code: Code) {
        if leak == Leak::Branch && self.is_verdict(at) {
            self.verdicts += 1;
        } else {
            self.found.entry((at, leak)).or_insert((code, 0)).1 += 1;
        }
    }

    /// Floating-point exceptions, all masked. Any but of precision is a leak: a number was denormal, infinite or none at all, and processors
    /// take their time over these.
    pub fn raised(&mut self, exceptions: u32) {
        self.exceptions |= exceptions;
    }

    /// Whether there is any leak.
    pub fn leaks(&self) -> bool {
        !self.found.is_empty() || self.exceptions & !PRECISION != 0
    }

    /// Branches on whether a tag is right, which everybody may know.
    pub fn verdicts(&self) -> usize {
        self.verdicts
    }

    /// Whether this is the body of [`sealwire_traits::Aead::open`] of a backend itself, and nothing that was inlined into it.
    fn is_verdict(&self, at: u64) -> bool {
        let at = at.wrapping_sub(self.base);
        let symbol = self.loader.find_symbol(at).map(demangled).unwrap_or_default();
        symbol.ends_with("as sealwire_traits::aead::Aead>::open") && self.frames(at).len() == 1
    }

    /// Where an instruction comes from, the innermost function first.
    fn frames(&self, at: u64) -> Vec<String> {
        let mut lines = Vec::new();
        if let Ok(mut frames) = self.loader.find_frames(at) {
            while let Ok(Some(Frame { function, location, .. })) = frames.next() {
                let name = function.as_ref().and_then(|name| name.demangle().ok()).unwrap_or_default();
                let (file, line) =
                    location.map_or(("?", 0), |place| (place.file.unwrap_or("?"), place.line.unwrap_or(0)));
                lines.push(format!("{name} ({file}:{line})"));
            }
        }
        lines
    }

    /// The kernels made for instructions, a module a line: how many of their instructions were executed.
    ///
    /// # Errors
    /// When the program cannot be read.
    pub fn coverage(&self, executed: impl Fn(u64) -> bool) -> Result<BTreeMap<String, (usize, usize)>, Box<dyn Error>> {
        let bytes = std::fs::read(&self.program)?;
        let program = object::File::parse(&*bytes)?;
        let text = program.section_by_name(".text").ok_or("a program without code")?;
        let mut modules = BTreeMap::new();
        for symbol in program.symbols() {
            let name = demangled(symbol.name()?);
            let entry = name.strip_prefix(KERNELS).and_then(|rest| rest.split_once("::"));
            let Some((module, _)) = entry.or_else(|| Some((RSA_KERNELS.iter().find(|kernel| name == kernel.1)?.0, "")))
            else {
                continue;
            };
            let code = text.data_range(symbol.address(), symbol.size())?.ok_or("a function without code")?;
            let (done, all): &mut (usize, usize) = modules.entry(module.to_owned()).or_default();
            for instruction in Decoder::with_ip(64, code, symbol.address(), DecoderOptions::NONE) {
                *done += usize::from(executed(self.base + instruction.ip()));
                *all += 1;
            }
        }
        modules.retain(|_, (done, _)| *done > 0);
        Ok(modules)
    }
}

/// Where `entry.rs` compiles the kernels.
const KERNELS: &str = "sealwire_backends::arch::x86_64::entry::";

/// The kernels of RSA that are one function of assembly each. Their tables of jumps stand among the instructions, and count as some.
const RSA_KERNELS: [(&str, &str); 2] = [
    ("fma52", "sealwire_backends::arch::x86_64::fma52::kernel::kernel"),
    ("ifma", "sealwire_backends::arch::x86_64::ifma::kernel::kernel"),
];

/// A name without the hash at its end.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((at, leak), (code, times)) in &self.found {
            writeln!(f, "{leak:?} on a secret, {times} times: {code:?} at {at:#x}")?;
            for line in self.frames(at.wrapping_sub(self.base)) {
                writeln!(f, "    {line}")?;
            }
        }
        let raised: Vec<_> =
            (0..EXCEPTIONS.len()).filter(|i| self.exceptions >> i & 1 == 1).map(|i| EXCEPTIONS[i]).collect();
        if raised.is_empty() { Ok(()) } else { writeln!(f, "floating-point exceptions: {}", raised.join(", ")) }
    }
}
