//! How many primes a key has, and how large they are.

use sealwire_traits::KeySize;

/// Sizes at which a key may have three primes. The elliptic curve method finds a factor in a time that depends on the
/// factor's size, not on that of the modulus: from 3072 bits on none of three primes is smaller than those of the
/// smallest key of two.
const THREE_PRIMES: [usize; 2] = [3072, 4096];

/// Whether a key of such a size, which is fit for two primes, may have as many as it says.
pub(crate) fn primes_allowed(size: KeySize) -> bool {
    size.primes == 2 || size.primes == 3 && THREE_PRIMES.contains(&size.bits)
}

/// Bits of each prime in the order of [`super::key::PrivateKey::primes`]: equal shares. What does not divide makes the
/// first ones of the file a bit longer, as in OpenSSL's keys.
pub(crate) fn prime_bits(size: KeySize) -> Vec<usize> {
    let place_in_file = [1, 0].into_iter().chain(2..size.primes);
    place_in_file.map(|i| size.bits / size.primes + usize::from(i < size.bits % size.primes)).collect()
}
