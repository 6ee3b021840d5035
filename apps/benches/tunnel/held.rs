//! What is held while nothing happens, and what is left when everything has ended.

use super::load::{connect, visits};
use super::race::UNCAPPED;
use super::support::messages::{FINISH_LEN, body_len, hello, keys_and_finish};
use super::support::raise_file_limit;
use super::target::{self, ECHO};
use super::ways::{Listening, SINGLE, tunnel};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

/// Longer than an idle session keeps what it can make again.
const SETTLE: Duration = Duration::from_secs(3);

/// Many connections that stand still in the handshake, many connections in one session, then a session for each of many.
pub fn connections_and_sessions(is_bench: bool) {
    raise_file_limit();
    let target = target::start();
    let (connections, sessions) = if is_bench { (1000, 5000) } else { (10, 10) };
    handshakes(&tunnel(target, &UNCAPPED).server, connections);
    let shared = tunnel(target, &UNCAPPED);
    hold("connections through one session", connections, shared.client.address, [&shared.server, &shared.client]);
    drop(shared);
    let single = tunnel(target, &[&UNCAPPED[..], &[SINGLE]].concat());
    hold("sessions of one connection", sessions, single.client.address, [&single.server, &single.client]);
}

/// The client's last message is as long as it may be, and lacks its last byte: a server can hold no more before it knows who it is.
fn handshakes(server: &Listening, count: usize) {
    let before = server.rss();
    let held: Vec<TcpStream> = (0..count).map(|_| stand_still(server.address).unwrap()).collect();
    // Until all has been read, and before the server gives the first one up.
    sleep(Duration::from_secs(1));
    let each = server.rss().saturating_sub(before) / count as u64;
    println!("{} handshakes that stand still before their last byte: {each} bytes each in the server", held.len());
}

fn stand_still(address: SocketAddr) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(&hello())?;
    let mut header = [0; 4];
    stream.read_exact(&mut header)?;
    stream.read_exact(&mut vec![0; body_len(header)])?;
    let rest = keys_and_finish(FINISH_LEN[1]);
    stream.write_all(&rest[..rest.len() - 1])?;
    Ok(stream)
}

fn hold(what: &str, count: usize, address: SocketAddr, [server, client]: [&Listening; 2]) {
    let before = [server.rss(), client.rss()];
    let mut held: Vec<TcpStream> = (0..count).map(|_| connect(address).unwrap()).collect();
    held.iter_mut().for_each(|stream| stream.write_all(&[ECHO]).unwrap());
    let answer = |held: &mut [TcpStream]| {
        held.iter_mut().for_each(|stream| stream.write_all(b"p").unwrap());
        held.iter_mut().for_each(|stream| stream.read_exact(&mut [0; 1]).unwrap());
    };
    answer(&mut held);
    sleep(SETTLE);
    let [server_each, client_each] = [(server, before[0]), (client, before[1])]
        .map(|(process, before)| process.rss().saturating_sub(before) / count as u64);
    answer(&mut held);
    println!("{count} {what}, all answering: {server_each} bytes each in the server, {client_each} in the client");
}

/// Many connections one after another, and memory after each tenth of them.
pub fn one_after_another(is_bench: bool) {
    let each = if is_bench { 10_000 } else { 8 };
    let tunnel = tunnel(target::start(), &UNCAPPED);
    println!("{:>12} {:>15} {:>12} {:>12}", "connections", "connections/s", "server, KiB", "client, KiB");
    for tenth in 0..=10 {
        let speed = if tenth == 0 { 0.0 } else { visits(tunnel.client.address, each).unwrap() };
        let [server, client] = [&tunnel.server, &tunnel.client].map(|process| process.rss() >> 10);
        println!("{:>12} {speed:>15.0} {server:>12} {client:>12}", tenth * each);
    }
}
