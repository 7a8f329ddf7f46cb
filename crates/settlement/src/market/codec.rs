//! The canonical JSON of events: `{body, kind, prev, seq, time}` is what is hashed, `hash` is added in the file.

use alloy_primitives::B256;
use maci_verdict::canonical::{
    Fields, FormatError, Value, boolean, bytes32, bytes32_value, list, text, uint, uint_value,
};

use super::event::{Body, EVENT_KINDS, Event, Trade};
use crate::spec::tagged_hash;
use crate::types::{AccountId, Amount, Slot, Time};

const TAG: &[u8] = b"maci-rs/ledger-event/v1";

fn account_amount(account: &AccountId, amount: Amount) -> Value {
    Value::object([
        ("account", account.to_value()),
        ("amount", amount.to_value()),
    ])
}

impl Body {
    fn to_value(&self) -> Value {
        match self {
            Self::Deposit { account, amount }
            | Self::Withdraw { account, amount }
            | Self::PostBond { account, amount }
            | Self::ReleaseBond { account, amount }
            | Self::Split { account, amount }
            | Self::Merge { account, amount }
            | Self::Redeem { account, amount } => account_amount(account, *amount),
            Self::Open | Self::Close => Value::object([]),
            Self::Trade { trade, fee } => Value::object([
                ("buyer", trade.buyer.to_value()),
                ("fee", fee.to_value()),
                ("payment", trade.payment.to_value()),
                ("seller", trade.seller.to_value()),
                ("shares", trade.shares.to_value()),
                ("slot", trade.slot.to_value()),
            ]),
            Self::Transfer {
                from,
                to,
                slot,
                shares,
            } => Value::object([
                ("from", from.to_value()),
                ("shares", shares.to_value()),
                ("slot", slot.to_value()),
                ("to", to.to_value()),
            ]),
            Self::Judge { poll } => Value::object([("poll", uint_value(*poll as u64))]),
            Self::VerdictAccepted {
                verdict_id,
                resolution,
                numerators,
                insecure_dev,
            } => Value::object([
                ("insecure_dev", Value::Bool(*insecure_dev)),
                (
                    "numerators",
                    Value::list(numerators, |numerator| uint_value(*numerator)),
                ),
                ("resolution", Value::text(resolution)),
                ("verdict_id", bytes32_value(*verdict_id)),
            ]),
            Self::VerdictConflict { verdict_id } => {
                Value::object([("verdict_id", bytes32_value(*verdict_id))])
            }
            Self::AnchorLost { canonical } => {
                Value::object([("canonical", bytes32_value(*canonical))])
            }
            Self::Settled { verdict_id, total } => Value::object([
                ("total", total.to_value()),
                ("verdict_id", bytes32_value(*verdict_id)),
            ]),
            Self::Voided { cause, total } => {
                Value::object([("cause", Value::text(cause)), ("total", total.to_value())])
            }
            Self::CollectFees { amount } => Value::object([("amount", amount.to_value())]),
        }
    }

    fn from_value(kind: &str, path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            let account = |fields: &mut Fields| fields.take("account", AccountId::from_value);
            let amount = |fields: &mut Fields| fields.take("amount", Amount::from_value);
            Ok(match kind {
                "deposit" => Self::Deposit {
                    account: account(fields)?,
                    amount: amount(fields)?,
                },
                "withdraw" => Self::Withdraw {
                    account: account(fields)?,
                    amount: amount(fields)?,
                },
                "post_bond" => Self::PostBond {
                    account: account(fields)?,
                    amount: amount(fields)?,
                },
                "release_bond" => Self::ReleaseBond {
                    account: account(fields)?,
                    amount: amount(fields)?,
                },
                "split" => Self::Split {
                    account: account(fields)?,
                    amount: amount(fields)?,
                },
                "merge" => Self::Merge {
                    account: account(fields)?,
                    amount: amount(fields)?,
                },
                "redeem" => Self::Redeem {
                    account: account(fields)?,
                    amount: amount(fields)?,
                },
                "collect_fees" => Self::CollectFees {
                    amount: amount(fields)?,
                },
                "open" => Self::Open,
                "close" => Self::Close,
                "trade" => Self::Trade {
                    trade: Trade {
                        buyer: fields.take("buyer", AccountId::from_value)?,
                        seller: fields.take("seller", AccountId::from_value)?,
                        slot: fields.take("slot", Slot::from_value)?,
                        shares: fields.take("shares", Amount::from_value)?,
                        payment: fields.take("payment", Amount::from_value)?,
                    },
                    fee: fields.take("fee", Amount::from_value)?,
                },
                "transfer" => Self::Transfer {
                    from: fields.take("from", AccountId::from_value)?,
                    to: fields.take("to", AccountId::from_value)?,
                    slot: fields.take("slot", Slot::from_value)?,
                    shares: fields.take("shares", Amount::from_value)?,
                },
                "judge" => Self::Judge {
                    poll: fields.take("poll", uint)?,
                },
                "verdict_accepted" => Self::VerdictAccepted {
                    verdict_id: fields.take("verdict_id", bytes32)?,
                    resolution: fields.take("resolution", text)?,
                    numerators: fields.take("numerators", |path, value| list(path, value, uint))?,
                    insecure_dev: fields.take("insecure_dev", boolean)?,
                },
                "verdict_conflict" => Self::VerdictConflict {
                    verdict_id: fields.take("verdict_id", bytes32)?,
                },
                "anchor_lost" => Self::AnchorLost {
                    canonical: fields.take("canonical", bytes32)?,
                },
                "settled" => Self::Settled {
                    verdict_id: fields.take("verdict_id", bytes32)?,
                    total: fields.take("total", Amount::from_value)?,
                },
                "voided" => Self::Voided {
                    cause: fields.take("cause", text)?,
                    total: fields.take("total", Amount::from_value)?,
                },
                other => {
                    return Err(FormatError::bad_value(
                        "kind",
                        format!("one of {}", EVENT_KINDS.join(", ")),
                        other,
                    ));
                }
            })
        })
    }
}

impl Event {
    /// An event with its hash.
    pub(crate) fn new(seq: u64, prev: B256, time: Time, body: Body) -> Self {
        let mut event = Self {
            seq,
            prev,
            time,
            body,
            hash: B256::ZERO,
        };
        event.hash = event.compute_hash();
        event
    }

    fn hashed_members(&self) -> [(&'static str, Value); 5] {
        [
            ("body", self.body.to_value()),
            ("kind", Value::text(self.body.kind())),
            ("prev", bytes32_value(self.prev)),
            ("seq", uint_value(self.seq)),
            ("time", self.time.to_value()),
        ]
    }

    /// The hash of the content, whatever the field `hash` says.
    pub(crate) fn compute_hash(&self) -> B256 {
        tagged_hash(TAG, &Value::object(self.hashed_members()).to_bytes())
    }

    /// The canonical form with the hash: one line of a ledger file.
    pub fn to_value(&self) -> Value {
        let [body, kind, prev, seq, time] = self.hashed_members();
        Value::object([
            body,
            ("hash", bytes32_value(self.hash)),
            kind,
            prev,
            seq,
            time,
        ])
    }

    /// Reads what [`Event::to_value`] writes; the hash is taken as it stands.
    pub fn from_value(value: Value) -> Result<Self, FormatError> {
        Fields::read("event", value, |fields| {
            let kind = fields.take("kind", text)?;
            Ok(Self {
                body: fields.take("body", |path, value| Body::from_value(&kind, path, value))?,
                hash: fields.take("hash", bytes32)?,
                prev: fields.take("prev", bytes32)?,
                seq: fields.take("seq", uint)?,
                time: fields.take("time", Time::from_value)?,
            })
        })
    }
}
