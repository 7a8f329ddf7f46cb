//! A file in memory without a copy of it.

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// The bytes of a file, read when they are first looked at and shared by every process that maps it.
///
/// They begin at a multiple of the page size. A file that another program cuts meanwhile ends this one; one that is
/// replaced by renaming, as key files are, stays as it was.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps a whole file.
    #[allow(unsafe_code)]
    pub fn open(file: &File) -> io::Result<Self> {
        // SAFETY: nothing writes through the map, and this program never writes into a file that it maps: it renames a new
        // one over it. That other programs leave their user's key files alone while they are read is assumed. The bytes are
        // read as numbers alone, of which every pattern is a value.
        unsafe { Mmap::map(file) }.map(Self)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
