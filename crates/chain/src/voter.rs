//! What a voter sends: sign up to an instance, join a poll, publish messages.
//!
//! Proofs and ciphertexts are made by the caller; here they only become calls. Every call is simulated before it is sent, so
//! that a refusal costs nothing and has the contract's own name.

use std::ops::ControlFlow;

use alloy::primitives::{Address, Bytes, U256};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::SolEvent;
use maci_crypto::Fr;
use maci_crypto::babyjubjub::RawPoint;
use maci_crypto::keypair::PublicKey;
use maci_protocol::Message;
use maci_verifier::{Nullifier, Proof};

use crate::client::{Call, Client};
use crate::contracts::{MACI, MessageWords, Poll, field_of, to_proof, word};
use crate::error::Error;

mod scan;

use scan::scan;

/// `MACI.signUp`.
pub fn sign_up(maci: Address, key: &PublicKey, policy_data: Bytes) -> Call {
    let call = MACI::signUpCall {
        publicKey: key.coordinates().into(),
        signUpPolicyData: policy_data,
    };
    Call::function(maci, &call)
}

/// What a sign-up brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedUp {
    /// The leaf in MACI's state tree.
    pub state_index: u64,
}

/// Reads a sign-up's receipt.
pub fn signed_up(receipt: &TransactionReceipt, maci: Address) -> Result<SignedUp, Error> {
    let event = event_of::<MACI::SignUp>(receipt, maci)?;
    Ok(SignedUp {
        state_index: event._stateIndex.saturating_to(),
    })
}

/// The statement of a joining proof, with the proof.
#[derive(Clone, Debug)]
pub struct Joining {
    /// H2 of the voter's private key and the poll's number.
    pub nullifier: Nullifier,
    /// The key that the voter votes with.
    pub public_key: RawPoint,
    /// The place of the proof's state root in MACI's list of roots.
    pub state_root_index: u64,
    /// The proof.
    pub proof: Proof,
}

/// `Poll.joinPoll`.
pub fn join(poll: Address, joining: &Joining, policy_data: Bytes, credit_data: Bytes) -> Call {
    let call = Poll::joinPollCall {
        nullifier: word(&joining.nullifier.0),
        publicKey: joining.public_key.into(),
        stateRootIndex: U256::from(joining.state_root_index),
        proof: to_proof(&joining.proof),
        signUpPolicyData: policy_data,
        initialVoiceCreditProxyData: credit_data,
    };
    Call::function(poll, &call)
}

/// What joining brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The voter's place in the poll: the state index of every vote.
    pub state_index: u64,
    /// The voter's credits, reduced as the state leaf has them (D10).
    pub voice_credits: Fr,
}

/// Reads a joining's receipt.
pub fn joined(receipt: &TransactionReceipt, poll: Address) -> Result<Joined, Error> {
    let event = event_of::<Poll::PollJoined>(receipt, poll)?;
    Ok(Joined {
        state_index: event._pollStateIndex.saturating_to(),
        voice_credits: field_of(&event._voiceCreditBalance),
    })
}

/// What joining brought to the holder of a nullifier that the poll knows: for a voter whose file missed the receipt.
pub fn joined_before(
    client: &Client,
    poll: Address,
    nullifier: Fr,
    from_block: u64,
) -> Result<Joined, Error> {
    let nullifier = word(&nullifier);
    let mut found = None;
    let event = Poll::PollJoined::SIGNATURE_HASH;
    scan(client, poll, event, from_block, &mut |log| {
        let joined = Poll::PollJoined::decode_log(&log.inner).ok();
        found = joined
            .filter(|event| event.data._nullifier == nullifier)
            .map(|event| Joined {
                state_index: event.data._pollStateIndex.saturating_to(),
                voice_credits: field_of(&event.data._voiceCreditBalance),
            });
        Ok(if found.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    found.ok_or_else(|| {
        Error::Conflict(format!(
            "the poll {poll} knows the voter's nullifier, and the node shows no such joining; was an earlier start \
             block named?"
        ))
    })
}

/// `Poll.publishMessage` for one message, `Poll.publishMessageBatch` for more.
pub fn publish(poll: Address, messages: &[Message]) -> Result<Call, Error> {
    let mut words = messages.iter().map(MessageWords::from);
    match (words.next(), words.len()) {
        (None, _) => Err(Error::Parameter(
            "there is no message to publish".to_owned(),
        )),
        (Some(only), 0) => {
            let call = Poll::publishMessageCall {
                message: only.message,
                encryptionPublicKey: only.encryption_public_key,
            };
            Ok(Call::function(poll, &call))
        }
        (Some(first), _) => {
            let (messages, keys) = std::iter::once(first)
                .chain(words)
                .map(|words| (words.message, words.encryption_public_key))
                .unzip();
            let call = Poll::publishMessageBatchCall {
                messages,
                encryptionPublicKeys: keys,
            };
            Ok(Call::function(poll, &call))
        }
    }
}

/// The leaves of MACI's state tree in order, the first being the pad key's hash: what a joining proof climbs.
pub fn signed_up_keys(
    client: &Client,
    maci: Address,
    from_block: u64,
) -> Result<Vec<PublicKey>, Error> {
    let mut keys = vec![PublicKey::pad()];
    let event = MACI::SignUp::SIGNATURE_HASH;
    scan(client, maci, event, from_block, &mut |log| {
        let event = MACI::SignUp::decode_log(&log.inner).map_err(|error| Error::Garbage {
            endpoint: client.endpoint(),
            method: "eth_getLogs".to_owned(),
            reason: error.to_string(),
        })?;
        let expected = U256::from(keys.len());
        if event.data._stateIndex != expected {
            return Err(Error::Conflict(format!(
                "the node's sign-ups are not complete: found index {}, expected {expected}; was an earlier start block named?",
                event.data._stateIndex
            )));
        }
        let point = RawPoint {
            x: field_of(&event.data._userPublicKeyX),
            y: field_of(&event.data._userPublicKeyY),
        };
        let key = PublicKey::new(point)
            .map_err(|error| Error::Conflict(format!("a signed-up key cannot be used: {error}")))?;
        keys.push(key);
        Ok(ControlFlow::Continue(()))
    })?;
    let total = client.call(maci, &MACI::totalSignupsCall {})?;
    if total == U256::from(keys.len()) {
        Ok(keys)
    } else {
        Err(Error::Conflict(format!(
            "the node shows {} sign-ups and the contract counts {total}",
            keys.len()
        )))
    }
}

/// The first event of a kind that a contract wrote.
fn event_of<E: SolEvent>(receipt: &TransactionReceipt, contract: Address) -> Result<E, Error> {
    receipt
        .logs()
        .iter()
        .filter(|log| log.address() == contract)
        .find_map(|log| E::decode_log_data(log.data()).ok())
        .ok_or_else(|| {
            Error::Conflict(format!(
                "the transaction {} wrote no {} of {contract}",
                receipt.transaction_hash,
                E::SIGNATURE
            ))
        })
}
