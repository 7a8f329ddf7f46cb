//! An integrator's market: collateral is locked before the poll, and only the audited poll can pay it out.
//!
//! `cargo run -p example-gate-a-market -- BUNDLE KEY.vk KEY.vk`. The market asks whether option 0 of the poll got more
//! than half of all votes; Alice holds "yes" and Bob holds "no".

#![allow(clippy::print_stdout)]

use std::path::Path;

use alloy_primitives::Address;
use anyhow::{Context, Result, anyhow, bail};
use maci_keys::{AllowInsecureDevKeys, manifest};
use maci_settlement::spec::{CaptureProfile, Collateral, QuestionKind, QuestionText, Roles};
use maci_settlement::{AccountId, Amount, Command, Ledger, MarketSpec, Slot, Time, VoidPolicy};
use maci_verdict::rule::{Measure, Method, Rule, Target};
use maci_verdict::{
    AuditOptions, Grade, PollPins, Provenance, Terms, TrustedKeys, VerifiedPoll, audit, judge,
};

/// Slot 0 is "yes".
const NO: Slot = Slot(1);

fn main() -> Result<()> {
    let poll = audited_poll()?;
    let (start, end) = (Time(poll.pins().start_date), Time(poll.pins().end_date + 1));
    let (alice, bob): (AccountId, AccountId) = ("alice".parse()?, "bob".parse()?);

    let mut ledger = Ledger::new(spec(poll.pins().clone())?)?;
    for command in [
        Command::Deposit {
            account: alice.clone(),
            amount: Amount(100),
        },
        Command::Open,
        Command::Split {
            account: alice.clone(),
            amount: Amount(100),
        },
        Command::Transfer {
            from: alice.clone(),
            to: bob.clone(),
            slot: NO,
            shares: Amount(100),
        },
    ] {
        ledger.execute(Time(start.0 - 1), &command)?;
    }
    // Trading ends with the start of the poll, and the book is frozen: the verdict names its head.
    ledger.execute(start, &Command::Close)?;
    ledger.execute(start, &Command::Judge)?;
    if ledger.execute(end, &Command::Settle).is_ok() {
        bail!("a market settled without a verdict");
    }

    let question = ledger.market().question().context("the book is frozen")?;
    let verdict = judge(&poll, &question)?;
    ledger.execute(end, &Command::Propose { verdict: &verdict })?;
    ledger.execute(end, &Command::Settle)?;
    for account in [alice, bob] {
        ledger.execute(end, &Command::Redeem { account })?;
    }
    println!(
        "verdict {} ({})",
        verdict.id(),
        verdict.reasons().join("; ")
    );
    println!(
        "market  {}, ledger head {}",
        ledger.market().phase(),
        ledger.head()
    );
    Ok(())
}

/// Only a poll that passed every check leaves the audit.
fn audited_poll() -> Result<VerifiedPoll> {
    let mut args = std::env::args().skip(1);
    let bundle = args
        .next()
        .context("usage: example-gate-a-market BUNDLE KEY.vk ...")?;
    let bytes = std::fs::read(&bundle).with_context(|| format!("cannot read {bundle}"))?;
    let mut trusted = TrustedKeys::new();
    for path in args {
        let (_, key) =
            manifest::read_vk(Path::new(&path)).with_context(|| format!("key {path}"))?;
        let key = key.accept(Some(AllowInsecureDevKeys::because_the_user_said_so()))?;
        trusted = trusted.with_key(&key, Provenance::InsecureDev);
    }
    let options = AuditOptions {
        allow_insecure_dev: true,
        ..AuditOptions::default()
    };
    let audit = audit(&bytes, &trusted, &options);
    audit
        .poll()
        .cloned()
        .map_err(|check| anyhow!("the audit says no: {check}"))
}

fn spec(poll: PollPins) -> Result<MarketSpec> {
    let rule = Rule {
        measure: Measure::Votes,
        method: Method::Threshold {
            option: 0,
            numerator: 1,
            denominator: 2,
            fallback: Target::Slot(NO.0),
        },
        min_spent: None,
    };
    let options = usize::try_from(poll.params.vote_options)?;
    let map = (0..options)
        .map(|option| Target::Slot(u16::from(option > 0)))
        .collect();
    let (start, end) = (poll.start_date, poll.end_date);
    let (executor, coordinator): (AccountId, AccountId) =
        ("operator".parse()?, "coordinator".parse()?);
    Ok(MarketSpec {
        question: QuestionText {
            kind: QuestionKind::Value,
            text: "Did option 0 get more than half of all votes?".to_owned(),
            criterion: "the proven tally of the pinned poll".to_owned(),
            evidence: "the poll's audit bundle".to_owned(),
        },
        outcomes: vec!["yes".to_owned(), "no".to_owned()],
        terms: Terms::new(rule, 2, map)?,
        polls: vec![poll],
        collateral: Collateral {
            name: "credits".to_owned(),
            decimals: 0,
        },
        close_time: Time(start),
        settle_by: Time(end + 86_400),
        finality: 0,
        void_policy: VoidPolicy::CostBasisRefund,
        roles: Roles {
            executor_is_coordinator: false,
            fee_taker: executor.clone(),
            executor,
            coordinator,
            verifier: "maci-verifier".to_owned(),
            market_maker: None,
        },
        capture_profile: CaptureProfile {
            policy: "the poll's own sign-up policy".to_owned(),
            credit_source: "the poll's initial voice credit proxy".to_owned(),
            token_weighted: false,
            accepts_token_weighted: false,
        },
        bonds: Vec::new(),
        subsidy: Amount::ZERO,
        fee_ppm: 0,
        value_cap: None,
        min_grade: Grade::V1,
        allow_insecure_dev: true,
        gate: Address::ZERO,
    })
}
