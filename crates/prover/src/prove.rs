//! One proof, from inputs to a verified result.

use ark_bn254::Fr;
use maci_circuits::{Circuit, Inputs};
use maci_keys::ProvingKey;
use maci_verifier::{AnyStatement, Proof, verify};

use crate::cancel::Cancel;
use crate::error::ProveError;
use crate::groth16::{Work, create};
use crate::timings::{Step, Timings};
use crate::witness::{Assignment, WitnessDigest};

/// A verified proof and how long it took.
#[derive(Clone, Copy, Debug)]
pub struct Proved {
    /// The proof.
    pub proof: Proof,
    /// The time of each step.
    pub timings: Timings,
}

/// Proves one batch.
///
/// `randomness` gets the public inputs and the witness digest and returns Groth16's r and s; a coordinator derives them from
/// its seed (D16), a voter draws them. The proof has been verified under the key's own verifying key when it is returned.
pub fn prove(
    key: &ProvingKey,
    inputs: Inputs,
    randomness: impl FnOnce(&[Fr], WitnessDigest) -> (Fr, Fr),
) -> Result<Proof, ProveError> {
    let proved = prove_timed(key, inputs, randomness, &Cancel::new())?;
    Ok(proved.proof)
}

/// As [`prove`], with the time of each step, stopping when asked to.
pub fn prove_timed(
    key: &ProvingKey,
    inputs: Inputs,
    randomness: impl FnOnce(&[Fr], WitnessDigest) -> (Fr, Fr),
    cancel: &Cancel,
) -> Result<Proved, ProveError> {
    let mut work = Work::new(cancel);
    let assignment = assign(key, inputs, &mut work)?;
    prove_assignment(key, &assignment, randomness, work)
}

/// The values of the circuit's variables.
pub(crate) fn assign(
    key: &ProvingKey,
    inputs: Inputs,
    work: &mut Work<'_>,
) -> Result<Assignment, ProveError> {
    let circuit = key.circuit();
    let assignment = Assignment::of(Circuit::new(circuit, inputs)?)
        .map_err(|source| ProveError::Synthesis { circuit, source })?;
    work.done(Step::Witness)?;
    Ok(assignment)
}

/// Proves an assignment of the key's circuit.
pub(crate) fn prove_assignment(
    key: &ProvingKey,
    assignment: &Assignment,
    randomness: impl FnOnce(&[Fr], WitnessDigest) -> (Fr, Fr),
    mut work: Work<'_>,
) -> Result<Proved, ProveError> {
    let circuit = key.circuit();
    let r_s = randomness(assignment.public_inputs(), assignment.witness_digest());
    let points = create(key, assignment, r_s, &mut work)?;
    let rejected = |source| ProveError::Rejected { circuit, source };
    let proof = Proof::new(points.a, points.b, points.c).map_err(|error| rejected(error.into()))?;
    let statement = AnyStatement::read(&circuit, assignment.public_inputs()).map_err(rejected)?;
    let _verified = verify(key.verifying_key(), statement.inner(), &proof).map_err(rejected)?;
    // Made and checked: it is handed over even if someone just asked to stop.
    let _stopped = work.done(Step::Check);
    Ok(Proved {
        proof,
        timings: work.timings(),
    })
}
