//! What it costs this machine to wake a thread that sleeps on the other core, as each end of a handshake does for each message.

use crate::linux::{CLIENT_CORE, SERVER_CORE, pin, thread_time};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for the other core to have nothing to do.
const PAUSE: Duration = Duration::from_micros(200);

/// Microseconds of whoever wakes and of whoever is woken.
pub fn report(times: u32) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            pin(CLIENT_CORE);
            while !over.load(Relaxed) {
                thread::park();
            }
            thread_time()
        });
        let other = sleeper.thread().clone();
        let waker = scope.spawn(move || {
            pin(SERVER_CORE);
            let mut waking = Duration::ZERO;
            for _ in 0..times {
                let began = Instant::now();
                while began.elapsed() < PAUSE {}
                let before = thread_time();
                other.unpark();
                waking += thread_time() - before;
            }
            waking
        });
        let waking = waker.join().unwrap();
        over.store(true, Relaxed);
        sleeper.thread().unpark();
        let [waking, woken] = [waking, sleeper.join().unwrap()].map(|time| time.as_secs_f64() * 1e6 / f64::from(times));
        println!("waking a thread on the other core: {waking:.1}; being woken: {woken:.1}");
    });
}
