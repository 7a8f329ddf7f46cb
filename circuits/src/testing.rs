//! Dishonest provers, for tests: a witness with one lie in it, and the clauses that refuse it.

use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, OptimizationGoal, SynthesisError,
    Variable,
};
use ark_std::{collections::BTreeSet, vec::Vec};
use maci_crypto::{Fr, mutation::Snapshot};
use maci_verifier::CircuitId;

use crate::{
    Circuit, Inputs, Matrices, assign,
    clause::{ClauseRows, Clauses, Tamper, clause_of},
    matrices,
};

pub mod forward;

/// A synthesised circuit with its assignment, whose values can be changed one by one.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Matrices and assignment.
    pub snapshot: Snapshot,
    /// Which rows say what.
    pub clauses: Vec<ClauseRows>,
}

impl Trial {
    /// The honest witness of these inputs.
    pub fn honest(circuit: Circuit) -> Result<Self, SynthesisError> {
        Self::synthesise(circuit, None)
    }

    /// A witness that is honest but for the clause outcomes that `tamper` changes; see [`Clauses::tamper`].
    pub fn tampered(circuit: Circuit, tamper: Tamper) -> Result<Self, SynthesisError> {
        Self::synthesise(circuit, Some(tamper))
    }

    fn synthesise(circuit: Circuit, tamper: Option<Tamper>) -> Result<Self, SynthesisError> {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        if let Some(tamper) = tamper {
            Clauses::tamper(&cs, tamper);
        }
        circuit.generate_constraints(cs.clone())?;
        Ok(Self {
            snapshot: Snapshot::of(&cs)?,
            clauses: Clauses::of(&cs),
        })
    }

    /// The names of the clauses with a row that does not hold. Rows of no clause count as `"unnamed"`.
    pub fn unsatisfied(&self) -> BTreeSet<&'static str> {
        self.violations()
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    /// The clauses and slots with a row that does not hold.
    pub fn violations(&self) -> BTreeSet<(&'static str, Option<usize>)> {
        self.snapshot
            .unsatisfied_rows()
            .into_iter()
            .map(|row| clause_of(&self.clauses, row).unwrap_or(("unnamed", None)))
            .collect()
    }
}

impl Circuit {
    /// The circuit with inputs whose statement may be anything; lists must still have the circuit's lengths.
    pub fn inputs_mut(&mut self) -> Option<&mut Inputs> {
        self.inputs.as_mut()
    }
}

/// The matrices of key generation, held against the witnesses of the prover: what a real proof is made of.
#[derive(Clone, Debug)]
pub struct KeyMatrices(Matrices);

impl KeyMatrices {
    /// Synthesises the circuit without inputs.
    pub fn of(id: CircuitId) -> Result<Self, SynthesisError> {
        matrices(id).map(Self)
    }

    /// The clauses and slots that refuse the witness, synthesised as for a proof; empty for a true statement.
    pub fn refusals(
        &self,
        circuit: Circuit,
    ) -> Result<BTreeSet<(&'static str, Option<usize>)>, SynthesisError> {
        let cs = assign(circuit)?;
        let mut values = cs.instance_assignment()?;
        values.extend(cs.witness_assignment()?);
        let Matrices {
            a, b, c, clauses, ..
        } = &self.0;
        let product = |row: &[(Fr, usize)]| {
            row.iter()
                .map(|(k, column)| *k * values[*column])
                .sum::<Fr>()
        };
        let rows = a.iter().zip(b).zip(c).enumerate();
        let refused = rows.filter(|(_, ((a, b), c))| product(a) * product(b) != product(c));
        Ok(refused
            .map(|(row, _)| clause_of(clauses, row).unwrap_or(("unnamed", None)))
            .collect())
    }
}

/// Adds `change` to the value of `variable`, a witness or a linear combination, by changing one witness.
///
/// Of a combination the youngest witness is changed: the one that the gadget allocated last for it.
pub(crate) fn shift(
    cs: &ConstraintSystemRef<Fr>,
    variable: Variable,
    change: Fr,
) -> Result<(), SynthesisError> {
    if variable.is_lc() {
        let combination = cs.get_lc(variable).ok_or(SynthesisError::MissingCS)?;
        let (coefficient, youngest) = combination
            .iter()
            .filter(|(coefficient, variable)| *coefficient != Fr::ZERO && !variable.is_one())
            .max_by_key(|(_, variable)| (variable.is_witness(), variable.index()))
            .ok_or(SynthesisError::Unsatisfiable)?;
        let inverse = coefficient.inverse().ok_or(SynthesisError::Unsatisfiable)?;
        return shift(cs, *youngest, change * inverse);
    }
    let index = variable.index().ok_or(SynthesisError::Unsatisfiable)?;
    let mut system = cs.borrow_mut().ok_or(SynthesisError::MissingCS)?;
    match system.assignments.witness_assignment.get_mut(index) {
        Some(witness) if variable.is_witness() => *witness += change,
        _ => return Err(SynthesisError::Unsatisfiable),
    }
    Ok(())
}
