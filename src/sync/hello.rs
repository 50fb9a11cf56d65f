//! How two nodes recognise each other without showing anything to strangers: tags, and the proof of who one is.
//!
//! Everything is bound to the *exporter*, 32 bytes that the transport's encryption gives to its two ends and to nobody
//! else (RFC 8446, section 7.5): what is overheard or relayed fits no other connection.

use crate::identity::{Signer, Verified, verify};
use crate::record::{CircleId, Claim, Role as KeyRole, RootKey, Signed, Statement};

use super::limits;

/// What a transport gives for the exporter; the context is empty.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-okibi-session-v1";

/// Which end of the connection one is. The client opened it, and shows its tags first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

impl Side {
    /// The other end.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Client => 0,
            Self::Server => 1,
        }
    }
}

/// By what one connection shows whom it may be.
pub type Tag = [u8; limits::TAG_BYTES];

/// What two members of a circle recognise each other by, and nobody else can: `shared` is X25519 of the receive key of
/// one and that of the other.
pub fn pair_key(shared: &[u8; 32], circle: &CircleId, roots: [&RootKey; 2]) -> [u8; 32] {
    let [a, b] = roots;
    let mut hasher = blake3::Hasher::new_derive_key("okibi 2026 pair v1");
    hasher.update(shared).update(&circle.0);
    hasher.update(&a.min(b).0).update(&a.max(b).0);
    *hasher.finalize().as_bytes()
}

/// The tag by which who knows `secret` recognises who else knows it, on this connection only.
pub fn tag(secret: &[u8; 32], exporter: &[u8; 32], side: Side) -> Tag {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(b"okibi tag v1").update(exporter);
    let mut tag = [0; limits::TAG_BYTES];
    let mut output = hasher.update(&[side.byte()]).finalize_xof();
    output.fill(&mut tag);
    tag
}

/// Tags and random ones to fill up to a power of two, ascending: neither their number nor their order tells more.
pub fn padded(mut tags: Vec<Tag>, seed: &[u8; 32]) -> Vec<Tag> {
    tags.truncate(limits::TAGS);
    let count = tags.len().next_power_of_two().max(limits::TAGS_LEAST);
    let mut noise = blake3::Hasher::new_keyed(seed).finalize_xof();
    while tags.len() < count {
        let mut random = [0; limits::TAG_BYTES];
        noise.fill(&mut random);
        tags.push(random);
    }
    tags.sort_unstable();
    tags
}

fn proof_message(exporter: &[u8; 32], side: Side, instance: &[u8; 8]) -> Vec<u8> {
    let mut message = b"okibi-session-auth@v1".to_vec();
    message.push(side.byte());
    message.extend(exporter);
    message.extend(instance);
    message
}

/// Signs with a transport key that this end of this connection is its owner's. `instance` tells several running
/// programs of one home apart.
pub fn prove(key: &dyn Signer, exporter: &[u8; 32], side: Side, instance: &[u8; 8]) -> [u8; 64] {
    key.sign(&proof_message(exporter, side, instance))
}

/// Whose the other end is, if certificate and signature hold. Whether the certificate still stands is asked elsewhere.
pub(super) fn proven(
    key: &[u8; 32],
    certificate: &[u8],
    instance: &[u8; 8],
    signature: &[u8; 64],
    exporter: &[u8; 32],
    side: Side,
) -> Option<(RootKey, Verified<Statement>)> {
    let statement = verify(Signed::<Statement>::decode(certificate).ok()?).ok()?;
    match &statement.value().claim {
        Claim::Certificate {
            role: KeyRole::Transport,
            key: certified,
            ..
        } if certified == key => {}
        _ => return None,
    }
    let message = proof_message(exporter, side, instance);
    crate::identity::verify_message(key, &message, signature).ok()?;
    Some((statement.value().root, statement))
}

/// What a joiner proves with a ticket's secret: that this card and name come from whoever holds the ticket, on this
/// connection.
pub fn join_proof(secret: &[u8; 32], exporter: &[u8; 32], card: &str, name: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(b"okibi join v1").update(exporter);
    hasher
        .update(&(card.len() as u64).to_be_bytes())
        .update(card.as_bytes());
    *hasher.update(name.as_bytes()).finalize().as_bytes()
}

/// What both people compare: a digest over this connection and both roots, of which words are made.
pub fn pairing_digest(exporter: &[u8; 32], issuer: &RootKey, joiner: &RootKey) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("okibi 2026 pairing words v1");
    hasher.update(exporter).update(&issuer.0).update(&joiner.0);
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{ReceiveSecret, SigningSecret, certificate};
    use crate::record::Hlc;

    #[test]
    fn tags_tell_nothing_but_to_who_knows() {
        let (secret, exporter) = ([1; 32], [2; 32]);
        let mine = tag(&secret, &exporter, Side::Client);
        assert_ne!(mine, tag(&secret, &exporter, Side::Server));
        assert_ne!(mine, tag(&secret, &[3; 32], Side::Client));
        assert_ne!(mine, tag(&[4; 32], &exporter, Side::Client));
        for (known, shown) in [(0, 16), (16, 16), (17, 32), (300, 512), (16_385, 16_384)] {
            let tags = (0..known).map(|n: u32| [n as u8; 16]).collect();
            let all = padded(tags, &[7; 32]);
            assert!(all.is_sorted() && all.len() == shown, "{known}");
        }
    }

    /// Both ends of a pair come to one key, whoever begins; another circle or another root has another.
    #[test]
    fn a_pair_has_one_key() {
        let secrets = [[1; 32], [2; 32]].map(ReceiveSecret::from_bytes);
        let publics = secrets.each_ref().map(ReceiveSecret::public);
        let [mine, theirs] = [(0, 1), (1, 0)].map(|(a, b)| secrets[a].agree(&publics[b]).unwrap());
        assert_eq!(*mine, *theirs);
        let (x, y, z) = (RootKey([3; 32]), RootKey([4; 32]), RootKey([5; 32]));
        let circle = CircleId([6; 32]);
        let key = pair_key(&mine, &circle, [&x, &y]);
        assert_eq!(key, pair_key(&mine, &circle, [&y, &x]));
        assert_ne!(key, pair_key(&mine, &circle, [&z, &y]));
        assert_ne!(key, pair_key(&mine, &CircleId([7; 32]), [&x, &y]));
        // A key with which everybody comes to the same secret has none.
        let mut one = [0; 32];
        assert!(secrets[0].agree(&one).is_none());
        one[0] = 1;
        assert!(secrets[0].agree(&one).is_none());
    }

    #[test]
    fn a_proof_fits_one_end_of_one_connection() {
        let root = SigningSecret::from_bytes(&[1; 32]);
        let key = SigningSecret::from_bytes(&[2; 32]);
        let cert = certificate(&root, KeyRole::Transport, &key, None, Hlc(0));
        let (exporter, instance) = ([5; 32], [6; 8]);
        let signature = prove(&key, &exporter, Side::Client, &instance);
        let ask = |key: &[u8; 32], cert: &[u8], exporter, instance, side| {
            proven(key, cert, instance, &signature, exporter, side).map(|(root, _)| root)
        };
        let (whose, public) = (RootKey(root.public()), key.public());
        let bytes = cert.bytes();
        assert_eq!(
            ask(&public, bytes, &exporter, &instance, Side::Client),
            Some(whose)
        );
        assert_eq!(
            ask(&public, bytes, &exporter, &instance, Side::Server),
            None
        );
        assert_eq!(ask(&public, bytes, &[0; 32], &instance, Side::Client), None);
        assert_eq!(ask(&public, bytes, &exporter, &[0; 8], Side::Client), None);
        assert_eq!(
            ask(&[9; 32], bytes, &exporter, &instance, Side::Client),
            None
        );
        // A key for another role proves nothing here.
        let sign = certificate(&root, KeyRole::Sign, &key, None, Hlc(0));
        assert_eq!(
            ask(&public, sign.bytes(), &exporter, &instance, Side::Client),
            None
        );
    }
}
