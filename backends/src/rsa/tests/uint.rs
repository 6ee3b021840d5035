//! The integers against num-bigint, on numbers full of extreme limbs.

use super::{Seeded, big, from_limbs, limbs, pair, uint};
use crate::rsa::uint::{Uint, gcd};
use num_bigint::BigUint;
use proptest::prelude::*;
use subtle::{Choice, ConstantTimeEq, ConstantTimeGreater, ConstantTimeLess};

fn modulo(x: BigUint, width: usize) -> BigUint {
    x % (BigUint::from(1u8) << (64 * width))
}

fn big_gcd(mut a: BigUint, mut b: BigUint) -> BigUint {
    while b != BigUint::ZERO {
        (a, b) = (b.clone(), a % b);
    }
    a
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn sums_and_differences((a, b) in pair()) {
        let (width, a, b) = (a.len(), from_limbs(&a), from_limbs(&b));
        let mut sum = a.duplicate();
        let carry = sum.add_assign(&b);
        let mut whole = sum.resized(width + 1);
        whole.limbs_mut()[width] = carry.unwrap_u8().into();
        prop_assert_eq!(big(&whole), big(&a) + big(&b));

        let mut difference = a.duplicate();
        let borrow = difference.sub_assign(&b);
        prop_assert_eq!(bool::from(borrow), big(&a) < big(&b));
        prop_assert_eq!(big(&difference), modulo((BigUint::from(1u8) << (64 * width)) + big(&a) - big(&b), width));
        let mut reduced = a.duplicate();
        reduced.reduce_once(&b);
        prop_assert_eq!(big(&reduced), if big(&a) < big(&b) { big(&a) } else { big(&a) - big(&b) });
    }

    #[test]
    fn products_and_squares(a in limbs(1..=9), b in limbs(1..=9), factor in super::limb()) {
        let (a, b) = (from_limbs(&a), from_limbs(&b));
        prop_assert_eq!(big(&a.mul(&b)), big(&a) * big(&b));
        prop_assert_eq!(big(&a.square()), big(&a) * big(&a));
        prop_assert_eq!(big(&a.mul_small(factor)), modulo(big(&a) * factor, a.width()));
    }

    #[test]
    fn comparisons((a, b) in pair(), wider in 0usize..3) {
        let (a, b) = (from_limbs(&a), from_limbs(&b));
        prop_assert_eq!(bool::from(a.ct_lt(&b)), big(&a) < big(&b));
        prop_assert_eq!(bool::from(a.ct_gt(&b)), big(&a) > big(&b));
        prop_assert_eq!(bool::from(a.ct_eq(&b)), big(&a) == big(&b));
        prop_assert!(bool::from(a.ct_eq(&a.resized(a.width() + wider))));
        prop_assert!(!bool::from(a.ct_lt(&a) | a.ct_gt(&a)));
        prop_assert_eq!(bool::from(a.is_zero()), big(&a) == BigUint::ZERO);
        prop_assert_eq!(bool::from(a.is_odd()), big(&a).bit(0));
        let bits = big(&a).bits() as usize;
        for other in bits.saturating_sub(2).max(1)..bits + 2 {
            if other <= 64 * a.width() {
                prop_assert_eq!(bool::from(a.has_bit_len(other)), other == bits);
            }
        }
    }

    #[test]
    fn selections((a, b) in pair(), yes in any::<bool>()) {
        let (a, b, choice) = (from_limbs(&a), from_limbs(&b), Choice::from(u8::from(yes)));
        let mut assigned = a.duplicate();
        assigned.assign_if(&b, choice);
        prop_assert_eq!(big(&assigned), big(if yes { &b } else { &a }));
        let (mut x, mut y) = (a.duplicate(), b.duplicate());
        x.swap_if(&mut y, choice);
        prop_assert_eq!((big(&x), big(&y)), if yes { (big(&b), big(&a)) } else { (big(&a), big(&b)) });
        let mut halved = a.duplicate();
        halved.halve_if(choice);
        prop_assert_eq!(big(&halved), if yes { big(&a) >> 1 } else { big(&a) });
    }

    #[test]
    fn shifts_and_bytes(a in limbs(1..=9), shift in 0usize..700, more in 0usize..3) {
        let a = from_limbs(&a);
        let mut shifted = a.duplicate();
        shifted.shr_public(shift);
        prop_assert_eq!(big(&shifted), big(&a) >> shift);
        let bytes = a.to_be_bytes(8 * a.width() + more);
        prop_assert_eq!(BigUint::from_bytes_be(bytes.expose()), big(&a));
        prop_assert!(bool::from(Uint::from_be_bytes(bytes.expose(), a.width()).ct_eq(&a)));
        let low = 8 * a.width() - more;
        let bytes = a.to_be_bytes(low);
        prop_assert_eq!(BigUint::from_bytes_be(bytes.expose()), big(&a) % (BigUint::from(1u8) << (8 * low)));
    }

    #[test]
    fn quotients_and_remainders(a in limbs(1..=6), b in limbs(1..=4)) {
        let (a, b) = (from_limbs(&a), from_limbs(&b));
        prop_assume!(big(&b) != BigUint::ZERO);
        let (quotient, remainder) = a.div_rem(&b);
        prop_assert_eq!(big(&quotient), big(&a) / big(&b));
        prop_assert_eq!(big(&remainder), big(&a) % big(&b));
        prop_assert_eq!(big(&a.rem(&b)), big(&a) % big(&b));
    }

    #[test]
    fn greatest_common_divisors((a, b) in pair(), common in limbs(1..=2), twos in 0usize..70) {
        let common = from_limbs(&common).mul(&Uint::power_of_two(twos, 2));
        let (a, b) = (from_limbs(&a).mul(&common), from_limbs(&b).mul(&common));
        prop_assume!(big(&a) + big(&b) != BigUint::ZERO);
        prop_assert_eq!(big(&gcd(&a, &b)), big_gcd(big(&a), big(&b)));
    }
}

#[test]
fn random_numbers_are_in_range_and_reach_its_ends() {
    let random = Seeded::new(1);
    let bound = uint(&BigUint::from(5u8), 2);
    let mut seen = [false; 5];
    for _ in 0..200 {
        let x = Uint::random_below(&bound, 3, &random).expect("random");
        seen[x.limbs()[0] as usize] = true;
    }
    assert_eq!(seen, [false, true, true, true, true]);
    for bits in [1, 7, 8, 9, 64, 65, 100] {
        let most = (0..200).map(|_| big(&Uint::random_bits(bits, 2, &random).expect("random")).bits()).max();
        assert_eq!(most, Some(bits as u64));
    }
}

#[test]
fn a_generator_that_gives_only_zeros_ends_in_an_error() {
    #[derive(Debug)]
    struct Zeros;
    impl sealwire_traits::SecureRandom for Zeros {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), sealwire_traits::RandomError> {
            bytes.fill(0);
            Ok(())
        }
    }
    assert!(Uint::random_below(&Uint::small(5, 1), 3, &Zeros).is_err());
}
