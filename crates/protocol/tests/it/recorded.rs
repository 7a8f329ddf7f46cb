//! The recorded polls are the oracle: every number of every recorded circuit input, public input and result.

use maci_crypto::field;
use maci_protocol::{
    ProcessInputs, TallyInputs,
    layout::{
        Processing,
        maci::{MaciLayout, Tallying, empty_ballot_root, process_batches, tally_batches},
    },
    machine::{self, Effect, Reason},
    tally,
    tally_file::{TallyFile, TallyHeader},
};
use maci_verifier::Statement;
use serde_json::Value;

use crate::common::{Folder, POLLS};

#[test]
fn every_number_of_every_recorded_input_is_ours() {
    for name in POLLS {
        let folder = Folder::new(name);
        let (log, key, mut salts) = (folder.log(), folder.key(), folder.salts());
        let processed = process_batches(&log, &key, &mut salts).unwrap();
        let recorded = folder.inputs("process");
        assert_eq!(processed.batches.len(), recorded.len());
        for (batch, (mut ours, text)) in processed.batches.into_iter().zip(&recorded).enumerate() {
            let theirs = ProcessInputs::from_json(log.params.mode, text).unwrap();
            // MACI encrypts its filler with a random key; what a filler slot opens has to be equal all the same.
            let real = (ours.statement.batch_end_index - ours.statement.index) as usize;
            ours.messages[real..].copy_from_slice(&theirs.messages[real..]);
            assert_eq!(ours.to_json(), *text, "{name} process_{batch}");
            assert!(ours == theirs, "{name} process_{batch}");
            let public: Vec<_> = ours
                .statement
                .public_inputs()
                .iter()
                .map(field::to_dec)
                .collect();
            assert_eq!(
                public,
                folder.public("process", batch),
                "{name} process_{batch}"
            );
        }
        let tallied = tally_batches(&log, processed.last, &mut salts);
        let recorded = folder.inputs("tally");
        assert_eq!(tallied.batches.len(), recorded.len());
        for (batch, (ours, text)) in tallied.batches.iter().zip(&recorded).enumerate() {
            assert_eq!(ours.to_json(), *text, "{name} tally_{batch}");
            assert!(
                *ours == TallyInputs::from_json(text).unwrap(),
                "{name} tally_{batch}"
            );
            let public: Vec<_> = ours
                .statement
                .public_inputs()
                .iter()
                .map(field::to_dec)
                .collect();
            assert_eq!(
                public,
                folder.public("tally", batch),
                "{name} tally_{batch}"
            );
        }

        let text = folder.text("tally.json");
        let file = TallyFile::from_json(&text).unwrap();
        assert_eq!(file.to_json(), text);
        assert_eq!(file.outcome(), tallied.outcome);
        let outcome = file.outcome();
        let commitments = outcome
            .results
            .commit(log.params.vote_option_tree_depth, &outcome.salts);
        assert_eq!(commitments, outcome.commitments);
        let header = TallyHeader {
            maci: file.maci.clone(),
            tally_address: file.tally_address.clone(),
            network: file.network.clone(),
            chain_id: log.chain_id,
            poll_id: log.poll_id.0,
            mode: log.params.mode,
        };
        assert_eq!(TallyFile::new(header, &tallied.outcome).to_json(), text);
    }
}

#[test]
fn the_fast_path_makes_the_same_commitments() {
    for name in POLLS {
        let folder = Folder::new(name);
        let (log, key, mut salts) = (folder.log(), folder.key(), folder.salts());
        let slow = process_batches(&log, &key, &mut salts).unwrap();
        let mut fast = Processing::<MaciLayout>::new(&log, &key).unwrap();
        let checkpoint = fast.clone();
        for inputs in &slow.batches {
            let decrypted: Vec<_> = fast
                .next_messages()
                .iter()
                .map(|message| message.decrypt(&key))
                .collect();
            let summary = fast.advance_with(&decrypted, &mut salts).unwrap();
            assert_eq!(summary.statement, inputs.statement);
        }
        assert!(fast.advance(&mut salts).is_none());

        // Any later batch's witness from an earlier checkpoint.
        let mut again = checkpoint;
        again.advance(&mut salts).unwrap();
        assert!(again.next_inputs(&mut salts).unwrap().1 == slow.batches[1]);

        let outcome = Tallying::new(&log, fast.finish()).finish(&mut salts);
        assert_eq!(outcome, tally_batches(&log, slow.last, &mut salts).outcome);
    }
}

/// What MACI's core said about each message, and the reason that we give.
#[test]
fn s_11_every_recorded_command_has_the_recorded_outcome_and_reason() {
    for name in POLLS {
        let folder = Folder::new(name);
        let transitions = machine::process(&folder.log(), &folder.key());
        let commands: Vec<Value> = serde_json::from_str(&folder.text("commands.json")).unwrap();
        assert_eq!(transitions.len(), commands.len() + 1);
        let mut machine_votes = 0;
        for transition in &transitions {
            if transition.index == 0 {
                assert!(matches!(transition.step.effect, Effect::Ignore(_)));
                continue;
            }
            let recorded = &commands[transition.index as usize - 1];
            let effect = transition.step.effect;
            machine_votes += u32::from(effect == Effect::Apply);
            let context = format!("{name} {} {}", recorded["index"], recorded["note"]);
            // The first poll has a note only, the later ones what MACI's core reported as well.
            match recorded["coreOutcome"].as_str() {
                Some("valid") => assert_eq!(effect, Effect::Apply, "{context}"),
                Some("invalid state leaf index") => {
                    // MACI's core refuses index 0 at once; here its signature does (D11).
                    let zero = recorded["command"]["stateIndex"] == "0";
                    let reason = if zero {
                        Reason::Signature
                    } else {
                        Reason::StateIndex
                    };
                    assert_eq!(effect, Effect::Ignore(reason), "{context}");
                }
                Some("invalid signature") => {
                    assert_eq!(effect, Effect::Ignore(Reason::Signature), "{context}");
                }
                Some("invalid nonce") => {
                    assert_eq!(effect, Effect::Ignore(Reason::Nonce), "{context}");
                }
                Some("invalid vote option index") => {
                    assert_eq!(effect, Effect::Ignore(Reason::VoteOptionIndex), "{context}");
                }
                Some("insufficient voice credits") => {
                    assert_eq!(
                        effect,
                        Effect::Ignore(Reason::InsufficientCredits),
                        "{context}"
                    );
                }
                Some("invalid voice credits") => {
                    assert_eq!(effect, Effect::Ignore(Reason::UnspentCredits), "{context}");
                }
                Some(other) => {
                    // Not decryptable for MACI's core, which checks the tag; here the plaintext is garbage (D3).
                    assert!(other.starts_with("failed decryption"), "{context}");
                    assert_eq!(effect, Effect::Ignore(Reason::StateIndex), "{context}");
                }
                None => {
                    let valid = recorded["note"].as_str().unwrap().starts_with("valid");
                    assert_eq!(effect == Effect::Apply, valid, "{context}");
                }
            }
        }
        let expected = match name {
            "maci-v3-nonqv" => 14,
            "maci-v3-full" => 5,
            _ => 7,
        };
        assert_eq!(machine_votes, expected, "{name}");
    }
}

#[test]
fn results_without_commitments_are_the_recorded_ones() {
    for name in POLLS {
        let folder = Folder::new(name);
        let (log, key) = (folder.log(), folder.key());
        let mut machine = machine::Machine::new(log.params, log.leaves.clone());
        for message in log.messages.iter().rev() {
            machine.apply(message.decrypt(&key).as_ref());
        }
        let file = TallyFile::from_json(&folder.text("tally.json")).unwrap();
        assert_eq!(tally::results(&machine), file.outcome().results, "{name}");
    }
}

#[test]
fn empty_ballot_roots_are_those_of_the_protocol() {
    for (v, ten, fourteen) in [
        (
            1,
            "16015576667038038422103932363190100635991292382181099511410843174865570503661",
            "10308863629788455260704114511206948419734522911868369522065170317043305183826",
        ),
        (
            2,
            "166510078825589460025300915201657086611944528317298994959376081297530246971",
            "15638739021185187188102975938431888963456846511635661527443326021687795891950",
        ),
        (
            3,
            "10057734083972610459557695472359628128485394923403014377687504571662791937025",
            "2881453089660950474651054122995901965405144719081991993059633221387893015995",
        ),
        (
            4,
            "4904828619307091008204672239231377290495002626534171783829482835985709082773",
            "12493973375564475576522276362572267105610392684775593820450263906986447069771",
        ),
        (
            5,
            "18694062287284245784028624966421731916526814537891066525886866373016385890569",
            "681764572878032401682084991233323592871239508639381808618717128728252960349",
        ),
    ] {
        assert_eq!(field::to_dec(&empty_ballot_root(10, v)), ten, "v = {v}");
        assert_eq!(
            field::to_dec(&empty_ballot_root(14, v)),
            fourteen,
            "v = {v}"
        );
    }
}
