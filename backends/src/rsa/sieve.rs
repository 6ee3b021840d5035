//! Trial division by the odd primes below 2^14, which spares eight in nine odd candidates the far slower Miller-Rabin
//! test.
//!
//! No division is carried out, since the time of the processor's depends on its operands and a candidate may become a
//! secret: what takes a varying time here is only how soon a candidate is refused.

use super::uint::Uint;
use std::array;
use std::iter::Peekable;
use std::sync::LazyLock;

const BOUND: usize = 1 << 14;
/// Groups taken at a time: each residue is a chain of steps that wait for one another, so that a processor has time for
/// a few of them.
const LANES: usize = 4;
/// Products stay below 2^30, so that a residue that is not quite reduced, below three times the product, still fits 32
/// bits.
const PRODUCT_BOUND: u64 = 1 << 30;

/// A few primes whose product, 1 if there are none, is a modulus for all of them at once.
struct Group {
    product: u64,
    /// floor((2^64 - 1) / product)
    reciprocal: u64,
    primes: Vec<Prime>,
}

/// An odd prime s, as a test of divisibility: s divides x exactly if x / s mod 2^32 is at most (2^32 - 1) / s (Granlund
/// and Montgomery 1994, section 9).
struct Prime {
    inverse: u32,
    limit: u32,
}

/// All primes. At the end there may be groups without any.
static GROUPS: LazyLock<Vec<[Group; LANES]>> = LazyLock::new(|| {
    let (mut groups, mut rest) = (Vec::new(), odd_primes().peekable());
    while rest.peek().is_some() {
        groups.push(array::from_fn(|_| Group::of_next(&mut rest)));
    }
    groups
});

impl Group {
    /// Takes as many primes as go into a product.
    fn of_next(rest: &mut Peekable<impl Iterator<Item = u32>>) -> Group {
        let (mut product, mut primes) = (1, Vec::new());
        while let Some(prime) = rest.next_if(|&prime| product * u64::from(prime) < PRODUCT_BOUND) {
            product *= u64::from(prime);
            let inverse = (0..4).fold(prime, |x, _| x.wrapping_mul(2u32.wrapping_sub(prime.wrapping_mul(x))));
            primes.push(Prime { inverse, limit: u32::MAX / prime });
        }
        Group { product, reciprocal: u64::MAX / product, primes }
    }
}

/// The odd primes below the bound, by the sieve of Eratosthenes.
fn odd_primes() -> impl Iterator<Item = u32> {
    let mut composite = vec![false; BOUND];
    (3..BOUND as u32).step_by(2).filter(move |&n| {
        if composite[n as usize] {
            return false;
        }
        composite.iter_mut().skip((n * n) as usize).step_by(n as usize).for_each(|c| *c = true);
        true
    })
}

/// Whether no odd prime below 2^14 divides `x`.
pub(crate) fn has_no_small_factor(x: &Uint) -> bool {
    GROUPS.iter().all(|groups| {
        groups.iter().zip(residues(groups, x)).all(|(group, residue)| {
            !group.primes.iter().any(|prime| residue.wrapping_mul(prime.inverse) <= prime.limit)
        })
    })
}

/// For each group a number below 2^32 that leaves the same rest as `x`: Barrett's reduction, 32 bits at a time, without
/// its last subtractions.
fn residues(groups: &[Group; LANES], x: &Uint) -> [u32; LANES] {
    let mut residues = [0; LANES];
    for half in x.limbs().iter().rev().flat_map(|limb| [limb >> 32, limb & 0xffff_ffff]) {
        for (residue, group) in residues.iter_mut().zip(groups) {
            let x = *residue << 32 | half;
            let quotient = ((u128::from(x) * u128::from(group.reciprocal)) >> 64) as u64;
            *residue = x - quotient * group.product;
        }
    }
    residues.map(|residue| residue as u32)
}
