//! A handshake and a conversation with a middleman in between, who cuts, flips, repeats, drops and swaps, once in a run, at every place
//! there is. The clock is virtual: when nothing moves it goes on to the next timer.
//!
//! What must hold in every run: what was delivered is the beginning of what was sent; both ends come to an end within the timers of the
//! protocol; an end succeeds only if it has everything its peer sent, close_notify included, and otherwise fails with an error that fits.
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub)]

mod link;
mod memo;
mod node;
#[path = "../support/mod.rs"]
mod support;

use link::{Cut, Fault, From, Link};
use node::{Error, Node, whole};
use sealwire_traits::SigningKey;
use sealwire_transport::session::{
    Alert, ClientConfig, Epoch, Handshake, HandshakeError, Rejection, ServerConfig, SessionError,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use support::wire::records;
use support::*;

/// Longer than a handshake, the silence behind it, and the silence that follows from that: no case may take longer.
const PATIENCE: Duration = Duration::from_secs(10 + 90 + 90);

/// What both ends bring to every run of a thread. The seeds make all runs alike.
struct World {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    randoms: [&'static Seeded; 2],
}

static IDENTITIES: LazyLock<[Arc<dyn SigningKey>; 2]> =
    LazyLock::new(|| [client_identity(), server_identity()].map(|key| Arc::new(memo::Sign::new(key)) as _));
static EPOCH: LazyLock<Arc<Epoch>> =
    LazyLock::new(|| certified(Box::new(memo::Unwrap::new(transport_key())), &*server_identity(), UNIX, 300));

impl World {
    fn new() -> World {
        let randoms = [Seeded::leaked(0), Seeded::leaked(0)];
        let [client_key, server_key] = IDENTITIES.clone();
        let (mut client, mut server) = (client_config(randoms[0]), server_config(randoms[1]));
        client.provider = memo::provider(randoms[0]);
        (client.identity, client.announce_pin) = (Some(client_key), true);
        server.provider = memo::provider(randoms[1]);
        (server.identity, server.client_auth) = (server_key, true);
        World { client: Arc::new(client), server: Arc::new(server), randoms }
    }

    /// One run to its end.
    fn run(&self, fault: Option<(From, Fault)>) -> Run {
        self.randoms[0].reseed(1);
        self.randoms[1].reseed(2);
        let mut now = start();
        let mut nodes = [
            Node::client(Handshake::client(self.client.clone(), now).unwrap()),
            Node::server(Handshake::server(self.server.clone(), now), EPOCH.clone()),
        ];
        let on = |side| fault.filter(|(from, _)| *from == side).map(|(_, fault)| fault);
        let mut links = [Link::new(on(From::Client)), Link::new(on(From::Server))];
        while nodes.iter().any(|node| node.outcome().is_none()) {
            if exchange(&mut nodes, &mut links, now) {
                continue;
            }
            let next = nodes.iter().filter_map(Node::deadline).min().expect("who waits has a timer");
            assert!(next > now.elapsed, "{fault:?}: a timer that does not move");
            now.elapsed = next;
            assert!(next <= PATIENCE, "{fault:?}: not over after {next:?}");
            nodes.iter_mut().for_each(|node| node.tick(now));
        }
        exchange(&mut nodes, &mut links, now);
        Run { nodes, links }
    }
}

/// Lets everything move that can: whether anything did.
fn exchange(nodes: &mut [Node; 2], links: &mut [Link; 2], now: sealwire_transport::session::Now) -> bool {
    let mut moved = false;
    for (node, link) in nodes.iter_mut().zip(links.iter_mut()) {
        let output = std::mem::take(&mut node.output);
        if !output.is_empty() {
            link.carry(&output);
            moved = true;
        }
        if node.outcome().is_some() {
            link.end();
        }
    }
    if links.iter().any(Link::cuts_both) {
        links.iter_mut().for_each(Link::end);
    }
    for (node, link) in nodes.iter_mut().rev().zip(links.iter_mut()) {
        let arrived = std::mem::take(&mut link.arriving);
        if node.outcome().is_none() && (!arrived.is_empty() || link.ended) {
            node.receive(&arrived, link.ended, now);
            moved = true;
        }
    }
    moved
}

struct Run {
    nodes: [Node; 2],
    links: [Link; 2],
}

/// Where things stand in a run without a fault, by direction.
struct Plan {
    /// Bytes and records in all.
    bytes: [usize; 2],
    records: [usize; 2],
    /// Bytes and records of the handshake.
    handshake_bytes: [usize; 2],
    handshake_records: [usize; 2],
    /// Bytes and records before the server's farewell, behind which the client says nothing any more.
    before_farewell: (usize, usize),
    starts: [Vec<usize>; 2],
}

impl Plan {
    fn new(run: &Run) -> Plan {
        let lens = [0, 1].map(|i| records(&run.links[i].sent).iter().map(|r| r.len()).collect::<Vec<_>>());
        let starts = [0, 1].map(|i| {
            let mut at = 0;
            lens[i]
                .iter()
                .map(|len| {
                    at += len;
                    at - len
                })
                .collect::<Vec<_>>()
        });
        let farewell = lens[1].len() - 3;
        Plan {
            bytes: [0, 1].map(|i| lens[i].iter().sum()),
            records: [0, 1].map(|i| lens[i].len()),
            handshake_bytes: [starts[0][3], starts[1][2]],
            handshake_records: [3, 2],
            before_farewell: (starts[1][farewell], farewell),
            starts,
        }
    }

    fn faults(&self) -> Vec<(From, Fault)> {
        let mut faults = Vec::new();
        for (i, from) in [From::Client, From::Server].into_iter().enumerate() {
            for how in [Cut::Fin, Cut::Both, Cut::Silent] {
                faults.extend((0..=self.bytes[i]).map(|at| (from, Fault::Cut(at, how))));
            }
            faults.extend((0..self.bytes[i]).map(|at| (from, Fault::Flip(at))));
            for fault in [Fault::Repeat, Fault::Drop, Fault::Swap] {
                faults.extend((0..self.records[i]).map(|n| (from, fault(n))));
            }
        }
        faults
    }

    /// Whether the client, and whether the server, has everything in spite of the fault. The end that speaks last cannot know that its
    /// last words were lost; nobody else is left in doubt.
    fn succeeds(&self, from: From, fault: Fault) -> [bool; 2] {
        let i = usize::from(from == From::Server);
        let (farewell_bytes, farewell_records) = self.before_farewell;
        let harmless = match fault {
            Fault::Cut(at, how) => at == self.bytes[i] && !(how == Cut::Both && from == From::Client),
            Fault::Repeat(n) => n + 1 == self.records[i],
            _ => false,
        };
        let after_the_client = match fault {
            Fault::Cut(at, Cut::Both) if from == From::Client => at == self.bytes[0],
            Fault::Cut(at, Cut::Both) => at > farewell_bytes,
            Fault::Cut(at, _) | Fault::Flip(at) => from == From::Server && at >= farewell_bytes,
            // The last answer makes the client close; its repetition comes too late.
            Fault::Repeat(n) => from == From::Server && n + 1 >= farewell_records,
            Fault::Drop(n) | Fault::Swap(n) => from == From::Server && n >= farewell_records,
        };
        [harmless, harmless || after_the_client]
    }

    /// Whether the fault is in the handshake.
    fn in_handshake(&self, from: From, fault: Fault) -> bool {
        let i = usize::from(from == From::Server);
        match fault {
            Fault::Cut(at, _) | Fault::Flip(at) => at < self.handshake_bytes[i],
            Fault::Repeat(n) | Fault::Drop(n) | Fault::Swap(n) => n < self.handshake_records[i],
        }
    }

    /// The place in its record, and the kind of the record, of a byte of a clean run.
    fn place(&self, clean: &Run, i: usize, at: usize) -> (usize, u8) {
        let start = self.starts[i].iter().copied().rfind(|start| *start <= at).unwrap();
        (at - start, clean.links[i].sent[start])
    }
}

/// The error of the end to which the meddled bytes went, when the fault is behind the handshake.
fn fits_session(fault: Fault, place: Option<usize>, error: &SessionError) -> bool {
    use SessionError::*;
    match fault {
        Fault::Cut(_, Cut::Silent) => matches!(error, DeadPeer(90)),
        Fault::Cut(..) => matches!(error, Truncated),
        Fault::Flip(_) => match place.unwrap() {
            0 => matches!(error, Protocol(_)),
            // A changed length: too long, another record's bytes, or bytes that never come.
            1..4 => matches!(error, Protocol(_) | BadRecord | DeadPeer(90) | Truncated),
            _ => matches!(error, BadRecord),
        },
        // A record that is missing at the end shows as silence or as the end of the stream.
        Fault::Drop(_) | Fault::Swap(_) => matches!(error, BadRecord | DeadPeer(90) | Truncated),
        Fault::Repeat(_) => matches!(error, BadRecord),
    }
}

/// The same for a fault in the handshake.
fn fits_handshake(fault: Fault, place: Option<(usize, u8)>, error: &HandshakeError) -> bool {
    use HandshakeError::{
        Malformed, NotSealwire, Operation, Refused, Rejected, ServerUnproven, Service, Timeout, Unexpected,
        UnknownServer,
    };
    match fault {
        Fault::Cut(_, Cut::Silent) => matches!(error, Timeout),
        Fault::Cut(..) => matches!(error, HandshakeError::Cut),
        Fault::Flip(_) => match place.unwrap() {
            (0, _) => matches!(error, NotSealwire | Unexpected(_)),
            (4.., b'S') => matches!(error, Rejected(Rejection::Opaque) | ServerUnproven) && error.is_authentication(),
            _ => !matches!(error, Operation(_) | UnknownServer(_) | Service { .. } | Rejected(Rejection::Unlisted(_))),
        },
        _ => matches!(
            error,
            Unexpected(_)
                | Malformed(_)
                | NotSealwire
                | Timeout
                | Rejected(Rejection::Opaque)
                | ServerUnproven
                | Refused { .. }
        ),
    }
}

fn check(plan: &Plan, clean: &Run, world: &World, from: From, fault: Fault) {
    let run = world.run(Some((from, fault)));
    let [client, server] = &run.nodes;
    assert!(whole(true).starts_with(&client.received), "{from:?} {fault:?}: {:?}", client.received);
    assert!(whole(false).starts_with(&server.received), "{from:?} {fault:?}: {:?}", server.received);
    assert!(server.sent.starts_with(&client.received) && client.sent.starts_with(&server.received));

    let outcomes = [client, server].map(|node| node.outcome().unwrap());
    let succeeds = plan.succeeds(from, fault);
    assert_eq!(outcomes.map(Result::is_ok), succeeds, "{from:?} {fault:?}: {outcomes:?}");
    assert!(!succeeds[0] || client.received == whole(true));
    assert!(!succeeds[1] || server.received == whole(false));

    let meddled = usize::from(from == From::Server);
    let place = match fault {
        Fault::Flip(at) => Some(plan.place(clean, meddled, at)),
        _ => None,
    };
    let (victim, other) = (outcomes[1 - meddled], outcomes[meddled]);
    match victim {
        Err(Error::Handshake(error)) if plan.in_handshake(from, fault) => {
            assert!(fits_handshake(fault, place, error), "{from:?} {fault:?}: {error}");
        }
        Err(Error::Session(error)) if !plan.in_handshake(from, fault) => {
            assert!(fits_session(fault, place.map(|p| p.0), error), "{from:?} {fault:?}: {error}");
        }
        // The last record of the handshake, twice or behind its successor: the session is there already, or the handshake still waits.
        Err(Error::Session(SessionError::BadRecord | SessionError::Protocol(_))) => {
            assert!(matches!(fault, Fault::Repeat(_)), "{from:?} {fault:?}");
        }
        Err(error) => panic!("{from:?} {fault:?}: {error:?}"),
        Ok(()) => {}
    }
    if let Err(Error::Session(error)) = other {
        let told = matches!(
            error,
            SessionError::Truncated
                | SessionError::DeadPeer(90)
                | SessionError::Alert(Alert::BadRecord | Alert::ProtocolError | Alert::HandshakeFailure)
        );
        assert!(told, "{from:?} {fault:?}: the other end: {error}");
    }
}

#[test]
fn whatever_a_middleman_does_nothing_wrong_is_delivered_and_nobody_waits_for_ever() {
    let world = World::new();
    let clean = world.run(None);
    for (node, to_client) in clean.nodes.iter().zip([true, false]) {
        assert!(matches!(node.outcome(), Some(Ok(()))), "{:?}", node.outcome());
        assert_eq!(node.received, whole(to_client));
    }
    let plan = Plan::new(&clean);
    let again = world.run(None);
    assert!((0..2).all(|i| clean.links[i].sent == again.links[i].sent), "runs repeat byte for byte");

    let faults = plan.faults();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let world = World::new();
                while let Some((from, fault)) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(&plan, &clean, &world, *from, *fault);
                }
            });
        }
    });
    let count = |kind: fn(&Fault) -> bool| faults.iter().filter(|(_, fault)| kind(fault)).count();
    println!(
        "{} bytes and {} records both ways: {} cuts, {} flips, {} records repeated, dropped or swapped",
        plan.bytes.iter().sum::<usize>(),
        plan.records.iter().sum::<usize>(),
        count(|fault| matches!(fault, Fault::Cut(..))),
        count(|fault| matches!(fault, Fault::Flip(_))),
        count(|fault| matches!(fault, Fault::Repeat(_) | Fault::Drop(_) | Fault::Swap(_))),
    );
}
