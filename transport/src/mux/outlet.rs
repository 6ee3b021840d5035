//! Handing on what came for a connection: at once where it takes it, else from a backlog, by a task that waits for it.

use super::credit::{Budget, Window};
use super::frame::{Id, Short};
use super::outgoing::Queue;
use crate::ends::Outlet;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// What came for a connection and waits, shared with the task that hands it on.
#[derive(Clone)]
pub(super) struct Inbound(Arc<Mutex<State>>);

pub(super) struct State {
    window: Window,
    /// Pieces of at most [`PIECE`] bytes, so that what is handed on is not held until all is.
    backlog: VecDeque<Vec<u8>>,
    /// A task has a piece that it hands on.
    busy: bool,
    /// The peer's direction ends behind the backlog.
    ended: bool,
    /// Writing what waited has failed.
    broken: bool,
}

impl Inbound {
    pub(super) fn new(budget: Arc<Budget>) -> Inbound {
        Inbound(Arc::new(Mutex::new(State {
            window: Window::new(budget),
            backlog: VecDeque::new(),
            busy: false,
            ended: false,
            broken: false,
        })))
    }

    /// For a moment, a call of the system at most: it is never held while anybody waits.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The peer has sent so many bytes.
    ///
    /// # Errors
    /// What it did wrong.
    pub(super) fn received(&mut self, bytes: usize) -> Result<(), &'static str> {
        if self.ended { Err("data behind the end of a stream") } else { self.window.received(bytes) }
    }

    /// The connection has taken so many bytes: what is to be granted for them.
    pub(super) fn taken(&mut self, bytes: usize) -> Option<u32> {
        self.window.taken(bytes, self.busy || !self.backlog.is_empty())
    }

    /// Keeps what could not be handed on at once.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(PIECE) {
            match self.backlog.back_mut() {
                Some(piece) if piece.len() + bytes.len() <= PIECE => piece.extend_from_slice(bytes),
                _ => self.backlog.push_back(bytes.to_vec()),
            }
            self.window.waited();
        }
    }

    /// The peer has said that nothing more will come.
    ///
    /// # Errors
    /// When it had said so before.
    pub(super) fn end(&mut self) -> Result<(), &'static str> {
        if std::mem::replace(&mut self.ended, true) { Err("a stream ends twice") } else { Ok(()) }
    }

    /// Whether writing what waited has failed.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the peer has said that nothing more will come.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether there is something to hand on, the end included.
    pub(super) fn is_waiting(&self) -> bool {
        !self.backlog.is_empty() || self.ended
    }

    /// The next piece, or whether the end is next.
    fn next(&mut self) -> Result<Vec<u8>, bool> {
        let piece = self.backlog.pop_front();
        self.busy = piece.is_some();
        piece.ok_or(self.ended)
    }
}

/// Bytes that are kept together: credit is given for them when they are written.
const PIECE: usize = 16 * 1024;

/// Hands on what waits until nothing does. Returns the outlet, unless the connection has had its end.
///
/// # Errors
/// When the connection is broken.
pub(super) async fn hand_on(id: Id, mut outlet: Outlet, inbound: Inbound, queue: Queue) -> io::Result<Option<Outlet>> {
    loop {
        let next = inbound.lock().next();
        match next {
            Ok(piece) => {
                write_all(&mut outlet, &piece, &inbound).await?;
                let granted = inbound.lock().taken(piece.len());
                grant(id, granted, &queue).await;
            }
            Err(false) => return Ok(Some(outlet)),
            Err(true) => {
                outlet.end().await?;
                return Ok(None);
            }
        }
    }
}

/// Writes all. Whoever finds the connection at its end can tell from [`State::is_broken`] whether that is one.
async fn write_all(outlet: &mut Outlet, mut bytes: &[u8], inbound: &Inbound) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = poll_fn(|cx| {
            // Held over the call, so that nobody reads between it and what is known of it.
            let mut state = inbound.lock();
            let written = outlet.poll_write(bytes, cx);
            state.broken |= matches!(written, Poll::Ready(Err(_)));
            written
        });
        bytes = &bytes[written.await?..];
    }
    Ok(())
}

/// Tells the peer of its credit, if there is more.
pub(super) async fn grant(id: Id, bytes: Option<u32>, queue: &Queue) {
    if let Some(bytes) = bytes {
        queue.urgent(Short::credit(id, bytes)).await;
    }
}
