//! Named clauses: which rows of a circuit say what.
//!
//! A circuit file is a list of clauses, each a call to `clause` around the gadget that it names. The rows that the
//! gadget adds are recorded under that name in the constraint system itself, so that statistics, negative tests and
//! the native check of the same statement all speak of the same clauses. Recording costs one table entry per clause
//! and changes no row.

use core::any::TypeId;
use core::ops::Range;

use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::{boxed::Box, vec::Vec};
use maci_crypto::{Fr, mutation::Snapshot, parts};

use crate::gadget::FrVar;

/// The rows of one clause, at one message slot if the clause repeats for every slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseRows {
    /// Name of the clause.
    pub name: &'static str,
    /// Message slot or ballot of the batch; `None` for a clause that the circuit has once.
    pub slot: Option<usize>,
    /// Rows of the constraint system.
    pub rows: Range<usize>,
}

/// The table of clauses that a synthesis fills.
#[derive(Default)]
pub struct Clauses {
    table: Vec<ClauseRows>,
    #[cfg(any(test, feature = "testing"))]
    tamper: Option<Tamper>,
}

impl core::fmt::Debug for Clauses {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Clauses")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

impl Clauses {
    /// The table of a synthesised constraint system, in row order.
    pub fn of(cs: &ConstraintSystemRef<Fr>) -> Vec<ClauseRows> {
        Self::with(cs, |clauses| clauses.table.clone()).unwrap_or_default()
    }

    /// Runs `f` on the table kept in the constraint system's cache, creating it on first use.
    fn with<T>(cs: &ConstraintSystemRef<Fr>, f: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let cache = cs.borrow()?.cache_map.clone();
        let mut cache = cache.borrow_mut();
        let entry = cache
            .entry(TypeId::of::<Self>())
            .or_insert_with(|| Box::new(Self::default()));
        entry.downcast_mut::<Self>().map(f)
    }
}

/// The name of the clause that a row belongs to, with its slot. Every row of our circuits is in a clause.
pub fn clause_of(clauses: &[ClauseRows], row: usize) -> Option<(&'static str, Option<usize>)> {
    let place = clauses.partition_point(|clause| clause.rows.end <= row);
    let clause = clauses
        .get(place)
        .filter(|clause| clause.rows.contains(&row))?;
    Some((clause.name, clause.slot))
}

/// The clauses whose rows do not hold under the present assignment, in row order, each once.
///
/// Finalises the constraint system, which must have been synthesised with values and matrices.
pub fn unsatisfied_clauses(
    cs: &ConstraintSystemRef<Fr>,
) -> Result<Vec<&'static str>, SynthesisError> {
    let clauses = Clauses::of(cs);
    let mut names: Vec<&'static str> = Vec::new();
    for row in Snapshot::of(cs)?.unsatisfied_rows() {
        let (name, _) = clause_of(&clauses, row).ok_or(SynthesisError::Unsatisfiable)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Runs `body` and records the rows it adds under `name`.
pub(crate) fn clause<T>(
    cs: &ConstraintSystemRef<Fr>,
    name: &'static str,
    slot: Option<usize>,
    body: impl FnOnce() -> Result<T, SynthesisError>,
) -> Result<T, SynthesisError> {
    let part = parts::enter(cs, name);
    let start = cs.num_constraints();
    let value = body()?;
    drop(part);
    let end = cs.num_constraints();
    if end > start {
        Clauses::with(cs, |clauses| {
            clauses.table.push(ClauseRows {
                name,
                slot,
                rows: start..end,
            });
        });
    }
    Ok(value)
}

/// Changes the value of a clause's outcome while a witness is made: (clause, slot, honest value) to a dishonest value.
#[cfg(any(test, feature = "testing"))]
pub type Tamper = Box<dyn Fn(&'static str, Option<usize>, Fr) -> Option<Fr>>;

#[cfg(any(test, feature = "testing"))]
impl Clauses {
    /// Makes the synthesis that follows dishonest at the clause outcomes that `tamper` answers for.
    ///
    /// Everything after the changed outcome is computed from it, so the only rows that can fail are those of the
    /// clause itself: a negative test then shows that this clause, and no luck elsewhere, refuses the lie.
    pub fn tamper(cs: &ConstraintSystemRef<Fr>, tamper: Tamper) {
        Self::with(cs, |clauses| clauses.tamper = Some(tamper));
    }
}

/// Hands a clause's outcome on to the rest of the circuit. Test builds may replace its value here.
#[cfg(not(any(test, feature = "testing")))]
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn outcome(
    _cs: &ConstraintSystemRef<Fr>,
    _name: &'static str,
    _slot: Option<usize>,
    value: FrVar,
) -> Result<FrVar, SynthesisError> {
    Ok(value)
}

/// Hands a clause's outcome on to the rest of the circuit, its value replaced if a [`Tamper`] asks for it.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn outcome(
    cs: &ConstraintSystemRef<Fr>,
    name: &'static str,
    slot: Option<usize>,
    value: FrVar,
) -> Result<FrVar, SynthesisError> {
    use ark_r1cs_std::{GR1CSVar, fields::fp::AllocatedFp};

    let FrVar::Var(variable) = &value else {
        return Ok(value);
    };
    let Ok(honest) = value.value() else {
        return Ok(value);
    };
    let lie = Clauses::with(cs, |clauses| {
        clauses
            .tamper
            .as_ref()
            .and_then(|tamper| tamper(name, slot, honest))
    });
    let Some(lie) = lie.flatten() else {
        return Ok(value);
    };
    crate::testing::shift(cs, variable.variable, lie - honest)?;
    Ok(AllocatedFp::new(Some(lie), variable.variable, cs.clone()).into())
}
