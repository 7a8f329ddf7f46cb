//! V-18: no reader panics, whatever it is given.

use maci_verifier::codec::{evm, snarkjs};
use maci_verifier::{ChainHash, CircuitId, KeyPoints, Mode, Proof};
use proptest::prelude::*;

use crate::support::{read, recorded};

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn v_18_arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Proof::from_bytes(&bytes);
        let _ = Proof::from_evm_bytes(&bytes);
        let _ = KeyPoints::from_bytes(&bytes);
        if let Ok(words) = evm::words_of(&bytes, "words") {
            let _ = KeyPoints::from_evm(&words);
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = Proof::from_snarkjs(&text);
        let _ = KeyPoints::from_snarkjs(&text);
        let _ = snarkjs::public_inputs(&text);
        let _ = text.parse::<CircuitId>();
        let _ = text.parse::<ChainHash>();
    }

    #[test]
    fn v_18_arbitrary_text(text in "\\PC{0,80}") {
        let _ = Proof::from_snarkjs(&text);
        let _ = snarkjs::public_inputs(&text);
        let _ = text.parse::<CircuitId>();
        let _ = text.parse::<ChainHash>();
        let _ = text.parse::<maci_verifier::VkId>();
    }

    #[test]
    fn v_18_damaged_files(position in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let damage = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let at = position.index(bytes.len());
            if cut { bytes.truncate(at); } else { bytes[at] = byte; }
            bytes
        };
        for file in ["proofs/process_0.proof.json", "proofs/process_0.public.json", "verification_keys/PollJoined_10_test.json"] {
            let bytes = damage(read("maci-v3", file).as_bytes());
            let text = String::from_utf8_lossy(&bytes);
            let _ = Proof::from_snarkjs(&text);
            let _ = KeyPoints::from_snarkjs(&text);
            let _ = snarkjs::public_inputs(&text);
        }
    }
}

/// A huge count must not reserve memory for it.
#[test]
fn v_18_claimed_counts_are_not_believed() {
    let key = recorded("maci-v3", Mode::Qv).tally_key;
    let mut bytes = key.points().to_bytes();
    for byte in &mut bytes[224..232] {
        *byte = 0xff;
    }
    assert!(KeyPoints::from_bytes(&bytes).is_err());
}
