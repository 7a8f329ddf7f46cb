//! The bindings are written by hand: every one of their selectors must be one of the committed interface.

use std::collections::BTreeSet;

use alloy::primitives::{Address, keccak256};

use super::super::bindings as sol;
use super::*;

fn selectors(name: &'static str, kind: &'static str) -> BTreeSet<[u8; 4]> {
    artifact(name)
        .unwrap()
        .entries(kind)
        .map(|signature| *keccak256(signature.as_bytes()).first_chunk::<4>().unwrap())
        .collect()
}

fn topics(name: &'static str) -> BTreeSet<B256> {
    let artifact = artifact(name).unwrap();
    let events = artifact.entries("event");
    events.map(|event| keccak256(event.as_bytes())).collect()
}

#[test]
fn every_committed_file_is_read() {
    for (name, text) in FILES {
        let artifact: Artifact =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(artifact.name(), *name);
    }
    let committed = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/abi")).unwrap();
    assert_eq!(committed.count(), FILES.len());
}

#[test]
fn every_binding_is_in_the_committed_interface() {
    // `SELECTORS` of a binding lie in its generated enum of calls.
    macro_rules! calls {
        ($($contract:ident :: $calls:ident in $($name:literal)|+),* $(,)?) => {$($(
            let known = selectors($name, "function");
            for selector in sol::$contract::$calls::SELECTORS {
                let found = sol::$contract::$calls::name_by_selector(*selector).unwrap_or_default();
                assert!(known.contains(selector), "{found} of {} is not MACI's", $name);
            }
        )+)*};
    }
    calls!(
        MACI::MACICalls in "MACI",
        Poll::PollCalls in "Poll",
        MessageProcessor::MessageProcessorCalls in "MessageProcessor",
        Tally::TallyCalls in "Tally",
        VerifyingKeysRegistry::VerifyingKeysRegistryCalls in "VerifyingKeysRegistry",
        Verifier::VerifierCalls in "Verifier",
        Factory::FactoryCalls in "PollFactory" | "MessageProcessorFactory" | "TallyFactory",
        Policy::PolicyCalls in "FreeForAllPolicy" | "MerkleProofPolicy" | "ERC20Policy" | "EASPolicy",
        PolicyFactory::PolicyFactoryCalls in
            "FreeForAllPolicyFactory" | "MerkleProofPolicyFactory" | "ERC20PolicyFactory" | "EASPolicyFactory",
        FreeForAllCheckerFactory::FreeForAllCheckerFactoryCalls in "FreeForAllCheckerFactory",
        MerkleProofChecker::MerkleProofCheckerCalls in "MerkleProofChecker",
        MerkleProofCheckerFactory::MerkleProofCheckerFactoryCalls in "MerkleProofCheckerFactory",
        ERC20Checker::ERC20CheckerCalls in "ERC20Checker",
        ERC20CheckerFactory::ERC20CheckerFactoryCalls in "ERC20CheckerFactory",
        EASCheckerFactory::EASCheckerFactoryCalls in "EASCheckerFactory",
        InitialVoiceCreditProxy::InitialVoiceCreditProxyCalls in
            "ConstantInitialVoiceCreditProxy" | "ERC20VotesInitialVoiceCreditProxy",
        ConstantInitialVoiceCreditProxyFactory::ConstantInitialVoiceCreditProxyFactoryCalls in
            "ConstantInitialVoiceCreditProxyFactory",
        ERC20VotesInitialVoiceCreditProxyFactory::ERC20VotesInitialVoiceCreditProxyFactoryCalls in
            "ERC20VotesInitialVoiceCreditProxyFactory",
        MockERC20::MockERC20Calls in "MockERC20",
        MockERC20Votes::MockERC20VotesCalls in "MockERC20Votes",
    );
    for topic in sol::MACI::MACIEvents::SELECTORS {
        assert!(topics("MACI").contains(&B256::from(*topic)));
    }
    for topic in sol::Poll::PollEvents::SELECTORS {
        assert!(topics("Poll").contains(&B256::from(*topic)));
    }
    for topic in sol::VerifyingKeysRegistry::VerifyingKeysRegistryEvents::SELECTORS {
        assert!(topics("VerifyingKeysRegistry").contains(&B256::from(*topic)));
    }
}

#[test]
fn linking_needs_every_library_and_leaves_no_gap() {
    let maci = artifact("MACI").unwrap();
    let names: Vec<&str> = maci.libraries().collect();
    assert_eq!(
        names,
        ["PoseidonT3", "PoseidonT4", "PoseidonT5", "PoseidonT6"]
    );
    let mut libraries = Libraries::new();
    assert!(maci.creation_code(&libraries, &[]).is_err());
    for (index, name) in names.iter().enumerate() {
        libraries.insert((*name).to_owned(), Address::repeat_byte(0xa0 + index as u8));
    }
    let code = maci.creation_code(&libraries, &[0xee; 32]).unwrap();
    assert!(code.ends_with(&[0xee; 32]));
    for address in libraries.values() {
        let at = code
            .windows(20)
            .filter(|window| *window == address.as_slice());
        assert!(at.count() > 0, "{address} is linked nowhere");
    }
    assert!(
        artifact("Poll")
            .unwrap()
            .creation_code(&libraries, &[])
            .is_err()
    );
}

#[test]
fn a_fingerprint_ignores_the_varying_places_only() {
    let runtime = Runtime {
        length: 4,
        masked: vec![(1, 2)],
        keccak256: keccak256([1, 0, 0, 4]),
    };
    assert!(runtime.matches(&[1, 2, 3, 4]));
    assert!(runtime.matches(&[1, 9, 9, 4]));
    assert!(!runtime.matches(&[1, 2, 3, 5]));
    assert!(!runtime.matches(&[1, 2, 3]));
}
