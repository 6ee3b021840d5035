//! Which bytes of registers and memory and which flags hold secrets.
//!
//! One rule for all instructions but moves of vectors: what is written is secret when anything that is read is. That is coarser than Valgrind, which follows
//! single bits: it can take public data for secret, and so report what is no leak, but not the other way round.

use super::effects::{Effects, Part, Place, Written};
use iced_x86::Register;
use std::collections::HashSet;
use std::ops::Range;

/// A use of a secret that shows in the time taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Leak {
    /// It decides what is executed next.
    Branch,
    /// It is part of an address.
    Address,
    /// It goes into an instruction that may take longer for some operands; or one that cannot be followed may have read it.
    Instruction,
}

/// What is secret now.
pub struct Taint {
    /// By the number of the full register; a bit a byte.
    registers: [u64; 256],
    /// As in iced's `RflagsBits`.
    flags: u32,
    memory: HashSet<u64>,
}

impl Taint {
    /// Nothing is secret.
    pub fn new() -> Taint {
        Taint { registers: [0; 256], flags: 0, memory: HashSet::new() }
    }

    /// The bytes at these addresses are secret, or public.
    pub fn mark(&mut self, addresses: Range<u64>, secret: bool) {
        for address in addresses {
            if secret {
                self.memory.insert(address);
            } else {
                self.memory.remove(&address);
            }
        }
    }

    /// Follows one instruction, whose places are at these addresses (`None` for one that is not known).
    pub fn follow(&mut self, effects: &Effects, addresses: &[Option<u64>]) -> Option<Leak> {
        let places = || effects.places.iter().zip(addresses);
        let secret_address = effects.addresses.iter().any(|&part| self.holds(part));
        let secret = self.flags & effects.flags_read != 0
            || effects.reads.iter().any(|&part| self.holds(part))
            || places().any(|(place, address)| place.read && self.any(place, *address));
        if effects.moves {
            self.carry(effects, addresses);
        } else {
            self.spread(effects, addresses, secret);
        }
        self.flags &= !effects.flags_renewed;
        if secret {
            self.flags |= effects.flags_made;
        }
        if secret_address {
            Some(Leak::Address)
        } else if secret && effects.branches {
            Some(Leak::Branch)
        } else if !effects.known || addresses.contains(&None) || secret && !effects.fixed_time {
            Some(Leak::Instruction)
        } else {
            None
        }
    }

    /// All that is written becomes secret, or public.
    fn spread(&mut self, effects: &Effects, addresses: &[Option<u64>], secret: bool) {
        for &(part, written) in &effects.writes {
            self.write(part, written, secret);
        }
        for (place, address) in effects.places.iter().zip(addresses) {
            if let Some(address) = *address
                && (place.written == Written::Yes || place.written == Written::Maybe && secret)
            {
                self.mark(address..address + place.len, secret);
            }
        }
    }

    /// Each byte that is written becomes what the byte is that it comes from. (What a register has above that becomes zero.)
    fn carry(&mut self, effects: &Effects, addresses: &[Option<u64>]) {
        let place = effects.places.iter().zip(addresses).find_map(|(place, address)| Some((place, (*address)?)));
        let vector = |part: &Part| part.register >= Register::XMM0 as usize;
        let from =
            effects.reads.iter().copied().find(vector).map_or(0, |part| self.registers[part.register] & part.bytes);
        let bytes = match place {
            Some((place, address)) if place.read => {
                (0..place.len).fold(0, |bits, i| bits | u64::from(self.memory.contains(&(address + i))) << i)
            }
            _ => from,
        };
        match place {
            Some((place, address)) if place.written == Written::Yes => {
                (0..place.len).for_each(|i| self.mark(address + i..address + i + 1, bytes >> i & 1 == 1));
            }
            _ => {
                for (part, _) in effects.writes.iter().filter(|(part, _)| vector(part)) {
                    let register = &mut self.registers[part.register];
                    *register = *register & !part.bytes | bytes & part.bytes;
                }
            }
        }
    }

    fn holds(&self, part: Part) -> bool {
        self.registers[part.register] & part.bytes != 0
    }

    fn any(&self, place: &Place, address: Option<u64>) -> bool {
        address.is_some_and(|address| (address..address + place.len).any(|byte| self.memory.contains(&byte)))
    }

    fn write(&mut self, part: Part, written: Written, secret: bool) {
        let register = &mut self.registers[part.register];
        if secret {
            *register |= part.bytes;
        } else if written == Written::Yes {
            *register &= !part.bytes;
        }
    }
}

#[cfg(test)]
mod tests;
