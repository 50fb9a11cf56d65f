//! A connection of whatever road, and the drive of one session over its pair of byte streams: bytes in both directions,
//! questions to the owner, its answers back. It decides nothing.
//!
//! It is the same for each road: `lan` and `iroh` say what their streams are, and it knows neither.
//!
//! Deadlines are here, since the session has no clock: a handshake that does not come to an end, and a peer that does
//! not take what it is sent. Dropping the owner's half ends the session.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::sync::{Closed, EXPORTER_LABEL, Input, Output, Session, Side};

/// How long it may take until both know each other. (With a ticket people compare words meanwhile.)
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a pairing may take.
pub const PAIRING: Duration = Duration::from_secs(600);
/// How long one write may take: a peer that reads nothing is given up.
const STUCK: Duration = Duration::from_secs(60);
/// How long the last frames may take until the other side has them.
const FAREWELL: Duration = Duration::from_secs(2);

/// By which road two nodes are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Road {
    Lan,
    Iroh,
}

impl Road {
    /// As the audit trail and `status` name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Iroh => "iroh",
        }
    }
}

/// The streams of a connection by one road.
pub trait Streams: Send {
    type Recv: AsyncRead + Unpin + Send;
    type Send: Outgoing + AsyncWrite + Unpin + Send;

    /// By which road it goes.
    const ROAD: Road;

    /// Both streams: what comes, and what goes.
    fn halves(&mut self) -> (&mut Self::Recv, &mut Self::Send);

    /// Ends the connection at once.
    fn close(&self);

    /// Says that nothing more goes, and waits until the other side has everything.
    fn farewell(&mut self) -> impl Future<Output = ()> + Send;

    /// A function that tells whether a relay is in between, also while a session runs. A relay sees
    /// sizes and times, and no content.
    fn relay(&self) -> impl Fn() -> bool + Send + 'static;
}

/// Where a session's bytes go.
pub trait Outgoing {
    /// Takes from the front of `bytes` what there is room for, uncopied; none: the connection is lost. What was not
    /// awaited to its end has taken nothing.
    fn put(&mut self, bytes: &mut Bytes) -> impl Future<Output = Option<()>> + Send;
}

/// One end of an encrypted connection: a pair of streams and what only its two ends can know.
pub struct Link<S> {
    pub side: Side,
    pub exporter: [u8; 32],
    /// The other side's address, for people and logs.
    pub address: String,
    streams: S,
}

impl<S: Streams> Link<S> {
    /// A connection that stands.
    pub(super) fn new(side: Side, exporter: [u8; 32], address: String, streams: S) -> Self {
        Self {
            side,
            exporter,
            address,
            streams,
        }
    }

    /// By which road it goes.
    pub fn road(&self) -> Road {
        S::ROAD
    }

    /// Runs a session over it to the session's end; see `drive`.
    pub async fn drive(
        &mut self,
        session: &mut Session,
        answers: mpsc::UnboundedReceiver<Input>,
        ask: impl FnMut(Output) -> bool,
    ) -> Option<Closed> {
        let (recv, send) = self.streams.halves();
        drive(session, recv, send, answers, ask).await
    }

    /// Writes bytes that no session says: how a stranger behaves, in tests.
    pub async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        AsyncWriteExt::write_all(self.streams.halves().1, bytes).await
    }

    /// Reads bytes without a session; 0 at the end.
    pub async fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        AsyncReadExt::read(self.streams.halves().0, buffer).await
    }

    /// A function that tells whether a relay is in between, also while a session runs.
    pub fn relay(&self) -> impl Fn() -> bool + Send + 'static {
        self.streams.relay()
    }

    /// Ends the connection at once.
    pub fn close(&self) {
        self.streams.close();
    }

    /// Waits until the other side has the last frames, or the deadline has come, and ends the connection.
    pub async fn finish(mut self) {
        let _ = tokio::time::timeout(FAREWELL, self.streams.farewell()).await;
        self.close();
    }
}

/// The exporter of a connection, by what its TLS derives for a label.
pub(super) fn exporter<E>(
    derive: impl FnOnce(&mut [u8], &[u8], &[u8]) -> Result<(), E>,
) -> Result<[u8; 32], E> {
    let mut exporter = [0; 32];
    derive(&mut exporter, EXPORTER_LABEL, b"")?;
    Ok(exporter)
}

/// Runs a session to its end and says why it ended; none: the connection was lost.
async fn drive(
    session: &mut Session,
    recv: &mut (impl AsyncRead + Unpin),
    send: &mut impl Outgoing,
    mut answers: mpsc::UnboundedReceiver<Input>,
    mut ask: impl FnMut(Output) -> bool,
) -> Option<Closed> {
    let mut outgoing = Bytes::new();
    let deadline = tokio::time::sleep(HANDSHAKE);
    tokio::pin!(deadline);
    let stuck = tokio::time::sleep(STUCK);
    tokio::pin!(stuck);
    loop {
        while let Some(output) = session.poll() {
            if matches!(output, Output::Compare { .. }) {
                deadline.set(tokio::time::sleep(PAIRING));
            }
            if !ask(output) {
                session.handle(Input::Close);
            }
        }
        if outgoing.is_empty()
            && let Some(bytes) = session.poll_transmit()
        {
            outgoing = bytes;
            stuck.set(tokio::time::sleep(STUCK));
            continue;
        }
        if session.closed().is_some() && outgoing.is_empty() {
            return session.closed().cloned();
        }
        let (open, busy) = (session.closed().is_none(), !outgoing.is_empty());
        // In order: whoever takes what it is sent is not asked in between whether it says something, since each question
        // waits for the connection's lock. What it may be sent is bounded, so it is asked in the end.
        tokio::select! {
            biased;
            () = &mut deadline, if !session.is_open() => return session.closed().cloned(),
            () = &mut stuck, if busy => return session.closed().cloned(),
            sent = send.put(&mut outgoing), if busy => if sent.is_none() {
                return session.closed().cloned();
            },
            answer = answers.recv(), if open => match answer {
                Some(input) => session.handle(input),
                None => session.handle(Input::Close),
            },
            read = fill(recv, session), if open => match read {
                Ok(0) | Err(_) => return session.closed().cloned(),
                Ok(count) => session.filled(count),
            },
        }
    }
}

async fn fill(
    recv: &mut (impl AsyncRead + Unpin),
    session: &mut Session,
) -> std::io::Result<usize> {
    recv.read_buf(&mut session.space()).await
}
