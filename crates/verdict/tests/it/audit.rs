//! Every check of the audit fails alone, by name.

use alloy_primitives::U256;
use ark_bn254::Fr;
use maci_verdict::testing::{ToyKeys, ToyPoll};
use maci_verdict::{
    Audit, AuditBundle, AuditOptions, ChainFacts, CheckName, Grade, Outcome, Provenance,
    TrustedKeys, Warning, audit,
};
use maci_verifier::newtypes::Salt;
use maci_verifier::transcript::VoiceCredits;
use maci_verifier::{BallotRoot, ChainHash, Mode, StateRoot};

fn strict(bundle: &AuditBundle) -> Audit {
    audit(
        &bundle.to_bytes(),
        &ToyKeys::shared().trusted(Provenance::Ceremony),
        &AuditOptions::default(),
    )
}

fn fails(bundle: &AuditBundle, check: CheckName, reason: &str) {
    let audit = strict(bundle);
    let failure = audit.poll().unwrap_err();
    assert_eq!(failure.name, check, "{failure}");
    assert!(
        failure.to_string().contains(reason),
        "expected {reason:?} in {failure}"
    );
    assert_eq!(audit.report().grade(), None);
    // Nothing after the failed check ran.
    let later = audit
        .report()
        .checks()
        .iter()
        .filter(|other| other.name > check);
    assert!(later.clone().all(|check| check.outcome == Outcome::NotRun));
}

fn changed(change: impl FnOnce(&mut AuditBundle)) -> AuditBundle {
    let mut bundle = ToyPoll::default().bundle();
    change(&mut bundle);
    bundle
}

#[test]
fn a_whole_bundle_passes_every_check_and_reaches_v1() {
    let poll = ToyPoll::default();
    let audit = strict(&poll.bundle());
    assert_eq!(audit.report().grade(), Some(Grade::V1));
    for check in audit.report().checks() {
        match check.name {
            CheckName::Chain | CheckName::Replay => assert_eq!(check.outcome, Outcome::NotRun),
            _ => assert!(matches!(check.outcome, Outcome::Pass(_)), "{check}"),
        }
    }
    let verified = audit.poll().unwrap();
    assert_eq!(verified.tally().results, [10, 20, 5, 0, 0]);
    assert_eq!(verified.tally().total_spent, U256::from(35));
    assert_eq!(verified.joined(), 12);
    assert!(!verified.insecure_dev());
    assert!(verified.warnings().is_empty());
}

#[test]
fn making_a_bundle_is_a_pure_function_and_parsing_is_its_inverse() {
    let poll = ToyPoll::default();
    let bytes = poll.bundle().to_bytes();
    assert_eq!(bytes, poll.bundle().to_bytes());
    assert_eq!(AuditBundle::parse(&bytes).unwrap(), poll.bundle());
}

#[test]
fn v_07_an_untrusted_key_is_refused() {
    let bytes = ToyPoll::default().bundle().to_bytes();
    let audit = audit(&bytes, &TrustedKeys::new(), &AuditOptions::default());
    let failure = audit.poll().unwrap_err();
    assert_eq!(failure.name, CheckName::Keys);
    assert!(
        failure.to_string().contains("not among the trusted keys"),
        "{failure}"
    );
}

#[test]
fn k_13_development_keys_need_consent_and_are_flagged() {
    let poll = ToyPoll {
        provenance: Provenance::InsecureDev,
        ..ToyPoll::default()
    };
    let bytes = poll.bundle().to_bytes();
    let trusted = ToyKeys::shared().trusted(Provenance::InsecureDev);
    let refused = audit(&bytes, &trusted, &AuditOptions::default());
    assert!(
        refused
            .poll()
            .unwrap_err()
            .to_string()
            .contains("insecure development key")
    );
    let options = AuditOptions {
        allow_insecure_dev: true,
        ..AuditOptions::default()
    };
    let allowed = audit(&bytes, &trusted, &options);
    let verified = allowed.poll().unwrap();
    assert!(verified.insecure_dev());
    assert_eq!(verified.warnings(), [Warning::InsecureDevKeys]);
    // A bundle that calls development keys a ceremony is refused by name.
    let lying = ToyPoll::default().bundle().to_bytes();
    let lying = audit(&lying, &trusted, &options);
    let failure = lying.poll().unwrap_err();
    assert!(
        failure
            .to_string()
            .contains("keys.provenance: expected insecure-dev, as trusted, found ceremony"),
        "{failure}"
    );
}

#[test]
fn v_08_a_degenerate_key_is_never_a_ceremony_key() {
    let keys = ToyKeys::shared();
    let points = &keys.process.points;
    let forgeable = maci_verifier::KeyPoints::new(
        *points.alpha_g1(),
        *points.beta_g2(),
        *points.gamma_g2(),
        *points.gamma_g2(),
        points.ic().to_vec(),
    )
    .unwrap();
    let bundle = changed(|bundle| {
        bundle.keys.process = forgeable.clone();
        bundle.pins.verifying_keys = bundle.keys.hash();
    });
    let circuit = bundle.pins.params.process_circuit();
    let id = maci_verifier::VerifyingKey::insecure(circuit, forgeable)
        .unwrap()
        .id();
    let trusted = keys
        .trusted(Provenance::Ceremony)
        .with(id, Provenance::Ceremony);
    let audit = audit(&bundle.to_bytes(), &trusted, &AuditOptions::default());
    assert!(
        audit
            .poll()
            .unwrap_err()
            .to_string()
            .contains("gamma equals delta")
    );
}

#[test]
fn pins_that_follow_from_other_parts_are_checked() {
    let keys =
        changed(|bundle| bundle.pins.verifying_keys = alloy_primitives::B256::repeat_byte(1));
    fails(&keys, CheckName::Pins, "poll.verifying_keys");
    let root = changed(|bundle| bundle.pins.empty_ballot_root = BallotRoot(Fr::from(1u64)));
    fails(&root, CheckName::Pins, "poll.empty_ballot_root");
    let dates = changed(|bundle| bundle.pins.end_date = bundle.pins.start_date);
    fails(&dates, CheckName::Pins, "poll.end_date");
}

#[test]
fn v_05_missing_repeated_and_swapped_proofs_are_refused() {
    fails(
        &changed(|bundle| {
            bundle.process.pop();
        }),
        CheckName::ProcessChain,
        "expected 3 processing proofs, found 2",
    );
    fails(
        &changed(|bundle| bundle.process.push(bundle.process[0])),
        CheckName::ProcessChain,
        "found 4",
    );
    fails(
        &changed(|bundle| bundle.process.swap(0, 1)),
        CheckName::ProcessChain,
        "processing proof 0",
    );
    fails(
        &changed(|bundle| {
            bundle.tally.pop();
        }),
        CheckName::TallyChain,
        "expected 2 tally proofs, found 1",
    );
    fails(
        &changed(|bundle| bundle.tally.swap(0, 1)),
        CheckName::TallyChain,
        "tally proof 0",
    );
    let foreign = changed(|bundle| {
        bundle.tally[1].statement.current_tally_commitment =
            maci_verifier::TallyCommitment(Fr::from(4u64));
    });
    fails(&foreign, CheckName::TallyChain, "current_tally_commitment");
}

#[test]
fn m_03_completeness_is_derived_from_counts() {
    // Fewer messages than the batch hashes cover, and a chain hash that the last batch does not reach.
    fails(
        &changed(|bundle| bundle.num_messages = 10),
        CheckName::Counts,
        "batch hashes",
    );
    fails(
        &changed(|bundle| bundle.num_messages = 16),
        CheckName::Counts,
        "batch hashes",
    );
    fails(
        &changed(|bundle| bundle.total_signups = 40),
        CheckName::Counts,
        "total signups",
    );
    fails(
        &changed(|bundle| bundle.batch_hashes[0] = ChainHash(Fr::from(1u64))),
        CheckName::Counts,
        "first batch hash",
    );
    fails(
        &changed(|bundle| bundle.actual_state_tree_depth = 3),
        CheckName::Counts,
        "depth",
    );
    let dropped = changed(|bundle| {
        bundle.batch_hashes.pop();
        bundle.num_messages = 10;
    });
    fails(
        &dropped,
        CheckName::ProcessChain,
        "expected 2 processing proofs, found 3",
    );
}

#[test]
fn v_01_another_first_commitment_is_refused() {
    fails(
        &changed(|bundle| bundle.state_root = StateRoot(Fr::from(78u64))),
        CheckName::ProcessChain,
        "current_sb_commitment",
    );
}

#[test]
fn t5_results_and_opening_must_match() {
    fails(
        &changed(|bundle| bundle.opening.results[0] += 1),
        CheckName::Opening,
        "open",
    );
    fails(
        &changed(|bundle| {
            bundle.opening.results.pop();
        }),
        CheckName::Opening,
        "results: expected 5 entries",
    );
    fails(
        &changed(|bundle| bundle.opening.results.push(0)),
        CheckName::Opening,
        "results: expected 5 entries",
    );
    fails(
        &changed(|bundle| bundle.opening.results_salt = Salt(Fr::from(0u64))),
        CheckName::Opening,
        "open",
    );
    fails(
        &changed(|bundle| {
            bundle.opening.per_option_spent =
                Some((vec![VoiceCredits::from(0); 5], Salt(Fr::from(0u64))));
        }),
        CheckName::Opening,
        "quadratic",
    );
    // Votes for an option that the poll does not offer.
    let poll = ToyPoll {
        params: maci_verifier::PollParams {
            vote_options: 4,
            ..ToyPoll::default().params
        },
        results: vec![1, 2, 3, 4, 5],
        ..ToyPoll::default()
    };
    fails(
        &poll.bundle(),
        CheckName::Opening,
        "option 4 cannot be voted for",
    );
}

#[test]
fn v_03_a_proof_of_another_statement_is_false() {
    let swapped = changed(|bundle| {
        let other = ToyPoll {
            salt: 1,
            ..ToyPoll::default()
        }
        .bundle();
        bundle.process[1].proof = other.process[1].proof;
    });
    fails(&swapped, CheckName::Proofs, "false proof");
}

#[test]
fn sums_are_bounded_and_add_up() {
    let wrong_total = ToyPoll {
        params: qv(),
        spent: Some(vec![100, 400, 25, 0, 0]),
        ..ToyPoll::default()
    };
    let keys = ToyKeys::new(&wrong_total.params, 21);
    let good = wrong_total.bundle_with(&keys);
    let check = |bundle: &AuditBundle| {
        audit(
            &bundle.to_bytes(),
            &keys.trusted(Provenance::Ceremony),
            &AuditOptions::default(),
        )
    };
    assert_eq!(
        check(&good).poll().unwrap().tally().spent_per_option,
        Some([100, 400, 25, 0, 0].map(U256::from).to_vec())
    );

    // A total that is not the sum of its parts, committed and proved all the same.
    let reproved = |opening: maci_verifier::transcript::TallyOpening| {
        let mut bundle = good.clone();
        let last = bundle.tally.last_mut().unwrap();
        last.statement.new_tally_commitment = opening.commitment(&bundle.pins.params).unwrap();
        last.proof = keys.tally.prove(&last.statement);
        bundle.opening = opening;
        let audit = check(&bundle);
        let failure = audit.poll().unwrap_err().clone();
        assert_eq!(failure.name, CheckName::Sums, "{failure}");
        failure.to_string()
    };
    let mut opening = good.opening.clone();
    opening.total_spent = VoiceCredits::from(526);
    assert!(
        reproved(opening).contains("expected 525, the sum of the credits per option, found 526")
    );
    let mut opening = good.opening.clone();
    opening.total_spent = VoiceCredits(-Fr::from(1u64));
    assert!(reproved(opening).contains("expected 525, the sum of the credits per option"));
    // Integers, not field elements: parts that only add up modulo the prime do not add up.
    let mut opening = good.opening.clone();
    let (spent, _) = opening.per_option_spent.as_mut().unwrap();
    spent[0] = VoiceCredits(-Fr::from(425u64));
    opening.total_spent = VoiceCredits::from(0);
    assert!(reproved(opening).contains("found 0"));
}

fn qv() -> maci_verifier::PollParams {
    maci_verifier::PollParams {
        mode: Mode::Qv,
        ..ToyPoll::default().params
    }
}

#[test]
fn v2_needs_facts_that_equal_the_bundle() {
    let poll = ToyPoll::default();
    let (bundle, snapshot) = (poll.bundle(), poll.snapshot());
    let facts = ChainFacts {
        chain_id: 31337,
        merged_state_root: snapshot.state_root,
        chain_hash: snapshot.chain_hash,
        batch_hashes: snapshot.batch_hashes,
        total_signups: snapshot.total_signups,
        num_messages: snapshot.num_messages,
        sb_commitment: None,
        tally_commitment: Some(bundle.tally.last().unwrap().statement.new_tally_commitment),
    };
    let trusted = ToyKeys::shared().trusted(Provenance::Ceremony);
    let with = |facts: &ChainFacts| {
        audit(
            &bundle.to_bytes(),
            &trusted,
            &AuditOptions {
                chain: Some(facts),
                ..AuditOptions::default()
            },
        )
    };
    assert_eq!(with(&facts).report().grade(), Some(Grade::V2));
    let other = ChainFacts {
        num_messages: 15,
        ..facts.clone()
    };
    let audit = with(&other);
    let failure = audit.poll().unwrap_err();
    assert_eq!(failure.name, CheckName::Chain);
    assert!(
        failure
            .to_string()
            .contains("number of messages differs from the chain")
    );
    let replayed = ChainFacts {
        chain_id: 1,
        ..facts
    };
    assert!(
        with(&replayed)
            .poll()
            .unwrap_err()
            .to_string()
            .contains("chain id differs")
    );
}

#[test]
fn o_12_small_and_unanimous_electorates_are_warned_about() {
    let warned = |poll: ToyPoll| {
        let options = AuditOptions {
            small_electorate: 10,
            ..AuditOptions::default()
        };
        let audit = audit(
            &poll.bundle().to_bytes(),
            &ToyKeys::shared().trusted(Provenance::Ceremony),
            &options,
        );
        audit.poll().unwrap().warnings().to_vec()
    };
    let toy = ToyPoll::default;
    assert_eq!(warned(ToyPoll { joined: 1, ..toy() }), [Warning::OneVoter]);
    assert_eq!(
        warned(ToyPoll { joined: 9, ..toy() }),
        [Warning::SmallElectorate {
            joined: 9,
            fewer_than: 10
        }]
    );
    assert_eq!(
        warned(ToyPoll {
            joined: 10,
            ..toy()
        }),
        []
    );
    assert_eq!(
        warned(ToyPoll {
            results: vec![0, 0, 0, 4, 0],
            ..toy()
        }),
        [Warning::Unanimous { option: 3 }]
    );
    let nobody = ToyPoll {
        joined: 0,
        results: vec![0; 5],
        ..toy()
    };
    assert_eq!(warned(nobody), [Warning::NobodyJoined]);
}
