//! Reading, writing and hashing nodes of a wide tree in constraints.
//!
//! A list of 2^n values is addressed by n booleans, lowest first. Reading is a tree of selects, writing hands the change
//! down a tree of products; both cost 2^n − 1 rows and use *the same* address, so nothing is read at one place and
//! written at another (circuits.md S8). No one-hot vector is needed: booleans alone make either right.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::SynthesisError;

use crate::{
    Fr,
    bits::{FrVar, enforce_equal, enforce_product, linear, product},
    poseidon::constraints::hash,
};

/// The value at an address. Every bit must be constrained to 0 or 1 by the caller.
pub fn read(address: &[FrVar], values: &[FrVar]) -> Result<FrVar, SynthesisError> {
    let mut values = fitting(address, values)?.to_vec();
    for bit in address {
        values = values
            .chunks_exact(2)
            .map(|pair| {
                let chosen = product(bit, &difference(&pair[1], &pair[0])?)?;
                linear(&[(Fr::ONE, &chosen), (Fr::ONE, &pair[0])], Fr::ZERO)
            })
            .collect::<Result<_, _>>()?;
    }
    values.pop().ok_or(SynthesisError::ArityMismatch)
}

/// Enforces that the value at an address is `expected`: the last product of [`read`] closes the equality. One row where
/// there is no address.
pub fn enforce_read(
    address: &[FrVar],
    values: &[FrVar],
    expected: &FrVar,
) -> Result<(), SynthesisError> {
    let values = fitting(address, values)?;
    let Some((top, rest)) = address.split_last() else {
        return enforce_equal(&values[0], expected);
    };
    let (low, high) = values.split_at(values.len() / 2);
    let (low, high) = (read(rest, low)?, read(rest, high)?);
    enforce_product(top, &difference(&high, &low)?, &difference(expected, &low)?)
}

/// The values with `change` added at an address.
///
/// Each bit, highest first, splits the change into what goes to the upper half and what is left for the lower one.
pub fn write(
    address: &[FrVar],
    values: &[FrVar],
    change: &FrVar,
) -> Result<Vec<FrVar>, SynthesisError> {
    let values = fitting(address, values)?;
    let mut parts = alloc::vec![change.clone()];
    for bit in address.iter().rev() {
        let mut halves = Vec::with_capacity(2 * parts.len());
        for part in parts {
            let upper = product(bit, &part)?;
            halves.push(difference(&part, &upper)?);
            halves.push(upper);
        }
        parts = halves;
    }
    values
        .iter()
        .zip(&parts)
        .map(|(value, part)| linear(&[(Fr::ONE, value), (Fr::ONE, part)], Fr::ZERO))
        .collect()
}

/// The parents of the old and the new node: `family` are the old node's siblings and itself, at the place `address`.
pub fn replace(
    address: &[FrVar],
    family: &[FrVar],
    old: &FrVar,
    new: &FrVar,
) -> Result<(FrVar, FrVar), SynthesisError> {
    enforce_read(address, family, old)?;
    let changed = write(address, family, &difference(new, old)?)?;
    Ok((hash(family)?, hash(&changed)?))
}

/// The root over all nodes of one level; `form` lists the levels from there up.
pub fn fold(form: &[u8], nodes: &[FrVar]) -> Result<FrVar, SynthesisError> {
    let mut nodes = nodes.to_vec();
    for bits in form {
        let arity = 1usize << bits;
        if !nodes.len().is_multiple_of(arity) {
            return Err(SynthesisError::ArityMismatch);
        }
        nodes = nodes
            .chunks_exact(arity)
            .map(hash)
            .collect::<Result<_, _>>()?;
    }
    match nodes.len() {
        1 => nodes.pop().ok_or(SynthesisError::ArityMismatch),
        _ => Err(SynthesisError::ArityMismatch),
    }
}

/// The values, if there is one for each address.
fn fitting<'a>(address: &[FrVar], values: &'a [FrVar]) -> Result<&'a [FrVar], SynthesisError> {
    let room = 1usize.checked_shl(address.len() as u32);
    (room == Some(values.len()))
        .then_some(values)
        .ok_or(SynthesisError::ArityMismatch)
}

fn difference(a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    linear(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)
}

#[cfg(test)]
mod tests;
