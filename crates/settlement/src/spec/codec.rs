//! The canonical JSON of a specification.

use maci_verdict::canonical::{
    Fields, FormatError, Value, address, address_value, boolean, list, parse, text, uint,
    uint_value,
};
use maci_verdict::{Grade, PollPins, Terms};

use super::{
    Bond, CaptureProfile, Collateral, MarketSpec, QuestionKind, QuestionText, Roles, ValueCap,
    VoidPolicy,
};
use crate::types::{AccountId, Amount, Slot, Time};

impl QuestionKind {
    /// `fact`, `value`, `performance` or `limit`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Value => "value",
            Self::Performance => "performance",
            Self::Limit => "limit",
        }
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        let found = text(path, value)?;
        let kinds = [Self::Fact, Self::Value, Self::Performance, Self::Limit];
        let kind = kinds.into_iter().find(|kind| kind.name() == found);
        kind.ok_or_else(|| FormatError::bad_value(path, "fact, value, performance or limit", found))
    }
}

impl QuestionText {
    fn to_value(&self) -> Value {
        Value::object([
            ("criterion", Value::text(&self.criterion)),
            ("evidence", Value::text(&self.evidence)),
            ("kind", Value::text(self.kind.name())),
            ("text", Value::text(&self.text)),
        ])
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                criterion: fields.take("criterion", text)?,
                evidence: fields.take("evidence", text)?,
                kind: fields.take("kind", QuestionKind::from_value)?,
                text: fields.take("text", text)?,
            })
        })
    }
}

impl Roles {
    fn to_value(&self) -> Value {
        let mut value = vec![
            ("coordinator", self.coordinator.to_value()),
            ("executor", self.executor.to_value()),
            (
                "executor_is_coordinator",
                Value::Bool(self.executor_is_coordinator),
            ),
            ("fee_taker", self.fee_taker.to_value()),
            ("verifier", Value::text(&self.verifier)),
        ];
        value.extend(
            self.market_maker
                .as_ref()
                .map(|maker| ("market_maker", maker.to_value())),
        );
        Value::Object(
            value
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                coordinator: fields.take("coordinator", AccountId::from_value)?,
                executor: fields.take("executor", AccountId::from_value)?,
                executor_is_coordinator: fields.take("executor_is_coordinator", boolean)?,
                fee_taker: fields.take("fee_taker", AccountId::from_value)?,
                verifier: fields.take("verifier", text)?,
                market_maker: fields.take_optional("market_maker", AccountId::from_value)?,
            })
        })
    }
}

impl CaptureProfile {
    fn to_value(&self) -> Value {
        Value::object([
            (
                "accepts_token_weighted",
                Value::Bool(self.accepts_token_weighted),
            ),
            ("credit_source", Value::text(&self.credit_source)),
            ("policy", Value::text(&self.policy)),
            ("token_weighted", Value::Bool(self.token_weighted)),
        ])
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                accepts_token_weighted: fields.take("accepts_token_weighted", boolean)?,
                credit_source: fields.take("credit_source", text)?,
                policy: fields.take("policy", text)?,
                token_weighted: fields.take("token_weighted", boolean)?,
            })
        })
    }
}

impl VoidPolicy {
    fn to_value(self) -> Value {
        match self {
            Self::InvalidSlot(slot) => Value::text(format!("invalid_slot:{slot}")),
            Self::CostBasisRefund => Value::text("cost_basis_refund"),
            Self::Uniform => Value::text("uniform"),
        }
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        let found = text(path, value)?;
        match found.as_str() {
            "cost_basis_refund" => Ok(Self::CostBasisRefund),
            "uniform" => Ok(Self::Uniform),
            other => match other.strip_prefix("invalid_slot:") {
                Some(slot) => Ok(Self::InvalidSlot(Slot::from_value(
                    path,
                    Value::text(slot),
                )?)),
                None => Err(FormatError::bad_value(
                    path,
                    "invalid_slot:N, cost_basis_refund or uniform",
                    other,
                )),
            },
        }
    }
}

impl ValueCap {
    fn to_value(self) -> Value {
        Value::object([
            ("electorate", uint_value(self.electorate)),
            ("per_credit", self.per_credit.to_value()),
            ("per_juror", self.per_juror.to_value()),
        ])
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                electorate: fields.take("electorate", uint)?,
                per_credit: fields.take("per_credit", Amount::from_value)?,
                per_juror: fields.take("per_juror", Amount::from_value)?,
            })
        })
    }
}

impl Bond {
    fn to_value(&self) -> Value {
        Value::object([
            ("account", self.account.to_value()),
            ("amount", self.amount.to_value()),
        ])
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                account: fields.take("account", AccountId::from_value)?,
                amount: fields.take("amount", Amount::from_value)?,
            })
        })
    }
}

impl Collateral {
    fn to_value(&self) -> Value {
        Value::object([
            ("decimals", uint_value(self.decimals)),
            ("name", Value::text(&self.name)),
        ])
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                decimals: fields.take("decimals", uint)?,
                name: fields.take("name", text)?,
            })
        })
    }
}

fn grade(path: &str, value: Value) -> Result<Grade, FormatError> {
    let found = text(path, value)?;
    let grade = Grade::ALL.into_iter().find(|grade| grade.name() == found);
    grade.ok_or_else(|| FormatError::bad_value(path, "V1, V2 or V3", found))
}

impl MarketSpec {
    /// The canonical form; its bytes are what the market id hashes.
    pub fn to_value(&self) -> Value {
        let mut members = vec![
            ("allow_insecure_dev", Value::Bool(self.allow_insecure_dev)),
            ("bonds", Value::list(&self.bonds, Bond::to_value)),
            ("capture_profile", self.capture_profile.to_value()),
            ("close_time", self.close_time.to_value()),
            ("collateral", self.collateral.to_value()),
            ("fee_ppm", uint_value(self.fee_ppm)),
            ("finality", uint_value(self.finality)),
            ("gate", address_value(self.gate)),
            ("min_grade", Value::text(self.min_grade.name())),
            ("outcomes", Value::list(&self.outcomes, Value::text)),
            ("polls", Value::list(&self.polls, PollPins::to_value)),
            ("question", self.question.to_value()),
            ("roles", self.roles.to_value()),
            ("settle_by", self.settle_by.to_value()),
            ("subsidy", self.subsidy.to_value()),
            ("terms", self.terms.to_value()),
            ("void_policy", self.void_policy.to_value()),
        ];
        members.extend(self.value_cap.map(|cap| ("value_cap", cap.to_value())));
        Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// The parts that decide the resolution.
    pub(super) fn resolution_value(&self) -> Value {
        Value::object([
            ("close_time", self.close_time.to_value()),
            ("outcomes", Value::list(&self.outcomes, Value::text)),
            ("polls", Value::list(&self.polls, PollPins::to_value)),
            ("question", self.question.to_value()),
            ("settle_by", self.settle_by.to_value()),
            ("terms", self.terms.to_value()),
            ("void_policy", self.void_policy.to_value()),
        ])
    }

    /// Reads what [`MarketSpec::to_value`] writes. Call [`MarketSpec::validate`] before using it.
    pub fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            Ok(Self {
                allow_insecure_dev: fields.take("allow_insecure_dev", boolean)?,
                bonds: fields.take("bonds", |path, value| list(path, value, Bond::from_value))?,
                capture_profile: fields.take("capture_profile", CaptureProfile::from_value)?,
                close_time: fields.take("close_time", Time::from_value)?,
                collateral: fields.take("collateral", Collateral::from_value)?,
                fee_ppm: fields.take("fee_ppm", uint)?,
                finality: fields.take("finality", uint)?,
                gate: fields.take("gate", address)?,
                min_grade: fields.take("min_grade", grade)?,
                outcomes: fields.take("outcomes", |path, value| list(path, value, text))?,
                polls: fields.take("polls", |path, value| {
                    list(path, value, PollPins::from_value)
                })?,
                question: fields.take("question", QuestionText::from_value)?,
                roles: fields.take("roles", Roles::from_value)?,
                settle_by: fields.take("settle_by", Time::from_value)?,
                subsidy: fields.take("subsidy", Amount::from_value)?,
                terms: fields.take("terms", Terms::from_value)?,
                value_cap: fields.take_optional("value_cap", ValueCap::from_value)?,
                void_policy: fields.take("void_policy", VoidPolicy::from_value)?,
            })
        })
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_value().to_bytes()
    }

    /// Reads the canonical bytes. Call [`MarketSpec::validate`] before using it.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        Self::from_value("spec", parse(bytes)?)
    }
}
