//! Takes a stream of bytes apart into frames. A large frame is read into memory of its own, which then is its content:
//! a piece of a blob is copied once, out of the packets that it came in.

use bytes::buf::Limit;
use bytes::{BufMut, BytesMut};

use super::frame::{Frame, FrameError, HEAD, Phase, limit};

/// Bytes asked of the stream at once: the connection is locked while they are copied.
const READ: usize = 64 << 10;

/// Bytes that are not a whole frame yet. It holds at most one frame, and what one read brought.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: BytesMut,
}

impl FrameReader {
    /// Adds bytes from the stream. Call `next` until it has no more before adding again: what is held then is less
    /// than one frame.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Where the stream's next bytes go, instead of `push`: as much room as one read may fill.
    pub fn space(&mut self) -> Limit<&mut BytesMut> {
        // A head that is not allowed was refused by `next`. A frame that needs more than one read ends with its last.
        let begun = self.buffer.first_chunk::<HEAD>();
        let whole = begun.map_or(0, |[_, length @ ..]| {
            HEAD + u32::from_be_bytes(*length) as usize
        });
        let missing = whole.saturating_sub(self.buffer.len());
        self.buffer.reserve(missing.max(READ));
        (&mut self.buffer).limit(if missing > READ {
            missing.min(READ)
        } else {
            READ
        })
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// The next whole frame, if it is here. `phase` says what may come: a frame out of its phase is unknown.
    pub fn next(&mut self, phase: Phase) -> Result<Option<Frame>, FrameError> {
        let Some([kind, length @ ..]) = self.buffer.first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let (kind, size) = (*kind, u32::from_be_bytes(*length) as usize);
        if size > limit(kind, phase)? {
            return Err(FrameError::Large { kind, size });
        }
        if self.buffer.len() < HEAD + size {
            return Ok(None);
        }
        let payload = self.buffer.split_to(HEAD + size).freeze().slice(HEAD..);
        Frame::decode(kind, payload).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::sync::limits;

    /// However a stream is cut, and by either door, the same frames come out, and no more than one of them and one read
    /// is held.
    #[test]
    fn both_doors_find_the_same_frames() {
        let piece = |size: usize| Frame::Piece {
            id: size as u64,
            bytes: Bytes::from((0..size).map(|n| n as u8).collect::<Vec<u8>>()),
        };
        let frames = [
            Frame::Lack { id: 1 },
            piece(0),
            piece(300_000),
            piece(100),
            Frame::Credit(1 << 20),
            piece(limits::PIECE_MOST as usize),
            piece(READ - HEAD),
            Frame::Bye(0),
        ];
        let stream: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        for step in [3, 1_000, READ, READ + 1, usize::MAX] {
            let (mut pushed, mut filled) = (FrameReader::default(), FrameReader::default());
            let (mut by_push, mut by_space) = (Vec::new(), Vec::new());
            for part in stream.chunks(step) {
                pushed.push(part);
                by_push.extend(std::iter::from_fn(|| pushed.next(Phase::Open).unwrap()));
            }
            let mut rest = &stream[..];
            while !rest.is_empty() {
                let mut space = filled.space();
                let (now, later) = rest.split_at(step.min(rest.len()).min(space.remaining_mut()));
                space.put_slice(now);
                rest = later;
                assert!(filled.held() <= HEAD + limits::PIECE_FRAME + READ);
                by_space.extend(std::iter::from_fn(|| filled.next(Phase::Open).unwrap()));
            }
            assert_eq!(by_push, frames, "{step}");
            assert_eq!(by_space, frames, "{step}");
            assert_eq!((pushed.held(), filled.held()), (0, 0));
        }
    }
}
