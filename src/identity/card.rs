//! The key card: root and certificates in one line, for admission, tickets and QR codes.
//!
//! `okibi-card-1:` and base64url without padding of a deterministic CBOR array of statements, followed
//! by the first four bytes of its BLAKE3, which catch a line that was cut or retyped.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use minicbor::Decoder;
use thiserror::Error;

use crate::record::{Claim, EnvelopeError, Role, RootKey, Signed, Statement, check_cbor};

use super::verify::{Verified, VerifyError, verify};

const PREFIX: &str = "okibi-card-1:";
/// A card holds a certificate for each role and a spare or two.
const STATEMENTS: u64 = 16;
/// Characters of a card; 16 certificates of 200 bytes in base64 are 4,300.
const LENGTH: usize = 16 * 1024;

/// Why a line is no key card.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CardError {
    #[error("a key card starts with `{PREFIX}`")]
    Prefix,
    #[error("the key card is damaged or incomplete")]
    Damaged,
    #[error("the key card was made by a newer okibi")]
    Newer,
    #[error("a statement in the key card is no good: {0}")]
    Statement(#[from] EnvelopeError),
    #[error("a statement in the key card is forged: {0}")]
    Forged(#[from] VerifyError),
    #[error("the key card mixes several root keys")]
    Mixed,
    #[error("the key card lacks a {0} certificate")]
    Lacks(&'static str),
}

/// A root with its certificates, every one verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCard {
    root: RootKey,
    statements: Vec<Verified<Statement>>,
}

impl KeyCard {
    /// Puts a card together; sign, transport and receive certificates of one root must be there.
    pub fn new(statements: Vec<Verified<Statement>>) -> Result<Self, CardError> {
        let root = statements
            .first()
            .map(|s| s.value().root)
            .ok_or(CardError::Lacks("sign"))?;
        if statements.iter().any(|s| s.value().root != root) {
            return Err(CardError::Mixed);
        }
        for role in [Role::Sign, Role::Transport, Role::Receive] {
            let has = |s: &Verified<Statement>| matches!(s.value().claim, Claim::Certificate { role: found, .. } if found == role);
            if !statements.iter().any(has) {
                return Err(CardError::Lacks(role.name()));
            }
        }
        Ok(Self { root, statements })
    }

    /// Reads the line that `Display` writes; white space around it is ignored.
    pub fn parse(line: &str) -> Result<Self, CardError> {
        let line = line.trim();
        let Some(text) = line.strip_prefix(PREFIX) else {
            let newer = line.starts_with("okibi-card-");
            return Err(if newer {
                CardError::Newer
            } else {
                CardError::Prefix
            });
        };
        if text.len() > LENGTH {
            return Err(CardError::Damaged);
        }
        let bytes = BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| CardError::Damaged)?;
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or(CardError::Damaged)?;
        if checksum(body) != *sum || check_cbor(body).is_err() {
            return Err(CardError::Damaged);
        }
        let mut d = Decoder::new(body);
        let length = d.array().ok().flatten().ok_or(CardError::Damaged)?;
        if length > STATEMENTS {
            return Err(CardError::Damaged);
        }
        let mut statements = Vec::new();
        for _ in 0..length {
            let bytes = d.bytes().map_err(|_| CardError::Damaged)?;
            statements.push(verify(Signed::decode(bytes)?)?);
        }
        Self::new(statements)
    }

    /// Whose card it is.
    pub fn root(&self) -> RootKey {
        self.root
    }

    /// The statements that it carries.
    pub fn statements(&self) -> &[Verified<Statement>] {
        &self.statements
    }
}

impl fmt::Display for KeyCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = crate::record::cbor::encode(|e| {
            e.array(self.statements.len() as u64)?;
            for statement in &self.statements {
                e.bytes(statement.bytes())?;
            }
            Ok(())
        });
        bytes.extend(checksum(&bytes));
        write!(f, "{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes))
    }
}

fn checksum(body: &[u8]) -> [u8; 4] {
    let mut sum = [0; 4];
    sum.copy_from_slice(&blake3::hash(body).as_bytes()[..4]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Holder, ReceiveSecret, Receiving, SigningSecret, certificate};
    use crate::record::Hlc;

    fn card(seed: u8) -> Vec<Verified<Statement>> {
        let root = SigningSecret::from_bytes(&[seed; 32]);
        [Role::Sign, Role::Transport, Role::Receive]
            .into_iter()
            .enumerate()
            .map(|(n, role)| {
                let seed = [seed + n as u8 + 1; 32];
                let (key, receive) = (
                    SigningSecret::from_bytes(&seed),
                    ReceiveSecret::from_bytes(seed),
                );
                let receiving = Receiving {
                    secret: &receive,
                    random: [0; 64],
                };
                let holder: &dyn Holder = match role {
                    Role::Receive => &receiving,
                    _ => &key,
                };
                verify(certificate(&root, role, holder, None, Hlc(0))).unwrap()
            })
            .collect()
    }

    #[test]
    fn a_card_survives_its_line() {
        let card = KeyCard::new(card(1)).unwrap();
        assert_eq!(KeyCard::parse(&format!("  {card}\n")), Ok(card));
    }

    #[test]
    fn damage_is_noticed() {
        let line = KeyCard::new(card(1)).unwrap().to_string();
        assert_eq!(KeyCard::parse("hello"), Err(CardError::Prefix));
        assert_eq!(
            KeyCard::parse(&line.replace("-1:", "-2:")),
            Err(CardError::Newer)
        );
        for at in (PREFIX.len()..line.len()).step_by(7) {
            assert!(KeyCard::parse(&line[..at]).is_err());
            let mut changed = line.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(KeyCard::parse(std::str::from_utf8(&changed).unwrap()).is_err());
        }
    }

    #[test]
    fn a_card_is_one_root_and_whole() {
        let mut mixed = card(1);
        mixed.extend(card(50));
        assert_eq!(KeyCard::new(mixed), Err(CardError::Mixed));
        let mut short = card(1);
        short.remove(1);
        assert_eq!(KeyCard::new(short), Err(CardError::Lacks("transport")));
    }
}
