//! The tunnel: connections of other programs through a session, over real sockets, with the ends that they really have.

use crate::support::{CLIENT, Home, OTHER, Process, Server, Signal, client, noise};
use rustix::net::sockopt::set_socket_linger;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

/// What a client of the tunnel prints first, before the address it listens at.
const FORWARDS: &str = "sealwire forwards ";

/// A target, a server that leads there by the name `db`, and a client that listens.
struct Tunnel {
    target: TcpListener,
    home: Home,
    server: Server,
    client: Process,
    address: String,
}

impl Tunnel {
    fn new(args: &[&str]) -> Tunnel {
        let target = TcpListener::bind("127.0.0.1:0").unwrap();
        let home = Home::new();
        let server = home.server(&offering(&target).iter().map(String::as_str).collect::<Vec<_>>());
        let client = home.spawn(&server.client(&[&["--forward", "127.0.0.1:0=db"], args].concat()));
        let address = listening(&client);
        Tunnel { target, home, server, client, address }
    }

    /// Both ends of a connection through the tunnel.
    fn connect(&self) -> (TcpStream, TcpStream) {
        let near = TcpStream::connect(&self.address).unwrap();
        (near, self.target.accept().unwrap().0)
    }
}

fn offering(target: &TcpListener) -> Vec<String> {
    let address = target.local_addr().unwrap();
    ["--set", "server.services=forward", "--set", &format!("server.targets.db={address}")].map(str::to_owned).to_vec()
}

fn listening(client: &Process) -> String {
    let line = client.stderr.line_with(FORWARDS);
    line.strip_prefix(FORWARDS).unwrap().split_once(" to ").unwrap().0.to_owned()
}

/// Closes a connection by a reset.
fn reset(stream: TcpStream) {
    set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

/// How reading ends.
fn end_of(stream: &mut impl Read) -> Result<Vec<u8>, ErrorKind> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).map(|_| all).map_err(|error| error.kind())
}

/// With all connections in one session, and with one for each.
const FORMS: [&[&str]; 2] = [&[], &["--set", "client.multiplex=false"]];

#[test]
fn bytes_go_both_ways_and_each_direction_ends_for_itself() {
    for form in FORMS {
        let tunnel = Tunnel::new(form);
        let (mut near, mut far) = tunnel.connect();
        let data = noise(2_000_000);
        let sending = {
            let (mut near, data) = (near.try_clone().unwrap(), data.clone());
            thread::spawn(move || {
                near.write_all(&data).unwrap();
                near.shutdown(Shutdown::Write).unwrap();
            })
        };
        assert!(end_of(&mut far) == Ok(data.clone()));
        sending.join().unwrap();
        far.write_all(&data).unwrap();
        drop(far);
        assert!(end_of(&mut near) == Ok(data));
    }
}

#[test]
fn a_reset_at_either_end_is_one_at_the_other() {
    for form in FORMS {
        let tunnel = Tunnel::new(form);
        for at_client in [true, false] {
            let (near, far) = tunnel.connect();
            let (breaks, mut hears) = if at_client { (near, far) } else { (far, near) };
            reset(breaks);
            assert_eq!(end_of(&mut hears), Err(ErrorKind::ConnectionReset));
        }
        let (mut near, far) = tunnel.connect();
        drop(far);
        assert_eq!(end_of(&mut near), Ok(vec![]), "others go on");
    }
}

#[test]
fn a_target_that_is_away_is_a_reset_and_the_tunnel_goes_on() {
    for form in FORMS {
        let Tunnel { target, home: _home, server, client: _client, address } = Tunnel::new(form);
        let at = target.local_addr().unwrap();
        drop(target);
        assert_eq!(end_of(&mut TcpStream::connect(&address).unwrap()), Err(ErrorKind::ConnectionReset));
        server.log_line("cannot connect");
        let target = TcpListener::bind(at).unwrap();
        let mut near = TcpStream::connect(&address).unwrap();
        target.accept().unwrap().0.write_all(b"back").unwrap();
        near.read_exact(&mut [0; 4]).unwrap();
    }
}

#[test]
fn a_server_that_is_killed_is_a_reset_and_a_new_one_is_found() {
    for form in FORMS {
        let mut tunnel = Tunnel::new(form);
        let (mut near, mut far) = tunnel.connect();
        tunnel.server.process.signal(Signal::KILL);
        assert_eq!(end_of(&mut near), Err(ErrorKind::ConnectionReset));
        // The system closes the sockets of a process that it kills, and nobody can have that be a reset.
        assert_eq!(end_of(&mut far), Ok(vec![]));
        let place = format!("transport.address={}", tunnel.server.address);
        let fixed = tunnel.home.server_args();
        let offering = offering(&tunnel.target);
        let args: Vec<_> = fixed.iter().chain(&offering).map(String::as_str).chain(["--set", &place]).collect();
        tunnel.server = tunnel.home.server_by(&args);
        let echo = tunnel.target.try_clone().unwrap();
        thread::spawn(move || {
            for stream in echo.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || io::copy(&mut stream.try_clone().unwrap(), &mut stream));
            }
        });
        // Connections that come before the session stands again are reset, or wait for it.
        let again = || {
            let mut near = TcpStream::connect(&tunnel.address)?;
            near.write_all(b"again")?;
            near.read_exact(&mut [0; 5])
        };
        while again().is_err() {}
    }
}

#[test]
fn a_client_that_is_killed_is_a_reset_at_the_target() {
    for form in FORMS {
        let tunnel = Tunnel::new(form);
        let (_near, mut far) = tunnel.connect();
        tunnel.client.signal(Signal::KILL);
        assert_eq!(end_of(&mut far), Err(ErrorKind::ConnectionReset));
        tunnel.server.log_line("session failed");
    }
}

#[test]
fn a_client_that_is_asked_to_leave_lets_connections_end() {
    for form in FORMS {
        let tunnel = Tunnel::new(form);
        let (mut near, mut far) = tunnel.connect();
        tunnel.client.signal(Signal::TERM);
        far.write_all(b"the end").unwrap();
        drop(far);
        assert_eq!(end_of(&mut near), Ok(b"the end".to_vec()));
        drop(near);
        tunnel.client.finish().ok();
        tunnel.server.stop().ok();
    }
}

#[test]
fn a_client_that_is_asked_twice_resets_what_is_open() {
    for form in FORMS {
        let tunnel = Tunnel::new(form);
        let (mut near, mut far) = tunnel.connect();
        tunnel.client.signal(Signal::TERM);
        // No more connections are taken: only then it has heard of the first signal.
        while TcpStream::connect(&tunnel.address).is_ok() {}
        tunnel.client.signal(Signal::TERM);
        assert_eq!(end_of(&mut near), Err(ErrorKind::ConnectionReset));
        assert_eq!(end_of(&mut far), Err(ErrorKind::ConnectionReset));
        tunnel.client.finish().with_status(1).saying(&["were cut"]);
    }
}

#[test]
fn unix_sockets_may_be_at_either_end() {
    let home = Home::new();
    let target = UnixListener::bind(home.path("target.sock")).unwrap();
    let server = home.server(&[
        "--set",
        "server.services=forward",
        "--set",
        &format!("server.targets.db={}", home.name("target.sock")),
    ]);
    let listen = home.name("near.sock");
    let client = home.spawn(&server.client(&["--forward", &format!("{listen}=db")]));
    assert_eq!(listening(&client), listen);
    let mut near = UnixStream::connect(&listen).unwrap();
    let mut far = target.accept().unwrap().0;
    near.write_all(b"there").unwrap();
    near.shutdown(Shutdown::Write).unwrap();
    assert_eq!(end_of(&mut far), Ok(b"there".to_vec()));
    far.write_all(b"and back").unwrap();
    drop(far);
    assert_eq!(end_of(&mut near), Ok(b"and back".to_vec()));
}

#[test]
fn several_tunnels_and_many_connections_at_once() {
    let tunnel = Tunnel::new(&["--forward", "127.0.0.1:0=db"]);
    let pairs: Vec<_> = (0..200).map(|_| tunnel.connect()).collect();
    for (number, (near, far)) in pairs.iter().enumerate() {
        let (mut near, mut far) = (near, far);
        near.write_all(&[number as u8; 100]).unwrap();
        let mut came = [0; 100];
        far.read_exact(&mut came).unwrap();
        // Connections of one tunnel are accepted in their order.
        assert_eq!(came, [number as u8; 100]);
    }
}

#[test]
fn a_server_that_leads_nowhere_says_so() {
    let server = Home::new().server(&["--set", "server.services=forward"]);
    server.stop().ok().saying(&["server.targets is empty"]);
}

#[test]
fn a_target_that_the_server_does_not_have_ends_the_client() {
    for form in FORMS {
        let home = Home::new();
        let target = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = home.server(&offering(&target).iter().map(String::as_str).collect::<Vec<_>>());
        let args = [&["--forward", "127.0.0.1:0=other"], form].concat();
        home.run(&server.client(&args), "").with_status(1).saying(&["\"forward other\"", "server.targets"]);
    }
}

#[test]
fn another_server_in_its_place_ends_the_client_with_status_3() {
    let tunnel = Tunnel::new(&[]);
    let place = format!("transport.address={}", tunnel.server.address);
    tunnel.server.process.signal(Signal::KILL);
    tunnel.server.process.finish();
    let identity = format!("server.identity={:?}", tunnel.home.key("other.pem", &OTHER));
    let _other = tunnel.home.server_by(&["server", "--set", &place, "--set", &identity]);
    tunnel.client.finish().with_status(3).saying(&["somebody else answers"]);
}

#[test]
fn a_client_may_be_let_in_to_one_target_alone() {
    let home = Home::new();
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut args = offering(&target);
    args.extend(["--set", "server.targets.web=127.0.0.1:1", "--set", "server.client_auth=required"].map(str::to_owned));
    let server = home.server(&args.iter().map(String::as_str).collect::<Vec<_>>());
    home.run(&["trust", "add", CLIENT.print, "--services", "forward db"], "").ok();
    let key = format!("client.identity={:?}", home.key("client.pem", &CLIENT));
    let known = ["--set", key.as_str()];
    for allowed in
        [&["--forward", "127.0.0.1:0=db"][..], &["--forward", "127.0.0.1:0=db", "--set", "client.multiplex=false"]]
    {
        let client = home.spawn(&client(&server.address, &[&known[..], allowed].concat()));
        let mut near = TcpStream::connect(listening(&client)).unwrap();
        drop(target.accept().unwrap());
        assert_eq!(end_of(&mut near), Ok(vec![]));
    }
    for refused in [&["--forward", "127.0.0.1:0=web"][..], &["--pipe", "web"]] {
        home.run(&client(&server.address, &[&known[..], refused].concat()), "").with_status(1).saying(&["not offer"]);
    }
}
