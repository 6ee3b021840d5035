//! The engine on GMP through rug, in builds with the feature `gmp`. Powers of secrets go through `mpz_powm_sec`, which
//! promises that time and memory addresses depend on sizes alone; what GMP frees is wiped (`arch::gmp_memory`), and so
//! is the stack it worked on. Blinding, reduction modulo the primes and the recombination are not GMP's: it has no
//! constant-time functions for them. Nor is the public power of a secret: for `mpz_powm_sec` the exponent is a secret as
//! well, so that 17 bits cost as much as 64.

use super::EngineEntry;
#[cfg(not(feature = "gmp"))]
use absent::load;
#[cfg(feature = "gmp")]
use present::load;

/// The engine on GMP.
pub(super) static GMP: EngineEntry = EngineEntry { name: "gmp", is_sliced: false, load };

#[cfg(not(feature = "gmp"))]
mod absent {
    use crate::rsa::engine::Engine;
    use sealwire_traits::Unavailable;

    pub(super) fn load() -> Result<&'static dyn Engine, Unavailable> {
        let how = "this build has no GMP: build with `--features gmp`, which takes m4, make and a C compiler";
        Err(Unavailable(how.to_owned()))
    }
}

#[cfg(feature = "gmp")]
mod present {
    use crate::arch::gmp_memory;
    use crate::rsa::engine::powers::OneByOne;
    use crate::rsa::engine::{Engine, Powers, kernels};
    use crate::rsa::exponent::E;
    use crate::rsa::uint::{Arithmetic, Montgomery, Uint};
    use rug::Integer;
    use rug::integer::Order;
    use sealwire_traits::{Slices, Unavailable};

    #[derive(Debug)]
    struct Gmp;

    pub(super) fn load() -> Result<&'static dyn Engine, Unavailable> {
        gmp_memory::wipe_what_is_freed();
        Ok(&Gmp)
    }

    impl Engine for Gmp {
        fn arithmetic(&'static self) -> &'static dyn Arithmetic {
            kernels::best_arithmetic()
        }

        fn powers(&self, moduli: Vec<Montgomery>) -> Box<dyn Powers> {
            OneByOne::boxed(moduli, raising)
        }

        fn pow(&self, modulus: &Montgomery, base: &Uint, exponent: &Uint) -> Uint {
            pow(modulus, base, exponent)
        }

        fn public_pow_e(&self, n: &Montgomery, base: &Uint) -> Uint {
            match integer(base).pow_mod(&Integer::from(E), &integer(n.modulus())) {
                Ok(power) => uint(&power, n.width()),
                // Only a negative exponent without an inverse fails.
                Err(_) => Uint::zero(n.width()),
            }
        }

        fn public_inverse(&self, n: &Uint, x: &Uint) -> Option<Uint> {
            integer(x).invert(&integer(n)).ok().map(|inverse| uint(&inverse, n.width()))
        }
    }

    /// In one slice: GMP has no other way.
    fn raising<'a>(modulus: &'a Montgomery, base: &'a Uint, exponent: &'a Uint) -> Slices<'a, Uint> {
        Slices::one(move || pow(modulus, base, exponent))
    }

    fn pow(modulus: &Montgomery, base: &Uint, exponent: &Uint) -> Uint {
        // GMP refuses the exponent 0: it is given 1 instead, and the power replaced by 1.
        let is_zero = exponent.is_zero();
        let mut exponent = exponent.duplicate();
        exponent.assign_if(&Uint::small(1, exponent.width()), is_zero);
        let mut power = secure_pow(modulus.modulus(), base, &exponent);
        power.assign_if(&Uint::small(1, power.width()), is_zero);
        power
    }

    fn secure_pow(modulus: &Uint, base: &Uint, exponent: &Uint) -> Uint {
        let power = integer(&never_zero(base, modulus)).secure_pow_mod(&integer(exponent), &integer(modulus));
        gmp_memory::wipe_stack();
        uint(&power, modulus.width())
    }

    /// What to raise in the place of `base`. GMP has nothing to compute for the base 0, and is back at once: whoever can take the time would
    /// learn that a ciphertext is a multiple of a prime. The modulus is 0 modulo itself, and as wide as any.
    fn never_zero(base: &Uint, modulus: &Uint) -> Uint {
        let mut base = base.duplicate();
        base.assign_if(modulus, base.is_zero());
        base
    }

    fn integer(x: &Uint) -> Integer {
        Integer::from_digits(x.limbs(), Order::Lsf)
    }

    fn uint(x: &Integer, width: usize) -> Uint {
        let mut uint = Uint::zero(width);
        x.write_digits(uint.limbs_mut(), Order::Lsf);
        uint
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use subtle::ConstantTimeEq;

        #[test]
        fn gmp_never_gets_the_base_zero() {
            let modulus = Uint::from_be_bytes(&[0xff; 16], 2);
            for (base, raised) in [
                (Uint::zero(2), &modulus),
                (Uint::small(1, 2), &Uint::small(1, 2)),
                (modulus.minus_small(1), &modulus.minus_small(1)),
            ] {
                assert!(bool::from(never_zero(&base, &modulus).ct_eq(raised)));
            }
            let prepared = Montgomery::new(kernels::best_arithmetic(), modulus, 128);
            assert!(bool::from(pow(&prepared, &Uint::zero(2), &Uint::small(3, 2)).is_zero()));
        }
    }
}
