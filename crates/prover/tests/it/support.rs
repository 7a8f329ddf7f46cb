//! A voter who has joined a poll: the smallest real circuit.

use std::sync::Arc;

use ark_bn254::Fr;
use maci_circuits::{Inputs, PollJoinedInputs};
use maci_crypto::babyjubjub::{Scalar, mul_base8};
use maci_crypto::poseidon;
use maci_keys::setup::Stage;
use maci_keys::{AllowInsecureDevKeys, ProvingKey, R1cs, store};
use maci_prover::WitnessDigest;
use maci_verifier::{CircuitId, PollJoined, StateRoot};

pub(crate) fn circuit() -> CircuitId {
    "poll-joined-1".parse().unwrap()
}

pub(crate) fn key_of(circuit: CircuitId) -> ProvingKey {
    let r1cs = R1cs::of(circuit).unwrap();
    let mut progress = |_: Stage| {};
    store::insecure_dev_key(circuit, r1cs, &mut progress)
        .unwrap()
        .accept(Some(AllowInsecureDevKeys::because_the_user_said_so()))
        .unwrap()
}

pub(crate) fn key() -> Arc<ProvingKey> {
    Arc::new(key_of(circuit()))
}

/// The voter with this private key and this many credits, alone under the root of one leaf and a sibling.
pub(crate) fn joined(private_key: u64, credits: u64) -> Inputs {
    let private_key = Scalar::from(private_key);
    let point = mul_base8(&private_key);
    let leaf = poseidon::hash3(point.x, point.y, Fr::from(credits));
    let sibling = Fr::from(99u64);
    Inputs::Joined(Box::new(PollJoinedInputs {
        statement: PollJoined {
            state_root: StateRoot(poseidon::hash2(leaf, sibling)),
        },
        private_key,
        voice_credit_balance: Fr::from(credits),
        siblings: vec![sibling],
        index: 0,
        actual_state_tree_depth: 1,
    }))
}

/// Randomness that depends on its arguments alone, as the coordinator's does.
pub(crate) fn randomness(public: &[Fr], digest: WitnessDigest) -> (Fr, Fr) {
    use ark_ff::PrimeField;
    let r = Fr::from_le_bytes_mod_order(&digest.0);
    (r, r + public.iter().sum::<Fr>())
}
