//! The classes of ciphertexts, whose times are compared.

use crate::key::Key;
use crate::message::{Fault, encode};
use crate::random;
use num_bigint::BigUint;

/// A class of ciphertexts.
#[derive(Clone, Copy)]
pub enum Class {
    /// An encoded message, right or wrong in one way.
    Message(Fault),
    /// Any number.
    Random,
    /// c^d is below 2^64.
    SmallMessage,
    /// c is below 2^64.
    Small,
    /// c is a multiple of p.
    MultipleOfPrime,
    /// c is 0, 1 or n - 1.
    Zero,
    One,
    MinusOne,
}

/// All of them. The others are compared with the first.
pub const ALL: &[(&str, Class)] = &[
    ("well-formed", Class::Message(Fault::None)),
    ("first byte", Class::Message(Fault::FirstByte)),
    ("hash of the label", Class::Message(Fault::Hash)),
    ("no separator", Class::Message(Fault::NoSeparator)),
    ("wrong separator", Class::Message(Fault::Separator)),
    ("31 bytes", Class::Message(Fault::Short)),
    ("random", Class::Random),
    ("small message", Class::SmallMessage),
    ("small", Class::Small),
    ("multiple of p", Class::MultipleOfPrime),
    ("zero", Class::Zero),
    ("one", Class::One),
    ("n - 1", Class::MinusOne),
];

/// Those that a handshake is studied with: it takes longer.
pub const FEW: [usize; 7] = [0, 1, 2, 3, 6, 9, 10];

impl Class {
    /// A fresh ciphertext of the class. The work is the same for all classes, so that the time it takes and what it leaves in caches are,
    /// too: numbers of every kind are made, and one is taken.
    pub fn ciphertext(self, key: &Key, label: &[u8]) -> Vec<u8> {
        let fault = if let Class::Message(fault) = self { fault } else { Fault::None };
        let encoded = BigUint::from_bytes_be(&encode(fault, label, key.len()));
        let (random, tiny, small) = (random_below(key), small(), small());
        let message = match self {
            Class::SmallMessage => &tiny,
            Class::Random => &random,
            _ => &encoded,
        };
        let encrypted = message.modpow(&key.e, &key.n);
        let (multiple, one) = (&encrypted / &key.p * &key.p, BigUint::from(1u8));
        let minus_one = &key.n - &one;
        let all = [encrypted, small, multiple, BigUint::ZERO, one, minus_one].map(|number| key.bytes(&number));
        let [encrypted, small, multiple, zero, one, minus_one] = all;
        match self {
            Class::Message(_) | Class::Random | Class::SmallMessage => encrypted,
            Class::Small => small,
            Class::MultipleOfPrime => multiple,
            Class::Zero => zero,
            Class::One => one,
            Class::MinusOne => minus_one,
        }
    }
}

fn small() -> BigUint {
    u64::from_ne_bytes(random::bytes()).into()
}

/// Any number with one bit less than n.
fn random_below(key: &Key) -> BigUint {
    let mut bytes = vec![0; key.len()];
    random::fill(&mut bytes);
    bytes[0] &= 0x7f;
    BigUint::from_bytes_be(&bytes)
}
