//! `records/NNNN.cborseq.zst`: concatenated CBOR items (RFC 8742), each a signed record, compressed
//! with zstd at level 3. A member is closed once its items reach 8 MiB; so one member's items fit into
//! memory, and a reader never decompresses more than that and one item, whatever the frame claims.
//! An item's size is bounded before anybody decodes it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::bundle::limits::{
    ITEM_BYTES, RECORDS_RATIO, RECORDS_RAW_BYTES, RECORDS_SLACK_BYTES, RECORDS_TARGET_BYTES,
    ZSTD_WINDOW_LOG, records_raw_bytes,
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
        let mut tee = encoder.finish().map_err(MediaError::io(&at))?;
        fill(&mut tee, raw as u64).map_err(MediaError::io(&at))?;
        members.push(Spooled {
            path,
            size: tee.file.len(),
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
pub struct Items {
    paths: std::vec::IntoIter<PathBuf>,
    raw: Vec<u8>,
    at: usize,
}

impl Items {
    /// Over these files, in order.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self {
            paths: paths.into_iter(),
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
            let path = self.paths.next()?;
            self.at = 0;
            match read_member(&path) {
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
        self.paths = Vec::new().into_iter();
        self.raw.clear();
        self.at = 0;
    }
}

fn read_member(path: &Path) -> Result<Vec<u8>, MediaError> {
    let file: File = medium::open_file(path)?;
    let size = file.metadata().map_err(MediaError::io(path))?.len();
    decompress_within(file, records_raw_bytes(size)).map_err(|error| {
        if super::is_refusal(&error) || error.kind() == io::ErrorKind::Other {
            MediaError::Refused(format!("zstd: {error}"))
        } else {
            MediaError::io(path)(error)
        }
    })
}

/// Decompresses a member within its bounds, whatever its frame header claims.
pub fn decompress(input: impl Read) -> io::Result<Vec<u8>> {
    decompress_within(input, RECORDS_RAW_BYTES as u64)
}

/// The same within `most` bytes.
fn decompress_within(input: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut decoder = zstd::Decoder::new(input)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    let mut raw = Vec::new();
    decoder.take(most + 1).read_to_end(&mut raw)?;
    if raw.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "more than a records member may hold",
        ));
    }
    Ok(raw)
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

    fn byte_string(length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = minicbor::Encoder::new(&mut bytes);
        encoder.bytes(&vec![3; length]).unwrap();
        bytes
    }

    fn spooled(items: Vec<Vec<u8>>) -> Result<(tempfile::TempDir, Vec<PathBuf>), MediaError> {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        let members = spool(
            &files,
            Path::new(""),
            items.into_iter().map(Ok::<_, MediaError>),
        )?;
        let paths = members.iter().map(|m| files.path(&m.path)).collect();
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
            std::fs::write(&path, bytes).unwrap();
            let last = Items::new(vec![path]).last();
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
        let folder = tempfile::tempdir().unwrap();
        let read = |bytes: &[u8]| {
            let path = folder.path().join("x.zst");
            std::fs::write(&path, bytes).unwrap();
            read_member(&path)
        };
        let zeros = zstd::encode_all(io::repeat(0x40).take(4 << 20), 3).unwrap();
        assert!(matches!(read(&zeros), Err(MediaError::Refused(_))));
        let small = zstd::encode_all(io::repeat(0x40).take(16 << 10), 3).unwrap();
        assert_eq!(read(&small).unwrap().len(), 16 << 10);
        // What a member wrote keeps nobody from writing a bundle that others take.
        let items: Vec<_> = (0..140).map(|_| byte_string(60_000)).collect();
        let (_folder, paths) = spooled(items.clone()).unwrap();
        let raw: usize = items.iter().map(Vec::len).sum();
        let size = std::fs::metadata(&paths[0]).unwrap().len();
        assert!(raw.div_ceil(paths.len()) <= most(size.try_into().unwrap()));
        let again: Result<Vec<_>, _> = Items::new(paths).collect();
        assert_eq!(again.unwrap(), items);
    }

    /// A bomb: a few kilobytes that claim to become 64 MiB, and a window of 2^27.
    #[test]
    fn bombs_stay_small() {
        let bomb = zstd::encode_all(io::repeat(0).take(64 << 20), 3).unwrap();
        assert!(bomb.len() < 16 << 10);
        assert!(decompress(&bomb[..]).is_err());
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(27).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(b"x").unwrap();
        assert!(decompress(&encoder.finish().unwrap()[..]).is_err());
    }
}
