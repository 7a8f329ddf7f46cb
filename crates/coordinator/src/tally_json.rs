//! MACI's result file, `tally.json` (protocol.md §13): same names, same order, same spelling of numbers, so that MACI's own
//! tools read it. Votes and credits are decimal, salts and commitments hexadecimal without padding.

use maci_crypto::{Fr, field};
use maci_protocol::layout::TallyOutcome;
use maci_protocol::recorded::Deployment;
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TallyFile<'a> {
    maci: &'a str,
    poll_id: String,
    network: &'static str,
    chain_id: String,
    mode: u8,
    tally_address: &'a str,
    new_tally_commitment: String,
    results: Opened,
    total_spent_voice_credits: OpenedSum,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_vote_option_spent_voice_credits: Option<Opened>,
}

#[derive(Serialize)]
struct Opened {
    tally: Vec<String>,
    salt: String,
    commitment: String,
}

#[derive(Serialize)]
struct OpenedSum {
    spent: String,
    salt: String,
    commitment: String,
}

/// The bytes of the file.
pub(crate) fn bytes(deployment: &Deployment, outcome: &TallyOutcome) -> Vec<u8> {
    let TallyOutcome {
        results,
        salts,
        commitments,
    } = outcome;
    let decimals = |values: &[Fr]| values.iter().map(field::to_dec).collect();
    let per_option = match (
        &results.per_option_spent,
        salts.per_option_spent,
        commitments.per_option_spent,
    ) {
        (Some(tally), Some(salt), Some(commitment)) => Some(Opened {
            tally: decimals(tally),
            salt: hex(&salt.0),
            commitment: hex(&commitment),
        }),
        _ => None,
    };
    pretty(&TallyFile {
        maci: &deployment.maci_text,
        poll_id: deployment.poll_id.to_string(),
        network: "unknown",
        chain_id: deployment.chain_id.to_string(),
        mode: deployment.params.mode.as_u8(),
        tally_address: deployment.tally_text.as_deref().unwrap_or_default(),
        new_tally_commitment: hex(&commitments.tally.0),
        results: Opened {
            tally: decimals(&results.votes),
            salt: hex(&salts.results.0),
            commitment: hex(&commitments.results),
        },
        total_spent_voice_credits: OpenedSum {
            spent: field::to_dec(&results.spent),
            salt: hex(&salts.spent.0),
            commitment: hex(&commitments.spent),
        },
        per_vote_option_spent_voice_credits: per_option,
    })
}

/// JSON as MACI writes it: indented by four spaces, no newline at the end.
pub(crate) fn pretty(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut serializer =
        Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(b"    "));
    // Strings and lists into memory: nothing here can fail.
    let _ = value.serialize(&mut serializer);
    out
}

/// `0x` and the digits of a JavaScript `BigInt`, without leading zeros.
fn hex(value: &Fr) -> String {
    let digits = hex::encode(field::to_be_bytes(value));
    let digits = digits.trim_start_matches('0');
    format!("0x{}", if digits.is_empty() { "0" } else { digits })
}
