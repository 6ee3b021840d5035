//! Keys of every size from 2048 to 4096 bits in steps of 64: made by one engine, taken by all, and held against num-bigint.

use super::{Seeded, big, engines, uint};
use crate::rsa::key::PrivateKey;
use crate::rsa::keygen::generate;
use crate::rsa::private_op::private_op;
use crate::rsa::uint::Uint;
use num_bigint::BigUint;
use sealwire_traits::OsRandom;

#[test]
fn keys_of_every_size_do_the_same_on_every_engine() {
    let random = Seeded::new(30);
    for bits in (2048..=4096).step_by(64) {
        // Made once: with a key for each engine this would take minutes.
        let made = generate(engines()[0], bits.into(), &random, &()).expect("a key");
        let components = made.components();
        let [d, q] = [&components.d, &components.q].map(|number| BigUint::from_bytes_be(number.expose()));
        let modulus = made.public().n().modulus();
        let any = big(&Uint::random_below(modulus, bits, &random).expect("random"));
        let n = big(modulus);
        assert_eq!(n.bits(), bits as u64);
        let multiple = &q * &any % &n;
        let results = [any, multiple, &n - 1u8].map(|c| (uint(&c, modulus.width()), c.modpow(&d, &n)));
        for engine in engines() {
            let key = PrivateKey::new(engine, &components).expect("a sound key");
            for (c, m) in &results {
                let found = private_op(&key, c, &OsRandom).complete().expect("a sound key");
                assert_eq!(&big(&found), m, "{engine:?}, {bits} bits");
            }
        }
    }
}
