//! What a flood from some addresses does to honest clients from another one, next to the same flood at a listener that does nothing:
//!
//! ```sh
//! cargo bench -p sealwire --bench flood                  # every kind of flood
//! cargo bench -p sealwire --bench flood -- mixed         # one of them
//! ```
//!
//! The server is the program with its default settings, in a process of its own. Four clients from 127.0.0.1 send it messages as fast as it
//! takes them, and another one makes a handshake, rests for 100 ms, and makes the next. Meanwhile the flooder opens a fixed number of connections a second from
//! 127.0.0.2, or from 200 addresses behind it: to the server, or to a listener in the bench's process, which accepts, reads and drops what
//! comes. The two take turns of a few seconds. Nothing leaves the machine, and everything ends by itself.
//!
//! `goodput` is what the honest sessions carried: while the listener was flooded, while the server was, and the median ratio of turns that
//! follow one another. Handshakes are timed from the opening of the connection, with every further try of one that was refused; `rss` is
//! the server's, before the first flood, at the end of its first turn, and of its last.
//!
//! With RSA on threads of its own (`workers.rsa`), on a virtual machine with two cores of an Intel Xeon (Sapphire Rapids), on which flooder, listener, clients and server share both; 5 turns
//! of 3 s each, 1000 connections a second. Megabytes a second and milliseconds, in brackets while the listener was flooded.
//!
//! | | goodput | ratio | handshake p50 | p95 | rss, MiB |
//! |---|---|---|---|---|---|
//! | silent | 438 (457) | 0.96 | 15 (13) | 31 (25) | 9, 11, 12 |
//! | half-open | 458 (476) | 0.96 | 14 (12) | 35 (27) | 9, 11, 11 |
//! | garbage | 437 (458) | 0.94 | 15 (13) | 31 (28) | 8, 10, 10 |
//! | puzzleless | 469 (490) | 0.96 | 12 (13) | 28 (32) | 9, 11, 12 |
//! | mixed | 406 (449) | 0.89 | 12 (13) | 29 (28) | 9, 10, 12 |
//! | mixed-of-many | 360 (500) | 0.73 | 89 (12) | 403 (25) | 8, 23, 25 |
//! | puzzleless-of-many | 391 (504) | 0.76 | 62 (12) | 297 (27) | 8, 12, 13 |
//! | silent-of-many | 368 (508) | 0.72 | 68 (12) | 306 (27) | 9, 23, 26 |
//!
//! One address costs the others next to nothing: of its 15,000 connections, some 220 get as far as a handshake. Of many addresses, each stays
//! below its caps; then everybody solves puzzles. The fifty milliseconds and more by which the handshakes of the honest client take longer are
//! spent on the same two cores, a third of one, which is more than half of what the sessions lose here; clients elsewhere would bring their
//! own.
//!
//! On two cores of an AMD EPYC (Zen 3): ratio 0.91 for puzzleless and 0.93 for mixed, with handshakes of 82 ms at p95; of many addresses 0.67 to
//! 0.80, 401 to 614 ms; memory as above.
//!
//! On two cores of an AMD EPYC (Zen 4), with RSA in slices between the server's other tasks: ratio 0.90 to 1.01 for the floods from one address,
//! with handshakes of 149 to 208 ms at p95 (133 to 175 while the listener was flooded); of many addresses 0.80 to 0.87, 383 to 1,701 ms; at most
//! 23 MiB. With RSA on threads (`workers.rsa`), in the same hour, silent had 1.00 and 104 ms (slices 0.99 and 107), mixed-of-many 0.79 and 991 ms
//! (0.79 and 560), puzzleless-of-many 0.88 and 1,722 ms (0.90 and 2,039).
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a program that prints, over what was just made"
)]

#[cfg(target_os = "linux")]
mod flooder;
#[cfg(target_os = "linux")]
mod honest;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
#[path = "../support/mod.rs"]
mod support;

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("only Linux has the addresses of 127.0.0.0/8 and the memory of processes where this looks for them");
}

#[cfg(target_os = "linux")]
mod linux {
    use super::flooder::{Dummy, Flood, Kind};
    use super::honest::Honest;
    use super::server::Server;
    use std::thread::sleep;
    use std::time::Duration;

    /// A run by `cargo test --benches` is a short one.
    pub fn main() {
        let given: Vec<String> = std::env::args().collect();
        let is_bench = given.iter().any(|arg| arg == "--bench");
        let (rounds, turn) = if is_bench { (5, Duration::from_secs(3)) } else { (1, Duration::from_millis(200)) };
        super::support::raise_file_limit();
        let asked: Vec<Kind> =
            Kind::ALL.into_iter().filter(|kind| given.iter().any(|arg| arg == kind.name())).collect();
        let kinds = if asked.is_empty() { Kind::ALL.to_vec() } else { asked };
        println!("{rounds} turns of {turn:?} each; a flood is {} connections a second", Flood::RATE);
        println!(
            "{:<20} {:>26} {:>7}  {:>17} {:>17}  {:>13} {:>9}",
            "", "goodput, MB/s (dummy)", "ratio", "handshake p50", "p95, ms (dummy)", "rss, MiB", "log lines"
        );
        for kind in kinds {
            Attack::run(kind, rounds, turn).report();
        }
    }

    /// How long a server remembers a flood from many addresses, and asks everybody for puzzles.
    const MEMORY: Duration = Duration::from_secs(11);

    /// What a kind of flood did.
    struct Attack {
        kind: Kind,
        /// Bytes a second, while the dummy was flooded and while the server was.
        goodput: Vec<[f64; 2]>,
        handshakes: [Vec<Duration>; 2],
        /// Before the first flood, and at the end of each.
        rss: Vec<u64>,
        log_lines: usize,
        endings: String,
    }

    impl Attack {
        fn run(kind: Kind, rounds: usize, turn: Duration) -> Attack {
            let server = Server::start();
            let dummy = Dummy::start();
            let honest = Honest::start(&server);
            // The sessions' buffers are as long as they will be.
            sleep(turn / 3);
            let (mut goodput, mut handshakes, mut rss) = (vec![], [vec![], vec![]], vec![server.rss()]);
            for round in 0..rounds {
                if round > 0 && kind.is_of_many() {
                    sleep(MEMORY);
                }
                let mut both = [0.0; 2];
                for (index, target) in [dummy.address, server.address].into_iter().enumerate() {
                    let flood = Flood::start(kind, target);
                    honest.take();
                    sleep(turn);
                    let (bytes, times) = honest.take();
                    if index == 1 {
                        rss.push(server.rss());
                    }
                    flood.stop();
                    both[index] = bytes as f64 / turn.as_secs_f64();
                    handshakes[index].extend(times);
                }
                goodput.push(both);
            }
            honest.stop();
            let (log_lines, endings) = server.stop();
            Attack { kind, goodput, handshakes, rss, log_lines, endings }
        }

        fn report(self) {
            let [dummy, flooded] = [0, 1].map(|index| median(self.goodput.iter().map(|both| both[index])) / 1e6);
            let ratio = median(self.goodput.iter().map(|[dummy, flooded]| flooded / dummy));
            let [at_dummy, at_server] = self.handshakes.map(percentiles);
            let [before, first, last] = [0, 1, self.rss.len() - 1].map(|index| self.rss[index] >> 20);
            println!(
                "{:<20} {:>26} {ratio:>7.2}  {:>17} {:>17}  {:>13} {:>9}",
                self.kind.name(),
                format!("{flooded:.0} ({dummy:.0})"),
                format!("{:.0} ({:.0})", at_server[0], at_dummy[0]),
                format!("{:.0} ({:.0})", at_server[1], at_dummy[1]),
                format!("{before}, {first}, {last}"),
                self.log_lines,
            );
            println!("    {}", self.endings);
        }
    }

    fn median(values: impl Iterator<Item = f64>) -> f64 {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    /// The median and the 95th percentile, in milliseconds.
    fn percentiles(mut times: Vec<Duration>) -> [f64; 2] {
        times.sort();
        [50, 95].map(|percent| times.get(times.len() * percent / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3))
    }
}
