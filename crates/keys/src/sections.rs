//! The body of key files: numbers of eight bytes, and lists. A list is its length and its items, which begin at a multiple of a
//! cache line in the file, so that they can be used where they lie.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use maci_lanes::Mapped;
use sha2::{Digest, Sha256};

use crate::error::KeyFileError;
use crate::list::List;

/// Items lie as the processor reads them.
const _: () = assert!(
    cfg!(target_endian = "little"),
    "key files are for processors with the least significant byte first"
);

/// Where items may begin.
const LINE: usize = 64;

fn padding(at: usize) -> usize {
    at.next_multiple_of(LINE) - at
}

/// A body that is being written.
pub(crate) struct Output<'a> {
    out: &'a mut dyn Write,
    hasher: Sha256,
    start: usize,
    length: usize,
}

impl<'a> Output<'a> {
    /// A body that begins at a place of the file.
    pub(crate) fn new(out: &'a mut dyn Write, start: usize) -> Self {
        Self {
            out,
            hasher: Sha256::new(),
            start,
            length: 0,
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.length += bytes.len();
        self.out.write_all(bytes)
    }

    pub(crate) fn number(&mut self, number: usize) -> io::Result<()> {
        self.bytes(&(number as u64).to_le_bytes())
    }

    pub(crate) fn list<T: Pod>(&mut self, items: &[T]) -> io::Result<()> {
        self.number(items.len())?;
        self.bytes(&[0; LINE][..padding(self.start + self.length)])?;
        self.bytes(bytemuck::cast_slice(items))
    }

    /// Length and SHA-256.
    pub(crate) fn finish(self) -> (u64, [u8; 32]) {
        (self.length as u64, self.hasher.finalize().into())
    }
}

/// A body whose digest has matched.
pub(crate) struct Input {
    map: Arc<Mapped>,
    left: Range<usize>,
}

impl Input {
    pub(crate) fn new(map: Arc<Mapped>, body: Range<usize>) -> Self {
        Self { map, left: body }
    }

    fn skip(&mut self, count: usize) -> Result<Range<usize>, KeyFileError> {
        let start = self.left.start;
        let end = start
            .checked_add(count)
            .filter(|end| *end <= self.left.end)
            .ok_or(KeyFileError::Truncated)?;
        self.left.start = end;
        Ok(start..end)
    }

    pub(crate) fn number(&mut self) -> Result<usize, KeyFileError> {
        let place = self.skip(8)?;
        let bytes = self.map.bytes().get(place).and_then(|it| it.first_chunk());
        let number = bytes.map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes));
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    pub(crate) fn list<T: Pod>(&mut self) -> Result<List<T>, KeyFileError> {
        let count = self.number()?;
        self.skip(padding(self.left.start))?;
        // A count beyond the file's end is not believed.
        let length = count.checked_mul(size_of::<T>());
        let place = self.skip(length.ok_or(KeyFileError::Truncated)?)?;
        List::in_file(&self.map, place).ok_or(KeyFileError::Truncated)
    }

    /// That nothing is left.
    pub(crate) fn finish(self) -> Result<(), KeyFileError> {
        if self.left.is_empty() {
            Ok(())
        } else {
            Err(KeyFileError::TrailingBytes)
        }
    }
}
