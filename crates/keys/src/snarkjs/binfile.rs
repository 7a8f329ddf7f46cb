//! Sections of a binary file.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use super::error::SnarkjsFileError;

/// More sections than either format has.
const MAX_SECTIONS: u32 = 64;

/// Sections are read in pieces of at most this many bytes.
const PIECE: usize = 1 << 16;

/// An opened file and where its sections are.
#[derive(Debug)]
pub(super) struct Sections {
    file: BufReader<File>,
    /// (number, offset, length)
    table: Vec<(u32, u64, u64)>,
}

fn ended(place: &'static str) -> impl Fn(std::io::Error) -> SnarkjsFileError {
    move |error| {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            SnarkjsFileError::Truncated { place }
        } else {
            error.into()
        }
    }
}

impl Sections {
    /// Reads the list of sections; each must lie within the file.
    pub(super) fn of(
        file: File,
        magic: &'static str,
        version: u32,
    ) -> Result<Self, SnarkjsFileError> {
        let length = file.metadata()?.len();
        let mut file = BufReader::with_capacity(1 << 20, file);
        let header = ended("the header");
        let mut found = [0u8; 4];
        file.read_exact(&mut found).map_err(&header)?;
        if found != magic.as_bytes() {
            return Err(SnarkjsFileError::Magic { expected: magic });
        }
        let mut number = || -> Result<u32, SnarkjsFileError> {
            let mut bytes = [0u8; 4];
            file.read_exact(&mut bytes).map_err(&header)?;
            Ok(u32::from_le_bytes(bytes))
        };
        let found = number()?;
        if found != version {
            return Err(SnarkjsFileError::Version {
                expected: version,
                found,
            });
        }
        let count = number()?;
        if count > MAX_SECTIONS {
            return Err(SnarkjsFileError::Header {
                detail: format!("{count} sections, expected at most {MAX_SECTIONS}"),
            });
        }
        let mut table: Vec<(u32, u64, u64)> = Vec::new();
        let mut offset = 12u64;
        for _ in 0..count {
            file.seek(SeekFrom::Start(offset))?;
            let place = ended("the list of sections");
            let mut bytes = [0u8; 12];
            file.read_exact(&mut bytes).map_err(place)?;
            let [a, b, c, d, size @ ..] = bytes;
            let section = u32::from_le_bytes([a, b, c, d]);
            let size = u64::from_le_bytes(size);
            let start = offset + 12;
            let end = start.checked_add(size).filter(|end| *end <= length);
            offset = end.ok_or(SnarkjsFileError::Truncated { place: "a section" })?;
            if table.iter().any(|(other, ..)| *other == section) {
                return Err(SnarkjsFileError::DoubleSection { section });
            }
            table.push((section, start, size));
        }
        if offset != length {
            return Err(SnarkjsFileError::TrailingBytes {
                bytes: length - offset,
            });
        }
        Ok(Self { file, table })
    }

    /// The length of a section that must be there.
    pub(super) fn length(&self, section: u32, name: &'static str) -> Result<u64, SnarkjsFileError> {
        let entry = self.table.iter().find(|(number, ..)| *number == section);
        entry
            .map(|(.., length)| *length)
            .ok_or(SnarkjsFileError::MissingSection { section, name })
    }

    /// Opens a section whose length must be `expected`.
    pub(super) fn section(
        &mut self,
        section: u32,
        name: &'static str,
        expected: u64,
    ) -> Result<Section<'_>, SnarkjsFileError> {
        let found = self.length(section, name)?;
        if found != expected {
            return Err(SnarkjsFileError::SectionLength {
                name,
                expected,
                found,
            });
        }
        let offset = self.table.iter().find(|(number, ..)| *number == section);
        self.file
            .seek(SeekFrom::Start(offset.map_or(0, |(_, offset, _)| *offset)))?;
        Ok(Section {
            file: &mut self.file,
            name,
        })
    }
}

/// A section being read from its beginning.
pub(super) struct Section<'a> {
    file: &'a mut BufReader<File>,
    name: &'static str,
}

impl Section<'_> {
    /// What the section holds.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The next `N` bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], SnarkjsFileError> {
        let mut bytes = [0u8; N];
        self.file
            .read_exact(&mut bytes)
            .map_err(ended("a section"))?;
        Ok(bytes)
    }

    /// The next four bytes as a number.
    pub(super) fn number(&mut self) -> Result<u32, SnarkjsFileError> {
        self.bytes().map(u32::from_le_bytes)
    }

    /// Reads `count` entries of `N` bytes each.
    pub(super) fn entries<const N: usize>(
        &mut self,
        count: usize,
        mut each: impl FnMut(usize, &[u8; N]) -> Result<(), SnarkjsFileError>,
    ) -> Result<(), SnarkjsFileError> {
        let mut piece = vec![0u8; (PIECE / N).min(count) * N];
        let mut done = 0;
        while done < count {
            let now = (count - done).min(PIECE / N);
            let bytes = &mut piece[..now * N];
            self.file.read_exact(bytes).map_err(ended("a section"))?;
            for (index, entry) in bytes.as_chunks::<N>().0.iter().enumerate() {
                each(done + index, entry)?;
            }
            done += now;
        }
        Ok(())
    }
}
