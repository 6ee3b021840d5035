//! Mixed load for a long time: everything at once, with every byte compared, while transport keys are replaced and sessions come and go.

use super::load::{download, round_trips, upload, visit};
use super::race::UNCAPPED;
use super::target;
use super::ways::{SINGLE, tunnel};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_secs(10);
/// Between two pieces of the same load, so that the machine is busy and not beside itself.
const REST: Duration = Duration::from_millis(20);

/// Loads for so many seconds; memory every ten, as CSV.
///
/// # Panics
/// At the first error.
pub fn run(seconds: u64) {
    let target = target::start();
    let rotation = [&UNCAPPED[..], &["server.rotation=2"]].concat();
    let shared = tunnel(target, &rotation);
    let single = tunnel(target, &[&rotation[..], &[SINGLE]].concat());
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let mut loads = Vec::new();
    for address in [shared.client.address, single.client.address] {
        let works: [fn(SocketAddr) -> io::Result<()>; 4] = [
            |address| upload(address, 50_000_000).map(drop),
            |address| download(address, 50_000_000).map(drop),
            |address| round_trips(address, 200).map(drop),
            visit,
        ];
        loads.extend(works.map(|work| repeat(work, address, &stop, &count)));
    }
    println!("seconds,pieces,server_shared_kib,client_shared_kib,server_single_kib,client_single_kib");
    let (begin, long) = (Instant::now(), Duration::from_secs(seconds));
    while begin.elapsed() < long {
        sleep(LOOK.min(long - begin.elapsed().min(long)));
        let rss = [&shared.server, &shared.client, &single.server, &single.client].map(|process| process.rss() >> 10);
        let [a, b, c, d] = rss;
        println!("{},{},{a},{b},{c},{d}", begin.elapsed().as_secs(), count.load(Ordering::Relaxed));
        assert!(loads.iter().all(|load| !load.is_finished()), "a load has failed");
    }
    stop.store(true, Ordering::Relaxed);
    loads.into_iter().for_each(|load| load.join().unwrap().unwrap());
    println!("no error in {} pieces of load", count.load(Ordering::Relaxed));
}

fn repeat(
    work: fn(SocketAddr) -> io::Result<()>,
    address: SocketAddr,
    stop: &Arc<AtomicBool>,
    count: &Arc<AtomicU64>,
) -> JoinHandle<io::Result<()>> {
    let (stop, count) = (stop.clone(), count.clone());
    thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            work(address)?;
            count.fetch_add(1, Ordering::Relaxed);
            sleep(REST);
        }
        Ok(())
    })
}
