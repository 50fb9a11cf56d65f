//! Reading back: the bytes that come from a medium are compared with those that were written to it.
//!
//! A person waits for this beside the stick, so it is done in blocks: two threads read, and a check
//! that finds a device's errors is enough. CRC-32 finds every burst of up to 32 bits and lets one
//! of 2^32 other errors of a block pass; a reader's trust rests on the hashes in the manifest and
//! in `SUMS`, and on age's tags.
//!
//! **Failure.** A difference is an answer (`false`); only a file that cannot be read is an error.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::MediaError;
use super::medium::open_file;

/// Bytes that are compared at once; the checks of a slice of 4 GiB take 64 KiB.
const BLOCK: usize = 256 * 1024;

/// The checks of what was written so far.
#[derive(Debug, Default)]
pub(super) struct ReadBack {
    checks: Vec<u32>,
    /// Of the last block, which is not full.
    open: crc32fast::Hasher,
    size: u64,
}

impl ReadBack {
    /// Takes note of bytes that are written behind the others.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // Below BLOCK.
            let filled = usize::try_from(self.size % BLOCK as u64).unwrap_or(0);
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - filled));
            self.open.update(now);
            self.size += now.len() as u64;
            if filled + now.len() == BLOCK {
                self.checks.push(std::mem::take(&mut self.open).finalize());
            }
            bytes = later;
        }
    }

    /// Is a file, read from the device where the system allows that, what was written?
    pub fn comes_back(self, path: &Path) -> Result<bool, MediaError> {
        let file = open_file(path)?;
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Sequential);
        self.comes_back_from(&file).map_err(MediaError::io(path))
    }

    fn comes_back_from(mut self, file: &File) -> io::Result<bool> {
        if file.metadata()?.len() != self.size {
            return Ok(false);
        }
        if !self.size.is_multiple_of(BLOCK as u64) {
            self.checks.push(std::mem::take(&mut self.open).finalize());
        }
        // Two readers take the next block each: nearly in order, as a medium likes it.
        let (next, differs) = (AtomicUsize::new(0), AtomicBool::new(false));
        let read = || -> io::Result<()> {
            let mut buffer = vec![0; BLOCK.min(usize::try_from(self.size).unwrap_or(BLOCK))];
            while !differs.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(check) = self.checks.get(number) else {
                    break;
                };
                let at = number as u64 * BLOCK as u64;
                let left = usize::try_from(self.size - at).unwrap_or(BLOCK);
                let block = &mut buffer[..left.min(BLOCK)];
                file.read_exact_at(block, at)?;
                if crc32fast::hash(block) != *check {
                    differs.store(true, Ordering::Relaxed);
                }
            }
            Ok(())
        };
        let (one, other) = match self.checks.len() {
            // Not worth a thread.
            0..4 => (read(), Ok(())),
            _ => rayon::join(read, read),
        };
        one.and(other)?;
        Ok(!differs.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn written(bytes: &[u8], step: usize) -> (tempfile::NamedTempFile, ReadBack) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut read_back = ReadBack::default();
        for piece in bytes.chunks(step) {
            file.write_all(piece).unwrap();
            read_back.update(piece);
        }
        (file, read_back)
    }

    #[test]
    fn what_was_written_comes_back() {
        for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 6 * BLOCK, 9 * BLOCK + 77] {
            let bytes: Vec<u8> = (0..=250u8).cycle().take(size).collect();
            for step in [1_000, BLOCK, usize::MAX] {
                let (file, read_back) = written(&bytes, step);
                assert!(
                    read_back.comes_back(file.path()).unwrap(),
                    "{size} by {step}"
                );
            }
        }
    }

    #[test]
    fn a_lost_block_and_a_single_bit_are_found() {
        let bytes: Vec<u8> = (0..=250u8).cycle().take(5 * BLOCK + 9).collect();
        for at in [0, BLOCK - 1, 3 * BLOCK, 5 * BLOCK + 8] {
            let (file, read_back) = written(&bytes, BLOCK);
            file.as_file()
                .write_all_at(&[bytes[at] ^ 4], at as u64)
                .unwrap();
            assert!(!read_back.comes_back(file.path()).unwrap(), "a bit at {at}");
        }
        let (file, read_back) = written(&bytes, BLOCK);
        file.as_file()
            .write_all_at(&[0; BLOCK], BLOCK as u64)
            .unwrap();
        assert!(
            !read_back.comes_back(file.path()).unwrap(),
            "a block of zeros"
        );
        for cut in [1, 9, BLOCK as u64] {
            let (file, read_back) = written(&bytes, BLOCK);
            let left = bytes.len() as u64 - cut;
            file.as_file().set_len(left).unwrap();
            assert!(
                !read_back.comes_back(file.path()).unwrap(),
                "{cut} bytes less"
            );
        }
        let (mut file, read_back) = written(&bytes, BLOCK);
        file.write_all(b"x").unwrap();
        assert!(!read_back.comes_back(file.path()).unwrap(), "a byte more");
    }
}
