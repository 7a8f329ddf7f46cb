//! Lists in key files: a count, then items as raw bytes; numbers as their Montgomery limbs.

use std::io::{Read, Write};

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ff::BigInt;

use crate::container::Body;
use crate::error::KeyFileError;

/// Points are converted in pieces of this many bytes.
const PIECE: usize = 1 << 16;

pub(crate) fn write_items<T, const N: usize>(
    out: &mut dyn Write,
    items: &[T],
    bytes_of: impl Fn(&T) -> [u8; N],
) -> std::io::Result<()> {
    out.write_all(&(items.len() as u64).to_le_bytes())?;
    let mut piece = Vec::with_capacity(PIECE);
    for chunk in items.chunks(PIECE / N) {
        piece.clear();
        for item in chunk {
            piece.extend_from_slice(&bytes_of(item));
        }
        out.write_all(&piece)?;
    }
    Ok(())
}

pub(crate) fn read_items<T, const N: usize>(
    body: &mut Body,
    of_bytes: impl Fn(&[u8; N]) -> T,
) -> Result<Vec<T>, KeyFileError> {
    let mut count = [0u8; 8];
    body.read_exact(&mut count).map_err(ended)?;
    let mut left = usize::try_from(u64::from_le_bytes(count)).unwrap_or(usize::MAX);
    // A count beyond the file's end is not believed.
    if left
        .checked_mul(N)
        .is_none_or(|bytes| bytes as u64 > body.left())
    {
        return Err(KeyFileError::Truncated);
    }
    let mut items = Vec::with_capacity(left);
    let mut piece = vec![0u8; PIECE / N * N];
    while left > 0 {
        let now = left.min(PIECE / N);
        let bytes = &mut piece[..now * N];
        body.read_exact(bytes).map_err(ended)?;
        items.extend(bytes.as_chunks::<N>().0.iter().map(&of_bytes));
        left -= now;
    }
    Ok(items)
}

pub(crate) fn ended(error: std::io::Error) -> KeyFileError {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        KeyFileError::Truncated
    } else {
        error.into()
    }
}

pub(crate) fn read_block(body: &mut Body) -> Result<Vec<u8>, KeyFileError> {
    read_items::<u8, 1>(body, |[byte]| *byte)
}

pub(crate) fn write_indices(out: &mut dyn Write, indices: &[u32]) -> std::io::Result<()> {
    write_items(out, indices, |index| index.to_le_bytes())
}

pub(crate) fn read_indices(body: &mut Body) -> Result<Vec<u32>, KeyFileError> {
    read_items(body, |bytes| u32::from_le_bytes(*bytes))
}

pub(crate) fn write_scalars(out: &mut dyn Write, scalars: &[Fr]) -> std::io::Result<()> {
    write_items(out, scalars, |scalar| limbs::<32>([&scalar.0]))
}

pub(crate) fn read_scalars(body: &mut Body) -> Result<Vec<Fr>, KeyFileError> {
    read_items::<Fr, 32>(body, |bytes| {
        let [value] = numbers(bytes);
        Fr::new_unchecked(value)
    })
}

/// Little-endian Montgomery limbs, one number after the other.
fn limbs<'a, const N: usize>(numbers: impl IntoIterator<Item = &'a BigInt<4>>) -> [u8; N] {
    let mut bytes = [0u8; N];
    let limbs = numbers.into_iter().flat_map(|value| value.0);
    for (chunk, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(limbs) {
        *chunk = limb.to_le_bytes();
    }
    bytes
}

fn numbers<const N: usize, const C: usize>(bytes: &[u8; N]) -> [BigInt<4>; C] {
    let mut limbs = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|chunk| u64::from_le_bytes(*chunk));
    core::array::from_fn(|_| BigInt(core::array::from_fn(|_| limbs.next().unwrap_or(0))))
}

fn coordinates<const N: usize, const C: usize>(bytes: &[u8; N]) -> [Fq; C] {
    numbers(bytes).map(Fq::new_unchecked)
}

pub(crate) fn write_g1s(out: &mut dyn Write, points: &[G1Affine]) -> std::io::Result<()> {
    // In BN254 the identity is (0, 0).
    write_items(out, points, |point| limbs::<64>([&point.x.0, &point.y.0]))
}

pub(crate) fn read_g1s(body: &mut Body) -> Result<Vec<G1Affine>, KeyFileError> {
    read_items::<G1Affine, 64>(body, |bytes| {
        let [x, y] = coordinates(bytes);
        G1Affine::new_unchecked(x, y)
    })
}

pub(crate) fn write_g2s(out: &mut dyn Write, points: &[G2Affine]) -> std::io::Result<()> {
    write_items(out, points, |point| {
        limbs::<128>([&point.x.c0.0, &point.x.c1.0, &point.y.c0.0, &point.y.c1.0])
    })
}

pub(crate) fn read_g2s(body: &mut Body) -> Result<Vec<G2Affine>, KeyFileError> {
    read_items::<G2Affine, 128>(body, |bytes| {
        let [x0, x1, y0, y1] = coordinates(bytes);
        G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1))
    })
}
