//! The ways in turns, on the same load.

use super::load::{download, round_trips, upload, visits};
use super::target;
use super::ways::{SINGLE, plain_hops, tunnel};
use std::net::SocketAddr;

/// Caps that a bench from one address would meet.
pub const UNCAPPED: [&str; 4] = [
    "limits.max_connections_per_address=100000",
    "limits.max_handshakes_per_address=100000",
    "limits.max_handshakes=100000",
    "limits.max_connections=100000",
];

/// One round on one way.
struct Round {
    up: f64,
    down: f64,
    trips: [f64; 2],
    visits: f64,
}

impl Round {
    fn measure(address: SocketAddr, load: Load) -> Round {
        Round {
            up: upload(address, load.bytes).unwrap(),
            down: download(address, load.bytes).unwrap(),
            trips: round_trips(address, load.trips).unwrap(),
            visits: visits(address, load.visits).unwrap(),
        }
    }
}

#[derive(Clone, Copy)]
struct Load {
    rounds: usize,
    bytes: u64,
    trips: usize,
    visits: usize,
}

const BENCH: Load = Load { rounds: 7, bytes: 1 << 30, trips: 3000, visits: 400 };
const TEST: Load = Load { rounds: 1, bytes: 1 << 22, trips: 10, visits: 8 };

/// Runs the race.
pub fn run(is_bench: bool) {
    let load = if is_bench { BENCH } else { TEST };
    let target = target::start();
    let hops = plain_hops(target);
    let shared = tunnel(target, &UNCAPPED);
    let single = tunnel(target, &[&UNCAPPED[..], &[SINGLE]].concat());
    let ways = [
        ("straight", target),
        ("two plain hops", hops[1].address),
        ("sealwire", shared.client.address),
        ("sealwire, a session each", single.client.address),
    ];
    let mut rounds: Vec<Vec<Round>> = ways.iter().map(|_| Vec::new()).collect();
    for _ in 0..load.rounds {
        for ((_, address), rounds) in ways.iter().zip(&mut rounds) {
            rounds.push(Round::measure(*address, load));
        }
    }
    println!(
        "{:<26} {:>17} {:>17} {:>17} {:>9} {:>19}",
        "medians (to plain hops)", "up, GB/s", "down, GB/s", "p50, us", "p99, us", "connections/s"
    );
    for ((name, _), own) in ways.iter().zip(&rounds) {
        let figure = |of: fn(&Round) -> f64| {
            let ratios = own.iter().zip(&rounds[1]).map(|(round, plain)| of(round) / of(plain)).collect();
            (median(own.iter().map(of).collect()), median(ratios))
        };
        let shown = |digits: usize, (value, ratio): (f64, f64)| format!("{value:.digits$} ({ratio:.2})");
        println!(
            "{name:<26} {:>17} {:>17} {:>17} {:>9.0} {:>19}",
            shown(2, figure(|round| round.up)),
            shown(2, figure(|round| round.down)),
            shown(0, figure(|round| round.trips[0])),
            figure(|round| round.trips[1]).0,
            shown(0, figure(|round| round.visits)),
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
