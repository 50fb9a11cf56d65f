//! `records/NNNN.cborseq.zst`: concatenated CBOR items (RFC 8742), each a signed record, compressed
//! with zstd at level 3. A member is closed once its items reach 8 MiB; so one member's items fit into
//! memory. The manifest lists what they have, and a reader unpacks exactly that, whatever the frame claims.
//! An item's size is bounded before anybody decodes it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::bundle::limits::{
    ITEM_BYTES, RECORDS_BYTES, RECORDS_RATIO, RECORDS_RAW_BYTES, RECORDS_SLACK_BYTES,
    RECORDS_TARGET_BYTES, ZSTD_WINDOW_LOG,
};

use super::files::{Files, OpenFile};
use super::{MediaError, medium};

/// zstd's level: the design's; higher ones cost more time than a stick saves.
const LEVEL: i32 = 3;

/// A compressed member in the spool.
#[derive(Debug, Clone)]
pub struct Spooled {
    /// Below the spool's root.
    pub path: PathBuf,
    /// Compressed bytes.
    pub size: u64,
    /// Bytes of the items.
    pub raw: u64,
    /// Of the compressed bytes.
    pub sha256: [u8; 32],
    /// Of the compressed bytes.
    pub blake3: [u8; 32],
}

/// Hashes what passes through.
struct Tee {
    file: OpenFile,
    sha256: Sha256,
    blake3: blake3::Hasher,
}

impl Write for Tee {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.sha256.update(&buffer[..count]);
        self.blake3.update(&buffer[..count]);
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Compresses items into files `NNNN.zst` in `folder`, which must exist. Items over the limit are a
/// plan's mistake and refused.
pub fn spool<E: Into<MediaError>>(
    files: &Files,
    folder: &Path,
    items: impl Iterator<Item = Result<Vec<u8>, E>>,
) -> Result<Vec<Spooled>, MediaError> {
    let mut items = items.peekable();
    let mut members = Vec::new();
    let mut all = 0;
    while items.peek().is_some() {
        let path = folder.join(format!("{:04}.zst", members.len()));
        let at = files.path(&path);
        let tee = Tee {
            file: files.create(&path).map_err(MediaError::io(&at))?,
            sha256: Sha256::new(),
            blake3: blake3::Hasher::new(),
        };
        let mut encoder = zstd::Encoder::new(tee, LEVEL).map_err(MediaError::io(&at))?;
        let mut raw = 0;
        while raw < RECORDS_TARGET_BYTES
            && let Some(item) = items.next()
        {
            let item = item.map_err(Into::into)?;
            if item.len() > ITEM_BYTES || item.is_empty() {
                return Err(MediaError::Plan("a record is empty or over 64 KiB".into()));
            }
            encoder.write_all(&item).map_err(MediaError::io(&at))?;
            raw += item.len();
        }
        all += raw as u64;
        if all > RECORDS_BYTES {
            return Err(MediaError::Plan("more than 16 GiB of records".into()));
        }
        let mut tee = encoder.finish().map_err(MediaError::io(&at))?;
        fill(&mut tee, raw as u64).map_err(MediaError::io(&at))?;
        members.push(Spooled {
            path,
            size: tee.file.len(),
            raw: raw as u64,
            sha256: tee.sha256.finalize().into(),
            blake3: *tee.blake3.finalize().as_bytes(),
        });
    }
    Ok(members)
}

/// Makes a member that compresses better than a reader takes as large as it has to be, by a skippable frame (RFC 8878,
/// section 3.1.2): what a member wrote must not keep others from writing bundles.
fn fill(tee: &mut Tee, raw: u64) -> io::Result<()> {
    let least = raw
        .saturating_sub(RECORDS_SLACK_BYTES)
        .div_ceil(RECORDS_RATIO);
    let Some(lacking) = least.checked_sub(tee.file.len()).filter(|it| *it > 0) else {
        return Ok(());
    };
    let zeros = vec![0; usize::try_from(lacking).unwrap_or(0)];
    let size = u32::try_from(zeros.len()).unwrap_or(u32::MAX);
    tee.write_all(&0x184d_2a50_u32.to_le_bytes())?;
    tee.write_all(&size.to_le_bytes())?;
    tee.write_all(&zeros)
}

/// The items of staged members, one member in memory at a time.
#[derive(Debug)]
pub struct Items {
    members: std::vec::IntoIter<(PathBuf, u64)>,
    raw: Vec<u8>,
    at: usize,
}

impl Items {
    /// Over these files, in order, each with the bytes that it must unpack to.
    pub fn new(members: Vec<(PathBuf, u64)>) -> Self {
        Self {
            members: members.into_iter(),
            raw: Vec::new(),
            at: 0,
        }
    }
}

impl Iterator for Items {
    /// One record's bytes; `Refused` for what is no sequence of bounded CBOR items, and then no more.
    type Item = Result<Vec<u8>, MediaError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at == self.raw.len() {
            let (path, raw) = self.members.next()?;
            self.at = 0;
            match read_member(&path, raw) {
                Ok(raw) => self.raw = raw,
                Err(error) => {
                    self.stop();
                    return Some(Err(error));
                }
            }
        }
        match item(&self.raw[self.at..]) {
            Some(length) => {
                let item = self.raw[self.at..self.at + length].to_vec();
                self.at += length;
                Some(Ok(item))
            }
            None => {
                self.stop();
                let why = "records are no sequence of CBOR items of at most 64 KiB";
                Some(Err(MediaError::Refused(why.to_owned())))
            }
        }
    }
}

impl Items {
    fn stop(&mut self) {
        self.members = Vec::new().into_iter();
        self.raw.clear();
        self.at = 0;
    }
}

fn read_member(path: &Path, raw: u64) -> Result<Vec<u8>, MediaError> {
    let file: File = medium::open_file(path)?;
    decompress_exactly(file, raw).map_err(|error| {
        if super::is_refusal(&error) || error.kind() == io::ErrorKind::Other {
            MediaError::Refused(format!("zstd: {error}"))
        } else {
            MediaError::io(path)(error)
        }
    })
}

/// Decompresses a member that the manifest lists with `raw` bytes: not one more comes out of it, whatever its frame header
/// claims, and one less is damage, too. `InvalidData` for either, and for more than any member may have.
pub fn decompress_exactly(input: impl Read, raw: u64) -> io::Result<Vec<u8>> {
    let wrong = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    if raw > RECORDS_RAW_BYTES as u64 {
        return wrong("more than a records member may hold");
    }
    let mut decoder = zstd::Decoder::new(input)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    let mut bytes = Vec::new();
    decoder.by_ref().take(raw).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < raw {
        return wrong("fewer bytes than the manifest lists");
    }
    // The frame's own end is asked for as well: what follows it unpacks to nothing.
    match decoder.read(&mut [0])? {
        0 => Ok(bytes),
        _ => wrong("more bytes than the manifest lists"),
    }
}

/// The length of the first item, if it is whole and within its limit.
fn item(bytes: &[u8]) -> Option<usize> {
    let &first = bytes.first()?;
    let mut decoder = minicbor::Decoder::new(&bytes[..bytes.len().min(ITEM_BYTES)]);
    decoder.skip().ok()?;
    // A lone break is skipped by the decoder and is no item.
    (first != 0xff).then_some(decoder.position())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::limits::records_raw_bytes;

    fn byte_string(length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = minicbor::Encoder::new(&mut bytes);
        encoder.bytes(&vec![3; length]).unwrap();
        bytes
    }

    fn spooled(
        items: Vec<Vec<u8>>,
    ) -> Result<(tempfile::TempDir, Vec<(PathBuf, u64)>), MediaError> {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        let members = spool(
            &files,
            Path::new(""),
            items.into_iter().map(Ok::<_, MediaError>),
        )?;
        let paths = members
            .iter()
            .map(|m| (files.path(&m.path), m.raw))
            .collect();
        Ok((folder, paths))
    }

    #[test]
    fn items_survive_over_several_members() {
        let items: Vec<_> = (0..300).map(|i| byte_string(60_000 + i)).collect();
        let (_folder, paths) = spooled(items.clone()).unwrap();
        assert_eq!(paths.len(), 3);
        let read: Result<Vec<_>, _> = Items::new(paths).collect();
        assert_eq!(read.unwrap(), items);
        assert_eq!(spooled(Vec::new()).unwrap().1.len(), 0);
    }

    #[test]
    fn limits_hold_on_both_sides() {
        assert!(spooled(vec![byte_string(ITEM_BYTES - 5)]).is_ok());
        assert!(spooled(vec![byte_string(ITEM_BYTES)]).is_err());
        assert!(spooled(vec![vec![]]).is_err());
        let folder = tempfile::tempdir().unwrap();
        let refused = |bytes: Vec<u8>| {
            let path = folder.path().join("x.zst");
            let raw = zstd::decode_all(&bytes[..]).map_or(9, |raw| raw.len() as u64);
            std::fs::write(&path, bytes).unwrap();
            let last = Items::new(vec![(path, raw)]).last();
            assert!(
                matches!(last, Some(Err(MediaError::Refused(_)))),
                "{last:?}"
            );
        };
        let pack = |raw: &[u8]| zstd::encode_all(raw, 3).unwrap();
        refused(b"no zstd".to_vec());
        refused(pack(&byte_string(ITEM_BYTES)));
        refused(pack(&[byte_string(3), vec![0x43, 1]].concat()));
        refused(pack(b"\xff"));
        // An item nested without end is bounded by its bytes, not by the stack.
        refused(pack(&[0x81; 200_000]));
        let whole = pack(&byte_string(60_000));
        refused(whole[..whole.len() - 1].to_vec());
    }

    #[test]
    fn a_member_is_no_more_than_32_times_its_bytes() {
        let most = |size: usize| usize::try_from(records_raw_bytes(size as u64)).unwrap();
        // What a member wrote keeps nobody from writing a bundle that others take.
        let items: Vec<_> = (0..140).map(|_| byte_string(60_000)).collect();
        let (_folder, paths) = spooled(items.clone()).unwrap();
        let raw: usize = items.iter().map(Vec::len).sum();
        let size = std::fs::metadata(&paths[0].0).unwrap().len();
        assert!(raw.div_ceil(paths.len()) <= most(size.try_into().unwrap()));
        let again: Result<Vec<_>, _> = Items::new(paths).collect();
        assert_eq!(again.unwrap(), items);
    }

    #[test]
    fn a_member_unpacks_to_exactly_what_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.zst");
        let read = |bytes: &[u8], raw| {
            std::fs::write(&path, bytes).unwrap();
            read_member(&path, raw)
        };
        let items = [byte_string(60_000), byte_string(60_000)].concat();
        let whole = zstd::encode_all(&items[..], 3).unwrap();
        let raw = items.len() as u64;
        assert_eq!(read(&whole, raw).unwrap(), items);
        // As where two frames follow each other, or one that is skipped.
        let (first, second) = items.split_at(60_003);
        let frames = [
            zstd::encode_all(first, 3).unwrap(),
            zstd::encode_all(second, 3).unwrap(),
        ];
        let skipped = [&0x184d_2a50_u32.to_le_bytes()[..], &[2, 0, 0, 0, 0, 0]].concat();
        assert_eq!(read(&frames.concat(), raw).unwrap(), items);
        assert_eq!(read(&[&whole[..], &skipped].concat(), raw).unwrap(), items);
        for wrong in [0, 1, raw - 1, raw + 1, 60_003, u64::MAX] {
            for bytes in [&whole[..], &frames.concat(), &whole[..whole.len() - 1]] {
                let read = read(bytes, wrong);
                assert!(matches!(read, Err(MediaError::Refused(_))), "{wrong}");
            }
        }
        let cut = read(&whole[..whole.len() - 1], raw);
        assert!(matches!(cut, Err(MediaError::Refused(_))));
        let rest = read(&[&whole[..], b"x"].concat(), raw);
        assert!(matches!(rest, Err(MediaError::Refused(_))));
    }

    /// A bomb: a few kilobytes that claim to become 64 MiB, and a window of 2^27.
    #[test]
    fn bombs_stay_small() {
        let bomb = zstd::encode_all(io::repeat(0).take(64 << 20), 3).unwrap();
        assert!(bomb.len() < 16 << 10);
        assert!(decompress_exactly(&bomb[..], 64 << 20).is_err());
        assert!(decompress_exactly(&bomb[..], RECORDS_RAW_BYTES as u64).is_err());
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(27).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(b"x").unwrap();
        assert!(decompress_exactly(&encoder.finish().unwrap()[..], 1).is_err());
    }
}
