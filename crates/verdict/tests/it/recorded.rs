//! Bundles of the polls that were really held on MACI v3's contracts, with MACI's own proofs and test keys.

use std::path::PathBuf;

use alloy_primitives::{Address, B256, U256};
use maci_protocol::recorded;
use maci_protocol::tally_file::TallyFile;
use maci_verdict::rule::{Measure, Method, Rule, Target, Terms, Tie};
use maci_verdict::{
    AuditBundle, AuditOptions, BundleKeys, CheckName, Grade, PollSource, Provenance, Question,
    ReplayedLog, TrustedKeys, VerdictFile, VerifiedPoll, Warning, audit, judge,
};
use maci_verifier::codec::snarkjs::public_inputs;
use maci_verifier::statement::Statement;
use maci_verifier::transcript::{
    PollSnapshot, PollTranscript, ProvedProcess, ProvedTally, TallyOpening, VoiceCredits,
};
use maci_verifier::{KeyPoints, Proof, PublicKeyHash, VerifyingKey};

struct Recorded {
    folder: PathBuf,
    process_key: &'static str,
    tally_key: &'static str,
    process: usize,
    tally: usize,
}

fn recorded(mode: &str) -> Recorded {
    let (folder, process_key, tally_key, tally) = match mode {
        "qv" => (
            "maci-v3",
            "MessageProcessorQv_10-20-2_test",
            "VoteTallyQv_10-1-2_test",
            3,
        ),
        "non-qv" => (
            "maci-v3-nonqv",
            "MessageProcessorNonQv_10-20-2_test",
            "VoteTallyNonQv_10-1-2_test",
            4,
        ),
        _ => (
            "maci-v3-full",
            "MessageProcessorFull_10-20-2_test",
            "VoteTallyNonQv_10-1-2_test",
            4,
        ),
    };
    let mut recorded = Recorded {
        folder: PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../../fixtures")
            .join(folder),
        process_key,
        tally_key,
        process: 0,
        tally,
    };
    recorded.process = recorded.count("process");
    assert_eq!(recorded.count("tally"), recorded.tally);
    recorded
}

impl Recorded {
    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap()
    }

    fn count(&self, kind: &str) -> usize {
        (0..100)
            .take_while(|n| {
                self.folder
                    .join(format!("proofs/{kind}_{n}.proof.json"))
                    .exists()
            })
            .count()
    }

    fn proof<S: Statement>(&self, kind: &str, number: usize) -> (S, Proof) {
        let inputs =
            public_inputs(&self.text(&format!("proofs/{kind}_{number}.public.json"))).unwrap();
        let proof =
            Proof::from_snarkjs(&self.text(&format!("proofs/{kind}_{number}.proof.json"))).unwrap();
        (S::from_public_inputs(&inputs).unwrap(), proof)
    }

    fn key(&self, name: &str) -> KeyPoints {
        KeyPoints::from_snarkjs(&self.text(&format!("verification_keys/{name}.json"))).unwrap()
    }

    fn log(&self) -> maci_protocol::PollLog {
        recorded::parse(&self.text("deployment.json"), &self.text("logs.json")).unwrap()
    }

    fn opening(&self) -> TallyOpening {
        let outcome = TallyFile::from_json(&self.text("tally.json"))
            .unwrap()
            .outcome();
        TallyOpening {
            results: outcome
                .results
                .votes
                .iter()
                .map(|votes| votes.to_string().parse().unwrap())
                .collect(),
            results_salt: outcome.salts.results,
            total_spent: VoiceCredits(outcome.results.spent),
            total_spent_salt: outcome.salts.spent,
            per_option_spent: outcome.results.per_option_spent.map(|spent| {
                (
                    spent.into_iter().map(VoiceCredits).collect(),
                    outcome.salts.per_option_spent.unwrap(),
                )
            }),
        }
    }

    fn bundle(&self) -> AuditBundle {
        let log = self.log();
        let key = log.coordinator_public_key;
        let snapshot = PollSnapshot {
            params: log.params,
            state_root: log.onchain.merged_state_root.unwrap(),
            actual_state_tree_depth: u64::from(log.actual_state_tree_depth()),
            total_signups: log.total_signups(),
            num_messages: log.num_messages(),
            batch_hashes: log.batch_hashes.clone(),
            chain_hash: log.chain_hash(),
            coordinator_public_key_hash: PublicKeyHash(maci_crypto::poseidon::hash2(key.x, key.y)),
        };
        let process = (0..self.process)
            .map(|number| self.proof("process", number))
            .map(|(statement, proof)| ProvedProcess { statement, proof })
            .collect();
        let tally = (0..self.tally)
            .map(|number| self.proof("tally", number))
            .map(|(statement, proof)| ProvedTally { statement, proof })
            .collect();
        let source = PollSource::from_deployment(&self.text("deployment.json")).unwrap();
        let transcript = PollTranscript {
            process,
            tally,
            opening: self.opening(),
        };
        AuditBundle::make(&source, &snapshot, &transcript, &self.keys())
    }

    fn keys(&self) -> BundleKeys {
        BundleKeys {
            process: self.key(self.process_key),
            tally: self.key(self.tally_key),
            joining: None,
            provenance: Provenance::InsecureDev,
        }
    }

    fn trusted(&self) -> TrustedKeys {
        let (params, keys) = (self.log().params, self.keys());
        TrustedKeys::new()
            .with_key(
                &VerifyingKey::insecure(params.process_circuit(), keys.process).unwrap(),
                Provenance::InsecureDev,
            )
            .with_key(
                &VerifyingKey::insecure(params.tally_circuit(), keys.tally).unwrap(),
                Provenance::InsecureDev,
            )
    }
}

const ALLOW: AuditOptions<'_> = AuditOptions {
    allow_insecure_dev: true,
    small_electorate: 10,
    chain: None,
    replay: None,
};

#[test]
fn the_recorded_polls_audit_to_their_published_results_in_every_mode() {
    for (mode, first, spent) in [
        ("qv", [5, 3, 4, 10], 239),
        ("non-qv", [25, 30, 10, 60], 430),
        ("full", [200, 0, 0, 0], 500),
    ] {
        let recorded = recorded(mode);
        let bytes = recorded.bundle().to_bytes();
        let replay = ReplayedLog::new(&recorded.log()).unwrap();
        let options = AuditOptions {
            replay: Some(&replay),
            ..ALLOW
        };
        let audit = audit(&bytes, &recorded.trusted(), &options);
        let poll = audit.poll().unwrap();
        assert_eq!(audit.report().grade(), Some(Grade::V3), "{mode}");
        assert_eq!(poll.tally().results[..4], first, "{mode}");
        assert_eq!(poll.tally().total_spent, U256::from(spent), "{mode}");
        assert!(poll.warnings().contains(&Warning::InsecureDevKeys));
        assert!(
            poll.warnings()
                .iter()
                .any(|warning| matches!(warning, Warning::SmallElectorate { .. }))
        );
    }
}

#[test]
fn c_07_a_replay_reports_every_joined_key_that_never_signed_up() {
    let recorded = recorded("qv");
    let bytes = recorded.bundle().to_bytes();
    let reported = |log: &maci_protocol::PollLog| -> Vec<u64> {
        let replay = ReplayedLog::new(log).unwrap();
        let options = AuditOptions {
            replay: Some(&replay),
            ..ALLOW
        };
        let audit = audit(&bytes, &recorded.trusted(), &options);
        let index = |warning: &Warning| match warning {
            Warning::JoinedWithoutSignup { state_index } => Some(*state_index),
            _ => None,
        };
        audit
            .poll()
            .unwrap()
            .warnings()
            .iter()
            .filter_map(index)
            .collect()
    };
    let mut log = recorded.log();
    assert_eq!(reported(&log), [0u64; 0]);
    let signups = log.signups.as_mut().unwrap();
    signups.remove(4);
    signups.remove(0);
    assert_eq!(reported(&log), [1, 5]);
    log.signups = None;
    assert_eq!(reported(&log), [0u64; 0]);
}

#[test]
fn v_08_maci_test_keys_are_refused_without_consent_and_as_ceremony_keys() {
    let recorded = recorded("qv");
    let bytes = recorded.bundle().to_bytes();
    let strict = audit(&bytes, &recorded.trusted(), &AuditOptions::default());
    assert!(
        strict
            .poll()
            .unwrap_err()
            .to_string()
            .contains("insecure development key")
    );
    let params = recorded.log().params;
    let keys = recorded.keys();
    let process = VerifyingKey::insecure(params.process_circuit(), keys.process).unwrap();
    let trusted = recorded.trusted().with_key(&process, Provenance::Ceremony);
    // Once known as a development key, always one.
    let audit = audit(&bytes, &trusted, &AuditOptions::default());
    assert!(
        audit
            .poll()
            .unwrap_err()
            .to_string()
            .contains("insecure development key")
    );
}

#[test]
fn v3_an_edited_log_is_refused_by_name() {
    let recorded = recorded("non-qv");
    let bytes = recorded.bundle().to_bytes();
    let refused = |change: &dyn Fn(&mut maci_protocol::PollLog), what: &str| {
        let mut log = recorded.log();
        change(&mut log);
        let replay = ReplayedLog::new(&log).unwrap();
        let audit = audit(
            &bytes,
            &recorded.trusted(),
            &AuditOptions {
                replay: Some(&replay),
                ..ALLOW
            },
        );
        let failure = audit.poll().unwrap_err();
        assert_eq!(failure.name, CheckName::Replay);
        assert!(failure.to_string().contains(what), "{failure}");
    };
    refused(&|log| log.messages.swap(3, 4), "batch hashes differs");
    refused(
        &|log| {
            log.messages.pop();
        },
        "number of messages differs",
    );
    refused(&|log| log.leaves.swap(1, 2), "merged state root differs");
    refused(&|log| log.chain_id += 1, "chain id differs");
    refused(&|log| log.poll_id.0 += 1, "poll id differs");
}

/// The recorded quadratic poll, audited, and a question to it.
pub(crate) fn judged() -> (VerifiedPoll, Question) {
    let recorded = recorded("qv");
    let audit = audit(&recorded.bundle().to_bytes(), &recorded.trusted(), &ALLOW);
    let rule = Rule {
        measure: Measure::Credits,
        method: Method::Plurality { tie: Tie::Void },
        min_spent: Some(200),
    };
    let map = (0..25u16).map(|option| Target::Slot(option % 5)).collect();
    let question = Question {
        market_id: B256::repeat_byte(1),
        condition_id: B256::repeat_byte(2),
        question_id: B256::repeat_byte(3),
        ledger_head: B256::repeat_byte(4),
        gate: Address::ZERO,
        terms: Terms::new(rule, 5, map).unwrap(),
    };
    (audit.poll().unwrap().clone(), question)
}

#[test]
fn the_recorded_poll_gives_a_verdict() {
    let (poll, question) = judged();
    let verdict = judge(&poll, &question).unwrap();
    // Option 3 has 10 votes and 100 credits.
    assert_eq!(
        verdict.resolution().numerators(),
        [0, 0, 0, 1_000_000_000, 0]
    );
    assert!(verdict.insecure_dev());
    let file = VerdictFile::from(&verdict).to_bytes();
    assert!(VerdictFile::parse(&file).unwrap().insecure_dev);
    // Pinned: a change of it is another identity for every verdict ever made.
    assert_eq!(
        verdict.id().to_string(),
        "0x053268ce9a4975f0cf835304a64ee1d679f2af369ebd3ae77faaee321f0490f5"
    );
}
