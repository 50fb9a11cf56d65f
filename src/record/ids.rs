//! Newtypes for the 32-byte names of things: an id is never mistaken for a key. They print and parse
//! as 64 lower-case hexadecimal digits, and serialise as that string.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use thiserror::Error;

/// A string that is no 32-byte hexadecimal name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected 64 hexadecimal digits")]
pub struct NotHex;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The first eight hexadecimal digits, for people; never for decisions.
            pub fn short(&self) -> String {
                HEXLOWER.encode(&self.0[..4])
            }

            /// The bytes, if there are exactly 32.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = NotHex;
            fn from_str(text: &str) -> Result<Self, NotHex> {
                let bytes = data_encoding::HEXLOWER_PERMISSIVE
                    .decode(text.as_bytes())
                    .map_err(|_| NotHex)?;
                Self::from_slice(&bytes).ok_or(NotHex)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
    )*};
}

names! {
    /// BLAKE3 of a record's `Sig_structure`.
    RecordId;
    /// BLAKE3 of a statement's `Sig_structure`.
    StatementId;
    /// The id of a circle's genesis record.
    CircleId;
    /// An Ed25519 *sign* key: together with the circle it names one feed.
    FeedKey;
    /// An Ed25519 *root* key: who someone is.
    RootKey;
    /// BLAKE3 of a blob's content.
    BlobHash;
}

impl From<RecordId> for CircleId {
    /// A circle's id *is* its genesis record's id.
    fn from(id: RecordId) -> Self {
        Self(id.0)
    }
}

impl From<CircleId> for RecordId {
    fn from(id: CircleId) -> Self {
        Self(id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_its_text() {
        let id = RecordId(std::array::from_fn(|i| i as u8 * 7));
        assert_eq!(id.to_string().parse::<RecordId>(), Ok(id));
        assert_eq!(id.short(), &id.to_string()[..8]);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "00", "zz", &"0".repeat(63), &"0".repeat(66), "é"] {
            assert_eq!(text.parse::<RecordId>(), Err(NotHex), "{text}");
        }
    }
}
