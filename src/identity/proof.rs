//! Proofs of possession: a certificate counts only with a signature by the key that it certifies, so that nobody
//! certifies another's key as his own. Ed25519 keys sign; X25519 keys sign as in XEdDSA (Trevor Perrin, "The XEdDSA
//! and VXEdDSA Signature Schemes", 2016, section 2.3): the same scalar, read as a key of the Edwards curve.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::record::{Role, RootKey, Statement};

use super::keys::{ReceiveSecret, Signer};
use super::verify::{VerifyError, verify_message};

/// Something that holds the secret of a key that a root certifies.
pub trait Holder {
    /// The public half, as it stands in a certificate.
    fn certified(&self) -> [u8; 32];
    /// The proof that belongs beside it, over `Statement::proof_message`.
    fn prove(&self, message: &[u8]) -> [u8; 64];
}

impl<T: Signer> Holder for T {
    fn certified(&self) -> [u8; 32] {
        self.public()
    }

    fn prove(&self, message: &[u8]) -> [u8; 64] {
        self.sign(message)
    }
}

/// A receive key and 64 random bytes for its proof's nonce. The nonce is a hash over secret, message and these
/// bytes, so bad randomness reveals nothing.
pub struct Receiving<'a> {
    pub secret: &'a ReceiveSecret,
    pub random: [u8; 64],
}

impl Holder for Receiving<'_> {
    fn certified(&self) -> [u8; 32] {
        self.secret.public()
    }

    fn prove(&self, message: &[u8]) -> [u8; 64] {
        let clamped = Zeroizing::new(clamp_integer(*self.secret.to_bytes()));
        let mut scalar = Zeroizing::new(Scalar::from_bytes_mod_order(*clamped));
        let mut public = EdwardsPoint::mul_base(&scalar).compress().to_bytes();
        if public[31] & 0x80 != 0 {
            *scalar = -*scalar;
            public[31] &= 0x7f;
        }
        // XEdDSA's hash_1: a first block that no point and no hashed key begins with.
        let mut first = [0xff; 32];
        first[0] = 0xfe;
        let nonce = Sha512::new()
            .chain_update(first)
            .chain_update(scalar.as_bytes())
            .chain_update(message)
            .chain_update(self.random);
        let nonce = Zeroizing::new(wide(nonce));
        let point = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
        let challenge = Sha512::new()
            .chain_update(point)
            .chain_update(public)
            .chain_update(message);
        let response = *nonce + wide(challenge) * *scalar;
        let mut proof = [0; 64];
        proof[..32].copy_from_slice(&point);
        proof[32..].copy_from_slice(response.as_bytes());
        proof
    }
}

fn wide(hash: Sha512) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

/// The Edwards key that an X25519 key signs with: `y = (u - 1) / (u + 1)`, sign bit 0. None for a `u` that is not
/// below 2^255 - 19, of the twist, or of small order: such a key is no age recipient either.
pub fn edwards_of(receive: &[u8; 32]) -> Option<[u8; 32]> {
    if !is_canonical(receive) {
        return None;
    }
    let point = MontgomeryPoint(*receive).to_edwards(0)?;
    (!point.is_small_order()).then(|| point.compress().to_bytes())
}

/// Whether the bytes, little-endian, are below 2^255 - 19.
fn is_canonical(number: &[u8; 32]) -> bool {
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    number.iter().rev().lt(prime.iter().rev())
}

/// Judges a certificate's proof, by the predicate of every signature.
///
/// # Errors
/// Fails with `VerifyError::Proof`.
pub(super) fn check(
    root: &RootKey,
    role: Role,
    key: &[u8; 32],
    proof: &[u8; 64],
) -> Result<(), VerifyError> {
    let signing = match role {
        Role::Receive => edwards_of(key).ok_or(VerifyError::Proof)?,
        Role::Sign | Role::Transport | Role::Spare => *key,
    };
    verify_message(&signing, &Statement::proof_message(root, role, key), proof)
        .map_err(|_| VerifyError::Proof)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{SigningSecret, certificate, verify};
    use crate::record::{Claim, Hlc, Signed};

    /// All `u` of small order, and the same with 2^255 - 19 added where that fits: RFC 7748, section 6.1 and
    /// <https://cr.yp.to/ecdh.html#validate>.
    fn weak() -> Vec<[u8; 32]> {
        let hex = |text: &str| {
            let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
            <[u8; 32]>::try_from(bytes).unwrap()
        };
        let mut all = vec![[0; 32]];
        for text in [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            all.push(hex(text));
        }
        for mut key in all.clone() {
            key[31] |= 0x80;
            all.push(key);
        }
        all
    }

    #[test]
    fn keys_of_small_order_or_another_spelling_have_no_edwards_form() {
        for key in weak() {
            assert_eq!(edwards_of(&key), None, "{key:02x?}");
        }
        let honest = ReceiveSecret::from_bytes([7; 32]).public();
        assert!(edwards_of(&honest).is_some());
        let mut other = honest;
        other[31] |= 0x80;
        assert_eq!(edwards_of(&other), None);
    }

    #[test]
    fn receive_keys_prove_whatever_their_sign_and_randomness() {
        let root = SigningSecret::from_bytes(&[1; 32]);
        let mut signs = [0, 0];
        for seed in 0..32_u8 {
            let secret = ReceiveSecret::from_bytes([seed; 32]);
            let scalar = Scalar::from_bytes_mod_order(clamp_integer(*secret.to_bytes()));
            let sign = EdwardsPoint::mul_base(&scalar).compress().to_bytes()[31] >> 7;
            signs[usize::from(sign)] += 1;
            let holder = Receiving {
                secret: &secret,
                random: [seed ^ 0x55; 64],
            };
            let made = certificate(&root, Role::Receive, &holder, None, Hlc(0));
            assert!(verify(made).is_ok(), "{seed}");
        }
        assert!(signs[0] > 0 && signs[1] > 0, "{signs:?}");
    }

    #[test]
    fn a_certificate_without_the_keys_own_proof_is_refused() {
        let (root, thief) = (
            SigningSecret::from_bytes(&[1; 32]),
            SigningSecret::from_bytes(&[9; 32]),
        );
        let sign = SigningSecret::from_bytes(&[2; 32]);
        let receive = ReceiveSecret::from_bytes([3; 32]);
        let receiving = Receiving {
            secret: &receive,
            random: [0; 64],
        };
        let made = [
            certificate(&root, Role::Sign, &sign, None, Hlc(0)),
            certificate(&root, Role::Spare, &sign, None, Hlc(0)),
            certificate(&root, Role::Transport, &sign, None, Hlc(0)),
            certificate(&root, Role::Receive, &receiving, None, Hlc(0)),
        ];
        let again = |signer: &SigningSecret, change: &dyn Fn(&mut Statement)| {
            let build = |certificate: &Signed<Statement>| {
                let mut statement = certificate.value().clone();
                change(&mut statement);
                Signed::build(statement, |message| signer.sign(message))
            };
            made.iter().map(build).collect::<Vec<_>>()
        };
        for certificate in &made {
            assert!(verify(certificate.clone()).is_ok());
        }
        let whose = RootKey(thief.public());
        let mut bad = again(&thief, &|statement| statement.root = whose);
        bad.extend(again(&root, &|statement| {
            let Claim::Certificate { proof, .. } = &mut statement.claim else {
                return;
            };
            *proof = [0; 64];
        }));
        bad.extend(again(&root, &|statement| {
            let Claim::Certificate { role, .. } = &mut statement.claim else {
                return;
            };
            *role = match role {
                Role::Sign => Role::Spare,
                Role::Spare => Role::Transport,
                Role::Transport => Role::Receive,
                Role::Receive => Role::Sign,
            };
        }));
        for key in weak() {
            bad.extend(again(&root, &|statement| {
                let Claim::Certificate {
                    key: certified,
                    proof,
                    ..
                } = &mut statement.claim
                else {
                    return;
                };
                (*certified, *proof) = (key, [0; 64]);
                proof[0] = 1;
            }));
        }
        for certificate in bad {
            let read = Signed::<Statement>::decode(certificate.bytes()).unwrap();
            assert_eq!(read, certificate);
            assert_eq!(verify(certificate), Err(VerifyError::Proof));
        }
    }
}
