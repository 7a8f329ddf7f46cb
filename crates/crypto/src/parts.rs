//! Named parts of a synthesis: which rows and variables a gadget added, nested as the calls were.
//!
//! [`enter`] at the top of a gadget opens a part that ends with the gadget's scope. The table lies in the constraint
//! system's own cache; it changes no row, and a synthesis for values alone keeps none. Circuit statistics and flame
//! graphs are made of it.

use alloc::{boxed::Box, vec::Vec};
use core::{any::TypeId, ops::Range};

use crate::bits::Cs;

/// The rows and the private variables that one call added, those of its inner parts included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Name of the gadget or clause.
    pub name: &'static str,
    /// Index of the enclosing part in the table.
    pub parent: Option<usize>,
    /// Rows of the constraint system.
    pub rows: Range<usize>,
    /// Indices into the private variables.
    pub witnesses: Range<usize>,
}

/// The table of one constraint system.
#[derive(Debug, Default)]
struct Table {
    parts: Vec<Part>,
    open: Vec<usize>,
}

/// Ends its part when dropped.
#[derive(Debug)]
#[must_use = "a part ends when its guard is dropped"]
pub struct Guard {
    cs: Cs,
    part: Option<usize>,
}

/// Opens a part of this name. Nothing happens where no matrices are made, or among constants.
///
/// The guard must outlive every borrow of the constraint system in its scope.
pub fn enter(cs: &Cs, name: &'static str) -> Guard {
    let part = cs.should_construct_matrices().then(|| {
        let (row, witness) = (cs.num_constraints(), cs.num_witness_variables());
        with(cs, |table| {
            let part = table.parts.len();
            table.parts.push(Part {
                name,
                parent: table.open.last().copied(),
                rows: row..row,
                witnesses: witness..witness,
            });
            table.open.push(part);
            part
        })
    });
    Guard {
        cs: cs.clone(),
        part: part.flatten(),
    }
}

/// The parts of a synthesis in the order in which they were entered, every parent before its children.
pub fn parts(cs: &Cs) -> Vec<Part> {
    with(cs, |table| table.parts.clone()).unwrap_or_default()
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(part) = self.part else { return };
        let (row, witness) = (self.cs.num_constraints(), self.cs.num_witness_variables());
        with(&self.cs, |table| {
            table.open.retain(|open| *open != part);
            if let Some(part) = table.parts.get_mut(part) {
                part.rows.end = row;
                part.witnesses.end = witness;
            }
        });
    }
}

fn with<T>(cs: &Cs, f: impl FnOnce(&mut Table) -> T) -> Option<T> {
    let cache = cs.borrow()?.cache_map.clone();
    let mut cache = cache.borrow_mut();
    let entry = cache
        .entry(TypeId::of::<Table>())
        .or_insert_with(|| Box::new(Table::default()));
    entry.downcast_mut::<Table>().map(f)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ark_relations::gr1cs::{ConstraintSystem, SynthesisMode};

    use super::*;
    use crate::{
        Fr,
        bits::{product, witness},
        poseidon::constraints::hash2,
    };

    fn synthesise(cs: &Cs) {
        let x = witness(cs, Some(Fr::from(3u64))).unwrap();
        let _outer = enter(cs, "outer");
        let square = product(&x, &x).unwrap();
        {
            let _inner = enter(cs, "inner");
            let _ = product(&square, &x).unwrap();
        }
        let _ = hash2(&x, &square).unwrap();
    }

    #[test]
    fn parts_nest_as_the_calls_do() {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs);
        let found = parts(&cs);
        let names: Vec<_> = found.iter().map(|p| (p.name, p.parent)).collect();
        assert_eq!(
            names,
            [("outer", None), ("inner", Some(0)), ("poseidon-3", Some(0))]
        );
        assert_eq!(found[0].rows, 0..242);
        assert_eq!(found[1].rows, 1..2);
        assert_eq!(found[2].rows, 2..242);
        assert_eq!(found[1].witnesses, 2..3);
    }

    #[test]
    fn values_alone_keep_no_table() {
        let cs = ConstraintSystem::new_ref();
        cs.set_mode(SynthesisMode::Prove {
            construct_matrices: false,
            generate_lc_assignments: false,
        });
        synthesise(&cs);
        assert_eq!(parts(&cs), []);
    }
}
