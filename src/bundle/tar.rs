//! A strict ustar (POSIX.1-1988) writer and reader. A member's header is a function of its name and
//! size alone: mode 0644, owner and group 0 without names, time 0, type `0`, no link, no prefix, device
//! numbers 0, number fields in octal with leading zeros and a NUL behind, the checksum as six digits, NUL,
//! space. Data is padded with zeros to 512 bytes, two blocks of zeros end the archive, and nothing
//! follows. It is byte for byte what
//! `tar --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=0644 -b1` writes.
//!
//! The reader takes name and size out of a header, checks the name's grammar, builds the header
//! anew and compares all 512 bytes: links, devices, directories, prefixes, GNU and pax extensions,
//! wrong checksums and odd numbers are refused by that one comparison.
//!
//! Call order of the reader: `next`, read the member's bytes to the end, `next`, ... until `None`.

use std::io::{self, Read, Write};

use super::{BundleError, names};

/// tar's unit, in bytes.
pub const BLOCK: u64 = 512;
/// Greatest size that eleven octal digits hold.
const MOST: u64 = (8 << 30) - 1;

/// A member's bytes with their padding.
pub fn padded(size: u64) -> u64 {
    size.next_multiple_of(BLOCK)
}

/// One member as its header says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// In the grammar of `names`.
    pub name: String,
    /// Bytes of data.
    pub size: u64,
    /// Where the data starts in the tar.
    pub offset: u64,
}

/// The header of a member; `None` if the name is not in the grammar or the size over 8 GiB.
pub fn header(name: &str, size: u64) -> Option<[u8; 512]> {
    names::parse(name)?;
    if size > MOST || name.len() > 99 {
        return None;
    }
    let mut block = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(329, b"0000000\0");
    put(337, b"0000000\0");
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(block)
}

/// Reads a header back; it must be exactly what `header` writes.
fn read_header(block: &[u8; 512]) -> Result<(String, u64), BundleError> {
    use BundleError::Archive as Bad;
    let name = &block[..100];
    let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
    let name = std::str::from_utf8(&name[..end]).map_err(|_| Bad("a name is not UTF-8"))?;
    if names::parse(name).is_none() {
        return Err(Bad("a name outside the grammar"));
    }
    let mut size = 0u64;
    for &digit in &block[124..135] {
        if !(b'0'..=b'7').contains(&digit) {
            return Err(Bad("a size is not octal"));
        }
        size = size << 3 | u64::from(digit - b'0');
    }
    if header(name, size).as_ref() != Some(block) {
        return Err(Bad("a header is not in the strict form"));
    }
    Ok((name.to_owned(), size))
}

/// Writes members one behind the other.
pub struct Writer<W> {
    out: W,
    position: u64,
    left: u64,
}

impl<W: Write> Writer<W> {
    /// Starts an archive.
    pub fn new(out: W) -> Self {
        Self {
            out,
            position: 0,
            left: 0,
        }
    }

    /// Bytes written so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Starts a member of exactly `size` bytes, to be written through `Write`. Errors with
    /// `InvalidInput` for a name outside the grammar or while another member is unfinished.
    pub fn begin(&mut self, name: &str, size: u64) -> io::Result<()> {
        self.close()?;
        let block = header(name, size)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no member name"))?;
        self.out.write_all(&block)?;
        self.position += BLOCK;
        self.left = size;
        Ok(())
    }

    /// Writes a whole small member.
    pub fn member(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.begin(name, bytes.len() as u64)?;
        self.write_all(bytes)
    }

    /// Ends the archive and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.close()?;
        self.out.write_all(&[0; 2 * BLOCK as usize])?;
        Ok(self.out)
    }

    /// Pads the current member.
    fn close(&mut self) -> io::Result<()> {
        if self.left > 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a member is shorter than announced",
            ));
        }
        let padding = padded(self.position) - self.position;
        self.out
            .write_all(&[0; BLOCK as usize][..padding as usize])?;
        self.position += padding;
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if buffer.len() as u64 > self.left {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a member is longer than announced",
            ));
        }
        let count = self.out.write(buffer)?;
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads members one behind the other.
pub struct Reader<R> {
    input: R,
    position: u64,
    left: u64,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Starts at the archive's first byte.
    pub fn new(input: R) -> Self {
        Self {
            input,
            position: 0,
            left: 0,
            ended: false,
        }
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes on from here over what `with` makes of the input.
    pub fn over<S: Read>(self, with: impl FnOnce(R) -> S) -> Reader<S> {
        Reader {
            input: with(self.input),
            position: self.position,
            left: self.left,
            ended: self.ended,
        }
    }

    /// The next member, or `None` once the archive has ended *and* the input with it: an age stream
    /// has then shown that it was not cut off.
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends itself between the members"
    )]
    pub fn next(&mut self) -> Result<Option<Member>, BundleError> {
        use BundleError::Archive as Bad;
        if self.ended {
            return Ok(None);
        }
        if self.left > 0 {
            return Err(Bad("a member was not read to its end"));
        }
        let padding = (padded(self.position) - self.position) as usize;
        let mut block = [0; 512];
        self.fill(&mut block[..padding])?;
        if block[..padding].iter().any(|&byte| byte != 0) {
            return Err(Bad("padding is not zero"));
        }
        self.fill(&mut block)?;
        if block == [0; 512] {
            self.fill(&mut block)?;
            if block != [0; 512] {
                return Err(Bad("one block of zeros instead of two"));
            }
            if read_some(&mut self.input, &mut block[..1])? != 0 {
                return Err(Bad("bytes follow the end"));
            }
            self.ended = true;
            return Ok(None);
        }
        let (name, size) = read_header(&block)?;
        self.left = size;
        Ok(Some(Member {
            name,
            size,
            offset: self.position,
        }))
    }

    /// Reads the current member, of at most `limit` bytes, into memory.
    pub fn whole(&mut self, limit: u64) -> Result<Vec<u8>, BundleError> {
        if self.left > limit {
            return Err(BundleError::Archive("a member is larger than its limit"));
        }
        let size = self.left;
        let mut bytes = Vec::new();
        self.by_ref().take(size).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == size {
            Ok(bytes)
        } else {
            Err(BundleError::Truncated)
        }
    }

    fn fill(&mut self, mut buffer: &mut [u8]) -> Result<(), BundleError> {
        while !buffer.is_empty() {
            match read_some(&mut self.input, buffer)? {
                0 => return Err(BundleError::Truncated),
                count => {
                    self.position += count as u64;
                    buffer = &mut buffer[count..];
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Reader<R> {
    /// Reads from the current member; an input that ends inside of it is `UnexpectedEof`.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let count = read_some(&mut self.input, &mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

fn read_some(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Lists a whole archive and drops the contents. Members must stand in the order of their classes,
/// `trust/`, `acks/` and `records/` ascending by name within it.
pub fn list(bytes: &[u8]) -> Result<Vec<Member>, BundleError> {
    let mut reader = Reader::new(bytes);
    let mut members: Vec<Member> = Vec::new();
    while let Some(member) = reader.next()? {
        io::copy(&mut reader, &mut io::sink()).map_err(|_| BundleError::Truncated)?;
        if let Some(last) = members.last()
            && !in_order(&last.name, &member.name)
        {
            return Err(BundleError::Archive("members are out of order"));
        }
        members.push(member);
    }
    Ok(members)
}

/// May `next` stand behind `last`? Contents come in an order of value, so only their class counts.
pub(super) fn in_order(last: &str, next: &str) -> bool {
    use names::Class;
    match (names::parse(last), names::parse(next)) {
        (Some(a), Some(b)) if a.class == b.class => {
            matches!(a.class, Class::Adapter | Class::Document | Class::Blob) || last < next
        }
        (Some(a), Some(b)) => a.class < b.class,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
