//! `maci voter join`.

use std::sync::Arc;

use clap::Args;
use maci_chain::contracts::{
    MACI, Poll, PollContracts, VerifyingKeysRegistry, field_of, to_key, word,
};
use maci_chain::primitives::{Address, Bytes, U256};
use maci_chain::voter::{self, Joined, Joining};
use maci_chain::{Client, Error};
use maci_circuits::{Inputs, PollJoiningInputs};
use maci_coordinator::ProvingKeys as _;
use maci_crypto::tree::lean_imt::LeanImt;
use maci_crypto::{Fr, field};
use maci_keys::ProvingKey;
use maci_verifier::statement::PollJoining;
use maci_verifier::{CircuitId, Nullifier, StateRoot};
use rand::RngCore as _;
use serde_json::{Value, json};

use super::evidence::EvidenceArgs;
use super::messages::Ballot;
use super::trust::TrustArgs;
use crate::audit::DevKeysArgs;
use crate::chain::{self, Outcome, SenderArgs};
use crate::context::Context;
use crate::deployment::{Instance, InstanceArgs};
use crate::failure::Failure;
use crate::job;
use crate::proving_keys::LocalKeys;
use crate::report::Report;
use crate::voter_file::{JoinedPoll, Voter, VoterArgs};

/// Arguments of `voter join`.
#[derive(Args, Debug)]
pub(crate) struct JoinArgs {
    #[command(flatten)]
    voter: VoterArgs,

    #[command(flatten)]
    instance: InstanceArgs,

    /// MACI's number of the poll
    #[arg(long, value_name = "N")]
    poll: u64,

    /// Block to read the sign-ups from [default: the deployment file's, else 0]
    #[arg(long, value_name = "BLOCK")]
    from_block: Option<u64>,

    #[command(flatten)]
    evidence: EvidenceArgs,

    /// Data for the credit proxy as hexadecimal digits; MACI's own proxies need none
    #[arg(long, value_name = "HEX")]
    credit_data: Option<Bytes>,

    #[command(flatten)]
    dev_keys: DevKeysArgs,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    sender: SenderArgs,
}

/// Joins, unless the key has.
pub(super) fn run(context: &Context<'_>, args: &JoinArgs) -> Result<Report, Failure> {
    let mut file = args.voter.open()?;
    let client = args.sender.connect()?;
    let instance = args.instance.resolve(&client)?;
    let contracts = instance.poll(&client, args.poll)?;
    let asked = |error: Error| chain::failure(&error);
    let ballot = Ballot::read(&client, &contracts).map_err(asked)?;
    let record = instance.poll_record(args.poll);
    let known = file.poll(client.chain_id(), instance.maci, args.poll);
    let key = args
        .trust
        .confirm(context, contracts.poll, &ballot, record, known)?;
    let place = Place {
        chain_id: client.chain_id(),
        maci: instance.maci,
        poll_id: args.poll,
        poll: contracts.poll,
        key,
    };
    let poll_id = Fr::from(args.poll);
    let nullifier = file.key().nullifier(poll_id);
    let from_block = args.from_block.unwrap_or(instance.from_block);

    let used = Poll::pollNullifiersCall {
        nullifier: word(&nullifier),
    };
    if client.call(contracts.poll, &used).map_err(asked)? {
        let joined =
            voter::joined_before(&client, contracts.poll, nullifier, from_block).map_err(asked)?;
        return note(&place, &mut file, joined, None);
    }
    let (leaves, depth) = sign_ups(&client, &instance, &contracts, from_block).map_err(asked)?;
    let key = proving_key(context, args, &client, &contracts, depth)?;
    let inputs = inputs(&file, &leaves, depth, poll_id, nullifier)?;
    let statement = inputs.statement;
    let root_index = leaves.len() as u64 - 1;
    check_root(&client, &instance, root_index, &statement).map_err(asked)?;
    let proof = maci_prover::prove(&key, Inputs::Joining(Box::new(inputs)), |_, _| {
        (random_scalar(), random_scalar())
    })
    .map_err(|error| Failure::outside("prove", job::with_causes(&error)))?;

    let account = client.wallet("joinPoll").map_err(asked)?.address();
    let evidence = args
        .evidence
        .resolve(account, record.map(|poll| &poll.policy))?;
    let joining = Joining {
        nullifier: statement.nullifier,
        public_key: statement.poll_public_key,
        state_root_index: root_index,
        proof,
    };
    let credit_data = args.credit_data.clone().unwrap_or_default();
    let call = voter::join(contracts.poll, &joining, evidence, credit_data);
    match chain::send(context, &client, &call, &args.sender)? {
        Outcome::Planned(report) => Ok(report),
        Outcome::Included(receipt) => {
            let joined = voter::joined(&receipt, contracts.poll).map_err(asked)?;
            let receipt = chain::receipt_data(&receipt);
            note(&place, &mut file, joined, Some(&receipt))
        }
    }
}

/// The poll that is joined, and the coordinator's key there.
struct Place {
    chain_id: u64,
    maci: Address,
    poll_id: u64,
    poll: Address,
    key: String,
}

/// Writes the voter's place down.
fn note(
    place: &Place,
    file: &mut Voter,
    joined: Joined,
    receipt: Option<&Value>,
) -> Result<Report, Failure> {
    let known = file.poll(place.chain_id, place.maci, place.poll_id);
    let credits = field::to_dec(&joined.voice_credits);
    // A key that joined without this file may have published without it too.
    let mut entry = known.cloned().unwrap_or_else(|| JoinedPoll {
        nonces_unknown: receipt.is_none(),
        ..JoinedPoll::default()
    });
    entry.chain_id = place.chain_id;
    entry.maci = place.maci;
    entry.poll_id = place.poll_id;
    entry.poll = place.poll;
    entry.state_index = joined.state_index;
    entry.voice_credits.clone_from(&credits);
    entry.coordinator_public_key = Some(place.key.clone());
    file.note_poll(entry)?;
    let before = if receipt.is_none() { " before" } else { "" };
    Ok(Report::new(json!({
        "poll_id": place.poll_id,
        "poll": place.poll,
        "coordinator_public_key": place.key,
        "state_index": joined.state_index,
        "voice_credits": credits,
        "receipt": receipt,
    }))
    .text(format!(
        "joined poll {}{before} as number {} with {credits} voice credits",
        place.poll_id, joined.state_index
    )))
}

/// The leaves of the sign-up tree and the poll's depth.
fn sign_ups(
    client: &Client,
    instance: &Instance,
    contracts: &PollContracts,
    from_block: u64,
) -> Result<(Vec<Fr>, u8), Error> {
    let depths = client.call(contracts.poll, &Poll::treeDepthsCall {})?;
    let keys = voter::signed_up_keys(client, instance.maci, from_block)?;
    let leaves = keys
        .iter()
        .map(maci_protocol::keys::PublicKey::hash)
        .collect();
    Ok((leaves, depths.stateTreeDepth))
}

/// The proving key, after a look whether the poll's registry accepts its proofs: a proof that it refuses is not made (N-09).
fn proving_key(
    context: &Context<'_>,
    args: &JoinArgs,
    client: &Client,
    contracts: &PollContracts,
    depth: u8,
) -> Result<Arc<ProvingKey>, Failure> {
    let circuit = CircuitId::PollJoining {
        state_tree_depth: depth,
    };
    let keys = LocalKeys::new(context, args.dev_keys.token());
    let key = keys
        .proving_key(&circuit)
        .map_err(|error| job::failure(&error))?;
    let registered =
        registered_key(client, contracts.poll, depth).map_err(|error| chain::failure(&error))?;
    if registered == to_key(key.verifying_key()) {
        return Ok(key);
    }
    Err(Failure::conflict(
        "other_key",
        format!(
            "the poll's registry holds another key for {circuit}: it would refuse the joining proof"
        ),
    )
    .hint("this program joins polls whose registry holds the keys that maci keys list shows"))
}

fn registered_key(
    client: &Client,
    poll: Address,
    depth: u8,
) -> Result<maci_chain::contracts::VerifyingKey, Error> {
    let contracts = client.call(poll, &Poll::extContractsCall {})?;
    let call = VerifyingKeysRegistry::getPollJoiningVerifyingKeyCall {
        stateTreeDepth: U256::from(depth),
    };
    client.call(contracts.verifyingKeysRegistry, &call)
}

/// What is proved: the voter's key lies in the tree of sign-ups, and the nullifier is its own.
fn inputs(
    file: &Voter,
    leaves: &[Fr],
    depth: u8,
    poll_id: Fr,
    nullifier: Fr,
) -> Result<PollJoiningInputs, Failure> {
    let not_signed_up = || {
        Failure::conflict(
            "not_signed_up",
            "the key of the voter file has not signed up to this instance",
        )
        .hint("maci voter signup signs up")
    };
    let key = file.key().public_key();
    let mut tree = LeanImt::new();
    for leaf in leaves {
        tree.insert(*leaf)
            .map_err(|error| Failure::conflict("sign_ups", error))?;
    }
    let index = tree.index_of(&key.hash()).ok_or_else(not_signed_up)?;
    let (Some(proof), Some(root)) = (tree.proof(index), tree.root()) else {
        return Err(not_signed_up());
    };
    let actual_state_tree_depth = proof.siblings.len() as u64;
    let mut siblings = proof.siblings;
    siblings.resize(usize::from(depth), Fr::from(0u64));
    Ok(PollJoiningInputs {
        statement: PollJoining {
            poll_public_key: key.coordinates(),
            nullifier: Nullifier(nullifier),
            state_root: StateRoot(root),
            poll_id,
        },
        private_key: file.key().formatted(),
        siblings,
        index: proof.index,
        actual_state_tree_depth,
    })
}

/// The contract's own root for these sign-ups must be ours.
fn check_root(
    client: &Client,
    instance: &Instance,
    index: u64,
    statement: &PollJoining,
) -> Result<(), Error> {
    let call = MACI::getStateRootOnIndexedSignUpCall {
        index: U256::from(index),
    };
    let root = field_of(&client.call(instance.maci, &call)?);
    if root == statement.state_root.0 {
        Ok(())
    } else {
        Err(Error::Conflict(format!(
            "the sign-ups that the node shows give the root {}, and the contract has {}",
            field::to_dec(&statement.state_root.0),
            field::to_dec(&root)
        )))
    }
}

/// A voter draws; only a coordinator derives (D16).
fn random_scalar() -> Fr {
    let mut bytes = zeroize::Zeroizing::new([0u8; 64]);
    rand::rngs::OsRng.fill_bytes(bytes.as_mut());
    field::from_be_bytes_mod(bytes.as_ref())
}
