//! `maci submit`.

use std::sync::Arc;

use clap::Args;
use maci_chain::submit::SubmitOptions;
use maci_coordinator::{StageId, Submission, Target, TransactionRow};
use serde_json::{Value, json};

use crate::audit::DevKeysArgs;
use crate::chain::{DryRunArgs, EthKeyArgs, FeeArgs, NodeArgs};
use crate::context::Context;
use crate::coordinator_key::{self, KeyArgs};
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::proving_keys::LocalKeys;
use crate::report::Report;

/// Arguments of `submit`.
///
/// The chain's own position decides what is sent, so the command can be run again at any time: what is there is not sent twice,
/// and a transaction that an earlier run left on its way is taken up. Every proof is checked under the key in the poll's registry
/// before anything is sent.
#[derive(Args, Debug)]
pub(crate) struct SubmitArgs {
    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    dev_keys: DevKeysArgs,

    #[command(flatten)]
    node: NodeArgs,

    #[command(flatten)]
    eth_key: EthKeyArgs,

    #[command(flatten)]
    send: SendArgs,

    #[command(flatten)]
    dry_run: DryRunArgs,

    /// Submit nothing: give up the transaction that is on its way. An empty transfer with higher fees takes its place
    #[arg(long, conflicts_with = "dry_run")]
    withdraw: bool,
}

/// How transactions are paid for and waited for.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    fees: FeeArgs,

    /// Blocks on top of the last transaction before the poll counts as done
    #[arg(long, value_name = "N", default_value_t = 2)]
    confirmations: u64,
}

impl SendArgs {
    /// As the chain crate takes them.
    pub(crate) fn options(self) -> Result<SubmitOptions, Failure> {
        Ok(SubmitOptions {
            send: self.fees.options()?,
            confirmations: self.confirmations,
            ..SubmitOptions::default()
        })
    }

    /// The highest price of gas, in wei.
    pub(crate) fn fee_cap(self) -> Result<u128, Failure> {
        Ok(self.fees.options()?.fee_cap)
    }
}

/// Sends what is missing, or shows what would be sent.
pub(crate) fn run(context: &Context<'_>, args: &SubmitArgs) -> Result<Report, Failure> {
    // Once the bundle is made, the proofs can be sent from a machine that cannot read the votes.
    let key = coordinator_key::load_if_named(context, &args.key)?;
    let keys = Some(LocalKeys::new(context, args.dev_keys.token()));
    let client = if args.dry_run.dry_run {
        args.node.connect()?
    } else {
        args.node.connect_with(&args.eth_key)?
    };
    let mut session = Session::resume(
        context,
        Opening {
            key,
            keys,
            ..Opening::default()
        },
    )?;
    session.set_target(Target {
        client: Arc::new(client),
        options: args.send.options()?,
    });
    if args.withdraw {
        return Ok(withdrawn(session.withdraw()?.as_ref()));
    }
    if args.dry_run.dry_run {
        return Ok(planned(&session.submission()?));
    }
    session.run(&[StageId::Submit])?;
    Ok(submitted(&session.transactions()?))
}

/// What became of the transaction that was on its way.
fn withdrawn(row: Option<&TransactionRow>) -> Report {
    let Some(row) = row else {
        return Report::new(json!({ "settled": Value::Null }))
            .text("no transaction is on its way; there is nothing to give up");
    };
    let text = match &row.included {
        Some(at) => format!("nonce {}: {} is in block {}", row.nonce, row.what, at.block),
        None => format!(
            "nonce {} went to a transaction of another program",
            row.nonce
        ),
    };
    Report::new(json!({
        "settled": {
            "call": row.what,
            "nonce": row.nonce,
            "transaction": row.included.as_ref().map(|at| hash(&at.hash)),
            "block": row.included.as_ref().map(|at| at.block),
            "versions": row.attempts,
        }
    }))
    .text(text)
    .text("maci submit goes on from here")
}

/// What is left to be sent.
fn planned(submission: &Submission) -> Report {
    let Submission {
        position,
        calls,
        pending,
        gas_price,
    } = submission;
    let gas = calls
        .iter()
        .map(|call| call.gas)
        .fold(0, u64::saturating_add);
    let cost = u128::from(gas).saturating_mul(*gas_price);
    let rows = calls
        .iter()
        .map(|call| {
            vec![
                call.step.to_string(),
                call.to.to_string(),
                call.data.len().to_string(),
                format!("{}{}", if call.estimated { "" } else { "~" }, call.gas),
            ]
        })
        .collect();
    let data: Vec<Value> = calls
        .iter()
        .map(|call| {
            json!({
                "step": call.step.to_string(),
                "to": call.to,
                "calldata": call.data,
                "gas": call.gas,
                "estimated": call.estimated,
            })
        })
        .collect();
    let report = Report::new(json!({
        "dry_run": true,
        "block": position.block,
        "voting_ended": position.is_closed(),
        "calls": data,
        "gas": gas,
        "gas_price": gas_price.to_string(),
        "cost_wei": cost.to_string(),
        "pending": pending.as_ref().map(|pending| json!({
            "call": pending.call.what,
            "nonce": pending.nonce,
            "account": pending.account,
            "transactions": pending.attempts.iter().map(|attempt| attempt.hash).collect::<Vec<_>>(),
        })),
    }))
    .table(&["step", "contract", "bytes", "gas"], &[2, 3], rows)
    .text(format!(
        "{} calls are left, about {gas} gas, {cost} wei at the fees of now; nothing was sent (~: what such a call usually takes)",
        calls.len()
    ));
    let report = match pending {
        Some(pending) => report.text(format!(
            "{} is on its way already, with nonce {} of {}",
            pending.call.what, pending.nonce, pending.account
        )),
        None => report,
    };
    if position.is_closed() {
        report
    } else {
        report.text(format!(
            "voting is open until {}, the chain's time is {}",
            position.end_date, position.time
        ))
    }
}

/// What this data directory's transactions came to.
pub(crate) fn submitted(rows: &[TransactionRow]) -> Report {
    let included = rows
        .iter()
        .filter_map(|row| row.included.as_ref().map(|at| (row, at)));
    let gas: u64 = included.clone().map(|(_, at)| at.gas).sum();
    let cost: u128 = included
        .clone()
        .map(|(_, at)| u128::from(at.gas).saturating_mul(at.gas_price))
        .fold(0, u128::saturating_add);
    let data: Vec<Value> = included
        .clone()
        .map(|(row, at)| {
            json!({
                "call": row.what,
                "transaction": hash(&at.hash),
                "block": at.block,
                "gas": at.gas,
                "gas_price": at.gas_price.to_string(),
                "success": at.success,
                "versions": row.attempts,
            })
        })
        .collect();
    let table = included
        .map(|(row, at)| {
            vec![
                row.what.clone(),
                at.block.to_string(),
                at.gas.to_string(),
                hash(&at.hash),
            ]
        })
        .collect();
    Report::new(json!({
        "complete": true,
        "transactions": data,
        "gas": gas,
        "cost_wei": cost.to_string(),
    }))
    .table(&["call", "block", "gas", "transaction"], &[1, 2], table)
    .text(format!(
        "merge, proofs and results are on the chain; this data directory paid for {gas} gas, {cost} wei"
    ))
}

fn hash(bytes: &[u8; 32]) -> String {
    alloy_primitives::B256::from(*bytes).to_string()
}
