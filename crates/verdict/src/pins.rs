//! What is fixed about a poll before anyone votes: the pins of settlement.md §4.1.
//!
//! A market lists the pins of every poll that may judge it; a bundle states those of the poll that it proves. "A poll of
//! MACI X" proves nothing by itself, since the arguments of `deployPoll` are its caller's choice, so each is pinned.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolStruct;
use maci_verifier::{BallotRoot, Mode, PollParams, PublicKeyHash};

use crate::canonical::{
    Fields, FormatError, Value, address, address_value, bytes32, bytes32_value, field_element,
    field_value, list, text, uint, uint_value, word, word_value,
};
use crate::eip712;

/// Everything about a poll that is fixed before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollPins {
    /// EIP-155 id of the chain; it enters the verdict's domain, not [`PollPins::hash`].
    pub chain_id: u64,
    /// Contracts of the poll.
    pub contracts: Contracts,
    /// The poll's number in its MACI contract.
    pub poll_id: U256,
    /// keccak256 over the hashes of the process and tally keys, see [`crate::TrustedKeys`].
    pub verifying_keys: B256,
    /// Hash of the coordinator's public key.
    pub coordinator_public_key_hash: PublicKeyHash,
    /// Depths, batch sizes, options and mode.
    pub params: PollParams,
    /// Root of the ballot tree before the first message: the constant for (D, v) of protocol.md §8.
    pub empty_ballot_root: BallotRoot,
    /// First second in which votes are accepted.
    pub start_date: u64,
    /// Last second in which votes are accepted.
    pub end_date: u64,
}

/// Addresses of a poll's contracts. A code hash of zero says that nobody read the code (ledger-only markets).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contracts {
    /// The MACI contract.
    pub maci: Address,
    /// Hash of its code.
    pub maci_code_hash: B256,
    /// The Poll contract.
    pub poll: Address,
    /// The MessageProcessor contract.
    pub message_processor: Address,
    /// The Tally contract.
    pub tally: Address,
    /// Verifier that the message processor calls.
    pub process_verifier: Address,
    /// Hash of its code.
    pub process_verifier_code_hash: B256,
    /// Verifier that the tally calls.
    pub tally_verifier: Address,
    /// Hash of its code.
    pub tally_verifier_code_hash: B256,
    /// The registry of verifying keys.
    pub registry: Address,
    /// Who may sign up.
    pub sign_up_policy: Address,
    /// Who may join the poll.
    pub poll_policy: Address,
    /// Where voice credits come from.
    pub credit_proxy: Address,
    /// Who may relay messages; the full list, from deployment data.
    pub relayers: Vec<Address>,
}

impl PollPins {
    /// `pollPins` of the verdict: the EIP-712 struct hash, which the Solidity gate can recompute.
    pub fn hash(&self) -> B256 {
        let contracts = &self.contracts;
        let contracts = eip712::PollContracts {
            maci: contracts.maci,
            maciCodeHash: contracts.maci_code_hash,
            poll: contracts.poll,
            messageProcessor: contracts.message_processor,
            tally: contracts.tally,
            processVerifier: contracts.process_verifier,
            processVerifierCodeHash: contracts.process_verifier_code_hash,
            tallyVerifier: contracts.tally_verifier,
            tallyVerifierCodeHash: contracts.tally_verifier_code_hash,
            registry: contracts.registry,
            signUpPolicy: contracts.sign_up_policy,
            pollPolicy: contracts.poll_policy,
            creditProxy: contracts.credit_proxy,
            relayers: contracts.relayers.clone(),
        };
        eip712::PollPins {
            contracts,
            pollId: self.poll_id,
            verifyingKeys: self.verifying_keys,
            coordinatorPublicKeyHash: U256::from_be_bytes(
                self.coordinator_public_key_hash.to_be_bytes(),
            ),
            mode: self.params.mode.as_u8(),
            voteOptions: U256::from(self.params.vote_options),
            emptyBallotRoot: U256::from_be_bytes(self.empty_ballot_root.to_be_bytes()),
            stateTreeDepth: self.params.state_tree_depth,
            tallyProcessingStateTreeDepth: self.params.tally_processing_state_tree_depth,
            voteOptionTreeDepth: self.params.vote_option_tree_depth,
            messageBatchSize: self.params.message_batch_size,
            startDate: U256::from(self.start_date),
            endDate: U256::from(self.end_date),
        }
        .eip712_hash_struct()
    }

    /// The name of the first pin in which the two differ.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let (left, right) = (&self.contracts, &other.contracts);
        let pins = [
            ("chain id", self.chain_id == other.chain_id),
            ("maci", left.maci == right.maci),
            (
                "maci code hash",
                left.maci_code_hash == right.maci_code_hash,
            ),
            ("poll id", self.poll_id == other.poll_id),
            ("poll", left.poll == right.poll),
            (
                "message processor",
                left.message_processor == right.message_processor,
            ),
            ("tally", left.tally == right.tally),
            (
                "process verifier",
                left.process_verifier == right.process_verifier,
            ),
            (
                "process verifier code hash",
                left.process_verifier_code_hash == right.process_verifier_code_hash,
            ),
            (
                "tally verifier",
                left.tally_verifier == right.tally_verifier,
            ),
            (
                "tally verifier code hash",
                left.tally_verifier_code_hash == right.tally_verifier_code_hash,
            ),
            ("registry", left.registry == right.registry),
            (
                "verifying keys",
                self.verifying_keys == other.verifying_keys,
            ),
            (
                "sign-up policy",
                left.sign_up_policy == right.sign_up_policy,
            ),
            ("poll policy", left.poll_policy == right.poll_policy),
            ("credit proxy", left.credit_proxy == right.credit_proxy),
            ("relayers", left.relayers == right.relayers),
            (
                "coordinator public key hash",
                self.coordinator_public_key_hash == other.coordinator_public_key_hash,
            ),
            ("mode", self.params.mode == other.params.mode),
            (
                "vote options",
                self.params.vote_options == other.params.vote_options,
            ),
            (
                "empty ballot root",
                self.empty_ballot_root == other.empty_ballot_root,
            ),
            (
                "state tree depth",
                self.params.state_tree_depth == other.params.state_tree_depth,
            ),
            (
                "tally processing state tree depth",
                self.params.tally_processing_state_tree_depth
                    == other.params.tally_processing_state_tree_depth,
            ),
            (
                "vote option tree depth",
                self.params.vote_option_tree_depth == other.params.vote_option_tree_depth,
            ),
            (
                "message batch size",
                self.params.message_batch_size == other.params.message_batch_size,
            ),
            ("start date", self.start_date == other.start_date),
            ("end date", self.end_date == other.end_date),
        ];
        pins.into_iter()
            .find(|(_, equal)| !equal)
            .map(|(name, _)| name)
    }

    /// The canonical form.
    pub fn to_value(&self) -> Value {
        Value::object([
            ("chain_id", uint_value(self.chain_id)),
            ("contracts", self.contracts.to_value()),
            (
                "coordinator_public_key_hash",
                field_value(&self.coordinator_public_key_hash.0),
            ),
            ("empty_ballot_root", field_value(&self.empty_ballot_root.0)),
            ("end_date", uint_value(self.end_date)),
            ("params", params_value(&self.params)),
            ("poll_id", word_value(self.poll_id)),
            ("start_date", uint_value(self.start_date)),
            ("verifying_keys", bytes32_value(self.verifying_keys)),
        ])
    }

    /// Reads what [`PollPins::to_value`] writes.
    pub fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                chain_id: fields.take("chain_id", uint)?,
                contracts: fields.take("contracts", Contracts::from_value)?,
                coordinator_public_key_hash: PublicKeyHash(
                    fields.take("coordinator_public_key_hash", field_element)?,
                ),
                empty_ballot_root: BallotRoot(fields.take("empty_ballot_root", field_element)?),
                end_date: fields.take("end_date", uint)?,
                params: fields.take("params", params)?,
                poll_id: fields.take("poll_id", word)?,
                start_date: fields.take("start_date", uint)?,
                verifying_keys: fields.take("verifying_keys", bytes32)?,
            })
        })
    }
}

impl Contracts {
    fn to_value(&self) -> Value {
        Value::object([
            ("credit_proxy", address_value(self.credit_proxy)),
            ("maci", address_value(self.maci)),
            ("maci_code_hash", bytes32_value(self.maci_code_hash)),
            ("message_processor", address_value(self.message_processor)),
            ("poll", address_value(self.poll)),
            ("poll_policy", address_value(self.poll_policy)),
            ("process_verifier", address_value(self.process_verifier)),
            (
                "process_verifier_code_hash",
                bytes32_value(self.process_verifier_code_hash),
            ),
            ("registry", address_value(self.registry)),
            (
                "relayers",
                Value::list(&self.relayers, |relayer| address_value(*relayer)),
            ),
            ("sign_up_policy", address_value(self.sign_up_policy)),
            ("tally", address_value(self.tally)),
            ("tally_verifier", address_value(self.tally_verifier)),
            (
                "tally_verifier_code_hash",
                bytes32_value(self.tally_verifier_code_hash),
            ),
        ])
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                credit_proxy: fields.take("credit_proxy", address)?,
                maci: fields.take("maci", address)?,
                maci_code_hash: fields.take("maci_code_hash", bytes32)?,
                message_processor: fields.take("message_processor", address)?,
                poll: fields.take("poll", address)?,
                poll_policy: fields.take("poll_policy", address)?,
                process_verifier: fields.take("process_verifier", address)?,
                process_verifier_code_hash: fields.take("process_verifier_code_hash", bytes32)?,
                registry: fields.take("registry", address)?,
                relayers: fields.take("relayers", |path, value| list(path, value, address))?,
                sign_up_policy: fields.take("sign_up_policy", address)?,
                tally: fields.take("tally", address)?,
                tally_verifier: fields.take("tally_verifier", address)?,
                tally_verifier_code_hash: fields.take("tally_verifier_code_hash", bytes32)?,
            })
        })
    }
}

fn params_value(params: &PollParams) -> Value {
    Value::object([
        ("message_batch_size", uint_value(params.message_batch_size)),
        ("mode", Value::text(params.mode.to_string())),
        ("state_tree_depth", uint_value(params.state_tree_depth)),
        (
            "tally_processing_state_tree_depth",
            uint_value(params.tally_processing_state_tree_depth),
        ),
        (
            "vote_option_tree_depth",
            uint_value(params.vote_option_tree_depth),
        ),
        ("vote_options", uint_value(params.vote_options)),
    ])
}

fn params(path: &str, value: Value) -> Result<PollParams, FormatError> {
    let params = Fields::read(path, value, |fields| {
        Ok(PollParams {
            message_batch_size: fields.take("message_batch_size", uint)?,
            mode: fields.take("mode", |path, value| {
                let name = text(path, value)?;
                name.parse::<Mode>()
                    .map_err(|_| FormatError::bad_value(path, "qv, non-qv or full", name))
            })?,
            state_tree_depth: fields.take("state_tree_depth", uint)?,
            tally_processing_state_tree_depth: fields
                .take("tally_processing_state_tree_depth", uint)?,
            vote_option_tree_depth: fields.take("vote_option_tree_depth", uint)?,
            vote_options: fields.take("vote_options", uint)?,
        })
    })?;
    params.validate().map_err(|error| {
        FormatError::bad_value(path, "parameters that MACI can hold", error.to_string())
    })
}
