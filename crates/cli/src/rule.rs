//! The rule of a market on the command line: how a tally becomes a payout.
//!
//! Every choice that could move money is written out by whoever opens the market; a tie in particular has no default.

use clap::{Args, ValueEnum};
use maci_verdict::canonical::Value;
use maci_verdict::rule::{Measure, Method, Rule, Target, Terms, Tie};

use crate::failure::Failure;

/// The options that make up a rule.
#[derive(Args, Debug)]
#[command(next_help_heading = "Rule")]
pub(crate) struct RuleArgs {
    /// How the answer is found
    #[arg(long, value_enum, default_value_t = Kind::Plurality)]
    rule: Kind,

    /// What is compared
    #[arg(long, value_enum, default_value_t = MeasureName::Votes)]
    measure: MeasureName,

    /// Plurality: what a tie means; split, void or status-quo:OPTION
    #[arg(long, value_name = "MEANING")]
    tie: Option<String>,

    /// Threshold: the option that must reach the share
    #[arg(long, value_name = "OPTION")]
    option: Option<u16>,

    /// Threshold: the share of the total to reach, for example 2/3
    #[arg(long, value_name = "N/D")]
    share: Option<String>,

    /// Threshold: where it goes otherwise; slot:N, invalid or too-early
    #[arg(long, value_name = "TARGET")]
    fallback: Option<String>,

    /// Void below this many spent credits
    #[arg(long, value_name = "CREDITS")]
    min_spent: Option<u128>,

    /// Where vote options lead, for example 0=slot:0,1=slot:1,*=invalid [default: option N to slot N, the rest invalid]
    #[arg(long, value_name = "MAP")]
    map: Option<String>,
}

/// The rules that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// All to the option with the most
    Plurality,
    /// One option wins if its share is large enough
    Threshold,
}

/// The measures that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MeasureName {
    /// Vote weights
    Votes,
    /// Voice credits spent
    Credits,
}

impl RuleArgs {
    /// The terms for a market of `outcomes` slots on a poll of `options` options.
    pub(crate) fn terms(&self, outcomes: usize, options: usize) -> Result<Terms, Failure> {
        let rule = Rule {
            measure: match self.measure {
                MeasureName::Votes => Measure::Votes,
                MeasureName::Credits => Measure::Credits,
            },
            method: self.method()?,
            min_spent: self.min_spent,
        };
        let map = match &self.map {
            Some(text) => parse_map(text, options)?,
            None => identity_map(outcomes, options),
        };
        Terms::new(rule, outcomes, map).map_err(|error| bad_rule(&error.to_string()))
    }

    fn method(&self) -> Result<Method, Failure> {
        let threshold_only =
            self.option.is_some() || self.share.is_some() || self.fallback.is_some();
        match self.rule {
            Kind::Plurality if threshold_only => Err(bad_rule(
                "--option, --share and --fallback belong to --rule threshold",
            )),
            Kind::Plurality => {
                let tie = self.tie.as_deref().ok_or_else(|| {
                    Failure::usage(
                        "tie_undeclared",
                        "a plurality rule has to say what a tie means",
                    )
                    .hint("add --tie split, --tie void or --tie status-quo:OPTION")
                })?;
                Ok(Method::Plurality {
                    tie: parse_tie(tie)?,
                })
            }
            Kind::Threshold if self.tie.is_some() => {
                Err(bad_rule("--tie belongs to --rule plurality"))
            }
            Kind::Threshold => {
                let (Some(option), Some(share), Some(fallback)) =
                    (self.option, &self.share, &self.fallback)
                else {
                    return Err(bad_rule(
                        "a threshold rule needs --option, --share and --fallback",
                    ));
                };
                let (numerator, denominator) = parse_share(share)?;
                Ok(Method::Threshold {
                    option,
                    numerator,
                    denominator,
                    fallback: parse_target("--fallback", fallback)?,
                })
            }
        }
    }
}

/// Option N to slot N; options beyond the slots say that the question is invalid.
pub(crate) fn identity_map(outcomes: usize, options: usize) -> Vec<Target> {
    (0..options)
        .map(|option| match u16::try_from(option) {
            Ok(slot) if option < outcomes => Target::Slot(slot),
            _ => Target::Invalid,
        })
        .collect()
}

fn parse_tie(text: &str) -> Result<Tie, Failure> {
    match text {
        "split" => Ok(Tie::Split),
        "void" => Ok(Tie::Void),
        _ => text
            .strip_prefix("status-quo:")
            .and_then(|option| option.parse().ok())
            .map(Tie::StatusQuo)
            .ok_or_else(|| {
                bad_rule(&format!(
                    "--tie: expected split, void or status-quo:OPTION, found {text}"
                ))
            }),
    }
}

fn parse_share(text: &str) -> Result<(u64, u64), Failure> {
    text.split_once('/')
        .and_then(|(numerator, denominator)| {
            Some((numerator.parse().ok()?, denominator.parse().ok()?))
        })
        .ok_or_else(|| {
            bad_rule(&format!(
                "--share: expected N/D, for example 2/3, found {text}"
            ))
        })
}

fn parse_target(path: &str, text: &str) -> Result<Target, Failure> {
    Target::from_value(path, Value::text(text)).map_err(|error| bad_rule(&error.to_string()))
}

fn parse_map(text: &str, options: usize) -> Result<Vec<Target>, Failure> {
    let mut map = vec![None; options];
    let mut rest = Target::Invalid;
    for entry in text.split(',') {
        let (option, target) = entry
            .split_once('=')
            .ok_or_else(|| bad_rule(&format!("--map: expected OPTION=TARGET, found {entry}")))?;
        let target = parse_target("--map", target)?;
        if option == "*" {
            rest = target;
            continue;
        }
        let place = option
            .parse::<usize>()
            .ok()
            .and_then(|option| map.get_mut(option))
            .ok_or_else(|| {
                bad_rule(&format!(
                    "--map: expected an option below {options}, found {option}"
                ))
            })?;
        if place.replace(target).is_some() {
            return Err(bad_rule(&format!(
                "--map: option {option} stands there twice"
            )));
        }
    }
    Ok(map
        .into_iter()
        .map(|target| target.unwrap_or(rest))
        .collect())
}

fn bad_rule(message: &str) -> Failure {
    Failure::usage("bad_rule", message).hint("maci market new --help lists the parts of a rule")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> RuleArgs {
        RuleArgs {
            rule: Kind::Plurality,
            measure: MeasureName::Votes,
            tie: Some("void".to_owned()),
            option: None,
            share: None,
            fallback: None,
            min_spent: None,
            map: None,
        }
    }

    #[test]
    fn a_tie_has_to_be_declared() {
        let failure = RuleArgs {
            tie: None,
            ..args()
        }
        .terms(2, 2)
        .expect_err("undeclared");
        assert_eq!(failure.code(), "tie_undeclared");
        assert!(args().terms(2, 2).is_ok());
    }

    #[test]
    fn the_map_names_options_once_and_within_the_poll() {
        let map = |text: &str| {
            RuleArgs {
                map: Some(text.to_owned()),
                ..args()
            }
            .terms(2, 3)
        };
        let terms = map("2=slot:0,*=too-early").expect("a map");
        assert_eq!(
            terms.map(),
            [Target::TooEarly, Target::TooEarly, Target::Slot(0)]
        );
        for bad in [
            "3=slot:0",
            "0=slot:0,0=slot:1",
            "0=slot:2",
            "0",
            "x=slot:0",
            "0=nowhere",
        ] {
            assert_eq!(map(bad).expect_err(bad).code(), "bad_rule", "{bad}");
        }
    }

    #[test]
    fn options_beyond_the_slots_are_invalid_answers() {
        assert_eq!(
            identity_map(2, 3),
            [Target::Slot(0), Target::Slot(1), Target::Invalid]
        );
    }

    #[test]
    fn parts_of_the_other_rule_are_refused() {
        let with_share = RuleArgs {
            share: Some("1/2".to_owned()),
            ..args()
        };
        assert_eq!(
            with_share.terms(2, 2).expect_err("mixed").code(),
            "bad_rule"
        );
        let threshold = RuleArgs {
            rule: Kind::Threshold,
            tie: None,
            option: Some(1),
            share: Some("2/3".to_owned()),
            fallback: Some("slot:0".to_owned()),
            ..args()
        };
        assert!(threshold.terms(2, 2).is_ok());
        let no_share = RuleArgs {
            share: None,
            ..threshold
        };
        assert_eq!(
            no_share.terms(2, 2).expect_err("incomplete").code(),
            "bad_rule"
        );
    }
}
