//! A connection of whatever road, and the drive of one session over its pair of byte streams: bytes in both directions,
//! questions to the owner, its answers back. It decides nothing.
//!
//! Deadlines are here, since the session has no clock: a handshake that does not come to an end, and a peer that does
//! not take what it is sent. Dropping the owner's half ends the session.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
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

/// One end of an encrypted connection: a pair of streams and what only its two ends can know.
pub struct Link {
    pub side: Side,
    pub road: Road,
    pub exporter: [u8; 32],
    /// Where the other side is, for people and logs.
    pub address: String,
    streams: Streams,
}

enum Streams {
    Lan(super::lan::Streams),
    #[cfg(feature = "iroh")]
    Iroh(super::iroh::Streams),
}

/// The way of a connection.
pub enum Way {
    Direct,
    #[cfg(feature = "iroh")]
    Iroh(::iroh::endpoint::Connection),
}

impl Way {
    /// Whether a relay is in between by now: it hears sizes and times, and no content.
    pub fn relayed(&self) -> bool {
        match self {
            Self::Direct => false,
            #[cfg(feature = "iroh")]
            Self::Iroh(connection) => super::iroh::relayed(connection),
        }
    }
}

/// Where a session's bytes go.
pub(super) trait Outgoing {
    /// Takes from the front of `bytes` what there is room for, uncopied; none: the connection is lost. What was not
    /// awaited to its end has taken nothing.
    fn put(&mut self, bytes: &mut Bytes) -> impl Future<Output = Option<()>> + Send;
}

/// Does the same with the streams of each road.
macro_rules! each {
    ($streams:expr, $it:ident => $act:expr) => {
        match $streams {
            Streams::Lan($it) => $act,
            #[cfg(feature = "iroh")]
            Streams::Iroh($it) => $act,
        }
    };
}

impl Link {
    /// A connection on the local network.
    pub(super) fn lan(
        side: Side,
        exporter: [u8; 32],
        address: String,
        streams: super::lan::Streams,
    ) -> Self {
        Self {
            side,
            road: Road::Lan,
            exporter,
            address,
            streams: Streams::Lan(streams),
        }
    }

    /// A connection over iroh.
    #[cfg(feature = "iroh")]
    pub(super) fn iroh(
        side: Side,
        exporter: [u8; 32],
        address: String,
        streams: super::iroh::Streams,
    ) -> Self {
        Self {
            side,
            road: Road::Iroh,
            exporter,
            address,
            streams: Streams::Iroh(streams),
        }
    }

    /// Runs a session over it to the session's end; see `drive`.
    pub async fn drive(
        &mut self,
        session: &mut Session,
        answers: mpsc::UnboundedReceiver<Input>,
        ask: impl FnMut(Output) -> bool,
    ) -> Option<Closed> {
        each!(&mut self.streams, it => drive(session, &mut it.recv, &mut it.send, answers, ask).await)
    }

    /// Writes bytes that no session says: how a stranger behaves, in tests.
    pub async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        each!(&mut self.streams, it => AsyncWriteExt::write_all(&mut it.send, bytes).await)
    }

    /// Reads bytes without a session; 0 at the end.
    pub async fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        each!(&mut self.streams, it => AsyncReadExt::read(&mut it.recv, buffer).await)
    }

    /// What tells, also while a session runs, by what way it goes.
    pub fn way(&self) -> Way {
        match &self.streams {
            Streams::Lan(_) => Way::Direct,
            #[cfg(feature = "iroh")]
            Streams::Iroh(it) => Way::Iroh(it.connection.clone()),
        }
    }

    /// Ends the connection at once.
    pub fn close(&self) {
        each!(&self.streams, it => it.close());
    }

    /// Waits until the other side has the last frames, or the deadline has come, and ends the connection.
    pub async fn finish(mut self) {
        each!(&mut self.streams, it => {
            let _ = it.send.finish();
            let _ = tokio::time::timeout(FAREWELL, it.send.stopped()).await;
        });
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
