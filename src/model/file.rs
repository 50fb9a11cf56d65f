//! A model file in memory: mapped, parsed, never copied.
//!
//! The map is private to this process and read-only. A file that another program cuts short while it is
//! mapped would end this process with a bus error; okibi maps only files of its own store, which are
//! never changed, and files that a person names on the command line.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use memmap2::{Mmap, MmapMut};

use super::ModelError;
use super::gguf::{Gguf, parse};

/// A GGUF file whose structure has been checked. Cheap to clone: clones share the map.
#[derive(Clone, Debug)]
pub struct ModelFile {
    map: Arc<Mmap>,
}

impl ModelFile {
    /// Maps and checks the file at `path`.
    ///
    /// # Errors
    /// Where it cannot be read or is no sound GGUF file.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io {
            path: path.into(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        // SAFETY: the map is only read, and every byte of it is valid as `u8`. See the module's header for
        // a file that changes meanwhile: that ends the process or changes the answer, but breaks no type.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        Self::checked(map)
    }

    /// Takes a copy of a file that is in memory. It is copied to pages of its own because weights must lie
    /// at aligned addresses, which the bytes of a vector need not.
    ///
    /// # Errors
    /// Where it is no sound GGUF file, or there is no memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io {
            path: "(memory)".into(),
            source,
        };
        let mut map = MmapMut::map_anon(bytes.len().max(1)).map_err(io)?;
        map[..bytes.len()].copy_from_slice(bytes);
        Self::checked(map.make_read_only().map_err(io)?)
    }

    fn checked(map: Mmap) -> Result<Self, ModelError> {
        parse(&map)?;
        Ok(Self { map: Arc::new(map) })
    }

    /// The structure of the file, read anew (milliseconds, even for large vocabularies).
    ///
    /// # Errors
    /// Only if the file was changed since it was opened.
    pub fn gguf(&self) -> Result<Gguf<'_>, ModelError> {
        Ok(parse(&self.map)?)
    }

    /// All bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Asks the operating system to bring the file in while other things are prepared.
    pub(super) fn read_ahead(&self) {
        #[cfg(unix)]
        // Only advice: without it the pages come one fault at a time.
        let _ = self.map.advise(memmap2::Advice::WillNeed);
    }

    pub(super) fn map(&self) -> &Arc<Mmap> {
        &self.map
    }
}
