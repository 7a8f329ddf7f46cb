//! Verdict files: only what judging again gives is accepted.

use alloy_primitives::{Address, B256, U256, keccak256};
use ark_bn254::Fr;
use maci_verdict::rule::{Measure, Method, Resolution, Rule, Target, Terms, Tie};
use maci_verdict::testing::{ToyKeys, ToyPoll};
use maci_verdict::{
    AuditOptions, Grade, Provenance, Question, VerdictError, VerdictFile, VerifiedPoll, audit,
    judge,
};
use maci_verifier::transcript::VoiceCredits;
use maci_verifier::{Mode, PollParams};

pub(crate) fn question(tie: Tie) -> Question {
    let rule = Rule {
        measure: Measure::Votes,
        method: Method::Plurality { tie },
        min_spent: None,
    };
    let map = vec![
        Target::Slot(0),
        Target::Slot(1),
        Target::Slot(2),
        Target::Invalid,
        Target::TooEarly,
    ];
    Question {
        market_id: B256::repeat_byte(1),
        condition_id: B256::repeat_byte(2),
        question_id: B256::repeat_byte(3),
        ledger_head: B256::repeat_byte(4),
        gate: Address::ZERO,
        terms: Terms::new(rule, 3, map).unwrap(),
    }
}

fn file(poll: &VerifiedPoll) -> VerdictFile {
    VerdictFile::from(&judge(poll, &question(Tie::Void)).unwrap())
}

#[test]
fn a_verdict_file_round_trips_and_verifies() {
    let poll = ToyPoll::default().verified();
    let verdict = judge(&poll, &question(Tie::Void)).unwrap();
    assert_eq!(verdict.resolution().numerators(), [0, 1_000_000_000, 0]);
    assert_eq!(verdict.grade(), Grade::V1);
    let bytes = VerdictFile::from(&verdict).to_bytes();
    let read = VerdictFile::parse(&bytes).unwrap();
    assert_eq!(read.to_bytes(), bytes);
    assert_eq!(read.verify(&poll, &question(Tie::Void)).unwrap(), verdict);
}

#[test]
fn balances_beyond_2_to_the_128_are_audited_and_judged() {
    let poll = ToyPoll {
        params: PollParams {
            mode: Mode::Qv,
            ..ToyPoll::default().params
        },
        results: vec![0; 5],
        spent: Some(vec![0; 5]),
        ..ToyPoll::default()
    };
    let keys = ToyKeys::new(&poll.params, 21);
    let mut bundle = poll.bundle_with(&keys);
    let large = Fr::from(1u128 << 100) * Fr::from(1u128 << 40);
    let opening = &mut bundle.opening;
    opening.results[..2].copy_from_slice(&[1 << 80, 1 << 70]);
    let (spent, _) = opening.per_option_spent.as_mut().unwrap();
    spent[0] = VoiceCredits(large);
    spent[1] = VoiceCredits::from(u64::MAX);
    opening.total_spent = VoiceCredits(large + Fr::from(u64::MAX));
    let last = bundle.tally.last_mut().unwrap();
    last.statement.new_tally_commitment = bundle.opening.commitment(&bundle.pins.params).unwrap();
    last.proof = keys.tally.prove(&last.statement);
    let audit = audit(
        &bundle.to_bytes(),
        &keys.trusted(Provenance::Ceremony),
        &AuditOptions::default(),
    );
    let tally = audit.poll().unwrap().tally();
    assert_eq!(tally.results, [1 << 80, 1 << 70, 0, 0, 0]);
    let credits = U256::from(1) << 140;
    assert_eq!(tally.total_spent, credits + U256::from(u64::MAX));
    assert_eq!(tally.spent_per_option.as_ref().unwrap()[0], credits);
    let verdict = judge(audit.poll().unwrap(), &question(Tie::Void)).unwrap();
    assert_eq!(verdict.verdict().numerators, [1_000_000_000, 0, 0]);
    let file = VerdictFile::from(&verdict);
    let read = VerdictFile::parse(&file.to_bytes()).unwrap();
    assert_eq!(&read.verdict, verdict.verdict());
}

#[test]
fn m_02_a_verdict_for_something_else_is_refused_by_field() {
    let poll = ToyPoll::default().verified();
    let good = file(&poll);
    let ask = question(Tie::Void);
    let refused = |question: &Question| good.verify(&poll, question).unwrap_err();
    let differs = |field| VerdictError::Differs { field };
    assert_eq!(
        refused(&Question {
            market_id: B256::ZERO,
            ..ask.clone()
        }),
        differs("market id")
    );
    assert_eq!(
        refused(&Question {
            condition_id: B256::ZERO,
            ..ask.clone()
        }),
        differs("condition id")
    );
    assert_eq!(
        refused(&Question {
            question_id: B256::ZERO,
            ..ask.clone()
        }),
        differs("question id")
    );
    assert_eq!(
        refused(&Question {
            ledger_head: B256::ZERO,
            ..ask.clone()
        }),
        differs("ledger head")
    );
    assert_eq!(
        refused(&Question {
            gate: Address::repeat_byte(9),
            ..ask.clone()
        }),
        differs("gate")
    );
    assert_eq!(refused(&question(Tie::Split)), differs("rule hash"));
    // Another poll, although it has the same results.
    let other = ToyPoll {
        salt: 1,
        ..ToyPoll::default()
    }
    .verified();
    assert!(matches!(
        good.verify(&other, &ask),
        Err(VerdictError::Bundle { .. })
    ));
}

#[test]
fn a_forged_file_with_fresh_digests_is_refused_by_field() {
    let poll = ToyPoll::default().verified();
    let good = file(&poll);
    // Everything that hashes is made anew by `to_bytes`, so only judging again can find these.
    let forged = |change: &dyn Fn(&mut VerdictFile)| {
        let mut file = good.clone();
        change(&mut file);
        let read = VerdictFile::parse(&file.to_bytes())?;
        read.verify(&poll, &question(Tie::Void)).map(|_| ())
    };
    let differs = |field| Err(VerdictError::Differs { field });
    assert_eq!(
        forged(&|file| file.verdict.numerators = vec![1_000_000_000, 0, 0]),
        differs("numerators")
    );
    assert_eq!(
        forged(&|file| file.verdict.results[0] = 99),
        differs("results")
    );
    assert_eq!(
        forged(&|file| file.verdict.total_spent += U256::from(1)),
        differs("total spent")
    );
    assert_eq!(
        forged(&|file| file.verdict.chain_id = 1),
        differs("chain id")
    );
    assert_eq!(
        forged(&|file| file.verdict.num_messages += 1),
        differs("num messages")
    );
    assert_eq!(
        forged(&|file| file.resolution = "void: nobody voted".to_owned()),
        differs("resolution")
    );
    assert_eq!(forged(&|file| file.reasons.clear()), differs("reasons"));
    assert_eq!(
        forged(&|file| file.grade = Grade::V3),
        Err(VerdictError::Grade {
            claimed: Grade::V3,
            reached: Grade::V1
        })
    );
    assert_eq!(
        forged(&|file| file.insecure_dev = true),
        differs("insecure_dev")
    );
    assert!(matches!(
        forged(&|file| file.verdict.rule_hash = B256::ZERO),
        Err(VerdictError::RuleHash { .. })
    ));
}

#[test]
fn m_02_an_unknown_version_is_refused_by_name() {
    let bytes = file(&ToyPoll::default().verified()).to_bytes();
    let text = String::from_utf8(bytes).unwrap();
    let newer = text.replace(
        "\"version\":\"1\",\"warnings\"",
        "\"version\":\"2\",\"warnings\"",
    );
    assert_ne!(text, newer);
    assert_eq!(
        VerdictFile::parse(newer.as_bytes())
            .unwrap_err()
            .to_string(),
        "version: expected 1, found 2"
    );
}

#[test]
fn the_identity_binds_every_field() {
    let poll = ToyPoll::default().verified();
    let verdict = judge(&poll, &question(Tie::Void))
        .unwrap()
        .verdict()
        .clone();
    let mut ids = vec![verdict.id()];
    let mut other = |change: &dyn Fn(&mut maci_verdict::Verdict)| {
        let mut changed = verdict.clone();
        change(&mut changed);
        assert!(verdict.difference(&changed).is_some());
        ids.push(changed.id());
    };
    other(&|verdict| verdict.chain_id += 1);
    other(&|verdict| verdict.gate = Address::repeat_byte(1));
    other(&|verdict| verdict.market_id = B256::ZERO);
    other(&|verdict| verdict.condition_id = B256::ZERO);
    other(&|verdict| verdict.question_id = B256::ZERO);
    other(&|verdict| verdict.ledger_head = B256::ZERO);
    other(&|verdict| verdict.maci = Address::ZERO);
    other(&|verdict| verdict.poll_id += alloy_primitives::U256::from(1));
    other(&|verdict| verdict.poll_pins = B256::ZERO);
    other(&|verdict| verdict.verifying_keys = B256::ZERO);
    other(&|verdict| verdict.merged_state_root.0 += ark_bn254::Fr::from(1u64));
    other(&|verdict| verdict.chain_hash.0 += ark_bn254::Fr::from(1u64));
    other(&|verdict| verdict.total_signups += 1);
    other(&|verdict| verdict.num_messages += 1);
    other(&|verdict| verdict.sb_commitment.0 += ark_bn254::Fr::from(1u64));
    other(&|verdict| verdict.tally_commitment.0 += ark_bn254::Fr::from(1u64));
    other(&|verdict| verdict.results.swap(0, 1));
    other(&|verdict| verdict.spent_per_option.push(U256::from(1)));
    other(&|verdict| verdict.total_spent += U256::from(1));
    other(&|verdict| verdict.rule_hash = B256::ZERO);
    other(&|verdict| verdict.numerators.swap(0, 1));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn salts_change_the_identity_and_nothing_else() {
    let first = judge(&ToyPoll::default().verified(), &question(Tie::Void)).unwrap();
    let second = judge(
        &ToyPoll {
            salt: 1,
            ..ToyPoll::default()
        }
        .verified(),
        &question(Tie::Void),
    )
    .unwrap();
    assert_ne!(first.id(), second.id());
    assert_eq!(first.resolution(), second.resolution());
    assert!(matches!(first.resolution(), Resolution::Payout(_)));
}

/// EIP-712 by hand, from the specification and keccak256 alone.
#[test]
fn m_07_the_id_is_eip_712_of_the_declared_struct() {
    let verdict = judge(&ToyPoll::default().verified(), &question(Tie::Void))
        .unwrap()
        .verdict()
        .clone();
    let word = |value: u128| {
        alloy_primitives::U256::from(value)
            .to_be_bytes::<32>()
            .to_vec()
    };
    let field = |value: &ark_bn254::Fr| maci_crypto::field::to_be_bytes(value).to_vec();
    let address = |address: Address| [vec![0; 12], address.to_vec()].concat();
    let array = |values: &[U256]| {
        keccak256(
            values
                .iter()
                .flat_map(U256::to_be_bytes::<32>)
                .collect::<Vec<u8>>(),
        )
        .to_vec()
    };
    let domain = keccak256(
        [
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)").to_vec(),
            keccak256("maci-rs verdict").to_vec(),
            keccak256("1").to_vec(),
            word(u128::from(verdict.chain_id)),
            address(verdict.gate),
        ]
        .concat(),
    );
    let type_hash = keccak256(
        "Verdict(uint16 version,uint8 kind,bytes32 marketId,bytes32 conditionId,bytes32 questionId,bytes32 ledgerHead,\
         address maci,uint256 pollId,bytes32 pollPins,bytes32 verifyingKeys,uint256 mergedStateRoot,uint256 chainHash,\
         uint256 totalSignups,uint256 numMessages,uint256 sbCommitment,uint256 tallyCommitment,uint256[] results,\
         uint256[] spentPerOption,uint256 totalSpent,bytes32 ruleHash,uint256[] numerators,uint256 denominator)",
    );
    let fields = keccak256(
        [
            type_hash.to_vec(),
            word(1),
            word(0),
            verdict.market_id.to_vec(),
            verdict.condition_id.to_vec(),
            verdict.question_id.to_vec(),
            verdict.ledger_head.to_vec(),
            address(verdict.maci),
            verdict.poll_id.to_be_bytes::<32>().to_vec(),
            verdict.poll_pins.to_vec(),
            verdict.verifying_keys.to_vec(),
            field(&verdict.merged_state_root.0),
            field(&verdict.chain_hash.0),
            word(u128::from(verdict.total_signups)),
            word(u128::from(verdict.num_messages)),
            field(&verdict.sb_commitment.0),
            field(&verdict.tally_commitment.0),
            array(
                &verdict
                    .results
                    .iter()
                    .copied()
                    .map(U256::from)
                    .collect::<Vec<_>>(),
            ),
            array(&verdict.spent_per_option),
            verdict.total_spent.to_be_bytes::<32>().to_vec(),
            verdict.rule_hash.to_vec(),
            array(
                &verdict
                    .numerators
                    .iter()
                    .copied()
                    .map(U256::from)
                    .collect::<Vec<_>>(),
            ),
            word(1_000_000_000),
        ]
        .concat(),
    );
    let by_hand =
        keccak256([b"\x19\x01".as_slice(), domain.as_slice(), fields.as_slice()].concat());
    assert_eq!(verdict.id(), by_hand);
}
