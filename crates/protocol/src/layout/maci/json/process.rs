//! The inputs of `processMessages.circom`.

use ark_ff::PrimeField;
use maci_crypto::{
    Fr,
    babyjubjub::{RawPoint, Scalar},
};
use maci_verifier::{
    ChainHash, CircuitId, Mode, PublicKeyHash, SbCommitment, statement::ProcessBatch,
};
use serde::{Deserialize, Serialize};

use super::{
    Dec, InputsError, decs, depth, depths, length, number, plain, unwrapped, wrapped, write,
};
use crate::{layout::maci::ProcessInputs, message::Message, state::StateLeaf};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProcessJson {
    total_signups: Dec,
    batch_end_index: Dec,
    index: Dec,
    input_batch_hash: Dec,
    output_batch_hash: Dec,
    messages: Vec<[Dec; 10]>,
    actual_state_tree_depth: Dec,
    coordinator_private_key: Dec,
    encryption_public_keys: Vec<[Dec; 2]>,
    current_state_root: Dec,
    current_ballot_root: Dec,
    current_sb_commitment: Dec,
    current_sb_salt: Dec,
    vote_options: Dec,
    current_state_leaves: Vec<[Dec; 3]>,
    current_state_leaves_path_elements: Vec<Vec<[Dec; 1]>>,
    current_ballots: Vec<[Dec; 2]>,
    current_ballots_path_elements: Vec<Vec<[Dec; 1]>>,
    current_vote_weights: Vec<Dec>,
    current_vote_weights_path_elements: Vec<Vec<[Dec; 4]>>,
    new_sb_salt: Dec,
    new_sb_commitment: Dec,
    coordinator_public_key_hash: Dec,
}

impl ProcessJson {
    /// The circuit whose inputs have these lengths.
    fn circuit(&self, mode: Mode) -> Result<CircuitId, InputsError> {
        let slots = self.messages.len();
        for (field, found) in [
            ("encryptionPublicKeys", self.encryption_public_keys.len()),
            ("currentStateLeaves", self.current_state_leaves.len()),
            (
                "currentStateLeavesPathElements",
                self.current_state_leaves_path_elements.len(),
            ),
            ("currentBallots", self.current_ballots.len()),
            (
                "currentBallotsPathElements",
                self.current_ballots_path_elements.len(),
            ),
            ("currentVoteWeights", self.current_vote_weights.len()),
            (
                "currentVoteWeightsPathElements",
                self.current_vote_weights_path_elements.len(),
            ),
        ] {
            length(field, slots, found)?;
        }
        let state_tree_depth = depths(
            "currentStateLeavesPathElements",
            &self.current_state_leaves_path_elements,
        )?;
        let ballots = depths(
            "currentBallotsPathElements",
            &self.current_ballots_path_elements,
        )?;
        length(
            "currentBallotsPathElements",
            state_tree_depth.into(),
            ballots.into(),
        )?;
        Ok(CircuitId::MessageProcessor {
            mode,
            state_tree_depth,
            message_batch_size: depth("messages", slots)?,
            vote_option_tree_depth: depths(
                "currentVoteWeightsPathElements",
                &self.current_vote_weights_path_elements,
            )?,
        })
    }
}

impl ProcessInputs {
    /// Reads MACI's recorded form. The mode is the poll's: the inputs do not say it.
    pub fn from_json(mode: Mode, text: &str) -> Result<Self, InputsError> {
        let json: ProcessJson = serde_json::from_str(text)?;
        let circuit = json.circuit(mode)?;
        let scalar = json.coordinator_private_key.0.into_bigint();
        Ok(Self {
            circuit,
            statement: ProcessBatch {
                total_signups: number("totalSignups", json.total_signups)?,
                output_batch_hash: ChainHash(json.output_batch_hash.0),
                actual_state_tree_depth: number(
                    "actualStateTreeDepth",
                    json.actual_state_tree_depth,
                )?,
                coordinator_public_key_hash: PublicKeyHash(json.coordinator_public_key_hash.0),
                vote_options: number("voteOptions", json.vote_options)?,
                current_sb_commitment: SbCommitment(json.current_sb_commitment.0),
                new_sb_commitment: SbCommitment(json.new_sb_commitment.0),
                index: number("index", json.index)?,
                batch_end_index: number("batchEndIndex", json.batch_end_index)?,
            },
            input_batch_hash: json.input_batch_hash.0,
            messages: json
                .messages
                .into_iter()
                .zip(json.encryption_public_keys)
                .map(|(data, [x, y])| Message {
                    data: data.map(|element| element.0),
                    encryption_public_key: RawPoint::new(x.0, y.0),
                })
                .collect(),
            coordinator_private_key: Scalar::from_bigint(scalar).ok_or(InputsError::Range {
                field: "coordinatorPrivateKey",
                bits: 251,
            })?,
            current_state_root: json.current_state_root.0,
            current_ballot_root: json.current_ballot_root.0,
            current_sb_salt: json.current_sb_salt.0,
            current_state_leaves: json
                .current_state_leaves
                .into_iter()
                .map(|[x, y, balance]| StateLeaf {
                    public_key: RawPoint::new(x.0, y.0),
                    voice_credit_balance: balance.0,
                })
                .collect(),
            current_state_leaves_path_elements: json
                .current_state_leaves_path_elements
                .into_iter()
                .map(unwrapped)
                .collect(),
            current_ballots: json
                .current_ballots
                .into_iter()
                .map(|[nonce, root]| (nonce.0, root.0))
                .collect(),
            current_ballots_path_elements: json
                .current_ballots_path_elements
                .into_iter()
                .map(unwrapped)
                .collect(),
            current_vote_weights: plain(json.current_vote_weights),
            current_vote_weights_path_elements: json
                .current_vote_weights_path_elements
                .into_iter()
                .map(|path| {
                    path.into_iter()
                        .map(|level| level.map(|node| node.0))
                        .collect()
                })
                .collect(),
            new_sb_salt: json.new_sb_salt.0,
        })
    }

    /// Writes MACI's recorded form. The text holds the coordinator's private key.
    pub fn to_json(&self) -> String {
        let statement = &self.statement;
        let private =
            Fr::from_bigint(self.coordinator_private_key.into_bigint()).unwrap_or_default();
        write(&ProcessJson {
            total_signups: statement.total_signups.into(),
            batch_end_index: statement.batch_end_index.into(),
            index: statement.index.into(),
            input_batch_hash: self.input_batch_hash.into(),
            output_batch_hash: statement.output_batch_hash.0.into(),
            messages: self
                .messages
                .iter()
                .map(|message| message.data.map(Dec))
                .collect(),
            actual_state_tree_depth: statement.actual_state_tree_depth.into(),
            coordinator_private_key: private.into(),
            encryption_public_keys: self
                .messages
                .iter()
                .map(|message| &message.encryption_public_key)
                .map(|key| [Dec(key.x), Dec(key.y)])
                .collect(),
            current_state_root: self.current_state_root.into(),
            current_ballot_root: self.current_ballot_root.into(),
            current_sb_commitment: statement.current_sb_commitment.0.into(),
            current_sb_salt: self.current_sb_salt.into(),
            vote_options: statement.vote_options.into(),
            current_state_leaves: self
                .current_state_leaves
                .iter()
                .map(|leaf| {
                    [
                        leaf.public_key.x,
                        leaf.public_key.y,
                        leaf.voice_credit_balance,
                    ]
                    .map(Dec)
                })
                .collect(),
            current_state_leaves_path_elements: self
                .current_state_leaves_path_elements
                .iter()
                .map(|path| wrapped(path))
                .collect(),
            current_ballots: self
                .current_ballots
                .iter()
                .map(|(nonce, root)| [Dec(*nonce), Dec(*root)])
                .collect(),
            current_ballots_path_elements: self
                .current_ballots_path_elements
                .iter()
                .map(|path| wrapped(path))
                .collect(),
            current_vote_weights: decs(&self.current_vote_weights),
            current_vote_weights_path_elements: self
                .current_vote_weights_path_elements
                .iter()
                .map(|path| path.iter().map(|level| level.map(Dec)).collect())
                .collect(),
            new_sb_salt: self.new_sb_salt.into(),
            new_sb_commitment: statement.new_sb_commitment.0.into(),
            coordinator_public_key_hash: statement.coordinator_public_key_hash.0.into(),
        })
    }
}
