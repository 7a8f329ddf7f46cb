//! The canonical JSON of [`Terms`].

use super::{Measure, Method, Rule, Target, Terms, Tie};
use crate::canonical::{Fields, FormatError, Value, list, text, uint, uint_value};

impl Target {
    /// `slot:N`, `invalid` or `too-early`.
    pub fn to_value(self) -> Value {
        match self {
            Self::Slot(slot) => Value::text(format!("slot:{slot}")),
            Self::Invalid => Value::text("invalid"),
            Self::TooEarly => Value::text("too-early"),
        }
    }

    /// Reads what [`Target::to_value`] writes.
    pub fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        let found = text(path, value)?;
        match found.as_str() {
            "invalid" => Ok(Self::Invalid),
            "too-early" => Ok(Self::TooEarly),
            other => match other.strip_prefix("slot:") {
                Some(slot) => Ok(Self::Slot(uint(path, Value::text(slot))?)),
                None => Err(FormatError::bad_value(
                    path,
                    "\"slot:N\", \"invalid\" or \"too-early\"",
                    other,
                )),
            },
        }
    }
}

impl Tie {
    fn to_value(self) -> Value {
        match self {
            Self::Split => Value::text("split"),
            Self::Void => Value::text("void"),
            Self::StatusQuo(option) => Value::text(format!("status-quo:{option}")),
        }
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        let found = text(path, value)?;
        match found.as_str() {
            "split" => Ok(Self::Split),
            "void" => Ok(Self::Void),
            other => match other.strip_prefix("status-quo:") {
                Some(option) => Ok(Self::StatusQuo(uint(path, Value::text(option))?)),
                None => Err(FormatError::bad_value(
                    path,
                    "\"split\", \"void\" or \"status-quo:N\"",
                    other,
                )),
            },
        }
    }
}

impl Measure {
    const fn name(self) -> &'static str {
        match self {
            Self::Votes => "votes",
            Self::Credits => "credits",
        }
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        let found = text(path, value)?;
        match found.as_str() {
            "votes" => Ok(Self::Votes),
            "credits" => Ok(Self::Credits),
            other => Err(FormatError::bad_value(
                path,
                "\"votes\" or \"credits\"",
                other,
            )),
        }
    }
}

impl Rule {
    fn to_value(self) -> Value {
        let (id, mut members) = match self.method {
            Method::Plurality { tie } => ("plurality", vec![("tie", tie.to_value())]),
            Method::Threshold {
                option,
                numerator,
                denominator,
                fallback,
            } => (
                "threshold",
                vec![
                    ("option", uint_value(option)),
                    ("numerator", uint_value(numerator)),
                    ("denominator", uint_value(denominator)),
                    ("fallback", fallback.to_value()),
                ],
            ),
        };
        members.push(("id", Value::text(id)));
        members.push(("measure", Value::text(self.measure.name())));
        if let Some(min_spent) = self.min_spent {
            members.push(("min_spent", uint_value(min_spent)));
        }
        Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            let method = fields.take("id", text)?;
            let method = match method.as_str() {
                "plurality" => Method::Plurality {
                    tie: fields.take("tie", Tie::from_value)?,
                },
                "threshold" => Method::Threshold {
                    option: fields.take("option", uint)?,
                    numerator: fields.take("numerator", uint)?,
                    denominator: fields.take("denominator", uint)?,
                    fallback: fields.take("fallback", Target::from_value)?,
                },
                other => {
                    return Err(FormatError::bad_value(
                        path,
                        "rule \"plurality\" or \"threshold\"",
                        other,
                    ));
                }
            };
            Ok(Self {
                measure: fields.take("measure", Measure::from_value)?,
                method,
                min_spent: fields.take_optional("min_spent", uint)?,
            })
        })
    }
}

impl Terms {
    /// The canonical form.
    pub fn to_value(&self) -> Value {
        Value::object([
            ("map", Value::list(&self.map, |target| target.to_value())),
            ("outcomes", uint_value(self.outcomes)),
            ("rule", self.rule.to_value()),
        ])
    }

    /// Reads what [`Terms::to_value`] writes and checks it.
    pub fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        let (rule, outcomes, map) = Fields::read(path, value, |fields| {
            Ok((
                fields.take("rule", Rule::from_value)?,
                fields.take("outcomes", uint::<u16>)?,
                fields.take("map", |path, value| list(path, value, Target::from_value))?,
            ))
        })?;
        Self::new(rule, usize::from(outcomes), map).map_err(|error| {
            FormatError::bad_value(path, "terms that agree with each other", error.to_string())
        })
    }
}
