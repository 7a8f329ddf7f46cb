//! Polls with any results and real proofs, for tests of this crate and of `maci-settlement`.
//!
//! A toy circuit with the public inputs of the real one and no meaning: any statement can be proved under its key. The
//! proofs are genuine Groth16 proofs and everything goes through [`audit`], so a [`VerifiedPoll`] made here has passed
//! the same checks as a real one. What makes it worthless outside of tests is that nobody trusts toy keys.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "test support: a failure here is a failed test"
)]

use std::sync::OnceLock;

use alloy_primitives::Address;
use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable,
};
use ark_std::rand::SeedableRng;
use maci_crypto::tree::binary::actual_depth;
use maci_verifier::newtypes::Salt;
use maci_verifier::statement::{ProcessBatch, Statement, TallyBatch};
use maci_verifier::transcript::{
    NUMS, PollSnapshot, PollTranscript, ProvedProcess, ProvedTally, TallyOpening, VoiceCredits,
    initial_sb_commitment,
};
use maci_verifier::{
    ChainHash, CircuitId, KeyPoints, Mode, PollParams, Proof, PublicKeyHash, SbCommitment,
    StateRoot, TallyCommitment, VerifyingKey,
};
use rand_chacha::ChaCha20Rng;

use crate::audit::{AuditOptions, VerifiedPoll, audit};
use crate::bundle::{AuditBundle, BundleKeys};
use crate::keys::{Provenance, TrustedKeys};
use crate::pins::Contracts;
use crate::source::PollSource;

/// Every public input equals a witness: true for any values.
#[derive(Clone)]
struct Toy(Vec<Fr>);

impl ConstraintSynthesizer<Fr> for Toy {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        for value in self.0 {
            let input = cs.new_input_variable(|| Ok(value))?;
            let witness = cs.new_witness_variable(|| Ok(value))?;
            cs.enforce_r1cs_constraint(
                || LinearCombination::from(input),
                || LinearCombination::from(Variable::One),
                || LinearCombination::from(witness),
            )?;
        }
        Ok(())
    }
}

/// A toy key pair of one circuit.
#[derive(Debug)]
pub struct ToyKey {
    proving: ProvingKey<Bn254>,
    pub points: KeyPoints,
    pub verifying: VerifyingKey,
}

impl ToyKey {
    pub fn new(circuit: CircuitId, seed: u64) -> Self {
        let toy = Toy(vec![Fr::from(0u64); circuit.public_inputs()]);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let proving =
            Groth16::<Bn254>::generate_random_parameters_with_reduction(toy, &mut rng).unwrap();
        let vk = proving.vk.clone();
        let points = KeyPoints::new(
            vk.alpha_g1,
            vk.beta_g2,
            vk.gamma_g2,
            vk.delta_g2,
            vk.gamma_abc_g1,
        )
        .unwrap();
        Self {
            proving,
            verifying: VerifyingKey::new(circuit, points.clone()).unwrap(),
            points,
        }
    }

    pub fn prove(&self, statement: &impl Statement) -> Proof {
        let toy = Toy(statement.public_inputs());
        // Fixed r and s: the same statement gives the same proof.
        let proof = Groth16::<Bn254>::create_proof_with_reduction(
            toy,
            &self.proving,
            Fr::from(3u64),
            Fr::from(5u64),
        );
        let proof = proof.unwrap();
        Proof::new(proof.a, proof.b, proof.c).unwrap()
    }
}

/// Toy keys of a poll's two circuits.
#[derive(Debug)]
pub struct ToyKeys {
    pub process: ToyKey,
    pub tally: ToyKey,
}

impl ToyKeys {
    pub fn new(params: &PollParams, seed: u64) -> Self {
        Self {
            process: ToyKey::new(params.process_circuit(), seed),
            tally: ToyKey::new(params.tally_circuit(), seed + 1),
        }
    }

    /// One pair of keys for all polls with the parameters of [`ToyPoll::default`].
    pub fn shared() -> &'static Self {
        static KEYS: OnceLock<ToyKeys> = OnceLock::new();
        KEYS.get_or_init(|| Self::new(&ToyPoll::default().params, 7))
    }

    pub fn bundle_keys(&self, provenance: Provenance) -> BundleKeys {
        BundleKeys {
            process: self.process.points.clone(),
            tally: self.tally.points.clone(),
            joining: None,
            provenance,
        }
    }

    pub fn trusted(&self, provenance: Provenance) -> TrustedKeys {
        TrustedKeys::new()
            .with_key(&self.process.verifying, provenance)
            .with_key(&self.tally.verifying, provenance)
    }
}

/// A poll with chosen results.
#[derive(Clone, Debug)]
pub struct ToyPoll {
    pub params: PollParams,
    pub source: PollSource,
    /// Votes by option.
    pub results: Vec<u64>,
    /// Credits by option, under quadratic voting.
    pub spent: Option<Vec<u64>>,
    /// State leaves without the blank one.
    pub joined: u64,
    /// Messages without the placeholder.
    pub messages: u64,
    /// Another seed gives other salts and commitments and the same results.
    pub salt: u64,
    pub provenance: Provenance,
}

impl Default for ToyPoll {
    /// Non-quadratic, five options, twelve users, three message batches, two tally batches; open from 2000 to 3000.
    fn default() -> Self {
        Self {
            params: PollParams {
                state_tree_depth: 4,
                tally_processing_state_tree_depth: 3,
                vote_option_tree_depth: 1,
                message_batch_size: 5,
                vote_options: 5,
                mode: Mode::NonQv,
            },
            source: PollSource {
                chain_id: 31337,
                poll_id: 0,
                contracts: Contracts {
                    maci: Address::repeat_byte(0x11),
                    poll: Address::repeat_byte(0x22),
                    message_processor: Address::repeat_byte(0x33),
                    tally: Address::repeat_byte(0x44),
                    ..Contracts::default()
                },
                start_date: 2000,
                end_date: 3000,
            },
            results: vec![10, 20, 5, 0, 0],
            spent: None,
            joined: 12,
            messages: 13,
            salt: 0,
            provenance: Provenance::Ceremony,
        }
    }
}

impl ToyPoll {
    pub fn snapshot(&self) -> PollSnapshot {
        let num_messages = self.messages + 1;
        let batches = self.params.message_batches(num_messages);
        let mut batch_hashes = vec![NUMS];
        batch_hashes.extend((1..=batches).map(|batch| ChainHash(Fr::from(1_000 + batch))));
        let total_signups = self.joined + 1;
        PollSnapshot {
            params: self.params,
            state_root: StateRoot(Fr::from(77u64)),
            actual_state_tree_depth: u64::from(actual_depth(total_signups)),
            total_signups,
            num_messages,
            chain_hash: *batch_hashes.last().unwrap(),
            batch_hashes,
            coordinator_public_key_hash: PublicKeyHash(Fr::from(88u64)),
        }
    }

    pub fn opening(&self) -> TallyOpening {
        let leaves = usize::try_from(self.params.max_vote_options()).unwrap();
        let mut results: Vec<u128> = self
            .results
            .iter()
            .map(|votes| u128::from(*votes))
            .collect();
        results.resize(leaves, 0);
        let total: u64 = self.spent.as_ref().unwrap_or(&self.results).iter().sum();
        let salt = |role: u64| Salt(Fr::from(self.salt * 10 + role));
        TallyOpening {
            results,
            results_salt: salt(1),
            total_spent: VoiceCredits(Fr::from(total)),
            total_spent_salt: salt(2),
            per_option_spent: self.spent.as_ref().map(|spent| {
                let mut spent: Vec<VoiceCredits> = spent
                    .iter()
                    .map(|credits| VoiceCredits::from(*credits))
                    .collect();
                spent.resize(leaves, VoiceCredits::from(0));
                (spent, salt(3))
            }),
        }
    }

    pub fn transcript(&self, keys: &ToyKeys) -> PollTranscript {
        let snapshot = self.snapshot();
        let opening = self.opening();
        let batches = self.params.message_batches(snapshot.num_messages);
        let size = u64::from(self.params.message_batch_size);
        let mut current = initial_sb_commitment(&self.params, snapshot.state_root);
        let process = (0..batches)
            .map(|position| {
                let batch = batches - position;
                let statement = ProcessBatch {
                    total_signups: snapshot.total_signups,
                    output_batch_hash: snapshot.batch_hashes[usize::try_from(batch).unwrap()],
                    actual_state_tree_depth: snapshot.actual_state_tree_depth,
                    coordinator_public_key_hash: snapshot.coordinator_public_key_hash,
                    vote_options: self.params.vote_options,
                    current_sb_commitment: current,
                    new_sb_commitment: SbCommitment(Fr::from(5_000 + 100 * self.salt + batch)),
                    index: (batch - 1) * size,
                    batch_end_index: (batch * size).min(snapshot.num_messages),
                };
                current = statement.new_sb_commitment;
                ProvedProcess {
                    statement,
                    proof: keys.process.prove(&statement),
                }
            })
            .collect();
        let tally_batches = self.params.tally_batches(snapshot.total_signups);
        let last = opening.commitment(&self.params).unwrap();
        let mut tallied = TallyCommitment(Fr::from(0u64));
        let tally = (0..tally_batches)
            .map(|position| {
                let new = if position + 1 == tally_batches {
                    last
                } else {
                    TallyCommitment(Fr::from(9_000 + 100 * self.salt + position))
                };
                let statement = TallyBatch {
                    sb_commitment: current,
                    current_tally_commitment: tallied,
                    new_tally_commitment: new,
                    index: position * self.params.tally_batch_size(),
                    total_signups: snapshot.total_signups,
                };
                tallied = new;
                ProvedTally {
                    statement,
                    proof: keys.tally.prove(&statement),
                }
            })
            .collect();
        PollTranscript {
            process,
            tally,
            opening,
        }
    }

    pub fn bundle_with(&self, keys: &ToyKeys) -> AuditBundle {
        AuditBundle::make(
            &self.source,
            &self.snapshot(),
            &self.transcript(keys),
            &keys.bundle_keys(self.provenance),
        )
    }

    /// The bundle under the shared toy keys.
    pub fn bundle(&self) -> AuditBundle {
        self.bundle_with(ToyKeys::shared())
    }

    /// The audited poll, accepting toy development keys.
    pub fn verified(&self) -> VerifiedPoll {
        let options = AuditOptions {
            allow_insecure_dev: true,
            ..AuditOptions::default()
        };
        let trusted = ToyKeys::shared().trusted(self.provenance);
        audit(&self.bundle().to_bytes(), &trusted, &options)
            .poll()
            .cloned()
            .unwrap()
    }
}
