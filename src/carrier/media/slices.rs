//! One age stream cut into slices, over one medium or several. A medium is filled as far as its free space
//! goes, its slices are synced, read back and compared, its parity is made, and its `SUMS` is written last: the
//! part that it holds exists from then on. Then the next medium is taken: one that was named beforehand, or
//! one that the caller asks a person for.
//!
//! On failure `undo` takes the bundle off every medium that is still at hand.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::ops::Deref;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::MediaError;
use super::files::OpenFile;
use super::filesystem::Filesystem;
use super::medium::{self, Medium, SLICES, Sums};
use super::parity;
use super::read_back::ReadBack;

/// SUMS, README.txt, folders and the last clusters of files, which have up to 32 KiB on FAT.
const MARGIN: u64 = 256 * 1024;
/// Room below which a medium counts as full: less than this is no slice.
const LEAST_ROOM: u64 = 4 * 1024;

/// How a bundle is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// Bytes of a slice; none: as the file system allows.
    pub slice: Option<u64>,
    /// Percent of parity beside the slices; 0 for none.
    pub parity: u8,
}

/// Why another medium is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Full {
    /// Bytes that lie on media already.
    pub written: u64,
    /// At most so many bytes are still to be written.
    pub left: u64,
    /// The medium that was offered has a part of this bundle already, or no room.
    pub unfit: bool,
}

/// Asks for another medium.
pub type More<'a> = dyn FnMut(Full) -> Result<Medium, MediaError> + Send + 'a;

/// Takes note of a bundle's folder.
pub type Begun<'a> = dyn FnMut(&str) -> Result<(), MediaError> + 'a;

/// The media for one bundle, in the order in which they are filled.
pub struct Media<'a> {
    pub taken: Vec<Medium>,
    pub more: Option<&'a mut More<'a>>,
    pub layout: Layout,
    /// Hears the bundle's folder before the first byte: who is killed between two media knows its parts again.
    pub begun: Option<&'a mut Begun<'a>>,
}

/// A medium of the caller's, or one for this bundle alone.
enum Held<'a> {
    Lent(&'a Medium),
    Own(Medium),
}

impl Deref for Held<'_> {
    type Target = Medium;
    fn deref(&self) -> &Medium {
        match self {
            Self::Lent(medium) => medium,
            Self::Own(medium) => medium,
        }
    }
}

/// Bytes of slices that this medium takes beside its parity.
fn room(medium: &Medium, layout: &Layout) -> Result<u64, MediaError> {
    let files = medium.files();
    let free = files.free_space().map_err(MediaError::io(files.root()))?;
    Ok(parity::room(free.saturating_sub(MARGIN), layout.parity))
}

/// What was laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Laid {
    pub bytes: u64,
    pub parity: u64,
    pub slices: u16,
    pub media: u16,
    /// Each medium was itself asked for what was written.
    pub rereads: bool,
}

/// The writer of slices. After an error `failure` says what it was: `Write` has no room for it.
pub(super) struct Writer<'a> {
    waiting: VecDeque<Held<'a>>,
    more: Option<&'a mut More<'a>>,
    layout: Layout,
    handle: String,
    tokens: Vec<[u8; 32]>,
    /// Upper bound of all bytes.
    need: u64,
    current: Option<Current<'a>>,
    committed: Vec<Held<'a>>,
    laid: Laid,
    pub failure: Option<MediaError>,
}

struct Current<'a> {
    medium: Held<'a>,
    room: u64,
    limit: u64,
    first: u16,
    sums: Vec<[u8; 32]>,
    sizes: Vec<u64>,
    open: Option<Open>,
}

struct Open {
    file: OpenFile,
    /// For `SUMS`.
    sha256: Sha256,
    /// For the reading back.
    read_back: ReadBack,
    size: u64,
    at: PathBuf,
}

impl<'a> Writer<'a> {
    /// Onto one medium of the caller's, in one part.
    pub fn onto(medium: &'a Medium, handle: String, tokens: Vec<[u8; 32]>, need: u64) -> Self {
        let waiting = [Held::Lent(medium)].into();
        Self::new(waiting, None, Layout::default(), (handle, tokens, need))
    }

    /// Over several.
    pub fn over(media: Media<'a>, handle: String, tokens: Vec<[u8; 32]>, need: u64) -> Self {
        let waiting = media.taken.into_iter().map(Held::Own).collect();
        Self::new(waiting, media.more, media.layout, (handle, tokens, need))
    }

    fn new(
        waiting: VecDeque<Held<'a>>,
        more: Option<&'a mut More<'a>>,
        layout: Layout,
        (handle, tokens, need): (String, Vec<[u8; 32]>, u64),
    ) -> Self {
        Self {
            waiting,
            more,
            layout,
            handle,
            tokens,
            need,
            current: None,
            committed: Vec::new(),
            laid: Laid {
                rereads: true,
                ..Laid::default()
            },
            failure: None,
        }
    }

    /// Before the first byte: is there room, and are there few enough slices?
    pub fn check(&self) -> Result<(), MediaError> {
        let (mut have, mut devices, mut least) = (0u64, Vec::new(), u64::MAX);
        for medium in &self.waiting {
            let root = medium.files().root();
            let filesystem = Filesystem::of(root);
            least = least.min(self.limit(filesystem)?);
            if !devices.contains(&filesystem.device) {
                devices.push(filesystem.device);
                have = have.saturating_add(room(medium, &self.layout)?);
            }
        }
        if have < self.need && self.more.is_none() {
            let place = self.waiting.back().map(|medium| medium.files().root());
            return Err(MediaError::NoSpace {
                place: place.unwrap_or("the media".as_ref()).to_owned(),
                need: self.need,
                have,
            });
        }
        if self.need.div_ceil(least) > u64::from(SLICES) {
            return Err(MediaError::Plan(format!(
                "over {SLICES} slices; each must have at least {} bytes",
                self.need.div_ceil(u64::from(SLICES))
            )));
        }
        Ok(())
    }

    fn limit(&self, filesystem: Filesystem) -> Result<u64, MediaError> {
        match self.layout.slice {
            Some(slice) if slice > filesystem.file() => Err(MediaError::Plan(
                "the file system holds no slice of 4 GiB; name a smaller one".to_owned(),
            )),
            Some(slice) => Ok(slice.max(1)),
            None => Ok(filesystem.slice),
        }
    }

    /// Makes the current slice one that takes at least a byte.
    fn turn(&mut self) -> Result<(), MediaError> {
        let full =
            |open: &Open, current: &Current<'_>| open.size >= current.limit || current.room == 0;
        match &self.current {
            Some(current)
                if current
                    .open
                    .as_ref()
                    .is_some_and(|open| !full(open, current)) =>
            {
                return Ok(());
            }
            Some(current) if current.room == 0 => self.close_medium(false)?,
            Some(_) => self.close_slice()?,
            None => {}
        }
        if self.current.is_none() {
            self.take_medium()?;
        }
        self.open_slice()
    }

    fn take_medium(&mut self) -> Result<(), MediaError> {
        let mut unfit = false;
        loop {
            let medium = match self.waiting.pop_front() {
                Some(medium) => medium,
                None => self.ask(unfit)?,
            };
            let root = medium.files().root().to_owned();
            let folder = Medium::folder(&self.handle);
            let at = medium.files().path(&folder);
            let filesystem = Filesystem::of(&root);
            let (room, limit) = (room(&medium, &self.layout)?, self.limit(filesystem)?);
            let taken = std::fs::symlink_metadata(&at).is_ok();
            if room < LEAST_ROOM || (taken && self.laid.media > 0) {
                let last = self.waiting.is_empty() && self.more.is_none();
                if last {
                    return Err(self.no_space(&root, room));
                }
                unfit = true;
                continue;
            }
            let made = medium.files().mkdir(&folder);
            made.map_err(MediaError::io(&at))?;
            self.laid.media += 1;
            self.laid.rereads &= filesystem.rereads;
            self.current = Some(Current {
                medium,
                room,
                limit,
                first: self.laid.slices,
                sums: Vec::new(),
                sizes: Vec::new(),
                open: None,
            });
            return Ok(());
        }
    }

    fn no_space(&self, root: &std::path::Path, have: u64) -> MediaError {
        MediaError::NoSpace {
            place: root.to_owned(),
            need: self.need.saturating_sub(self.laid.bytes),
            have,
        }
    }

    fn ask(&mut self, unfit: bool) -> Result<Held<'a>, MediaError> {
        let full = Full {
            written: self.laid.bytes,
            left: self.need.saturating_sub(self.laid.bytes),
            unfit,
        };
        // Unlocked, so that they can be unmounted; what is committed there stays.
        let last = self.committed.pop();
        let root = last.map(|medium| medium.files().root().to_owned());
        self.committed.clear();
        match &mut self.more {
            Some(more) => more(full).map(Held::Own),
            None => Err(self.no_space(&root.unwrap_or_default(), 0)),
        }
    }

    fn open_slice(&mut self) -> Result<(), MediaError> {
        let number = self.laid.slices;
        if number >= SLICES {
            return Err(MediaError::Plan(format!("over {SLICES} slices")));
        }
        if let Some(current) = &mut self.current {
            let files = current.medium.files();
            let path = Medium::folder(&self.handle).join(medium::slice_name(number));
            let at = files.path(&path);
            let file = files.create(&path).map_err(MediaError::io(&at))?;
            current.open = Some(Open {
                file,
                sha256: Sha256::new(),
                read_back: ReadBack::default(),
                size: 0,
                at,
            });
            self.laid.slices += 1;
        }
        Ok(())
    }

    /// Syncs the slice and reads it back.
    fn close_slice(&mut self) -> Result<(), MediaError> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        if let Some(open) = current.open.take() {
            let (sha256, size) = settle(open)?;
            current.sums.push(sha256);
            current.sizes.push(size);
        }
        Ok(())
    }

    fn close_medium(&mut self, last: bool) -> Result<(), MediaError> {
        self.close_slice()?;
        let Some(current) = self.current.take() else {
            return Ok(());
        };
        let medium = current.medium;
        let folder = Medium::folder(&self.handle);
        let done = (|| {
            let files = medium.files();
            let made = parity::write(
                files,
                (&folder, current.first, &current.sizes),
                self.layout.parity,
                current.limit,
            )?;
            let synced = files
                .sync_dir(&folder)
                .and_then(|()| files.sync_dir(medium::FOLDER));
            synced.map_err(MediaError::io(&files.path(&folder)))?;
            let sums = Sums {
                first: current.first,
                last,
                tokens: self.tokens.clone(),
                slices: current.sums,
                parity: made.sums,
            };
            medium.commit(&self.handle, &sums)?;
            Ok(made.bytes)
        })();
        self.committed.push(medium);
        self.laid.parity += done?;
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) -> Result<usize, MediaError> {
        self.turn()?;
        let Some(current) = &mut self.current else {
            return Ok(0);
        };
        let Some(open) = &mut current.open else {
            return Ok(0);
        };
        let most = (current.limit - open.size).min(current.room);
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len());
        let count = open
            .file
            .write(&bytes[..most])
            .map_err(MediaError::io(&open.at))?;
        open.sha256.update(&bytes[..count]);
        open.read_back.update(&bytes[..count]);
        open.size += count as u64;
        current.room -= count as u64;
        self.laid.bytes += count as u64;
        Ok(count)
    }

    /// Ends the bundle: from here on it exists.
    pub fn finish(&mut self) -> Result<Laid, MediaError> {
        self.close_medium(true)?;
        Ok(self.laid)
    }

    /// Takes what was begun off the media that are at hand; what cannot be removed now is swept by the
    /// next writer there.
    pub fn undo(&mut self) {
        let current = self.current.take().map(|current| current.medium);
        for medium in self.committed.drain(..).chain(current) {
            let _ = medium.discard(&self.handle);
        }
    }
}

/// Syncs and reads back what was written; its sha256 and size.
fn settle(open: Open) -> Result<([u8; 32], u64), MediaError> {
    let Open {
        mut file,
        sha256,
        read_back,
        size,
        at,
    } = open;
    file.sync().map_err(MediaError::io(&at))?;
    file.forget();
    if !read_back.comes_back(&at)? {
        return Err(MediaError::ReadBack(at));
    }
    Ok((sha256.finalize().into(), size))
}

impl Write for Writer<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        // Whoever writes through buffers tries again when they are dropped.
        if let Some(failure) = &self.failure {
            return Err(io::Error::other(failure.to_string()));
        }
        self.push(buffer).map_err(|error| {
            let said = error.to_string();
            self.failure = Some(error);
            io::Error::other(said)
        })
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
