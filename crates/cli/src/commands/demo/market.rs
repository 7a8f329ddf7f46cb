//! The demo's market: complete sets are made and sold before the poll starts, and redeemed on the verdict of the poll.

use maci_settlement::spec::{QuestionKind, QuestionText};
use maci_settlement::{AccountId, Amount, Command, Ledger, Slot, Time, Trade};
use maci_verdict::rule::{MAX_OUTCOMES, MIN_OUTCOMES, Measure, Method, Rule, Tie};
use maci_verdict::{PollPins, Terms, VerdictFile, VerifiedPoll, VerifiedVerdict, judge};
use serde_json::json;

use crate::commands::market::new::PlainMarket;
use crate::commands::market::show::{accounts, accounts_table};
use crate::failure::Failure;
use crate::market_store::refused;
use crate::report::Report;
use crate::rule::identity_map;

/// Seconds before the start of the poll at which the market trades.
const TRADING_BEFORE: u64 = 60;

/// A market that was settled by a verdict.
#[derive(Debug)]
pub(super) struct Settled {
    /// Every event of it.
    pub(super) ledger: Ledger,
    /// The verdict as a file.
    pub(super) verdict: VerdictFile,
    verified: VerifiedVerdict,
}

/// Opens a market on the poll, trades, lets the poll judge, settles and redeems.
pub(super) fn run(pins: PollPins, poll: &VerifiedPoll) -> Result<Settled, Failure> {
    let (start, end) = (pins.start_date, pins.end_date);
    let mut ledger = open(pins)?;
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(account);
    let (alice, bob, carol) = (alice?, bob?, carol?);
    let slots = ledger.market().spec().outcomes.len();
    let last = Slot(u16::try_from(slots.saturating_sub(1)).unwrap_or(u16::MAX));
    let sell = |buyer: &AccountId, slot, shares, payment| {
        let trade = Trade {
            buyer: buyer.clone(),
            seller: alice.clone(),
            slot,
            shares: Amount(shares),
            payment: Amount(payment),
        };
        Command::Trade(trade)
    };
    let before = Time(start.saturating_sub(TRADING_BEFORE));
    for command in [
        Command::Deposit {
            account: alice.clone(),
            amount: Amount(1_000),
        },
        Command::Deposit {
            account: bob.clone(),
            amount: Amount(500),
        },
        Command::Deposit {
            account: carol.clone(),
            amount: Amount(500),
        },
        Command::Open,
        Command::Split {
            account: alice.clone(),
            amount: Amount(1_000),
        },
        sell(&bob, Slot(0), 600, 150),
        sell(&carol, last, 400, 80),
    ] {
        ledger
            .execute(before, &command)
            .map_err(|error| refused(&error))?;
    }
    for command in [Command::Close, Command::Judge] {
        ledger
            .execute(Time(start), &command)
            .map_err(|error| refused(&error))?;
    }
    let question = ledger
        .market()
        .question()
        .ok_or_else(|| Failure::conflict("book_not_frozen", "the book is not frozen"))?;
    let verified = judge(poll, &question).map_err(|error| Failure::no("not_judged", error))?;
    let after = Time(end.saturating_add(1));
    ledger
        .execute(after, &Command::Propose { verdict: &verified })
        .map_err(|error| refused(&error))?;
    ledger
        .execute(after, &Command::Settle)
        .map_err(|error| refused(&error))?;
    for account in [alice, bob, carol] {
        ledger
            .execute(after, &Command::Redeem { account })
            .map_err(|error| refused(&error))?;
    }
    Ok(Settled {
        ledger,
        verdict: VerdictFile::from(&verified),
        verified,
    })
}

/// One outcome a vote option, as far as a market can hold them; plurality, where a tie splits.
fn open(poll: PollPins) -> Result<Ledger, Failure> {
    let options = usize::try_from(poll.params.vote_options).unwrap_or(usize::MAX);
    let slots = options.clamp(MIN_OUTCOMES, MAX_OUTCOMES);
    let rule = Rule {
        measure: Measure::Votes,
        method: Method::Plurality { tie: Tie::Split },
        min_spent: None,
    };
    let terms = Terms::new(rule, slots, identity_map(slots, options))
        .map_err(|error| Failure::usage("bad_rule", error))?;
    let market = PlainMarket {
        question: QuestionText {
            kind: QuestionKind::Value,
            text: "Which option wins the poll?".to_owned(),
            criterion: "the proven tally of the pinned poll".to_owned(),
            evidence: "the poll's audit bundle".to_owned(),
        },
        outcomes: (0..slots).map(|slot| format!("option {slot}")).collect(),
        terms,
        poll,
        collateral: "credits".to_owned(),
        executor: account("executor")?,
        coordinator: account("coordinator")?,
        allow_insecure_dev: true,
    };
    Ledger::new(market.spec()).map_err(|error| Failure::usage("bad_market", error))
}

fn account(name: &str) -> Result<AccountId, Failure> {
    name.parse()
        .map_err(|error: maci_settlement::types::AccountError| Failure::usage("bad_account", error))
}

impl Settled {
    /// Adds verdict and market to a report.
    pub(super) fn describe(&self, report: Report) -> Report {
        let market = self.ledger.market();
        let (id, grade) = (self.verified.id().to_string(), self.verified.grade());
        let state = market.phase().to_string();
        let report = report
            .with("verdict_id", json!(id))
            .with("grade", json!(grade.to_string()))
            .with("resolution", json!(self.verified.resolution().to_string()))
            .with("insecure_dev", json!(self.verified.insecure_dev()))
            .with("market_id", json!(market.market_id().to_string()))
            .with("market_state", json!(state))
            .with(
                "void_cause",
                json!(market.void_cause().map(|cause| cause.to_string())),
            )
            .with("ledger_head", json!(self.ledger.head().to_string()))
            .with("accounts", json!(accounts(market)))
            .facts(&[
                ("verdict", id),
                ("grade", format!("{grade}, {}", grade.meaning())),
                ("resolution", self.verified.resolution().to_string()),
                ("because", self.verified.reasons().join("; ")),
                (
                    "market",
                    format!(
                        "{state}, {} ledger events, head {}",
                        self.ledger.events().len(),
                        self.ledger.head()
                    ),
                ),
            ])
            .text("");
        accounts_table(report, market)
    }
}
