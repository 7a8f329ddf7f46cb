//! Recorded polls and a toy circuit with real keys.

use std::path::PathBuf;

use ark_bn254::{Bn254, Fr};
use ark_groth16::Groth16;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable,
};
use ark_snark::SNARK;
use maci_crypto::field;
use maci_verifier::codec::snarkjs;
use maci_verifier::{
    ChainHash, CircuitId, KeyPoints, Mode, PollParams, PollSnapshot, PollTranscript, ProcessBatch,
    Proof, ProvedProcess, ProvedTally, PublicKeyHash, Salt, StateRoot, Statement, TallyBatch,
    TallyOpening, VerifyingKey, VoiceCredits,
};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde_json::Value;

pub(crate) const FOLDERS: [(&str, Mode); 3] = [
    ("maci-v3", Mode::Qv),
    ("maci-v3-nonqv", Mode::NonQv),
    ("maci-v3-full", Mode::Full),
];

pub(crate) struct Recorded {
    pub(crate) params: PollParams,
    pub(crate) process_key: VerifyingKey,
    pub(crate) tally_key: VerifyingKey,
    pub(crate) snapshot: PollSnapshot,
    pub(crate) transcript: PollTranscript,
    pub(crate) tally_json: Value,
}

pub(crate) fn read(folder: &str, file: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(folder)
        .join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn key_points(folder: &str, file: &str) -> KeyPoints {
    KeyPoints::from_snarkjs(&read(
        folder,
        &format!("verification_keys/{file}_test.json"),
    ))
    .unwrap()
}

fn proofs<S: Statement>(folder: &str, kind: &str) -> Vec<(S, Proof)> {
    (0..)
        .map_while(|index| {
            let base = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("../../fixtures")
                .join(folder)
                .join(format!("proofs/{kind}_{index}.proof.json"));
            base.exists().then(|| {
                let proof = read(folder, &format!("proofs/{kind}_{index}.proof.json"));
                let public = read(folder, &format!("proofs/{kind}_{index}.public.json"));
                let inputs = snarkjs::public_inputs(&public).unwrap();
                (
                    S::from_public_inputs(&inputs).unwrap(),
                    Proof::from_snarkjs(&proof).unwrap(),
                )
            })
        })
        .collect()
}

fn dec(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

fn salt(value: &Value) -> Salt {
    Salt(field::from_hex(value.as_str().unwrap()).unwrap())
}

fn credits(value: &Value) -> VoiceCredits {
    value.as_str().unwrap().parse().unwrap()
}

fn opening(tally: &Value) -> TallyOpening {
    let list = |value: &Value| value.as_array().unwrap().clone();
    TallyOpening {
        results: list(&tally["results"]["tally"]).iter().map(dec).collect(),
        results_salt: salt(&tally["results"]["salt"]),
        total_spent: credits(&tally["totalSpentVoiceCredits"]["spent"]),
        total_spent_salt: salt(&tally["totalSpentVoiceCredits"]["salt"]),
        per_option_spent: tally.get("perVoteOptionSpentVoiceCredits").map(|spent| {
            (
                list(&spent["tally"]).iter().map(credits).collect(),
                salt(&spent["salt"]),
            )
        }),
    }
}

/// A recorded poll. Its keys are MACI's test keys (delta = gamma = generator), so they load as insecure ones.
pub(crate) fn recorded(folder: &str, mode: Mode) -> Recorded {
    let deployment: Value = serde_json::from_str(&read(folder, "deployment.json")).unwrap();
    let number = |name: &str| deployment["params"][name].as_u64().unwrap();
    let params = PollParams {
        state_tree_depth: number("stateTreeDepth") as u8,
        tally_processing_state_tree_depth: number("tallyProcessingStateTreeDepth") as u8,
        vote_option_tree_depth: number("voteOptionTreeDepth") as u8,
        message_batch_size: number("messageBatchSize") as u8,
        vote_options: number("voteOptions"),
        mode,
    }
    .validate()
    .unwrap();
    let (process, tally) = match mode {
        Mode::Qv => ("MessageProcessorQv_10-20-2", "VoteTallyQv_10-1-2"),
        Mode::NonQv => ("MessageProcessorNonQv_10-20-2", "VoteTallyNonQv_10-1-2"),
        Mode::Full => ("MessageProcessorFull_10-20-2", "VoteTallyNonQv_10-1-2"),
    };
    let process_key =
        VerifyingKey::insecure(params.process_circuit(), key_points(folder, process)).unwrap();
    let tally_key =
        VerifyingKey::insecure(params.tally_circuit(), key_points(folder, tally)).unwrap();
    let process: Vec<ProvedProcess> = proofs::<ProcessBatch>(folder, "process")
        .into_iter()
        .map(|(statement, proof)| ProvedProcess { statement, proof })
        .collect();
    let tally: Vec<ProvedTally> = proofs::<TallyBatch>(folder, "tally")
        .into_iter()
        .map(|(statement, proof)| ProvedTally { statement, proof })
        .collect();
    let first = process[0].statement;
    let inputs: Value = serde_json::from_str(&read(folder, "inputs/process_0.input.json")).unwrap();
    let root = inputs["currentStateRoot"].as_str().unwrap();
    let mut batch_hashes = vec![maci_verifier::transcript::NUMS];
    batch_hashes.extend(process.iter().rev().map(|p| p.statement.output_batch_hash));
    let coordinator = PublicKeyHash(first.coordinator_public_key_hash.0);
    let snapshot = PollSnapshot {
        params,
        state_root: StateRoot(field::from_dec(root).unwrap()),
        actual_state_tree_depth: first.actual_state_tree_depth,
        total_signups: first.total_signups,
        num_messages: first.batch_end_index,
        chain_hash: ChainHash(first.output_batch_hash.0),
        batch_hashes,
        coordinator_public_key_hash: coordinator,
    };
    let tally_json: Value = serde_json::from_str(&read(folder, "tally.json")).unwrap();
    Recorded {
        params,
        process_key,
        tally_key,
        snapshot,
        transcript: PollTranscript {
            process,
            tally,
            opening: opening(&tally_json),
        },
        tally_json,
    }
}

/// A circuit with any public inputs: it shows the square root of their sum of squares' square.
#[derive(Clone)]
pub(crate) struct Toy {
    pub(crate) inputs: Vec<Fr>,
}

impl ConstraintSynthesizer<Fr> for Toy {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        for value in &self.inputs {
            let input = cs.new_input_variable(|| Ok(*value))?;
            let witness = cs.new_witness_variable(|| Ok(*value * value))?;
            let lc = |variable: Variable| LinearCombination::from(variable);
            cs.enforce_r1cs_constraint(|| lc(input), || lc(input), || lc(witness))?;
        }
        Ok(())
    }
}

pub(crate) fn toy_key(
    circuit: CircuitId,
    seed: u8,
) -> (ark_groth16::ProvingKey<Bn254>, VerifyingKey) {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let toy = Toy {
        inputs: vec![Fr::from(1u64); circuit.public_inputs()],
    };
    let (pk, vk) = Groth16::<Bn254>::circuit_specific_setup(toy, &mut rng).unwrap();
    let key = VerifyingKey::new(circuit, points_of(&vk)).unwrap();
    (pk, key)
}

pub(crate) fn points_of(vk: &ark_groth16::VerifyingKey<Bn254>) -> KeyPoints {
    KeyPoints::new(
        vk.alpha_g1,
        vk.beta_g2,
        vk.gamma_g2,
        vk.delta_g2,
        vk.gamma_abc_g1.clone(),
    )
    .unwrap()
}

pub(crate) fn toy_proof(
    pk: &ark_groth16::ProvingKey<Bn254>,
    statement: &dyn Statement,
    seed: u8,
) -> Proof {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let toy = Toy {
        inputs: statement.public_inputs(),
    };
    let proof = Groth16::<Bn254>::prove(pk, toy, &mut rng).unwrap();
    Proof::new(proof.a, proof.b, proof.c).unwrap()
}

/// A statement for `message-processor-qv-10-20-2` that no poll has.
pub(crate) fn toy_statement(salt: u64) -> ProcessBatch {
    let inputs: Vec<Fr> = [6, 1000 + salt, 3, 77, 25, 88 + salt, 99 + salt, 20, 24]
        .into_iter()
        .map(Fr::from)
        .collect();
    ProcessBatch::from_public_inputs(&inputs).unwrap()
}
