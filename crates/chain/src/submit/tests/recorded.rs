//! The recorded polls as work to submit: MACI's own proofs, results and transactions.

use std::fs;
use std::path::{Path, PathBuf};

use alloy::primitives::Bytes;
use maci_crypto::poseidon;
use maci_protocol::layout::{TallyOutcome, maci::state_root};
use maci_protocol::recorded;
use maci_protocol::tally_file::TallyFile;
use maci_verifier::codec::snarkjs;
use maci_verifier::transcript::{
    PollSnapshot, PollTranscript, ProvedProcess, ProvedTally, TallyOpening, VoiceCredits,
};
use maci_verifier::{
    CircuitId, KeyPoints, PollParams, ProcessBatch, Proof, PublicKeyHash, StateRoot, Statement,
    TallyBatch, VerifyingKey,
};
use serde_json::Value;

use crate::contracts::{from_key, to_key};
use crate::submit::{RegisteredKeys, Work};

pub(super) const POLLS: [&str; 3] = ["maci-v3", "maci-v3-nonqv", "maci-v3-full"];

pub(super) struct Poll {
    dir: PathBuf,
    snapshot: PollSnapshot,
    pub(super) transcript: PollTranscript,
    pub(super) end_time: u64,
}

impl Poll {
    pub(super) fn new(name: &str) -> Self {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fixtures")
            .join(name);
        let text = |file: &str| fs::read_to_string(dir.join(file)).unwrap();
        let log = recorded::parse(&text("deployment.json"), &text("logs.json")).unwrap();
        let key = log.coordinator_public_key;
        let snapshot = PollSnapshot {
            params: log.params,
            state_root: StateRoot(state_root(&log.leaves)),
            actual_state_tree_depth: log.actual_state_tree_depth().into(),
            total_signups: log.total_signups(),
            num_messages: log.num_messages(),
            batch_hashes: log.batch_hashes.clone(),
            chain_hash: log.chain_hash(),
            coordinator_public_key_hash: PublicKeyHash(poseidon::hash2(key.x, key.y)),
        };
        let transcript = PollTranscript {
            process: proved::<ProcessBatch>(&dir, "process")
                .into_iter()
                .map(|(statement, proof)| ProvedProcess { statement, proof })
                .collect(),
            tally: proved::<TallyBatch>(&dir, "tally")
                .into_iter()
                .map(|(statement, proof)| ProvedTally { statement, proof })
                .collect(),
            opening: opening(&TallyFile::from_json(&text("tally.json")).unwrap().outcome()),
        };
        Self {
            end_time: log.end_time,
            dir,
            snapshot,
            transcript,
        }
    }

    pub(super) fn work(&self) -> Work<'_> {
        Work {
            snapshot: &self.snapshot,
            transcript: &self.transcript,
        }
    }

    pub(super) fn params(&self) -> &PollParams {
        &self.snapshot.params
    }

    pub(super) fn process(&self) -> usize {
        self.transcript.process.len()
    }

    pub(super) fn tally(&self) -> usize {
        self.transcript.tally.len()
    }

    /// Input and gas of what MACI's coordinator sent for our steps, in order.
    pub(super) fn transactions(&self) -> Vec<(Bytes, u64)> {
        let text = fs::read_to_string(self.dir.join("transactions.json")).unwrap();
        let all: Vec<Value> = serde_json::from_str(&text).unwrap();
        let ours = ["0x09feaf2a", "0xb1a263d3", "0x23e3feb1", "0xe57fe1a0"];
        all.iter()
            .filter(|tx| ours.contains(&tx["selector"].as_str().unwrap()))
            .map(|tx| {
                let input = tx["input"].as_str().unwrap().parse().unwrap();
                (input, tx["gasUsed"].as_u64().unwrap())
            })
            .collect()
    }

    /// MACI's test keys as a registry holds them.
    pub(super) fn registered_keys(&self) -> RegisteredKeys {
        let params = self.params();
        RegisteredKeys {
            process: self.key(params.process_circuit(), "MessageProcessor"),
            tally: self.key(params.tally_circuit(), "VoteTally"),
        }
    }

    fn key(&self, circuit: CircuitId, prefix: &str) -> VerifyingKey {
        let file = fs::read_dir(self.dir.join("verification_keys"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| {
                path.file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .starts_with(prefix)
            })
            .unwrap();
        let points = KeyPoints::from_snarkjs(&fs::read_to_string(file).unwrap()).unwrap();
        // Their gamma and delta are equal: a registry with them is refused, here they stand for a sound one.
        let key = VerifyingKey::insecure(circuit, points).unwrap();
        assert!(from_key(circuit, &to_key(&key)).is_err());
        key
    }

    /// Copies of the transcript, each with one proof that does not fit its statement.
    pub(super) fn with_one_wrong_proof(&self) -> Vec<PollTranscript> {
        let mut wrong = Vec::new();
        for at in 0..self.process() {
            let mut copy = self.transcript.clone();
            copy.process[at].proof = self.transcript.tally[0].proof;
            wrong.push(copy);
        }
        for at in 0..self.tally() {
            let mut copy = self.transcript.clone();
            copy.tally[at].proof = self.transcript.tally[(at + 1) % self.tally()].proof;
            wrong.push(copy);
        }
        wrong
    }
}

fn proved<S: Statement>(dir: &Path, kind: &str) -> Vec<(S, Proof)> {
    (0..)
        .map_while(|batch| {
            let stem = dir.join("proofs").join(format!("{kind}_{batch}"));
            let read = |what: &str| fs::read_to_string(format!("{}.{what}.json", stem.display()));
            let proof = Proof::from_snarkjs(&read("proof").ok()?).unwrap();
            let inputs = snarkjs::public_inputs(&read("public").unwrap()).unwrap();
            Some((S::from_public_inputs(&inputs).unwrap(), proof))
        })
        .collect()
}

fn opening(outcome: &TallyOutcome) -> TallyOpening {
    let TallyOutcome { results, salts, .. } = outcome;
    TallyOpening {
        results: results
            .votes
            .iter()
            .map(|votes| maci_crypto::field::to_u64(votes).unwrap().into())
            .collect(),
        results_salt: salts.results,
        total_spent: VoiceCredits(results.spent),
        total_spent_salt: salts.spent,
        per_option_spent: results
            .per_option_spent
            .as_ref()
            .zip(salts.per_option_spent)
            .map(|(spent, salt)| (spent.iter().copied().map(VoiceCredits).collect(), salt)),
    }
}
