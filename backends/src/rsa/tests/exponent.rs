//! Inverses of e against num-bigint.

use super::{big, from_limbs, limbs};
use crate::rsa::exponent::{E, inverse_mod, residue};
use num_bigint::BigUint;
use proptest::prelude::*;

fn check(m: &[u64]) -> Result<(), TestCaseError> {
    let m = from_limbs(m);
    let e = BigUint::from(E);
    prop_assert_eq!(BigUint::from(residue(&m)), big(&m) % &e);
    // num-bigint says that nothing is invertible modulo 1, and cannot divide by 0.
    if big(&m) > BigUint::from(1u8) {
        prop_assert_eq!(inverse_mod(&m).map(|inverse| big(&inverse)), e.modinv(&big(&m)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn residues_and_inverses(m in limbs(1..=9)) {
        check(&m)?;
    }

    #[test]
    fn multiples_of_e_have_none(m in limbs(1..=9)) {
        let mut m = m;
        *m.last_mut().expect("a limb") >>= 17;
        let multiple = from_limbs(&m).mul_small(E.into());
        prop_assert_eq!(residue(&multiple), 0);
        prop_assert!(inverse_mod(&multiple).is_none());
    }
}

#[test]
fn numbers_around_every_multiple_of_e_that_fits_32_bits() {
    for multiple in 0..u64::from(u32::MAX / E) {
        for m in [multiple * u64::from(E) + 1, (multiple + 1) * u64::from(E) - 1] {
            assert_eq!(residue(&from_limbs(&[m])), m % u64::from(E));
        }
    }
    for m in 2..2000 {
        check(&[m]).expect("the inverse of num-bigint");
    }
}
