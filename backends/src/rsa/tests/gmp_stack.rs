//! GMP keeps the table of powers of a secret base on the stack: the engine overwrites it there.

use super::{Seeded, engine_called};
use crate::rsa::uint::{Montgomery, Uint};
use rug::Integer;
use rug::integer::Order;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Whether the 128 KiB of stack below the caller hold `needle`. The system's view of this process is safe to look at.
#[inline(never)]
fn stack_holds(needle: &[u8]) -> bool {
    let here = 0u8;
    let mut below = vec![0; 128 * 1024];
    let start = std::ptr::from_ref(std::hint::black_box(&here)) as usize - below.len();
    File::open("/proc/self/mem").expect("Linux").read_exact_at(&mut below, start as u64).expect("mapped stack");
    below.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn the_stack_holds_no_power_of_the_base_afterwards() {
    let random = Seeded::new(9);
    let mut modulus = Uint::random_bits(1024, 16, &random).expect("random");
    modulus.limbs_mut()[0] |= 1;
    modulus.limbs_mut()[15] |= 1 << 63;
    let engine = engine_called("gmp");
    let modulus = Montgomery::new(engine.arithmetic(), modulus, 1024);
    let exponent = Uint::random_bits(1024, 16, &random).expect("random");
    let power_and_first_entry = || {
        let base = Uint::random_below(modulus.modulus(), 1024, &random).expect("random");
        // The first power in GMP's table is the base in Montgomery form. Four limbs of it are looked for.
        let needle: Vec<u8> = modulus.enter(&base).limbs()[5..9].iter().flat_map(|limb| limb.to_le_bytes()).collect();
        (base, needle)
    };

    let integer = |x: &Uint| Integer::from_digits(x.limbs(), Order::Lsf);
    let (base, needle) = power_and_first_entry();
    let unwiped = integer(&base).secure_pow_mod(&integer(&exponent), &integer(modulus.modulus()));
    assert!(stack_holds(&needle), "GMP by itself leaves its table behind");

    let (base, needle) = power_and_first_entry();
    let power = engine.pow(&modulus, &base, &exponent);
    assert!(!stack_holds(&needle));
    drop((unwiped, power));
}
