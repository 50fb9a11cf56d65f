//! From tokens back to text, piece by piece, without ever giving half a character.

use super::Tokenizer;

/// Collects the bytes of tokens and gives out text as soon as its characters are whole.
///
/// Bytes that can never become a character are given as U+FFFD, as
/// [`String::from_utf8_lossy`] would for the whole.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    pending: Vec<u8>,
}

impl Stream {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to `out` all text that is certain after `token`. Control tokens give no text, but for the marks around
    /// a model's thoughts, which tell thoughts from the answer.
    pub fn push(&mut self, tokenizer: &Tokenizer, token: u32, out: &mut String) {
        let mark = tokenizer.marks.contains(&token);
        tokenizer.piece(token, mark, &mut self.pending);
        self.drain(out);
    }

    /// Appends to `out` what is left: an unfinished character becomes U+FFFD.
    pub fn finish(&mut self, out: &mut String) {
        out.push_str(&String::from_utf8_lossy(&self.pending));
        self.pending.clear();
    }

    fn drain(&mut self, out: &mut String) {
        let mut used = 0;
        for chunk in self.pending.utf8_chunks() {
            out.push_str(chunk.valid());
            used += chunk.valid().len();
            let invalid = chunk.invalid();
            if invalid.is_empty() {
                continue;
            }
            let at_end = used + invalid.len() == self.pending.len();
            // `error_len` of an unfinished character at the end is `None`: more bytes may complete it.
            let unfinished = std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none());
            if at_end && unfinished {
                break;
            }
            out.push(char::REPLACEMENT_CHARACTER);
            used += invalid.len();
        }
        self.pending.drain(..used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(stream: &mut Stream, bytes: &[u8]) -> String {
        let mut out = String::new();
        stream.pending.extend(bytes);
        stream.drain(&mut out);
        out
    }

    #[test]
    fn a_character_comes_out_whole_or_not_at_all() {
        let mut stream = Stream::new();
        assert_eq!(feed(&mut stream, b"a\xe7"), "a");
        assert_eq!(feed(&mut stream, b"\x86"), "");
        assert_eq!(feed(&mut stream, b"\xbeb"), "熾b");
        assert_eq!(feed(&mut stream, b"\xff\xe7x"), "\u{fffd}\u{fffd}x");
        assert_eq!(feed(&mut stream, b"\xf0\x9f"), "");
        let mut out = String::new();
        stream.finish(&mut out);
        assert_eq!(out, "\u{fffd}");
    }

    proptest::proptest! {
        #[test]
        fn any_cutting_gives_the_lossy_text(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..40),
            cut in 1usize..5
        ) {
            let mut stream = Stream::new();
            let mut out = String::new();
            for piece in bytes.chunks(cut) {
                out.push_str(&feed(&mut stream, piece));
            }
            stream.finish(&mut out);
            proptest::prop_assert_eq!(out, String::from_utf8_lossy(&bytes));
        }
    }
}
