//! The streams of a session: what each frame means to them, and what becomes of the tasks that work for them.

use super::credit::{Budget, Credit};
use super::frame::{Frame, Id, Reason, Short};
use super::inlet::take_all;
use super::outgoing::Queue;
use super::outlet::{Inbound, grant, hand_on};
use super::{Carried, Limits, Target};
use crate::ends::{Ends, Outlet};
use sealwire_traits::TransportError;
use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// What a task of a stream has come to.
pub(super) enum Event {
    /// The target was reached, or not.
    Connected(Id, Result<Ends, TransportError>),
    /// All that the connection had was sent; its end is next.
    Sent(Id, io::Result<()>),
    /// Nothing waits for the connection any more; without an outlet it has had its end.
    HandedOn(Id, io::Result<Option<Outlet>>),
}

/// One stream. When it is dropped its tasks end, and its connection is reset where it had no proper end.
struct Stream {
    credit: Arc<Credit>,
    inbound: Inbound,
    /// None before the target is reached, while a task has it, and behind the end.
    outlet: Option<Outlet>,
    tasks: Vec<AbortHandle>,
    /// The connection has had all from the peer.
    received: bool,
    /// The peer gets all from the connection.
    sent: bool,
    /// Of a server, among the streams of all its sessions.
    _place: Option<Arc<Place>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// The place of a stream at a server, until it is over and nobody connects to its target any more.
struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_session: Arc<()>,
}

/// All streams of a session.
pub(super) struct Streams {
    open: HashMap<Id, Stream>,
    /// The last one that was opened.
    last: Id,
    tasks: JoinSet<Event>,
    queue: Queue,
    budget: Arc<Budget>,
    max: usize,
    of_all: Arc<Semaphore>,
    /// One more than places are taken in this session.
    places: Arc<()>,
    /// New ones are refused.
    closing: bool,
    carried: Carried,
    unreachable: Unreachable,
}

/// More streams than a client may have that a server takes all the same, beside an eighth of them.
const SLACK: usize = 16;

/// Targets that could not be reached, in the log once a second at most.
#[derive(Default)]
struct Unreachable {
    logged: Option<Instant>,
    since: u64,
}

impl Unreachable {
    fn log(&mut self, error: &TransportError) {
        const REST: Duration = Duration::from_secs(1);
        self.since += 1;
        if self.logged.is_none_or(|logged| logged.elapsed() >= REST) {
            tracing::warn!(%error, connections = self.since, "the target cannot be reached");
            *self = Unreachable { logged: Some(Instant::now()), since: 0 };
        }
    }
}

impl Streams {
    pub(super) fn new(queue: Queue, limits: &Limits) -> Streams {
        Streams {
            open: HashMap::new(),
            last: 0,
            tasks: JoinSet::new(),
            queue,
            budget: Arc::new(limits.budget.share(limits.session_memory)),
            max: limits.streams,
            of_all: limits.of_all.clone(),
            places: Arc::new(()),
            closing: false,
            carried: Carried::default(),
            unreachable: Unreachable::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.open.len() >= self.max
    }

    /// Whether the peer makes this end owe it more than it reads.
    pub(super) fn is_flooded(&self) -> bool {
        self.queue.is_flooded()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// No new streams from now on.
    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    /// The next event; never ready while there is no task.
    pub(super) async fn event(&mut self) -> Event {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(event)) => return event,
                // Of a stream that is gone.
                Some(Err(error)) if error.is_cancelled() => {}
                Some(Err(error)) => resume_unwind(error.into_panic()),
                None => pending().await,
            }
        }
    }

    /// Waits until the connections for which the peer has sent all have all, and their end.
    pub(super) async fn hand_on_ends(&mut self) {
        while self.open.values().any(|stream| !stream.received && stream.inbound.lock().has_ended()) {
            let event = self.event().await;
            self.note(event);
        }
    }

    /// Ends all tasks, and resets the connections that had no proper end.
    pub(super) async fn end(mut self) -> Carried {
        self.carried.broken += self.open.len() as u64;
        self.open.clear();
        self.tasks.shutdown().await;
        self.carried
    }

    /// Opens a stream for `connection`.
    pub(super) fn carry(&mut self, connection: Ends) {
        self.last += 1;
        // No number is used twice: another session has to go on.
        self.closing |= self.last == Id::MAX;
        let id = self.last;
        self.queue.short(Short::open(id));
        self.insert(id, None);
        self.start(id, connection);
    }

    fn insert(&mut self, id: Id, place: Option<Arc<Place>>) {
        self.carried.streams += 1;
        let stream = Stream {
            credit: Arc::new(Credit::new()),
            inbound: Inbound::new(self.budget.clone()),
            outlet: None,
            tasks: Vec::new(),
            received: false,
            sent: false,
            _place: place,
        };
        self.open.insert(id, stream);
    }

    /// The stream's connection is there.
    fn start(&mut self, id: Id, Ends { reader, outlet }: Ends) {
        let Some(stream) = self.open.get_mut(&id) else { return };
        let (credit, queue) = (stream.credit.clone(), self.queue.clone());
        let taking = self.tasks.spawn(async move { Event::Sent(id, take_all(id, reader, credit, queue).await) });
        stream.tasks.push(taking);
        self.place(id, outlet);
    }

    /// Gives a stream its outlet, and has a task hand on what waits for it.
    fn place(&mut self, id: Id, outlet: Outlet) {
        let Some(stream) = self.open.get_mut(&id) else { return };
        if stream.inbound.lock().is_waiting() {
            let (inbound, queue) = (stream.inbound.clone(), self.queue.clone());
            let handing = async move { Event::HandedOn(id, hand_on(id, outlet, inbound, queue).await) };
            stream.tasks.retain(|task| !task.is_finished());
            stream.tasks.push(self.tasks.spawn(handing));
        } else {
            stream.outlet = Some(outlet);
        }
    }

    /// What a task has come to.
    pub(super) fn note(&mut self, event: Event) {
        match event {
            Event::Connected(id, Ok(ends)) => self.start(id, ends),
            Event::Connected(id, Err(error)) => {
                self.unreachable.log(&error);
                self.reset(id, Reason::Unreachable);
            }
            Event::Sent(id, Ok(())) => self.sent(id),
            Event::HandedOn(id, Ok(Some(outlet))) => self.place(id, outlet),
            Event::HandedOn(id, Ok(None)) => self.done(id, |stream| stream.received = true),
            Event::Sent(id, Err(error)) | Event::HandedOn(id, Err(error)) => self.broken(id, &error),
        }
    }

    /// The connection has come to its end.
    fn sent(&mut self, id: Id) {
        let Some(stream) = self.open.get(&id) else { return };
        // The system tells of a reset once. When it has told whoever wrote, whoever reads finds an end.
        if stream.inbound.lock().is_broken() {
            return self.broken(id, &io::ErrorKind::ConnectionReset.into());
        }
        self.queue.short(Short::end(id));
        self.done(id, |stream| stream.sent = true);
    }

    /// One direction is complete.
    fn done(&mut self, id: Id, note: impl FnOnce(&mut Stream)) {
        let Some(stream) = self.open.get_mut(&id) else { return };
        note(stream);
        if stream.sent && stream.received {
            self.open.remove(&id);
        }
    }

    /// The connection broke: so does its other end.
    fn broken(&mut self, id: Id, error: &io::Error) {
        tracing::debug!(stream = id, %error, "a connection broke");
        self.reset(id, Reason::Broken);
    }

    fn reset(&mut self, id: Id, reason: Reason) {
        if self.open.remove(&id).is_some() {
            self.carried.broken += 1;
            self.queue.short(Short::reset(id, reason));
        }
    }

    /// What the peer says of a stream. `target` is what a server connects it to; a client has none.
    ///
    /// # Errors
    /// What the peer did wrong.
    pub(super) async fn frame(
        &mut self,
        id: Id,
        frame: Frame<'_>,
        target: Option<&Arc<dyn Target>>,
    ) -> Result<(), &'static str> {
        if let Frame::Open = frame {
            return self.open(id, target.ok_or("a server opens no streams")?);
        }
        if id == 0 || id > self.last {
            return Err("a frame of a stream that was never opened");
        }
        // What was under way when the stream ended here.
        let Some(stream) = self.open.get_mut(&id) else { return Ok(()) };
        match frame {
            Frame::Data(bytes) => {
                self.carried.received += bytes.len() as u64;
                match stream.hand_on(id, bytes, &self.queue).await? {
                    Ok(None) => {}
                    Ok(Some(outlet)) => self.place(id, outlet),
                    Err(error) => self.broken(id, &error),
                }
            }
            Frame::End => {
                stream.inbound.lock().end()?;
                if let Some(outlet) = stream.outlet.take() {
                    self.place(id, outlet);
                }
            }
            Frame::Credit(bytes) => stream.credit.granted(bytes)?,
            Frame::Reset(reason) => {
                tracing::debug!(stream = id, reason = reason.text(), "a stream was reset");
                self.carried.broken += 1;
                self.open.remove(&id);
            }
            Frame::Open => {}
        }
        Ok(())
    }

    /// The client opens a stream.
    fn open(&mut self, id: Id, target: &Arc<dyn Target>) -> Result<(), &'static str> {
        if Some(id) != self.last.checked_add(1) {
            return Err("a stream is opened out of turn");
        }
        self.last = id;
        // What the client takes for over may still have an end to hand on here.
        let full = Arc::strong_count(&self.places) > self.max + self.max / 8 + SLACK;
        let place = self.of_all.clone().try_acquire_owned().ok().filter(|_| !self.closing && !full);
        let Some(place) = place else {
            self.queue.short(Short::reset(id, Reason::Refused));
            return Ok(());
        };
        let place = Arc::new(Place { _of_all: place, _of_session: self.places.clone() });
        self.insert(id, Some(place.clone()));
        let target = target.clone();
        // On its own, since a connection that is given up while it is made would look like one that ended: it is made, and then reset.
        let connecting = tokio::spawn(async move {
            let connected = target.connect().await.map(Ends::from);
            drop(place);
            connected
        });
        let connecting = self.tasks.spawn(async move {
            match connecting.await {
                Ok(connected) => Event::Connected(id, connected),
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                // The runtime is shutting down.
                Err(_) => pending().await,
            }
        });
        if let Some(stream) = self.open.get_mut(&id) {
            stream.tasks.push(connecting);
        }
        Ok(())
    }
}

impl Stream {
    /// Hands data on, as far as the connection takes it at once. If it does not take all, the rest waits, and the outlet is given to
    /// whoever has it wait. The outer error is the peer's fault, the inner one that of the connection.
    async fn hand_on(
        &mut self,
        id: Id,
        bytes: &[u8],
        queue: &Queue,
    ) -> Result<io::Result<Option<Outlet>>, &'static str> {
        self.inbound.lock().received(bytes.len())?;
        let Some(mut outlet) = self.outlet.take() else {
            self.inbound.lock().keep(bytes);
            return Ok(Ok(None));
        };
        match outlet.write_now(bytes).await {
            Ok(written) => {
                let granted = {
                    let mut inbound = self.inbound.lock();
                    inbound.keep(&bytes[written..]);
                    inbound.taken(written)
                };
                grant(id, granted, queue).await;
                if written < bytes.len() {
                    return Ok(Ok(Some(outlet)));
                }
                self.outlet = Some(outlet);
                Ok(Ok(None))
            }
            Err(error) => Ok(Err(error)),
        }
    }
}
