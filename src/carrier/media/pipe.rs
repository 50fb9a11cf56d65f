//! A pipe of bytes from one thread to another, so that reading, hashing, encrypting and writing a
//! bundle use several cores.
//!
//! **Always holds.** A pipe holds a few buffers, which go round: memory is bounded, and the slower
//! end makes the other wait.
//!
//! **Failure.** Ends are never guessed. A writer that is dropped before `finish` makes its reader
//! fail, so that half of a bundle is never sealed as if it were one; a reader that is dropped makes
//! its writer fail with `BrokenPipe`.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes of a buffer.
const BUFFER: usize = 256 * 1024;
/// Buffers under way.
const DEPTH: usize = 4;

enum Load {
    Bytes(Vec<u8>),
    Failed(io::Error),
    End,
}

/// The end that takes bytes.
pub struct Writer {
    loads: SyncSender<Load>,
    empty: Receiver<Vec<u8>>,
    buffer: Vec<u8>,
}

/// The end that gives them.
pub struct Reader {
    loads: Receiver<Load>,
    empty: SyncSender<Vec<u8>>,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
}

/// A pipe: the end that takes bytes, and the end that gives them.
pub fn pipe() -> (Writer, Reader) {
    let (loads, out) = sync_channel(DEPTH);
    let (back, empty) = sync_channel(DEPTH);
    let writer = Writer {
        loads,
        empty,
        buffer: Vec::with_capacity(BUFFER),
    };
    let reader = Reader {
        loads: out,
        empty: back,
        buffer: Vec::new(),
        at: 0,
        ended: false,
    };
    (writer, reader)
}

impl Writer {
    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let mut next = self.empty.try_recv().unwrap_or_default();
        next.clear();
        next.reserve(BUFFER);
        let full = std::mem::replace(&mut self.buffer, next);
        self.put(Load::Bytes(full))
    }

    fn put(&self, load: Load) -> io::Result<()> {
        let gone = |_| io::ErrorKind::BrokenPipe.into();
        self.loads.send(load).map_err(gone)
    }

    /// Says that this is all.
    pub fn finish(mut self) -> io::Result<()> {
        self.send()?;
        self.put(Load::End)
    }

    /// Moves everything that `source` has, and its end or its error.
    pub fn carry(mut self, source: &mut impl Read) {
        let moved = loop {
            let mut room = source.take((BUFFER - self.buffer.len()) as u64);
            match room.read_to_end(&mut self.buffer) {
                Ok(0) => break self.send().and_then(|()| self.put(Load::End)),
                Ok(_) => {
                    if let Err(error) = self.send() {
                        break Err(error);
                    }
                }
                // What came before the error is authentic and may be used, in its order.
                Err(error) => break self.send().and_then(|()| self.put(Load::Failed(error))),
            }
        };
        // The reader is gone: then nobody asks.
        drop(moved);
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(BUFFER - self.buffer.len());
        self.buffer
            .extend_from_slice(bytes.get(..count).unwrap_or_default());
        if self.buffer.len() == BUFFER {
            self.send()?;
        }
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Reader {
    /// Takes the next buffer; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        match self.loads.recv() {
            Ok(Load::Bytes(bytes)) => {
                let old = std::mem::replace(&mut self.buffer, bytes);
                let _ = self.empty.try_send(old);
                self.at = 0;
                Ok(true)
            }
            Ok(Load::End) => {
                self.ended = true;
                Ok(false)
            }
            Ok(Load::Failed(error)) => Err(error),
            Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Writes everything to `out`, up to the end.
    pub fn pour(mut self, out: &mut impl Write) -> io::Result<()> {
        while self.next()? {
            out.write_all(&self.buffer)?;
        }
        Ok(())
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.buffer.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(length: usize) -> Vec<u8> {
        (0..=255u8).cycle().take(length).collect()
    }

    #[test]
    fn bytes_arrive_in_order_and_with_their_end() {
        for length in [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 20 * BUFFER + 7] {
            let (mut writer, reader) = pipe();
            let sent = bytes(length);
            let (sent, got) = std::thread::scope(|scope| {
                let got = scope.spawn(|| {
                    let mut got = Vec::new();
                    reader.pour(&mut got).map(|()| got)
                });
                writer.write_all(&sent).unwrap();
                writer.finish().unwrap();
                (&sent, got.join().unwrap())
            });
            assert_eq!(&got.unwrap(), sent, "{length}");
        }
    }

    #[test]
    fn who_breaks_off_is_no_end() {
        let (mut writer, mut reader) = pipe();
        writer.write_all(b"half").unwrap();
        drop(writer);
        let mut got = Vec::new();
        assert!(reader.read_to_end(&mut got).is_err());
        let (mut writer, reader) = super::pipe();
        drop(reader);
        let error = writer.write_all(&bytes(3 * BUFFER)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    /// An error comes behind the bytes that were read before it.
    #[test]
    fn errors_keep_their_place() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let count = self.0.min(buffer.len()).min(1_000);
                self.0 -= count;
                match count {
                    0 => Err(io::ErrorKind::InvalidData.into()),
                    _ => Ok(count),
                }
            }
        }
        let (writer, mut reader) = pipe();
        std::thread::scope(|scope| {
            scope.spawn(|| writer.carry(&mut Broken(BUFFER + 5)));
            let mut got = Vec::new();
            let error = reader.read_to_end(&mut got).unwrap_err();
            assert_eq!(
                (got.len(), error.kind()),
                (BUFFER + 5, io::ErrorKind::InvalidData)
            );
        });
    }
}
