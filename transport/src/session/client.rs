//! The client's handshake: sends messages 1, 3 and 4, checks 2 and 5 (PROTOCOL.md, "Handshake").

use super::certificate::Certificate;
use super::direction::Direction;
use super::handshake::{Handshake, Io, Message, State, seal_handshake};
use super::limits::{MAX_SERVER_FINISH, MAX_SERVER_HELLO, sealed_handshake_body};
use super::messages::{
    ClientFinish, ClientHello, ClientKeys, ServerHello, decode_server_finish, service_name, split_mac,
};
use super::record::{Kind, plain_handshake};
use super::schedule::{HandshakeSecrets, Key, finished_mac, finished_mac_matches};
use super::transcript::{Hash, Transcript, sha256, signed, wrap_label};
use super::{
    Activity, ClientConfig, Established, Failure, HandshakeError, Now, Peer, SendHalf, Settings, Step, puzzle,
};
use sealwire_traits::{AeadAlgorithm, PreMaster, Secret, Slices, VerifyingKey, WrapKey};
use std::sync::Arc;

/// Step 1: sends ClientHello.
pub(super) fn start(config: Arc<ClientConfig>, io: &mut Io) -> Result<AwaitServerHello, HandshakeError> {
    service_name(config.service.as_bytes())?;
    let mut random = [0; 32];
    config.provider.random.fill(&mut random)?;
    let hello = ClientHello {
        suites: config.provider.aeads.iter().map(|aead| aead.suite().id).collect(),
        random,
        wanted: config.pins.first().filter(|_| config.announce_pin).copied(),
    }
    .encode();
    io.output.extend(plain_handshake(&hello));
    let mut transcript = Transcript::new();
    transcript.add(&hello);
    Ok(AwaitServerHello { config, transcript })
}

/// Message 1 is out.
pub(super) struct AwaitServerHello {
    config: Arc<ClientConfig>,
    transcript: Transcript,
}

impl AwaitServerHello {
    /// Kind and longest body of the message awaited, and whether it is the peer's first.
    pub(super) const EXPECTED: (Kind, usize, bool) = (Kind::Handshake, MAX_SERVER_HELLO, true);

    pub(super) fn receive(self, io: Io, message: Message, now: Now) -> Step {
        Step::Work(Slices::one(move || self.respond(io, &message.body, now)))
    }

    /// Step 3: checks ServerHello, answers with ClientKeys and ClientFinish.
    fn respond(mut self, mut io: Io, body: &[u8], now: Now) -> Step {
        match self.checked_response(&mut io, body, now) {
            // An alert may stand behind ServerHello already.
            Ok(state) => Handshake { io, state: State::ServerFinish(state) }.advance(now),
            Err(error) => io.fail(error),
        }
    }

    fn checked_response(&mut self, io: &mut Io, body: &[u8], now: Now) -> Result<AwaitServerFinish, HandshakeError> {
        let config = self.config.clone();
        let hello = ServerHello::decode(body)?;
        let aead = config.provider.aead(hello.suite).ok_or(HandshakeError::SuiteNotOffered(hello.suite))?;
        let certificate = Certificate::decode(&hello.tbs)?;
        let server = certificate.check(&hello.tbs, &hello.signature, &config.pins, &config.provider)?;
        if hello.client_auth && config.identity.is_none() {
            return Err(HandshakeError::ClientKeyNeeded);
        }
        let want_server_auth = config.want_server_auth || !certificate.is_current(now.unix);
        self.transcript.add(body);

        let pre_master = PreMaster::random(config.provider.random)?;
        let keys = self.client_keys(&hello, want_server_auth, &*server.transport_key, &pre_master)?;
        io.output.extend(plain_handshake(&keys));
        self.transcript.add(&keys);
        let secrets = HandshakeSecrets::new(&pre_master, &self.transcript.hash());
        drop(pre_master);

        let finish = self.client_finish(hello.client_auth, &secrets.client_finished)?;
        self.transcript.add(&finish);
        let (client, server_secret) = secrets.application(&self.transcript.hash());
        seal_handshake(aead, secrets.client, &finish, &mut io.output);
        let activity = Activity::default();
        activity.note(now.elapsed);
        let peer = Peer {
            identity: Some(server.identity.fingerprint()),
            service: config.service.clone(),
            suite: aead.suite(),
            server_signed: want_server_auth,
        };
        Ok(AwaitServerFinish {
            settings: config.settings,
            aead,
            server: want_server_auth.then_some(server.identity),
            peer,
            transcript: self.transcript.clone(),
            server_handshake: secrets.server,
            server_finished: secrets.server_finished,
            server_secret,
            sender: SendHalf::new(Direction::new(aead, client), &config.settings, activity.clone(), now.elapsed),
            activity,
        })
    }

    /// Message 3.
    fn client_keys(
        &self,
        hello: &ServerHello,
        want_server_auth: bool,
        transport_key: &dyn WrapKey,
        pre_master: &PreMaster,
    ) -> Result<Vec<u8>, HandshakeError> {
        let th1 = self.transcript.hash();
        let solution = puzzle::solve(&th1, hello.difficulty).ok_or(HandshakeError::Puzzle)?;
        let wrapped = transport_key.wrap_secret(pre_master, &wrap_label(&th1), self.config.provider.random)?;
        Ok(ClientKeys { want_server_auth, solution, wrapped }.encode())
    }

    /// Message 4, with the MAC. The client says who it is only to a server that asked.
    fn client_finish(&self, asked: bool, key: &Key) -> Result<Vec<u8>, HandshakeError> {
        let (mut identity, mut signature) = (Vec::new(), Vec::new());
        if let Some(own) = self.config.identity.as_deref().filter(|_| asked) {
            identity = own.public_key().to_vec();
            let message = signed("client", &[&self.transcript.hash(), &sha256(&identity)]);
            signature = own.sign(&message, self.config.provider.random)?;
        }
        let mut finish = ClientFinish { service: self.config.service.clone(), identity, signature }.encode();
        let mac = finished_mac(key, &self.transcript.hash_with(&finish));
        finish.extend_from_slice(&mac);
        Ok(finish)
    }
}

/// Messages 3 and 4 are out; the application keys are there.
pub(super) struct AwaitServerFinish {
    settings: Settings,
    aead: &'static dyn AeadAlgorithm,
    /// The server's identity, when its signature was asked for.
    server: Option<Box<dyn VerifyingKey>>,
    peer: Peer,
    /// Of messages 1 to 4.
    transcript: Transcript,
    server_handshake: Key,
    server_finished: Key,
    server_secret: Key,
    sender: SendHalf,
    activity: Activity,
}

impl AwaitServerFinish {
    pub(super) const EXPECTED: (Kind, usize, bool) = (Kind::Sealed, sealed_handshake_body(MAX_SERVER_FINISH), false);

    pub(super) fn early_sender(&mut self) -> Option<&mut SendHalf> {
        self.server.is_none().then_some(&mut self.sender)
    }

    /// Checks ServerFinish; its signature, if it was asked for, elsewhere.
    pub(super) fn receive(mut self, io: Io, message: Message, now: Now) -> Step {
        let Some(signature) = self.proven_signature(message) else {
            return self.fail(io, HandshakeError::ServerUnproven);
        };
        match self.server.take() {
            None if signature.is_empty() => self.done(io, now),
            Some(server) if !signature.is_empty() => Step::Work(Slices::one(move || {
                let message = signed("server", &[&self.transcript.hash()]);
                match server.verify(&message, &signature) {
                    Ok(()) => self.done(io, now),
                    Err(_) => self.fail(io, HandshakeError::ServerUnproven),
                }
            })),
            _ => self.fail(io, HandshakeError::ServerUnproven),
        }
    }

    /// Opens message 5 and checks its MAC: the signature in it, which may be empty.
    fn proven_signature(&mut self, message: Message) -> Option<Vec<u8>> {
        let key = std::mem::replace(&mut self.server_handshake, Secret::zeroed());
        let content = message.open(Direction::new(self.aead, key))?;
        let (covered, mac) = split_mac(&content).ok()?;
        let hash: Hash = self.transcript.hash_with(covered);
        if !finished_mac_matches(&self.server_finished, &hash, mac) {
            return None;
        }
        decode_server_finish(covered).ok()
    }

    fn done(self, mut io: Io, now: Now) -> Step {
        let direction = Direction::new(self.aead, self.server_secret);
        let receiver = io.receiver(direction, &self.settings, self.activity, now.elapsed);
        Step::Done(Box::new(Established { sender: self.sender, receiver, peer: self.peer, output: io.output }))
    }

    /// Behind message 4 the client's alerts are sealed.
    pub(super) fn fail(mut self, mut io: Io, error: HandshakeError) -> Step {
        if let Some(alert) = error.alert() {
            self.sender.alert(alert, &mut io.output);
        }
        Step::Failed(Failure { error, output: io.output })
    }
}
