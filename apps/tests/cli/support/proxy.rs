//! A middleman over TCP, who counts the records that go by and changes, cuts or holds back one of them.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// Whose records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// What to do to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Turn a bit over in the middle of its body.
    Flip,
    /// Send half of it, then close both connections.
    Cut,
    /// Keep it and everything behind it back, with the connections open, until [`Proxy::release`].
    Hold,
    /// Send it twice.
    Repeat,
    /// Leave it out.
    Drop,
}

/// A middleman in front of a server.
pub struct Proxy {
    pub address: String,
    held: Receiver<()>,
    gate: Arc<Gate>,
}

/// What a held record waits for.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn pass(&self) {
        drop(self.1.wait_while(self.0.lock().unwrap(), |open| !*open).unwrap());
    }
}

/// What one direction of a connection does.
struct Way {
    plan: Option<(usize, Act)>,
    held: Sender<()>,
    gate: Arc<Gate>,
}

impl Proxy {
    /// Does `act` to the record number `at` (from 0) in one direction of every connection to `server`.
    pub fn new(server: &str, direction: Direction, at: usize, act: Act) -> Proxy {
        let (listener, server) = (TcpListener::bind("127.0.0.1:0").unwrap(), server.to_owned());
        let address = listener.local_addr().unwrap().to_string();
        let gate = Arc::new(Gate::default());
        let (sender, held) = channel();
        let proxy = Proxy { address, held, gate: gate.clone() };
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                for way in [Direction::ToServer, Direction::ToClient] {
                    let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
                    let (from, to) = if way == Direction::ToServer { ends } else { (ends.1, ends.0) };
                    let plan = (way == direction).then_some((at, act));
                    let way = Way { plan, held: sender.clone(), gate: gate.clone() };
                    // Errors mean that an end has gone, which is what the tests are about.
                    thread::spawn(move || drop(way.forward(from, to)));
                }
            }
        });
        proxy
    }

    /// Waits until a record is held.
    #[track_caller]
    pub fn wait_until_held(&self) {
        self.held.recv_timeout(Duration::from_secs(60)).unwrap();
    }

    /// Lets what is held go on.
    pub fn release(&self) {
        self.gate.open();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.release();
    }
}

impl Way {
    fn forward(&self, mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
        for number in 0.. {
            let Ok(mut record) = record(&mut from) else { return to.shutdown(Shutdown::Write) };
            match self.plan.filter(|(at, _)| *at == number).map(|(_, act)| act) {
                None => {}
                Some(Act::Flip) => {
                    let middle = 2 + record.len() / 2;
                    record[middle] ^= 0x10;
                }
                Some(Act::Repeat) => record.extend_from_within(..),
                Some(Act::Drop) => record.clear(),
                Some(Act::Hold) => {
                    // Nobody may be interested.
                    let _ = self.held.send(());
                    self.gate.pass();
                }
                Some(Act::Cut) => {
                    // An end of stream both ways, and no reset that could overtake what was sent.
                    to.write_all(&record[..record.len() / 2])?;
                    to.shutdown(Shutdown::Write)?;
                    return from.shutdown(Shutdown::Write);
                }
            }
            to.write_all(&record)?;
        }
        Ok(())
    }
}

/// One record: kind, three bytes of length, body.
fn record(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut record = vec![0; 4];
    from.read_exact(&mut record)?;
    let len = u32::from_be_bytes([0, record[1], record[2], record[3]]) as usize;
    record.resize(4 + len, 0);
    from.read_exact(&mut record[4..])?;
    Ok(record)
}
