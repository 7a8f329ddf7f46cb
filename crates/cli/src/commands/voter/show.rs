//! `maci voter show`.

use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::report::Report;
use crate::voter_file::VoterArgs;

/// Arguments of `voter show`.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    voter: VoterArgs,
}

/// Shows all but the key.
pub(super) fn run(args: &ShowArgs) -> Result<Report, Failure> {
    let voter = args.voter.open()?;
    let rows = voter
        .polls()
        .iter()
        .map(|poll| {
            vec![
                poll.chain_id.to_string(),
                poll.maci.to_string(),
                poll.poll_id.to_string(),
                poll.state_index.to_string(),
                poll.voice_credits.clone(),
                poll.greatest_nonce.to_string(),
                if poll.key_changed {
                    "changed"
                } else {
                    "current"
                }
                .to_owned(),
            ]
        })
        .collect();
    Ok(Report::new(json!({
        "public_key": voter.public_key(),
        "sealed": voter.is_sealed(),
        "signed_up": voter.sign_ups(),
        "polls": voter.polls(),
    }))
    .text(format!(
        "{}, signed up to {} instances",
        voter.public_key(),
        voter.sign_ups().len()
    ))
    .table(
        &[
            "chain",
            "maci",
            "poll",
            "state index",
            "credits",
            "greatest nonce",
            "key",
        ],
        &[0, 2, 3, 4, 5],
        rows,
    ))
}
