//! Key generation: every competitor makes a key in turn.

use super::transports;
use aws_lc_rs::rsa::{KeySize as AwsKeySize, PrivateDecryptingKey};
use openssl::rsa::Rsa;
use sealwire_traits::{KeySize, OsRandom};
use std::hint::black_box;
use std::time::Instant;

/// One competitor.
struct Maker {
    name: String,
    make: Box<dyn Fn()>,
    /// The time of each key in ms.
    times: Vec<f64>,
}

impl Maker {
    fn new<K>(name: impl Into<String>, make: impl Fn() -> K + 'static) -> Maker {
        Maker { name: name.into(), make: Box::new(move || drop(black_box(make()))), times: Vec::new() }
    }

    fn turn(&mut self) {
        let start = Instant::now();
        (self.make)();
        self.times.push(start.elapsed().as_secs_f64() * 1e3);
    }

    /// The mean, and its standard error.
    fn mean(&self) -> (f64, f64) {
        let count = self.times.len() as f64;
        let mean = self.times.iter().sum::<f64>() / count;
        let squares = self.times.iter().map(|time| (time - mean).powi(2)).sum::<f64>();
        (mean, (squares / (count * (count - 1.0).max(1.0))).sqrt())
    }
}

/// Lets all make `keys` keys of `bits` bits each, and prints how long one takes.
pub fn report(keys: usize, bits: usize) {
    let mut makers = makers(bits);
    for _ in 0..keys {
        makers.iter_mut().for_each(Maker::turn);
    }
    print!("key generation, {bits} bits, {keys} keys each, ms");
    let (reference, reference_error) = makers[0].mean();
    print!("  {} {reference:.1} +- {reference_error:.1}", makers[0].name);
    for maker in &makers[1..] {
        let (mean, error) = maker.mean();
        let ratio = mean / reference;
        // To first order: the relative errors of two independent means.
        let ratio_error = ratio * (error / mean).hypot(reference_error / reference);
        print!("  {} {mean:.1} +- {error:.1} ({ratio:.3} +- {ratio_error:.3})", maker.name);
    }
    println!();
}

/// aws-lc-rs first, being the reference.
fn makers(bits: usize) -> Vec<Maker> {
    let size = match bits {
        2048 => AwsKeySize::Rsa2048,
        3072 => AwsKeySize::Rsa3072,
        4096 => AwsKeySize::Rsa4096,
        _ => panic!("aws-lc-rs makes no such keys"),
    };
    let mut makers = vec![
        Maker::new("aws-lc-rs", move || PrivateDecryptingKey::generate(size).expect("key")),
        Maker::new("OpenSSL", move || Rsa::generate(bits as u32).expect("key")),
    ];
    for engine in transports() {
        let make = move |size: KeySize| move || engine.generate(size, &OsRandom, &()).expect("key");
        makers.push(Maker::new(engine.engine(), make(bits.into())));
        if bits != 2048 {
            makers.push(Maker::new(format!("{}, 3 primes", engine.engine()), make(KeySize { bits, primes: 3 })));
        }
    }
    makers
}
