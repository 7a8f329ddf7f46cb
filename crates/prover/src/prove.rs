//! One proof, from inputs to a verified result.

use ark_bn254::Fr;
use maci_circuits::{Circuit, Inputs};
use maci_keys::ProvingKey;
use maci_verifier::{AnyStatement, Proof, verify};

use crate::cancel::Cancel;
use crate::error::ProveError;
use crate::groth16::{Work, create};
use crate::witness::{Assignment, WitnessDigest};

/// Proves one batch.
///
/// `randomness` gets the public inputs and the witness digest and returns Groth16's r and s; a coordinator derives them from
/// its seed (D16), a voter draws them. The proof has been verified under the key's own verifying key when it is returned.
pub fn prove(
    key: &ProvingKey,
    inputs: Inputs,
    randomness: impl FnOnce(&[Fr], WitnessDigest) -> (Fr, Fr),
) -> Result<Proof, ProveError> {
    prove_cancellable(key, inputs, randomness, &Cancel::new())
}

/// As [`prove`], stopping between two steps when asked to.
pub fn prove_cancellable(
    key: &ProvingKey,
    inputs: Inputs,
    randomness: impl FnOnce(&[Fr], WitnessDigest) -> (Fr, Fr),
    cancel: &Cancel,
) -> Result<Proof, ProveError> {
    let circuit = key.circuit();
    cancel.check()?;
    let assignment = Assignment::of(Circuit::new(circuit, inputs)?)
        .map_err(|source| ProveError::Synthesis { circuit, source })?;
    prove_assignment(key, &assignment, randomness, cancel)
}

/// Proves an assignment of the key's circuit.
pub(crate) fn prove_assignment(
    key: &ProvingKey,
    assignment: &Assignment,
    randomness: impl FnOnce(&[Fr], WitnessDigest) -> (Fr, Fr),
    cancel: &Cancel,
) -> Result<Proof, ProveError> {
    let circuit = key.circuit();
    let (expected, found) = (key.r1cs().variables(), assignment.values().len());
    if expected != found {
        return Err(ProveError::Variables {
            circuit,
            expected,
            found,
        });
    }
    let r_s = randomness(assignment.public_inputs(), assignment.witness_digest());
    let points = create(key, assignment, r_s, Work::new(cancel))?;
    let rejected = |source| ProveError::Rejected { circuit, source };
    let proof = Proof::new(points.a, points.b, points.c).map_err(|error| rejected(error.into()))?;
    let statement = AnyStatement::read(&circuit, assignment.public_inputs()).map_err(rejected)?;
    let _verified = verify(key.verifying_key(), statement.inner(), &proof).map_err(rejected)?;
    Ok(proof)
}
