//! The points that a prover multiplies.

use std::io;

use maci_lanes::{PackedG1, PackedG2};

use crate::error::KeyFileError;
use crate::list::List;
use crate::sections::{Input, Output};

/// The points that a prover multiplies. Points at infinity are left out of A and B: `a_indices` and `b_indices` name the variables
/// that have one. B is not there in G1: docs/prover.md §4 says why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Variables with a point in `a`.
    pub a_indices: List<u32>,
    /// A's polynomials at tau.
    pub a: List<PackedG1>,
    /// Variables with a point in `b`.
    pub b_indices: List<u32>,
    /// B's polynomials at tau, in G2.
    pub b: List<PackedG2>,
    /// One point for each row of the domain: the Lagrange polynomials of the doubled domain's odd points at tau, over delta.
    pub h: List<PackedG1>,
    /// One point for each variable.
    pub l: List<PackedG1>,
}

impl Query {
    /// Bytes of all points.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.a_indices)
            + size_of_val(&*self.a)
            + size_of_val(&*self.b_indices)
            + size_of_val(&*self.b)
            + size_of_val(&*self.h)
            + size_of_val(&*self.l)
    }

    pub(crate) fn write(&self, out: &mut Output<'_>) -> io::Result<()> {
        out.list(&self.a_indices)?;
        out.list(&self.a)?;
        out.list(&self.b_indices)?;
        out.list(&self.b)?;
        out.list(&self.h)?;
        out.list(&self.l)
    }

    /// Reads what [`Query::write`] wrote, to be followed by [`Query::check`].
    pub(crate) fn read(body: &mut Input) -> Result<Self, KeyFileError> {
        Ok(Self {
            a_indices: body.list()?,
            a: body.list()?,
            b_indices: body.list()?,
            b: body.list()?,
            h: body.list()?,
            l: body.list()?,
        })
    }

    /// That the lists are as long as the circuit asks for and name its variables.
    pub(crate) fn check(&self, variables: usize, domain: usize) -> Result<(), KeyFileError> {
        for (section, expected, found) in [
            ("A", self.a_indices.len(), self.a.len()),
            ("B", self.b_indices.len(), self.b.len()),
            ("H", domain, self.h.len()),
            ("L", variables, self.l.len()),
        ] {
            if expected != found {
                return Err(KeyFileError::Section {
                    section,
                    expected,
                    found,
                });
            }
        }
        for (section, indices) in [("A", &self.a_indices), ("B", &self.b_indices)] {
            let most = indices.iter().max().map(|index| *index as usize);
            if let Some(found) = most.filter(|found| *found >= variables) {
                return Err(KeyFileError::Range {
                    section,
                    found,
                    bound: variables,
                });
            }
        }
        Ok(())
    }
}
