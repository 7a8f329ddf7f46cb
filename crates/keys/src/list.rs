//! Lists that lie in memory or in a mapped file.

use core::fmt;
use core::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::Pod;
use maci_lanes::Mapped;

/// A list of numbers or points that nobody changes.
#[derive(Clone)]
pub struct List<T>(Place<T>);

#[derive(Clone)]
enum Place<T> {
    Memory(Vec<T>),
    File {
        map: Arc<Mapped>,
        bytes: Range<usize>,
    },
}

impl<T: Pod> List<T> {
    /// The items that lie in a range of a file. `None`: the range does not lie in the file, or not as items do.
    pub(crate) fn in_file(map: &Arc<Mapped>, bytes: Range<usize>) -> Option<Self> {
        let _items: &[T] = bytemuck::try_cast_slice(map.bytes().get(bytes.clone())?).ok()?;
        Some(Self(Place::File {
            map: map.clone(),
            bytes,
        }))
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(Place::Memory(items))
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Vec::from_iter(items).into()
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Pod> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Place::Memory(items) => items,
            Place::File { map, bytes } => bytemuck::cast_slice(&map.bytes()[bytes.clone()]),
        }
    }
}

impl<T: Pod + PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Pod + Eq> Eq for List<T> {}

impl<T: Pod> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List of {}", self.len())
    }
}
