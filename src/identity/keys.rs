//! Secret keys in memory, and the statements that a root makes with them.

use zeroize::Zeroizing;

use super::proof::Holder;

use crate::record::{
    CircleId, Claim, Hlc, RecordId, Role, RootKey, Signed, Statement, StatementId,
};

/// Something that holds an Ed25519 secret key and signs with it: a file today, a token tomorrow.
pub trait Signer {
    /// The public half.
    fn public(&self) -> [u8; 32];
    /// Signs a message (RFC 8032, Ed25519).
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// An Ed25519 secret key in memory: root, sign, spare or transport. Wiped when dropped.
pub struct SigningSecret(ed25519_dalek::SigningKey);

impl SigningSecret {
    /// From 32 secret bytes (RFC 8032's seed).
    pub fn from_bytes(secret: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(secret))
    }

    /// The 32 secret bytes.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
}

impl Signer for SigningSecret {
    fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        ed25519_dalek::Signer::sign(&self.0, message).to_bytes()
    }
}

/// An X25519 secret key in memory: opens age files. Wiped when dropped.
pub struct ReceiveSecret(x25519_dalek::StaticSecret);

impl ReceiveSecret {
    /// From 32 secret bytes (RFC 7748; clamped when used).
    pub fn from_bytes(secret: [u8; 32]) -> Self {
        Self(secret.into())
    }

    /// The 32 secret bytes.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half, as it stands in certificates and age recipients.
    pub fn public(&self) -> [u8; 32] {
        x25519_dalek::PublicKey::from(&self.0).to_bytes()
    }

    /// The secret that this key and `public` have in common (RFC 7748, section 6.1); none with a public key of low
    /// order, with which everybody has the same.
    pub fn agree(&self, public: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        let shared = self.0.diffie_hellman(&(*public).into());
        shared
            .was_contributory()
            .then(|| Zeroizing::new(shared.to_bytes()))
    }
}

/// Certifies a key for `role`; the key proves that it agrees.
pub fn certificate(
    root: &dyn Signer,
    role: Role,
    holder: &dyn Holder,
    replaces: Option<StatementId>,
    time: Hlc,
) -> Signed<Statement> {
    let (whose, key) = (RootKey(root.public()), holder.certified());
    let proof = holder.prove(&Statement::proof_message(&whose, role, &key));
    state(
        root,
        time,
        Claim::Certificate {
            role,
            key,
            replaces,
            proof,
        },
    )
}

/// Revokes `key`: in `circle` its feed counts up to `cut` only.
pub fn revocation(
    root: &dyn Signer,
    key: [u8; 32],
    circle: Option<CircleId>,
    cut: Option<(u64, RecordId)>,
    time: Hlc,
) -> Signed<Statement> {
    state(root, time, Claim::Revocation { key, circle, cut })
}

fn state(root: &dyn Signer, time: Hlc, claim: Claim) -> Signed<Statement> {
    let statement = Statement {
        root: RootKey(root.public()),
        time,
        claim,
    };
    Signed::build(statement, |message| root.sign(message))
}
