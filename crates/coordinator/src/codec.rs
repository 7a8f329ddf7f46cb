//! Reading and writing the bytes of journal rows: big-endian numbers and canonical field elements, nothing left over.

use maci_crypto::babyjubjub::RawPoint;
use maci_crypto::{Fr, field};

/// Appends values.
#[derive(Default)]
pub(crate) struct Out(pub(crate) Vec<u8>);

impl Out {
    pub(crate) fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(crate) fn u32(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn u128(mut self, value: u128) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// A length, then the bytes.
    pub(crate) fn blob(self, value: &[u8]) -> Self {
        self.u64(value.len() as u64).bytes(value)
    }

    pub(crate) fn bytes(mut self, value: &[u8]) -> Self {
        self.0.extend_from_slice(value);
        self
    }

    pub(crate) fn fr(self, value: &Fr) -> Self {
        let bytes = field::to_be_bytes(value);
        self.bytes(&bytes)
    }

    pub(crate) fn point(self, value: &RawPoint) -> Self {
        self.fr(&value.x).fr(&value.y)
    }

    /// A count, then the values.
    pub(crate) fn list<T>(self, values: &[T], put: impl FnMut(Self, &T) -> Self) -> Self {
        values.iter().fold(self.u64(values.len() as u64), put)
    }

    /// A presence byte, then the value if there is one.
    pub(crate) fn option<T>(self, value: Option<&T>, put: impl FnOnce(Self, &T) -> Self) -> Self {
        match value {
            None => self.u8(0),
            Some(value) => put(self.u8(1), value),
        }
    }
}

/// Takes values off the front.
pub(crate) struct In<'a>(&'a [u8]);

impl<'a> In<'a> {
    /// Reads all of `content` with `f`; `None` if it does not parse or something is left over.
    pub(crate) fn all<T>(content: &'a [u8], f: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut input = Self(content);
        let value = f(&mut input)?;
        input.0.is_empty().then_some(value)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk()?;
        self.0 = tail;
        Some(*head)
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_be_bytes)
    }

    /// A length, then that many bytes.
    pub(crate) fn blob(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.u64()?).ok()?;
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head.to_vec())
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.blob()?).ok()
    }

    pub(crate) fn fr(&mut self) -> Option<Fr> {
        field::from_be_bytes(&self.array()?)
    }

    pub(crate) fn point(&mut self) -> Option<RawPoint> {
        Some(RawPoint {
            x: self.fr()?,
            y: self.fr()?,
        })
    }

    // The outer option is whether it parses, the inner one the value.
    #[allow(clippy::option_option)]
    pub(crate) fn option<T>(
        &mut self,
        take: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.u8()? {
            0 => Some(None),
            1 => take(self).map(Some),
            _ => None,
        }
    }

    /// A count, then that many values. The count is not trusted for an allocation.
    pub(crate) fn list<T>(
        &mut self,
        mut take: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.u64()?;
        (0..count).map(|_| take(self)).collect()
    }
}
