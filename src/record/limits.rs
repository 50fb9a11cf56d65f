//! The one table of limits of the shared history. Every limit is a rule: two nodes that disagree on
//! one of them would hold different sets. Each has its reason here and its test beside the code that
//! applies it; `docs/records.md` repeats the table.

/// Bytes of one encoded record. Contents are blobs, so metadata never needs more; a node can hold a
/// thousand of them in 64 MiB.
pub const RECORD_BYTES: usize = 64 * 1024;
/// Bytes of one encoded statement. A certificate takes about 200.
pub const STATEMENT_BYTES: usize = 4 * 1024;
/// Bytes of one encoded acknowledgement: a frontier entry takes about 75 bytes, 10,000 members with a few feeds each.
pub const ACK_BYTES: usize = 4 * 1024 * 1024;
/// Authority heads that one record may cite; more are merged by an empty authority record.
pub const SEEN: usize = 64;
/// Entries of one cut: it names feeds of one root.
pub const CUT: usize = 256;
/// Feeds of one root in one circle: a rotation every 90 days fills them in 8 years, a rotation a year in 32.
pub const FEEDS_PER_ROOT: usize = 32;
/// Statements of one root: four keys of each role a year for 16 years.
pub const STATEMENTS_PER_ROOT: usize = 256;
/// Roots that one member may invite, whatever the policy says.
pub const INVITATIONS: u64 = 64;
/// Guests of one inviter that have a share of the set: as many as it may invite.
pub const SEATS: usize = INVITATIONS as usize;
/// Authority records of one feed that were not given as admin, unless genesis names the root.
pub const FEED_AUTHORITY: u64 = 256;
/// Ordinary records of one feed, unless genesis names the root.
pub const FEED_ORDINARY: u64 = 65_536;
/// Bytes of the envelopes of these: their mean, when there are that many, is 256 bytes.
pub const FEED_BYTES: u64 = 16 * 1024 * 1024;
/// Members of one circle.
pub const MEMBERS: usize = 10_000;
/// Admins named by one genesis.
pub const ADMINS: usize = 64;
/// Ids that one acknowledgement may ask for.
pub const WANTED: usize = 4_096;
/// Branch tips that one forked frontier entry may list.
pub const TIPS: usize = 64;
/// Bytes of a name (circle, member, model, title) in a record.
pub const NAME_BYTES: usize = 256;
/// Bytes of a free text (reason, licence, origin) in a record.
pub const TEXT_BYTES: usize = 4 * 1024;
/// Greatest height: fits SQLite's signed integers and JSON numbers.
pub const HEIGHT: u64 = (1 << 53) - 1;
/// Nesting of CBOR inside a payload; our own shapes need four.
pub const CBOR_DEPTH: usize = 16;
/// Bytes that wait in quarantine for what they lack, per delivering member.
pub const QUARANTINE_MEMBER_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes that wait in quarantine in all.
pub const QUARANTINE_BYTES: u64 = 64 * 1024 * 1024;
/// How far a foreign hybrid time may move my own clock ahead of the wall clock, in milliseconds.
pub const HLC_AHEAD_MS: u64 = 24 * 60 * 60 * 1000;
