//! What a session holds for another, at most. A stranger can make us hold one frame of `HELLO_BYTES`, and compute
//! one hash for each member that we know (`TAGS` at most); a member, one chain, then one window of records and a few
//! asks for pieces.

/// Bytes of a tag. Two tags are alike by chance in one of 2^128 comparisons, and a connection compares at most 2^28; a
/// tag proves no more than that somebody is to be asked for a proof.
pub const TAG_BYTES: usize = 16;
/// Fewest tags of a HELLO. There is a power of two of them, which is all that their number tells.
pub const TAGS_LEAST: usize = 16;
/// Most tags of a HELLO: members of all circles, and tickets.
pub const TAGS: usize = 16_384;
/// HELLO: the tags, and the heads around them: 256 KiB.
pub const HELLO_BYTES: usize = TAGS * TAG_BYTES + 16;
/// Circles in common that one session speaks of, and tags of a server's answer.
pub const COMMON: usize = 16;
/// Members to whom one introduction is sealed.
pub const INTRODUCED_TO: usize = 512;
/// Admissions of an introduction, and bytes of them with all around them.
pub const PATH: usize = 8;
pub const INTRODUCTION_BODY: usize = 16 << 10;
/// INTRODUCE: a key, an entry of 48 bytes for each, the body, a seal. Always as much.
pub const INTRODUCTION: usize = 32 + INTRODUCED_TO * 48 + INTRODUCTION_BODY + 16;
/// AUTH: a certificate of 4 KiB, a key, an instance, a signature.
pub const AUTH_BYTES: usize = 4_096 + 256;
/// VERDICT, OPEN, SENT, CREDIT, ASK, LACK, CONFIRM, BYE: a few numbers and ids.
pub const SMALL_BYTES: usize = 1_024;
/// JOIN: a key card of 16 KiB and a name.
pub const JOIN_BYTES: usize = 18_432;
/// One frame of records or statements: the writer stops at a quarter MiB, and the last record may have 64 KiB.
pub const BATCH_BYTES: usize = (256 << 10) + (64 << 10) + 64;
/// Where a writer ends a batch.
pub const BATCH_TARGET: usize = 256 << 10;
/// An acknowledgement's own limit, and the heads around it.
pub const ACK_BYTES: usize = crate::record::limits::ACK_BYTES + 256;
/// Eight bytes for each of 10,000 members' statements, and room: 131,072 ids.
pub const IDS_BYTES: usize = (1 << 20) + 64;
/// Bytes of the id of a statement that stand for it when two sets are compared. Two statements of one circle that
/// share them stay unequal in hash, and are sent in full when their sets are compared by a reader with both.
pub const ID_PREFIX: usize = 8;
/// The chain that convinces a peer of an admission that it has not heard of: as much as quarantine holds for a member.
pub const CHAIN_BYTES: usize = 16 << 20;
/// Record bytes that may be on their way without having been taken in.
pub const WINDOW: u64 = 4 << 20;
/// Nodes of one PLACES, places of one node, and bytes of one place: whom a member can make this node dial.
pub const PLACES_NODES: usize = 64;
pub const PLACES: usize = 12;
pub const PLACE_BYTES: usize = 200;
/// PLACES: all of that, with the heads around it.
pub const PLACES_BYTES: usize = PLACES_NODES * (40 + PLACES * (PLACE_BYTES + 2)) + 64;
/// Asks for pieces that may be open in one direction.
pub const ASKS: usize = 64;
/// Pieces read ahead into the session's memory.
pub const PIECES_AHEAD: usize = 4;
/// A piece of a blob is at least a quarter MiB: a transfer that breaks off sends less than that again.
pub const PIECE_BYTES: u64 = 256 << 10;
/// Pieces of one blob: 16 GiB at the smallest piece, beyond that pieces double. Their list is 2 MiB.
pub const PIECES: u64 = 65_536;
/// One piece: of a blob of at most 64 GiB.
pub const PIECE_MOST: u64 = 1 << 20;
/// PIECE: a piece of a blob, or its list.
pub const PIECE_FRAME: usize = PIECES as usize * 32 + 64;
/// Questions for statements that brought nothing: after so many of a session it asks no more, and an answer to so many about
/// the same statements is the last.
pub const PULLS: u32 = 16;
/// How often the same records are sent again to a peer that took them and still lacks them.
pub const REFILLS: u32 = 2;
