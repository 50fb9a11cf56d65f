//! age (age-encryption.org/v1) around a bundle, and the sealed tokens in HEAD. Who the recipients are is
//! `keyring`'s affair.
//!
//! `open` reads the header itself first, bounded in bytes, lines and stanzas, and only then lets the
//! age library parse it. What comes out of `Opened` is authentic chunk by chunk, but a truncation
//! shows only at the end: nothing may be used before the reader returned its end. age authenticates
//! no sender: any recipient can make another payload under the same header; HEAD's signature is what
//! catches that.

use std::io::{self, BufRead, Cursor, Read, Write};

use age::x25519::{Identity, Recipient};
use bech32::{Bech32, Hrp};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroize;

use crate::bundle::limits::{
    AGE_HEADER_BYTES, AGE_STANZAS, SCRYPT_ACCEPT, SEALED_TOKEN_BYTES, TOKEN_TARGET_BYTES,
};
use crate::identity::{ReceiveSecret, edwards_of};

use super::MediaError;
use super::keyring::{Addressee, Secret};

/// What every age file of version 1 begins with.
pub const MAGIC: &[u8; 22] = b"age-encryption.org/v1\n";

/// Bytes that are read at once of a header.
pub(super) const HEADER_BUFFER: usize = 8 << 10;

/// Whether these bytes, as many as there are, begin as an age file does. A slice may be shorter than the first line.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let many = bytes.len().min(MAGIC.len());
    many > 0 && bytes.get(..many) == MAGIC.get(..many)
}

/// Bytes of a token.
pub const TOKEN_BYTES: usize = 16;

/// Plain bytes per chunk of the age stream, and what a chunk's tag adds.
const CHUNK: u64 = 64 * 1024;
const TAG: u64 = 16;

/// A recipient as `age -r` takes it: `age1...`.
pub fn recipient_string(receive: &[u8; 32]) -> String {
    encode_key("age", receive)
}

/// A secret as `age -d -i` takes it: `AGE-SECRET-KEY-1...`.
pub fn secret_string(secret: &ReceiveSecret) -> SecretString {
    let mut text = encode_key("age-secret-key-", &secret.to_bytes());
    text.make_ascii_uppercase();
    text.into()
}

/// Reads an `AGE-SECRET-KEY-1...` string.
pub fn secret_from_string(text: &str) -> Option<ReceiveSecret> {
    let (hrp, mut bytes) = bech32::decode(text).ok()?;
    let secret = <[u8; 32]>::try_from(bytes.as_slice()).ok();
    bytes.zeroize();
    let right = hrp == Hrp::parse_unchecked("age-secret-key-");
    secret.filter(|_| right).map(ReceiveSecret::from_bytes)
}

/// Reads an `age1...` string.
pub fn recipient_from_string(text: &str) -> Option<[u8; 32]> {
    let (hrp, bytes) = bech32::decode(text).ok()?;
    let right = hrp == Hrp::parse_unchecked("age");
    bytes.try_into().ok().filter(|_| right)
}

fn encode_key(prefix: &'static str, key: &[u8; 32]) -> String {
    // The prefixes are valid and 32 bytes are far below Bech32's limit, so this gives a string.
    bech32::encode::<Bech32>(Hrp::parse_unchecked(prefix), key).unwrap_or_default()
}

/// Whether age can encrypt to this key. To one of small order, which no certificate holds, it panics.
pub fn is_usable(receive: &[u8; 32]) -> bool {
    edwards_of(receive).is_some()
}

pub(super) fn recipient(receive: &[u8; 32]) -> Result<Recipient, MediaError> {
    if !is_usable(receive) {
        let why = "a receive key is unusable: no X25519 key has it";
        return Err(MediaError::Plan(why.into()));
    }
    recipient_string(receive)
        .parse()
        .map_err(|why: &str| MediaError::Plan(format!("a receive key is unusable: {why}")))
}

pub(super) fn identity(secret: &ReceiveSecret) -> Result<Identity, MediaError> {
    secret_string(secret)
        .expose_secret()
        .parse()
        .map_err(|why: &str| MediaError::Refused(format!("my receive key is unusable: {why}")))
}

/// Encrypts; `finish` on the returned writer ends the stream, without it it reads as truncated.
pub struct Sealer<W: Write>(age::stream::StreamWriter<W>);

/// Starts an age stream for these recipients. A passphrase stands alone.
pub fn seal<W: Write>(out: W, recipients: &[Addressee]) -> Result<Sealer<W>, MediaError> {
    let keys = recipients.iter().map(Addressee::age);
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    // A key is used as soon as the encryptor is made.
    let begun = guarded(|| {
        let encryptor = age::Encryptor::with_recipients(keys.iter().map(|key| &**key as _))
            .map_err(|error| MediaError::Plan(error.to_string()))?;
        let stream = encryptor.wrap_output(out);
        stream.map_err(MediaError::io("the age header".as_ref()))
    });
    let stream = begun.ok_or_else(|| {
        MediaError::Plan("age cannot write for one of the recipients".to_owned())
    })??;
    Ok(Sealer(stream))
}

/// Whether anything can be sealed to this recipient: a key of low order is one for which age gives up.
pub fn can_seal(to: &Addressee) -> bool {
    seal(Vec::new(), std::slice::from_ref(to)).is_ok()
}

thread_local! {
    /// A fault of the age library is being turned into an error.
    static GUARDED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Whether a panic on this thread is caught and becomes an error of one bundle: nothing is to be shown of it.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs a piece of the age library. It panics for keys that it takes for bad luck of the generator; that is an error of
/// this one bundle, not the end of the program.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = GUARDED.replace(true);
    // What it worked on is dropped with the panic, and nobody looks at it again.
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    GUARDED.set(before);
    done.ok()
}

/// Stanzas of the age header at the beginning of `input`, without the one that age adds for others to stumble over.
/// Errors as `open` says them.
pub fn stanzas(mut input: impl BufRead) -> Result<usize, MediaError> {
    let header = read_header(&mut input)?;
    let text = String::from_utf8_lossy(&header);
    let mut count = 0;
    for line in text.lines() {
        if let Some(arguments) = line.strip_prefix("-> ") {
            let kind = arguments.split(' ').next().unwrap_or_default();
            count += usize::from(!kind.ends_with("-grease"));
        }
    }
    Ok(count)
}

impl<W: Write> Sealer<W> {
    /// Writes the last chunk and gives the writer back.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// At most so many bytes has an age file of `plain` bytes for these recipients (its greasing
/// stanza has a random length).
pub fn sealed_size(plain: u64, recipients: &[Addressee]) -> u64 {
    let stanzas: u64 = recipients.iter().map(Addressee::stanza_bytes).sum();
    let header = 22 + stanzas + 256 + 48 + 16;
    header + plain + plain.div_ceil(CHUNK).max(1) * TAG
}

/// The plain bytes of an age stream.
pub struct Opened<R: Read>(age::stream::StreamReader<io::Chain<Cursor<Vec<u8>>, R>>);

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// Opens an age stream with any of `secrets`.
///
/// Errors: `NothingForMe` if no stanza opens; `Refused` for what is no age file of ours.
pub fn open<R: BufRead>(mut input: R, secrets: &[Secret]) -> Result<Opened<R>, MediaError> {
    let header = read_header(&mut input)?;
    let identities = secrets.iter().map(Secret::age);
    let identities = identities.collect::<Result<Vec<_>, _>>()?;
    let opened = guarded(|| {
        age::Decryptor::new_buffered(Cursor::new(header).chain(input))
            .and_then(|it| it.decrypt(identities.iter().map(|identity| &**identity as _)))
    });
    let stream = opened
        .ok_or_else(|| MediaError::Refused("age cannot read its header".to_owned()))?
        .map_err(refused)?;
    Ok(Opened(stream))
}

fn refused(error: age::DecryptError) -> MediaError {
    match error {
        age::DecryptError::NoMatchingKeys => MediaError::NothingForMe,
        age::DecryptError::Io(source) if !super::is_refusal(&source) => {
            MediaError::io("the age header".as_ref())(source)
        }
        age::DecryptError::UnknownFormat => {
            MediaError::Refused("the age file has an unknown version".to_owned())
        }
        // Said by hand: age's own words shift by a difference that may be negative.
        age::DecryptError::ExcessiveWork { required, .. } => MediaError::Refused(format!(
            "its passphrase asks for 2^{required} rounds of scrypt; at most 2^{SCRYPT_ACCEPT} are tried"
        )),
        other => MediaError::Refused(format!("age: {other}")),
    }
}

/// Takes the header, up to and with its MAC's line, within the limits.
fn read_header(input: &mut impl BufRead) -> Result<Vec<u8>, MediaError> {
    let refused = |why: &str| Err(MediaError::Refused(format!("age header: {why}")));
    let mut header = Vec::new();
    let mut stanzas = 0;
    loop {
        let start = header.len();
        let left = AGE_HEADER_BYTES - start;
        input
            .take(left as u64)
            .read_until(b'\n', &mut header)
            .map_err(MediaError::io("the age header".as_ref()))?;
        let line = &header[start..];
        if !line.ends_with(b"\n") {
            let full = line.len() == left;
            return refused(if full { "too long" } else { "it ends early" });
        }
        if start == 0 && line != MAGIC {
            return refused("not an age file of version 1");
        }
        if line.starts_with(b"---") {
            return Ok(header);
        }
        stanzas += usize::from(line.starts_with(b"-> "));
        if stanzas > AGE_STANZAS {
            return refused("more than 256 stanzas");
        }
        // A line without bytes can only end a stanza's body, so lines stay bounded by the bytes.
        if line == b"\n" && stanzas == 0 {
            return refused("an empty line");
        }
    }
}

/// Seals a token for one recipient, in at most `SEALED_TOKEN_BYTES`.
pub fn seal_token(token: &[u8; TOKEN_BYTES], to: &Addressee) -> Result<Vec<u8>, MediaError> {
    let limit = match to {
        Addressee::Receive(_) => TOKEN_TARGET_BYTES,
        _ => SEALED_TOKEN_BYTES,
    };
    // age adds a greasing stanza of random length; about one in three is short enough for a member's
    // limit, so 512 tries fail with a chance below 2^-290.
    for _ in 0..512 {
        let mut sealer = seal(Vec::new(), std::slice::from_ref(to))?;
        let memory = "a token".as_ref();
        sealer.write_all(token).map_err(MediaError::io(memory))?;
        let sealed = sealer.finish().map_err(MediaError::io(memory))?;
        if sealed.len() <= limit {
            return Ok(sealed);
        }
    }
    Err(MediaError::Plan(
        "no sealed token was short enough".to_owned(),
    ))
}

/// Opens a sealed token; `None` if it is not for this key or not a token.
pub fn open_token(sealed: &[u8], secret: &Secret) -> Option<[u8; TOKEN_BYTES]> {
    let mut token = Vec::new();
    let opened = open(sealed, std::slice::from_ref(secret)).ok()?;
    let limit = TOKEN_BYTES as u64 + 1;
    opened.take(limit).read_to_end(&mut token).ok()?;
    token.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(seed: u8) -> Secret {
        ReceiveSecret::from_bytes([seed; 32]).into()
    }

    fn to(seed: u8) -> Addressee {
        ReceiveSecret::from_bytes([seed; 32]).public().into()
    }

    fn sealed(plain: &[u8], to: &[u8]) -> Vec<u8> {
        let keys: Vec<_> = to.iter().map(|&seed| self::to(seed)).collect();
        let mut sealer = seal(Vec::new(), &keys).unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn plain(bytes: &[u8], with: &[u8]) -> Result<Vec<u8>, MediaError> {
        let secrets: Vec<_> = with.iter().map(|&seed| secret(seed)).collect();
        let mut found = Vec::new();
        let path = "test".as_ref();
        open(bytes, &secrets)?
            .read_to_end(&mut found)
            .map_err(|e| MediaError::reading(path)(e.into()))?;
        Ok(found)
    }

    #[test]
    fn any_recipient_opens_and_nobody_else() {
        for size in [0, 1, CHUNK as usize, CHUNK as usize + 1] {
            let content = vec![7; size];
            let bytes = sealed(&content, &[1, 2]);
            assert!(bytes.len() as u64 <= sealed_size(size as u64, &[to(1), to(2)]));
            assert_eq!(plain(&bytes, &[1]).unwrap(), content);
            assert_eq!(plain(&bytes, &[9, 2]).unwrap(), content);
            let other = plain(&bytes, &[3]);
            assert!(matches!(other, Err(MediaError::NothingForMe)));
        }
    }

    #[test]
    fn every_flip_and_truncation_is_an_error() {
        let bytes = sealed(b"some words", &[1]);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(plain(&changed, &[1]).is_err(), "flip at {at}");
            assert!(plain(&bytes[..at], &[1]).is_err(), "cut at {at}");
        }
        assert!(plain(&[&bytes[..], b"x"].concat(), &[1]).is_err());
        let long = sealed(&[1; 3 * CHUNK as usize], &[1]);
        let chunk = (CHUNK + TAG) as usize;
        assert!(plain(&long[..long.len() - chunk], &[1]).is_err());
    }

    #[test]
    fn headers_are_bounded_before_they_are_parsed() {
        let stanza = b"-> X25519 x\n\n".repeat(AGE_STANZAS + 1);
        let many = [b"age-encryption.org/v1\n", &stanza[..], b"--- x\n"].concat();
        let long = [
            b"age-encryption.org/v1\n-> ",
            &vec![b'a'; AGE_HEADER_BYTES][..],
        ]
        .concat();
        let endless = [
            b"age-encryption.org/v1\n-> a\n",
            &b"\n".repeat(AGE_HEADER_BYTES)[..],
        ]
        .concat();
        let empty = b"age-encryption.org/v1\n\n".to_vec();
        let newer = b"age-encryption.org/v2\n--- x\n".to_vec();
        for bytes in [
            many,
            long,
            endless,
            empty,
            newer,
            vec![],
            b"PK\x03\x04".to_vec(),
        ] {
            let found = open(&bytes[..], &[secret(1)]);
            assert!(matches!(found, Err(MediaError::Refused(_))));
        }
    }

    #[test]
    fn a_recipient_of_small_order_is_an_error() {
        for byte in [0, 1] {
            let mut key = [0; 32];
            key[0] = byte;
            let both = [to(1), Addressee::from(key)];
            let sealed = seal(Vec::new(), &both);
            assert!(matches!(sealed, Err(MediaError::Plan(_))));
        }
    }

    #[test]
    fn a_token_is_for_one_key() {
        let token = [5; TOKEN_BYTES];
        let bytes = seal_token(&token, &to(1)).unwrap();
        assert!(bytes.len() <= TOKEN_TARGET_BYTES);
        assert_eq!(open_token(&bytes, &secret(1)), Some(token));
        assert_eq!(open_token(&bytes, &secret(2)), None);
        assert_eq!(open_token(&sealed(&[5; 17], &[1]), &secret(1)), None);
        assert_eq!(open_token(b"noise", &secret(1)), None);
    }

    /// Points of low order: X25519 gives zeros for them, which age takes for a broken generator.
    #[test]
    fn a_key_that_age_gives_up_on_is_an_error() {
        let mut one = [0; 32];
        one[0] = 1;
        for key in [[0; 32], one] {
            let bad = Addressee::Receive(key);
            assert!(!can_seal(&bad));
            assert!(matches!(
                seal(Vec::new(), &[to(1), bad]),
                Err(MediaError::Plan(_))
            ));
        }
        assert!(can_seal(&to(1)) && !is_guarded());
    }

    #[test]
    fn stanzas_are_counted_without_the_grease() {
        for _ in 0..16 {
            assert_eq!(stanzas(&sealed(b"x", &[1, 2, 3])[..]).unwrap(), 3);
        }
        assert!(stanzas(&b"age-encryption.org/v1\n"[..]).is_err());
        assert!(stanzas(&b"PK"[..]).is_err());
    }

    #[test]
    fn keys_read_as_age_writes_them() {
        let generated = Identity::generate();
        let text = generated.to_string();
        let read = secret_from_string(text.expose_secret()).unwrap();
        assert_eq!(
            recipient_string(&read.public()),
            generated.to_public().to_string()
        );
        assert_eq!(secret_string(&read).expose_secret(), text.expose_secret());
        assert!(secret_from_string("AGE-SECRET-KEY-1QQQQ").is_none());
        assert!(secret_from_string(&recipient_string(&read.public())).is_none());
    }
}
