//! `maci market new`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use maci_settlement::spec::{CaptureProfile, Collateral, QuestionKind, QuestionText, Roles};
use maci_settlement::{AccountId, Amount, MarketSpec, Slot, Time, VoidPolicy};
use maci_verdict::canonical::parse;
use maci_verdict::{Grade, PollPins};
use serde_json::json;

use super::act::parse_account;
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::job::{Opening, Session};
use crate::market_store::MarketFiles;
use crate::pins;
use crate::report::Report;
use crate::rule::RuleArgs;

/// Arguments of `market new`.
#[derive(Args, Debug)]
pub(crate) struct NewArgs {
    /// A name for the market: letters, digits, - and _
    market: String,

    /// The whole specification as canonical JSON instead of the options below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["question", "outcome"])]
    spec: Option<PathBuf>,

    /// The question in words
    #[arg(long, value_name = "TEXT", required_unless_present = "spec")]
    question: Option<String>,

    /// An outcome's label; give two or more
    #[arg(long, value_name = "LABEL", required_unless_present = "spec")]
    outcome: Vec<String>,

    /// What kind of question it is
    #[arg(long, value_enum, default_value_t = Kind::Value)]
    kind: Kind,

    /// By what the question is judged
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "the proven tally of the pinned poll"
    )]
    criterion: String,

    /// Where evidence is found
    #[arg(long, value_name = "TEXT", default_value = "the poll's audit bundle")]
    evidence: String,

    /// Unix time from which nothing is traded [default: the start of the poll]
    #[arg(long, value_name = "SECONDS")]
    close: Option<u64>,

    /// Last second in which the market can settle [default: 30 days after the end of the poll]
    #[arg(long, value_name = "SECONDS")]
    settle_by: Option<u64>,

    /// Seconds between an accepted verdict and settlement
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    finality: u64,

    /// What holders get without an answer: cost-basis, uniform or invalid-slot:N
    #[arg(long, value_name = "POLICY", default_value = "cost-basis", value_parser = parse_void_policy)]
    void_policy: VoidPolicy,

    /// What backs the tokens
    #[arg(long, value_name = "NAME", default_value = "credits")]
    collateral: String,

    /// Who runs the market
    #[arg(long, value_name = "ACCOUNT", default_value = "executor", value_parser = parse_account)]
    executor: AccountId,

    /// Who runs the poll
    #[arg(long, value_name = "ACCOUNT", default_value = "coordinator", value_parser = parse_account)]
    coordinator: AccountId,

    /// Fee on the payment of a trade, in millionths
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    fee_ppm: u32,

    /// Accept verdicts under development keys, whose secrets are public; for tests and demonstrations only
    #[arg(long)]
    allow_insecure_dev: bool,

    /// Say what would be made and make nothing
    #[arg(long)]
    dry_run: bool,

    // Last: its heading would cover every option after it.
    #[command(flatten)]
    rule: RuleArgs,
}

/// Kinds of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// What is wanted
    Value,
    /// Something that will be the case or not
    Fact,
    /// How well somebody did
    Performance,
    /// A bound on later markets
    Limit,
}

fn parse_void_policy(text: &str) -> Result<VoidPolicy, String> {
    match text {
        "cost-basis" => Ok(VoidPolicy::CostBasisRefund),
        "uniform" => Ok(VoidPolicy::Uniform),
        _ => text
            .strip_prefix("invalid-slot:")
            .and_then(|slot| slot.parse().ok())
            .map(|slot| VoidPolicy::InvalidSlot(Slot(slot)))
            .ok_or_else(|| "expected cost-basis, uniform or invalid-slot:N".to_owned()),
    }
}

/// Makes a market in draft. Its polls and verifying keys are pinned by its id.
pub(super) fn run(context: &Context<'_>, args: &NewArgs) -> Result<Report, Failure> {
    let files = MarketFiles::new(context, &args.market)?;
    let spec = match &args.spec {
        Some(path) => read_spec(path)?,
        None => build_spec(context, args)?,
    };
    for lint in spec.lint() {
        context.warn("market_lint", lint.to_string());
    }
    let (id, question) = (spec.market_id().to_string(), spec.question.text.clone());
    let data = json!({
        "market": args.market,
        "market_id": id,
        "question_id": spec.question_id().to_string(),
        "close_time": spec.close_time.to_string(),
        "settle_by": spec.settle_by.to_string(),
        "dry_run": args.dry_run,
        "spec": serde_json::from_slice::<serde_json::Value>(&spec.to_value().to_bytes()).unwrap_or_default(),
    });
    if args.dry_run {
        spec.validate()
            .map_err(|error| Failure::usage("bad_market", error))?;
        let canonical = String::from_utf8(spec.to_value().to_bytes()).unwrap_or_default();
        return Ok(Report::new(data).verbatim(format!("{canonical}\n")));
    }
    files.create(spec)?;
    Ok(Report::new(data)
        .text(format!(
            "market {} ({id}) is in draft: {question}",
            args.market
        ))
        .text(format!(
            "deposit collateral, then: maci market open {}",
            args.market
        )))
}

fn read_spec(path: &std::path::Path) -> Result<MarketSpec, Failure> {
    let text = files::read_text(path, "market specification", 16 << 20)?;
    parse(text.trim_end().as_bytes())
        .and_then(|value| MarketSpec::from_value("spec", value))
        .map_err(|error| Failure::usage("bad_market", format!("{}: {error}", path.display())))
}

fn build_spec(context: &Context<'_>, args: &NewArgs) -> Result<MarketSpec, Failure> {
    let session = Session::resume(context, Opening::default())?;
    let poll = pins::of_job(context, &session)?;
    drop(session);
    let options = usize::try_from(poll.params.vote_options).unwrap_or(usize::MAX);
    let terms = args.rule.terms(args.outcome.len(), options)?;
    let plain = PlainMarket {
        question: QuestionText {
            kind: match args.kind {
                Kind::Value => QuestionKind::Value,
                Kind::Fact => QuestionKind::Fact,
                Kind::Performance => QuestionKind::Performance,
                Kind::Limit => QuestionKind::Limit,
            },
            text: args.question.clone().unwrap_or_default(),
            criterion: args.criterion.clone(),
            evidence: args.evidence.clone(),
        },
        outcomes: args.outcome.clone(),
        terms,
        poll,
        collateral: args.collateral.clone(),
        executor: args.executor.clone(),
        coordinator: args.coordinator.clone(),
        allow_insecure_dev: args.allow_insecure_dev,
    };
    let mut spec = plain.spec();
    if let Some(close) = args.close {
        spec.close_time = Time(close);
    }
    if let Some(settle_by) = args.settle_by {
        spec.settle_by = Time(settle_by);
    }
    spec.finality = args.finality;
    spec.void_policy = args.void_policy;
    spec.fee_ppm = args.fee_ppm;
    Ok(spec)
}

/// A market in the own ledger without maker, bonds and caps.
#[derive(Debug)]
pub(crate) struct PlainMarket {
    /// The question in words.
    pub(crate) question: QuestionText,
    /// A label each outcome.
    pub(crate) outcomes: Vec<String>,
    /// Rule and question map.
    pub(crate) terms: maci_verdict::Terms,
    /// The poll that judges.
    pub(crate) poll: PollPins,
    /// What backs the tokens.
    pub(crate) collateral: String,
    /// Who runs the market and takes the fees.
    pub(crate) executor: AccountId,
    /// Who runs the poll.
    pub(crate) coordinator: AccountId,
    /// Accept development keys.
    pub(crate) allow_insecure_dev: bool,
}

/// How long a market waits for a verdict by default.
const SETTLE_WITHIN: u64 = 30 * 24 * 60 * 60;

impl PlainMarket {
    /// Trading ends when the poll starts, and the market settles within 30 days of its end.
    pub(crate) fn spec(self) -> MarketSpec {
        let (start, end) = (self.poll.start_date, self.poll.end_date);
        MarketSpec {
            question: self.question,
            outcomes: self.outcomes,
            terms: self.terms,
            polls: vec![self.poll],
            collateral: Collateral {
                name: self.collateral,
                decimals: 0,
            },
            close_time: Time(start),
            settle_by: Time(end.saturating_add(SETTLE_WITHIN)),
            finality: 0,
            void_policy: VoidPolicy::CostBasisRefund,
            roles: Roles {
                executor_is_coordinator: self.executor == self.coordinator,
                fee_taker: self.executor.clone(),
                executor: self.executor,
                coordinator: self.coordinator,
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
            allow_insecure_dev: self.allow_insecure_dev,
            gate: alloy_primitives::Address::ZERO,
        }
    }
}
