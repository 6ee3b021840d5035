//! The only folder with `unsafe`: what the processor or a C library must be asked for by hand.

#[cfg(feature = "gmp")]
pub(crate) mod gmp_memory;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86_64;
