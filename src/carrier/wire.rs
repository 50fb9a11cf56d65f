//! Drives one session over a pair of byte streams: bytes in both directions, questions to the owner, its answers back.
//! It decides nothing.
//!
//! Deadlines are here, since the session has no clock: a handshake that does not come to an end, and a peer that does
//! not take what it is sent. Dropping the owner's half ends the session.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::sync::{Closed, Input, Output, Session};

/// How long it may take until both know each other. (With a ticket people compare words meanwhile.)
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a pairing may take.
pub const PAIRING: Duration = Duration::from_secs(600);
/// How long one write may take: a peer that reads nothing is given up.
const STUCK: Duration = Duration::from_secs(60);
/// Bytes read at once.
const READ: usize = 64 << 10;

/// Runs a session to its end and says why it ended; none: the connection was lost.
pub async fn drive(
    session: &mut Session,
    recv: &mut (impl AsyncRead + Unpin),
    send: &mut (impl AsyncWrite + Unpin),
    mut answers: mpsc::UnboundedReceiver<Input>,
    mut ask: impl FnMut(Output) -> bool,
) -> Option<Closed> {
    let mut buffer = vec![0; READ];
    let mut outgoing: Vec<u8> = Vec::new();
    let mut at = 0;
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
        if at == outgoing.len() {
            (outgoing, at) = match session.poll_transmit() {
                Some(bytes) => (bytes, 0),
                None => (Vec::new(), 0),
            };
            stuck.set(tokio::time::sleep(STUCK));
            if !outgoing.is_empty() {
                continue;
            }
        }
        if session.closed().is_some() && outgoing.is_empty() {
            return session.closed().cloned();
        }
        let rest = outgoing.get(at..).unwrap_or_default();
        tokio::select! {
            written = send.write(rest), if !rest.is_empty() => match written {
                Ok(0) | Err(_) => return session.closed().cloned(),
                Ok(count) => at += count,
            },
            read = recv.read(&mut buffer), if session.closed().is_none() => match read {
                Ok(0) | Err(_) => return session.closed().cloned(),
                Ok(count) => session.handle_bytes(buffer.get(..count).unwrap_or_default()),
            },
            answer = answers.recv(), if session.closed().is_none() => match answer {
                Some(input) => session.handle(input),
                None => session.handle(Input::Close),
            },
            () = &mut deadline, if !session.is_open() => return session.closed().cloned(),
            () = &mut stuck, if !rest.is_empty() => return session.closed().cloned(),
        }
    }
}
