//! The server's handshake: sends messages 2 and 5, checks 1, 3 and 4 (PROTOCOL.md, "Handshake").

use super::certificate::Epoch;
use super::direction::Direction;
use super::handshake::{Handshake, Io, Message, State, seal_handshake};
use super::limits::{MAX_CLIENT_FINISH, MAX_CLIENT_HELLO, MAX_CLIENT_KEYS, sealed_handshake_body};
use super::messages::{ClientFinish, ClientHello, ClientKeys, ServerHello, encode_server_finish, split_mac};
use super::record::{Kind, plain_handshake};
use super::schedule::{HandshakeSecrets, finished_mac, finished_mac_matches};
use super::transcript::{Hash, Transcript, sha256, signed, wrap_label};
use super::{
    Activity, Alert, Established, Failure, HandshakeError, KeyWanted, Now, Peer, Rejection, SendHalf, ServerConfig,
    Step, puzzle,
};
use sealwire_traits::{AeadAlgorithm, Fingerprint, Slices};
use std::sync::Arc;

/// Nothing came yet.
pub(super) struct AwaitClientHello {
    config: Arc<ServerConfig>,
}

impl AwaitClientHello {
    /// Kind and longest body of the message awaited, and whether it is the peer's first.
    pub(super) const EXPECTED: (Kind, usize, bool) = (Kind::Handshake, MAX_CLIENT_HELLO, true);

    pub(super) fn new(config: Arc<ServerConfig>) -> AwaitClientHello {
        AwaitClientHello { config }
    }

    /// Step 2, what does not need the transport key: everything that the client may be refused for.
    pub(super) fn receive(self, io: Io, message: Message) -> Step {
        match self.choose_suite(&message.body) {
            Ok(aead) => {
                let mut transcript = Transcript::new();
                transcript.add(&message.body);
                Step::Key(KeyWanted::new(io, AwaitKey { config: self.config, aead, transcript }))
            }
            Err(error) => io.fail(error),
        }
    }

    fn choose_suite(&self, body: &[u8]) -> Result<&'static dyn AeadAlgorithm, HandshakeError> {
        let hello = ClientHello::decode(body)?;
        if let Some(wanted) = hello.wanted.filter(|wanted| *wanted != self.config.identity.fingerprint()) {
            return Err(HandshakeError::WantedUnknown(wanted));
        }
        let mut aeads = self.config.provider.aeads.iter().copied();
        aeads.find(|aead| hello.suites.contains(&aead.suite().id)).ok_or(HandshakeError::NoCommonSuite)
    }
}

/// Message 1 came.
pub(super) struct AwaitKey {
    config: Arc<ServerConfig>,
    aead: &'static dyn AeadAlgorithm,
    /// Of message 1.
    transcript: Transcript,
}

impl AwaitKey {
    /// Step 2: ServerHello. No private operation: the certificate was signed when the transport key was made.
    pub(super) fn answer(
        mut self,
        io: &mut Io,
        epoch: Arc<Epoch>,
        difficulty: u8,
    ) -> Result<AwaitClientKeys, HandshakeError> {
        let mut random = [0; 32];
        self.config.provider.random.fill(&mut random)?;
        let answer = ServerHello {
            suite: self.aead.suite().id,
            random,
            client_auth: self.config.client_auth,
            difficulty,
            tbs: epoch.tbs.clone(),
            signature: epoch.signature.clone(),
        }
        .encode();
        io.output.extend(plain_handshake(&answer));
        self.transcript.add(&answer);
        let AwaitKey { config, aead, transcript } = self;
        Ok(AwaitClientKeys { config, epoch, difficulty, aead, transcript })
    }
}

/// Message 2 is out.
pub(super) struct AwaitClientKeys {
    config: Arc<ServerConfig>,
    epoch: Arc<Epoch>,
    difficulty: u8,
    aead: &'static dyn AeadAlgorithm,
    transcript: Transcript,
}

impl AwaitClientKeys {
    pub(super) const EXPECTED: (Kind, usize, bool) = (Kind::Handshake, MAX_CLIENT_KEYS, false);

    /// Checks what costs nothing: form, puzzle, and the public facts of the wrapped secret.
    pub(super) fn receive(self, io: Io, message: Message) -> Step {
        match self.check(&message.body) {
            Ok(state) => Step::Read(Handshake { io, state: State::ClientFinish(state) }),
            Err(error) => io.fail(error),
        }
    }

    fn check(mut self, body: &[u8]) -> Result<AwaitClientFinish, HandshakeError> {
        let keys = ClientKeys::decode(body)?;
        let th1 = self.transcript.hash();
        if !puzzle::check(&th1, self.difficulty, keys.solution) {
            return Err(HandshakeError::Puzzle);
        }
        self.epoch.key.check_wrapped(&keys.wrapped).map_err(|_| HandshakeError::Wrapped)?;
        self.transcript.add(body);
        Ok(AwaitClientFinish {
            config: self.config,
            epoch: self.epoch,
            aead: self.aead,
            transcript: self.transcript,
            th1,
            keys,
        })
    }
}

/// Message 3 came; it is not touched before message 4 is whole.
pub(super) struct AwaitClientFinish {
    config: Arc<ServerConfig>,
    epoch: Arc<Epoch>,
    aead: &'static dyn AeadAlgorithm,
    /// Of messages 1 to 3.
    transcript: Transcript,
    th1: Hash,
    keys: ClientKeys,
}

impl AwaitClientFinish {
    pub(super) const EXPECTED: (Kind, usize, bool) = (Kind::Sealed, sealed_handshake_body(MAX_CLIENT_FINISH), false);

    pub(super) fn receive(self, io: Io, message: Message, now: Now) -> Step {
        Step::Work(Slices::new(self.judge(io, message, now)))
    }

    /// Step 5, the one job: decrypt, open, check the MAC and the client's signature, look the key up, answer with ServerFinish.
    async fn judge(mut self, io: Io, message: Message, now: Now) -> Step {
        let label = wrap_label(&self.th1);
        let random = self.config.provider.random;
        let pre_master = match self.epoch.key.unwrapping(&self.keys.wrapped, &label, random).await {
            Ok(pre_master) => pre_master,
            Err(error) => return io.fail(error.into()),
        };
        let mut secrets = HandshakeSecrets::new(&pre_master, &self.transcript.hash());
        drop(pre_master);
        match self.accept(&mut secrets, message) {
            Ok((finish, client)) => self.answer(io, secrets, finish, client, now).await,
            // The one exit for every failure that depends on a secret.
            Err(rejection) => {
                if rejection == Rejection::Opaque {
                    self.epoch.note_rejected();
                }
                io.fail(HandshakeError::Rejected(rejection))
            }
        }
    }

    /// Opens and checks message 4: what it says, and who the client is.
    fn accept(
        &mut self,
        secrets: &mut HandshakeSecrets,
        message: Message,
    ) -> Result<(ClientFinish, Option<Fingerprint>), Rejection> {
        let key = std::mem::replace(&mut secrets.client, sealwire_traits::Secret::zeroed());
        let content = message.open(Direction::new(self.aead, key)).ok_or(Rejection::Opaque)?;
        let (covered, mac) = split_mac(&content).map_err(|_| Rejection::Opaque)?;
        let mac_matches = finished_mac_matches(&secrets.client_finished, &self.transcript.hash_with(covered), mac);
        let finish = ClientFinish::decode(covered).ok().filter(|_| mac_matches).ok_or(Rejection::Opaque)?;
        let client = self.authenticate(&finish)?;
        self.transcript.add(&content);
        Ok((finish, client))
    }

    /// Who the client is: nobody if it was not asked, else the key that signed the transcript, if that key is authorised.
    fn authenticate(&self, finish: &ClientFinish) -> Result<Option<Fingerprint>, Rejection> {
        if !self.config.client_auth {
            let silent = finish.identity.is_empty() && finish.signature.is_empty();
            return if silent { Ok(None) } else { Err(Rejection::Opaque) };
        }
        let key = self.config.provider.signature.verifying_key(&finish.identity).map_err(|_| Rejection::Opaque)?;
        let message = signed("client", &[&self.transcript.hash(), &sha256(&finish.identity)]);
        key.verify(&message, &finish.signature).map_err(|_| Rejection::Opaque)?;
        let client = key.fingerprint();
        if self.config.policy.client_allowed(&client) { Ok(Some(client)) } else { Err(Rejection::Unlisted(client)) }
    }

    /// Sends ServerFinish; behind it, `unsupported` if the service is not offered to this client.
    async fn answer(
        self,
        mut io: Io,
        secrets: HandshakeSecrets,
        finish: ClientFinish,
        client: Option<Fingerprint>,
        now: Now,
    ) -> Step {
        let th4 = self.transcript.hash();
        let mut signature = Vec::new();
        if self.keys.want_server_auth {
            let message = signed("server", &[&th4]);
            match self.config.identity.signing(&message, self.config.provider.random).await {
                Ok(made) => signature = made,
                Err(error) => return io.fail(error.into()),
            }
        }
        let mut body = encode_server_finish(&signature);
        let mac = finished_mac(&secrets.server_finished, &self.transcript.hash_with(&body));
        body.extend_from_slice(&mac);
        let (client_secret, server_secret) = secrets.application(&th4);
        seal_handshake(self.aead, secrets.server, &body, &mut io.output);

        let settings = &self.config.settings;
        let activity = Activity::default();
        activity.note(now.elapsed);
        let mut sender =
            SendHalf::new(Direction::new(self.aead, server_secret), settings, activity.clone(), now.elapsed);
        if !self.config.policy.service_allowed(&finish.service, client.as_ref()) {
            sender.alert(Alert::Unsupported, &mut io.output);
            let error = HandshakeError::Service { service: finish.service, client };
            return Step::Failed(Failure { error, output: io.output });
        }
        let receiver = io.receiver(Direction::new(self.aead, client_secret), settings, activity, now.elapsed);
        let peer = Peer {
            identity: client,
            service: finish.service,
            suite: self.aead.suite(),
            server_signed: self.keys.want_server_auth,
        };
        Step::Done(Box::new(Established { sender, receiver, peer, output: io.output }))
    }
}
