//! The container's table of limits: how large foreign bytes may be before anything is allocated or
//! written for them. `docs/bundle-format.md` repeats the table; each limit has its test beside the
//! code that applies it.

use crate::record::limits::STATEMENT_BYTES;

/// Bytes of `00-HEAD`: 128 recipients of at most 461 bytes each, and a certificate.
pub const HEAD_BYTES: u64 = 64 * 1024;
/// Bytes of `00-HEAD.sig`; ours has about 320.
pub const SIGNATURE_BYTES: u64 = 4 * 1024;
/// Bytes of the certificate statement inside HEAD.
pub const CERTIFICATE_BYTES: usize = STATEMENT_BYTES;
/// Recipients named by one HEAD: with `TOKEN_TARGET_BYTES` they fit into `HEAD_BYTES`.
pub const RECIPIENTS: usize = 128;
/// Bytes of one sealed token for a member: an age file of 16 bytes for one X25519 recipient has 216, and a
/// greasing stanza of up to 72. Writers try again until one is as short.
pub const TOKEN_TARGET_BYTES: usize = 288;
/// Bytes of any sealed token: an SSH key of 4,096 bits takes about 900.
pub const SEALED_TOKEN_BYTES: usize = 1_024;
/// scrypt's work factor where a passphrase is written: 2^18 rounds, 256 MiB, as age's own program does. It is the
/// greatest that is tried, so whatever is written can be read.
pub const SCRYPT_WRITE: u8 = 18;
/// Greatest scrypt work factor that is tried: 2^18 rounds, 256 MiB.
pub const SCRYPT_ACCEPT: u8 = 18;
/// Bytes of `01-MANIFEST.cbor`.
pub const MANIFEST_BYTES: u64 = 16 * 1024 * 1024;
/// Members that a manifest may list.
pub const MEMBERS: usize = 1_000_000;
/// Bytes of all members of `trust/` together: they are judged in memory before anything is staged.
pub const TRUST_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes of all members of `acks/` together.
pub const ACKS_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of one member: a larger one could not be extracted onto FAT32, whose files end at 4 GiB less
/// one byte; one block below keeps parts aligned.
pub const MEMBER_BYTES: u64 = (4 << 30) - 512;
/// Parts of one content: `.000` to `.999`.
pub const PARTS: usize = 1_000;
/// Uncompressed bytes after which a records member is closed.
pub const RECORDS_TARGET_BYTES: usize = 8 * 1024 * 1024;
/// Uncompressed bytes of all records members together: ten thousand members would hold 80 GiB, and a node that has
/// fifty million records in one circle is none that okibi was made for.
pub const RECORDS_BYTES: u64 = 16 << 30;
/// Uncompressed bytes that a records member may have: the target and one more record.
pub const RECORDS_RAW_BYTES: usize = RECORDS_TARGET_BYTES + ITEM_BYTES;
/// How often a records member may be larger than its compressed bytes, beside `RECORDS_SLACK_BYTES`. Honest records hold keys,
/// ids and signatures, which nothing compresses.
pub const RECORDS_RATIO: u64 = 32;
/// Uncompressed bytes that a records member may have whatever its compressed size.
pub const RECORDS_SLACK_BYTES: u64 = 16 * 1024;

/// Uncompressed bytes that a records member of this compressed size may have.
pub const fn records_raw_bytes(compressed: u64) -> u64 {
    let most = compressed
        .saturating_mul(RECORDS_RATIO)
        .saturating_add(RECORDS_SLACK_BYTES);
    if most < RECORDS_RAW_BYTES as u64 {
        most
    } else {
        RECORDS_RAW_BYTES as u64
    }
}

/// Bytes of one item in a records member: a record, or a statement beside it.
pub const ITEM_BYTES: usize = if crate::record::limits::RECORD_BYTES > STATEMENT_BYTES {
    crate::record::limits::RECORD_BYTES
} else {
    STATEMENT_BYTES
};
/// zstd's window: 2^23 bytes is what every decoder is asked to support (RFC 8878, section 3.1.1.1.2).
pub const ZSTD_WINDOW_LOG: u32 = 23;
/// Stanzas of an age header.
pub const AGE_STANZAS: usize = 256;
/// Bytes of an age header: 256 X25519 stanzas have 25 KiB; parsing is quadratic in the lines.
pub const AGE_HEADER_BYTES: usize = 64 * 1024;
/// Greatest sequence: fits SQLite's signed integers and JSON numbers.
pub const SEQUENCE: u64 = (1 << 53) - 1;
