//! `maci voter signup`.

use clap::Args;
use maci_chain::contracts::{MACI, word};
use maci_chain::{Client, Error, voter};
use serde_json::json;

use super::evidence::EvidenceArgs;
use crate::chain::{self, Outcome, SenderArgs};
use crate::context::Context;
use crate::deployment::InstanceArgs;
use crate::failure::Failure;
use crate::report::Report;
use crate::voter_file::{SignedUp, VoterArgs};

/// Arguments of `voter signup`.
#[derive(Args, Debug)]
pub(crate) struct SignupArgs {
    #[command(flatten)]
    voter: VoterArgs,

    #[command(flatten)]
    instance: InstanceArgs,

    #[command(flatten)]
    evidence: EvidenceArgs,

    #[command(flatten)]
    sender: SenderArgs,
}

/// Signs up, unless the key has.
pub(super) fn run(context: &Context<'_>, args: &SignupArgs) -> Result<Report, Failure> {
    let mut file = args.voter.open()?;
    let client = args.sender.connect()?;
    let instance = args.instance.resolve(&client)?;
    let key = file.key().public_key();
    let known =
        state_index(&client, &instance.maci, &key).map_err(|error| chain::failure(&error))?;
    let entry = |state_index| SignedUp {
        chain_id: client.chain_id(),
        maci: instance.maci,
        state_index,
    };
    if let Some(state_index) = known {
        file.note_sign_up(entry(state_index))?;
        let data = json!({ "state_index": state_index, "maci": instance.maci, "receipt": null });
        return Ok(Report::new(data).text(format!(
            "the key has signed up before, as number {state_index}"
        )));
    }
    let account = client
        .wallet("signUp")
        .map_err(|error| chain::failure(&error))?
        .address();
    let policy = instance.record.as_ref().map(|record| &record.policy);
    let evidence = args.evidence.resolve(account, policy)?;
    let call = voter::sign_up(instance.maci, &key, evidence);
    match chain::send(context, &client, &call, &args.sender)? {
        Outcome::Planned(report) => Ok(report),
        Outcome::Included(receipt) => {
            let signed_up = voter::signed_up(&receipt, instance.maci)
                .map_err(|error| chain::failure(&error))?;
            let state_index = signed_up.state_index;
            file.note_sign_up(entry(state_index))?;
            let data = json!({
                "state_index": state_index,
                "maci": instance.maci,
                "receipt": chain::receipt_data(&receipt),
            });
            Ok(Report::new(data).text(format!("signed up as number {state_index}")))
        }
    }
}

/// The place of a key among the sign-ups.
fn state_index(
    client: &Client,
    maci: &maci_chain::primitives::Address,
    key: &maci_protocol::keys::PublicKey,
) -> Result<Option<u64>, Error> {
    let call = MACI::getStateIndexCall {
        publicKeyHash: word(&key.hash()),
    };
    match client.call(*maci, &call) {
        Ok(index) => Ok(Some(index.saturating_to())),
        Err(Error::Reverted { revert, .. }) if revert.is("UserNotSignedUp") => Ok(None),
        Err(error) => Err(error),
    }
}
