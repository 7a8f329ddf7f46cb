//! The typed structs that are hashed under EIP-712, with Solidity's field names and order (settlement.md §3.3).
//!
//! The type strings are part of the identity of every verdict ever made: a snapshot test freezes both.

#![allow(
    missing_docs,
    clippy::too_many_arguments,
    reason = "generated from the Solidity declarations"
)]

use alloy_primitives::{Address, U256};
use alloy_sol_types::{Eip712Domain, sol};

sol! {
    struct Verdict {
        uint16 version;
        uint8 kind;
        bytes32 marketId;
        bytes32 conditionId;
        bytes32 questionId;
        bytes32 ledgerHead;
        address maci;
        uint256 pollId;
        bytes32 pollPins;
        bytes32 verifyingKeys;
        uint256 mergedStateRoot;
        uint256 chainHash;
        uint256 totalSignups;
        uint256 numMessages;
        uint256 sbCommitment;
        uint256 tallyCommitment;
        uint256[] results;
        uint256[] spentPerOption;
        uint256 totalSpent;
        bytes32 ruleHash;
        uint256[] numerators;
        uint256 denominator;
    }

    struct PollContracts {
        address maci;
        bytes32 maciCodeHash;
        address poll;
        address messageProcessor;
        address tally;
        address processVerifier;
        bytes32 processVerifierCodeHash;
        address tallyVerifier;
        bytes32 tallyVerifierCodeHash;
        address registry;
        address signUpPolicy;
        address pollPolicy;
        address creditProxy;
        address[] relayers;
    }

    struct PollPins {
        PollContracts contracts;
        uint256 pollId;
        bytes32 verifyingKeys;
        uint256 coordinatorPublicKeyHash;
        uint8 mode;
        uint256 voteOptions;
        uint256 emptyBallotRoot;
        uint8 stateTreeDepth;
        uint8 tallyProcessingStateTreeDepth;
        uint8 voteOptionTreeDepth;
        uint8 messageBatchSize;
        uint256 startDate;
        uint256 endDate;
    }
}

/// The domain of every verdict: name, version, chain and gate. The gate is the zero address for a ledger-only market.
pub(crate) fn domain(chain_id: u64, gate: Address) -> Eip712Domain {
    Eip712Domain::new(
        Some("maci-rs verdict".into()),
        Some("1".into()),
        Some(U256::from(chain_id)),
        Some(gate),
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_sol_types::SolStruct;

    #[test]
    fn v_26_the_type_strings_are_frozen() {
        assert_eq!(
            Verdict::eip712_encode_type(),
            "Verdict(uint16 version,uint8 kind,bytes32 marketId,bytes32 conditionId,bytes32 questionId,bytes32 ledgerHead,\
             address maci,uint256 pollId,bytes32 pollPins,bytes32 verifyingKeys,uint256 mergedStateRoot,uint256 chainHash,\
             uint256 totalSignups,uint256 numMessages,uint256 sbCommitment,uint256 tallyCommitment,uint256[] results,\
             uint256[] spentPerOption,uint256 totalSpent,bytes32 ruleHash,uint256[] numerators,uint256 denominator)"
        );
        assert_eq!(
            PollPins::eip712_encode_type(),
            "PollPins(PollContracts contracts,uint256 pollId,bytes32 verifyingKeys,uint256 coordinatorPublicKeyHash,\
             uint8 mode,uint256 voteOptions,uint256 emptyBallotRoot,uint8 stateTreeDepth,\
             uint8 tallyProcessingStateTreeDepth,uint8 voteOptionTreeDepth,uint8 messageBatchSize,uint256 startDate,\
             uint256 endDate)\
             PollContracts(address maci,bytes32 maciCodeHash,address poll,address messageProcessor,address tally,\
             address processVerifier,bytes32 processVerifierCodeHash,address tallyVerifier,\
             bytes32 tallyVerifierCodeHash,address registry,address signUpPolicy,address pollPolicy,\
             address creditProxy,address[] relayers)"
        );
    }
}
