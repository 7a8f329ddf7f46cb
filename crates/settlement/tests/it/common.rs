//! A small market, the polls that judge it, and short ways to drive it.

use std::sync::OnceLock;

use alloy_primitives::Address;
use maci_settlement::spec::{
    CaptureProfile, Collateral, MarketSpec, QuestionKind, QuestionText, Roles,
};
use maci_settlement::{AccountId, Amount, Command, Ledger, Refusal, Slot, Time, Trade, VoidPolicy};
use maci_verdict::rule::{Measure, Method, Rule, Target, Terms, Tie};
use maci_verdict::testing::ToyPoll;
use maci_verdict::{Grade, PollPins, Provenance, VerifiedPoll, VerifiedVerdict, judge};

pub(crate) const CLOSE: u64 = 1000;
pub(crate) const POLL_START: u64 = 2000;
pub(crate) const POLL_END: u64 = 3000;
pub(crate) const SETTLE_BY: u64 = 10_000;
pub(crate) const FINALITY: u64 = 100;

/// The poll of the market, with other results or keys as a test asks.
pub(crate) fn toy(results: [u64; 5]) -> ToyPoll {
    ToyPoll {
        results: results.to_vec(),
        ..ToyPoll::default()
    }
}

/// Option 1 leads, so slot 1 wins.
pub(crate) fn slot_1_wins() -> &'static VerifiedPoll {
    static POLL: OnceLock<VerifiedPoll> = OnceLock::new();
    POLL.get_or_init(|| toy([10, 20, 5, 0, 0]).verified())
}

/// Option 3 leads, so the question is invalid.
pub(crate) fn invalid() -> &'static VerifiedPoll {
    static POLL: OnceLock<VerifiedPoll> = OnceLock::new();
    POLL.get_or_init(|| toy([1, 2, 3, 40, 0]).verified())
}

/// Option 4 leads, so it is too early.
pub(crate) fn too_early() -> &'static VerifiedPoll {
    static POLL: OnceLock<VerifiedPoll> = OnceLock::new();
    POLL.get_or_init(|| toy([1, 2, 3, 0, 40]).verified())
}

/// The second pinned poll, from 4000 to 5000; option 0 leads.
pub(crate) fn second_poll() -> &'static VerifiedPoll {
    static POLL: OnceLock<VerifiedPoll> = OnceLock::new();
    POLL.get_or_init(|| second_toy([9, 0, 1, 0, 0]).verified())
}

pub(crate) fn second_toy(results: [u64; 5]) -> ToyPoll {
    let mut poll = toy(results);
    poll.source.poll_id = 1;
    poll.source.contracts.poll = Address::repeat_byte(0x55);
    poll.source.start_date = 4000;
    poll.source.end_date = 5000;
    poll
}

pub(crate) fn pins() -> PollPins {
    slot_1_wins().pins().clone()
}

pub(crate) fn terms() -> Terms {
    let rule = Rule {
        measure: Measure::Votes,
        method: Method::Plurality { tie: Tie::Split },
        min_spent: None,
    };
    let map = vec![
        Target::Slot(0),
        Target::Slot(1),
        Target::Slot(2),
        Target::Invalid,
        Target::TooEarly,
    ];
    Terms::new(rule, 3, map).unwrap()
}

pub(crate) fn spec() -> MarketSpec {
    MarketSpec {
        question: QuestionText {
            kind: QuestionKind::Fact,
            text: "Which proposal was built?".to_owned(),
            criterion: "The release notes name it.".to_owned(),
            evidence: "The project's repository.".to_owned(),
        },
        outcomes: ["red", "green", "blue"].map(str::to_owned).to_vec(),
        terms: terms(),
        polls: vec![pins()],
        collateral: Collateral {
            name: "unit".to_owned(),
            decimals: 6,
        },
        close_time: Time(CLOSE),
        settle_by: Time(SETTLE_BY),
        finality: FINALITY,
        void_policy: VoidPolicy::CostBasisRefund,
        roles: Roles {
            executor: id("executor"),
            coordinator: id("coordinator"),
            executor_is_coordinator: false,
            verifier: "anyone with the bundle".to_owned(),
            fee_taker: id("executor"),
            market_maker: None,
        },
        capture_profile: CaptureProfile {
            policy: "free for all".to_owned(),
            credit_source: "constant".to_owned(),
            token_weighted: false,
            accepts_token_weighted: false,
        },
        bonds: vec![],
        subsidy: Amount::ZERO,
        fee_ppm: 0,
        value_cap: None,
        min_grade: Grade::V1,
        allow_insecure_dev: false,
        gate: Address::ZERO,
    }
}

pub(crate) fn id(name: &str) -> AccountId {
    name.parse().unwrap()
}

/// A ledger with short names for commands.
pub(crate) struct Book(pub(crate) Ledger);

impl Book {
    pub(crate) fn new(spec: MarketSpec) -> Self {
        Self(Ledger::new(spec).unwrap())
    }

    /// Open, with ann, ben and cat holding 1000 each.
    pub(crate) fn open(spec: MarketSpec) -> Self {
        let mut book = Self::new(spec);
        for account in ["ann", "ben", "cat"] {
            book.deposit(1, account, 1000);
        }
        book.run(1, &Command::Open);
        book
    }

    /// Judging, with positions: ann 300 of each but 100 red and 50 green sold, ben 100 red, cat 50 green.
    pub(crate) fn judging(spec: MarketSpec) -> Self {
        let mut book = Self::open(spec);
        book.split(2, "ann", 300);
        book.trade(3, "ben", "ann", 0, 100, 40);
        book.trade(4, "cat", "ann", 1, 50, 30);
        book.run(CLOSE, &Command::Close);
        book.run(POLL_START, &Command::Judge);
        book
    }

    /// Proposed at 3001 with slot 1 as the winner.
    pub(crate) fn proposed(spec: MarketSpec) -> Self {
        let mut book = Self::judging(spec);
        let verdict = book.verdict(slot_1_wins());
        book.run(POLL_END + 1, &Command::Propose { verdict: &verdict });
        book
    }

    pub(crate) fn verdict(&self, poll: &VerifiedPoll) -> VerifiedVerdict {
        judge(poll, &self.0.market().question().unwrap()).unwrap()
    }

    pub(crate) fn try_run(&mut self, time: u64, command: &Command<'_>) -> Result<bool, Refusal> {
        self.0
            .execute(Time(time), command)
            .map(|event| event.is_some())
    }

    pub(crate) fn run(&mut self, time: u64, command: &Command<'_>) {
        assert!(self.try_run(time, command).unwrap());
    }

    pub(crate) fn deposit(&mut self, time: u64, account: &str, amount: u128) {
        self.run(
            time,
            &Command::Deposit {
                account: id(account),
                amount: Amount(amount),
            },
        );
    }

    pub(crate) fn split(&mut self, time: u64, account: &str, amount: u128) {
        self.run(
            time,
            &Command::Split {
                account: id(account),
                amount: Amount(amount),
            },
        );
    }

    pub(crate) fn trade(
        &mut self,
        time: u64,
        buyer: &str,
        seller: &str,
        slot: u16,
        shares: u128,
        payment: u128,
    ) {
        self.run(time, &trade(buyer, seller, slot, shares, payment));
    }

    pub(crate) fn redeem(&mut self, time: u64, account: &str) -> bool {
        self.try_run(
            time,
            &Command::Redeem {
                account: id(account),
            },
        )
        .unwrap()
    }

    pub(crate) fn cash(&self, account: &str) -> u128 {
        self.0.market().accounts()[&id(account)].cash.0
    }
}

pub(crate) fn trade(
    buyer: &str,
    seller: &str,
    slot: u16,
    shares: u128,
    payment: u128,
) -> Command<'static> {
    Command::Trade(Trade {
        buyer: id(buyer),
        seller: id(seller),
        slot: Slot(slot),
        shares: Amount(shares),
        payment: Amount(payment),
    })
}

/// The market's poll under toy development keys.
pub(crate) fn dev_poll() -> VerifiedPoll {
    ToyPoll {
        provenance: Provenance::InsecureDev,
        ..toy([10, 20, 5, 0, 0])
    }
    .verified()
}
