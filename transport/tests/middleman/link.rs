//! One direction of the simulated network, with the middleman on it.

/// Whose bytes are meddled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Client,
    Server,
}

/// What becomes of a stream that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Its receiver sees the end of the stream; the other direction goes on.
    Fin,
    /// Both directions end.
    Both,
    /// What follows vanishes, and nobody is told.
    Silent,
}

/// What the middleman does, once in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing passes behind the first `usize` bytes.
    Cut(usize, Cut),
    /// One bit of the byte at this place is changed.
    Flip(usize),
    /// The record with this number passes twice.
    Repeat(usize),
    /// It does not pass.
    Drop(usize),
    /// It passes behind its successor.
    Swap(usize),
}

/// One direction.
#[derive(Default)]
pub struct Link {
    fault: Option<Fault>,
    /// What the sender has sent.
    pub sent: Vec<u8>,
    records: usize,
    held: Vec<u8>,
    /// On its way to the receiver.
    pub arriving: Vec<u8>,
    /// The stream ends behind `arriving`.
    pub ended: bool,
    cut: bool,
}

impl Link {
    pub fn new(fault: Option<Fault>) -> Link {
        let mut link = Link { fault, ..Link::default() };
        link.cut_at(0);
        link
    }

    /// The sender sends whole records.
    pub fn carry(&mut self, burst: &[u8]) {
        let start = self.sent.len();
        self.sent.extend_from_slice(burst);
        if self.cut {
            return;
        }
        match self.fault {
            Some(Fault::Cut(at, _)) => self.arriving.extend_from_slice(&burst[..burst.len().min(at - start)]),
            Some(Fault::Flip(at)) => {
                self.arriving.extend_from_slice(burst);
                if (start..self.sent.len()).contains(&at) {
                    let end = self.arriving.len();
                    self.arriving[end - (self.sent.len() - at)] ^= 1 << (at % 8);
                }
            }
            Some(_) => crate::support::wire::records(burst).into_iter().for_each(|record| self.carry_record(record)),
            None => self.arriving.extend_from_slice(burst),
        }
        self.cut_at(self.sent.len());
    }

    fn carry_record(&mut self, record: &[u8]) {
        let number = self.records;
        self.records += 1;
        match self.fault {
            Some(Fault::Repeat(n)) if n == number => self.arriving.extend([record, record].concat()),
            Some(Fault::Drop(n)) if n == number => {}
            Some(Fault::Swap(n)) if n == number => self.held = record.to_vec(),
            _ => {
                self.arriving.extend_from_slice(record);
                self.arriving.append(&mut self.held);
            }
        }
    }

    /// Cuts the stream if this much of it is what was to pass.
    fn cut_at(&mut self, sent: usize) {
        if let Some(Fault::Cut(at, how)) = self.fault
            && sent >= at
        {
            self.cut = true;
            self.ended |= how != Cut::Silent;
        }
    }

    /// Whether the other direction is to end as well.
    pub fn cuts_both(&self) -> bool {
        self.cut && matches!(self.fault, Some(Fault::Cut(_, Cut::Both)))
    }

    /// Ends the stream, as the sender does when it is done, or the middleman.
    pub fn end(&mut self) {
        if !self.cut {
            (self.cut, self.ended) = (true, true);
        }
    }
}
