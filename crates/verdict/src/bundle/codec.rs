//! The canonical JSON of a bundle.

use maci_verifier::newtypes::Salt;
use maci_verifier::statement::{ProcessBatch, TallyBatch};
use maci_verifier::transcript::{
    ProvedProcess, ProvedTally, TallyOpening, VoiceCredits, initial_sb_commitment,
};
use maci_verifier::{ChainHash, StateRoot};

use super::proof::{key, key_value, proof, proof_value};
use super::{AuditBundle, BUNDLE_FORMAT, BUNDLE_VERSION, BundleError, BundleKeys};
use crate::audit::Anchor;
use crate::canonical::{
    Fields, FormatError, Value, bytes32, bytes32_value, field_element, field_value, list, parse,
    text, uint, uint_value,
};
use crate::digest;
use crate::keys::Provenance;
use crate::pins::PollPins;

impl AuditBundle {
    /// The canonical bytes, with a digest for every section and one for the whole.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut members = vec![
            ("format", Value::text(BUNDLE_FORMAT)),
            ("inputs", self.inputs_value()),
            ("keys", keys_value(&self.keys)),
            ("opening", opening_value(&self.opening)),
            ("poll", self.pins.to_value()),
            ("process", Value::list(&self.process, process_value)),
            ("tally", Value::list(&self.tally, tally_value)),
            ("version", Value::text(BUNDLE_VERSION)),
        ];
        members.extend(self.anchor.map(|anchor| ("anchor", anchor_value(anchor))));
        members.extend(
            self.created_block
                .map(|block| ("created_block", uint_value(block))),
        );
        digest::seal(Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        ))
    }

    /// Reads a bundle and checks that it is whole: one spelling, known version, equal forms of each proof, digests as
    /// stated. What it claims is checked by [`crate::audit()`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let (sealed, value) = digest::open(parse(bytes)?)?;
        let bundle = Fields::read("", value, |fields| {
            fields.expect("format", BUNDLE_FORMAT)?;
            fields.expect("version", BUNDLE_VERSION)?;
            let pins = fields.take("poll", PollPins::from_value)?;
            let inputs = fields.take("inputs", |path, value| Inputs::read(path, value, &pins))?;
            Ok(Self {
                created_block: fields.take_optional("created_block", uint)?,
                state_root: inputs.state_root,
                actual_state_tree_depth: inputs.actual_state_tree_depth,
                total_signups: inputs.total_signups,
                num_messages: inputs.num_messages,
                batch_hashes: inputs.batch_hashes,
                process: fields.take("process", |path, value| list(path, value, process))?,
                tally: fields.take("tally", |path, value| list(path, value, tally))?,
                opening: fields.take("opening", opening)?,
                keys: fields.take("keys", keys)?,
                anchor: fields.take_optional("anchor", anchor)?,
                pins,
            })
        })?;
        sealed.check()?;
        Ok(bundle)
    }

    fn inputs_value(&self) -> Value {
        let snapshot = self.snapshot();
        let first = initial_sb_commitment(&snapshot.params, snapshot.state_root);
        Value::object([
            (
                "actual_state_tree_depth",
                uint_value(self.actual_state_tree_depth),
            ),
            (
                "batch_hashes",
                Value::list(&self.batch_hashes, |hash| field_value(&hash.0)),
            ),
            ("chain_hash", field_value(&snapshot.chain_hash.0)),
            ("first_sb_commitment", field_value(&first.0)),
            ("merged_state_root", field_value(&self.state_root.0)),
            ("num_messages", uint_value(self.num_messages)),
            (
                "published_messages",
                uint_value(self.num_messages.saturating_sub(1)),
            ),
            (
                "joined_users",
                uint_value(self.total_signups.saturating_sub(1)),
            ),
            ("total_signups", uint_value(self.total_signups)),
        ])
    }
}

/// The section `inputs`: what the contracts fixed when the poll was closed.
struct Inputs {
    state_root: StateRoot,
    actual_state_tree_depth: u64,
    total_signups: u64,
    num_messages: u64,
    batch_hashes: Vec<ChainHash>,
}

impl Inputs {
    /// Values that follow from others are stated for readers; here they must be what they follow to be.
    fn read(path: &str, value: Value, pins: &PollPins) -> Result<Self, FormatError> {
        Fields::read(path, value, |fields| {
            let inputs = Self {
                state_root: StateRoot(fields.take("merged_state_root", field_element)?),
                actual_state_tree_depth: fields.take("actual_state_tree_depth", uint)?,
                total_signups: fields.take("total_signups", uint)?,
                num_messages: fields.take("num_messages", uint)?,
                batch_hashes: fields
                    .take("batch_hashes", |path, value| {
                        list(path, value, field_element)
                    })?
                    .into_iter()
                    .map(ChainHash)
                    .collect(),
            };
            let same = |found: u64, expected: u64, path: &str| {
                if found == expected {
                    Ok(())
                } else {
                    Err(derived(path, &expected, &found))
                }
            };
            fields.take("joined_users", |path, value| {
                same(
                    uint(path, value)?,
                    inputs.total_signups.saturating_sub(1),
                    path,
                )
            })?;
            fields.take("published_messages", |path, value| {
                same(
                    uint(path, value)?,
                    inputs.num_messages.saturating_sub(1),
                    path,
                )
            })?;
            fields.take("chain_hash", |path, value| {
                let found = ChainHash(field_element(path, value)?);
                match inputs.batch_hashes.last() {
                    Some(last) if *last == found => Ok(()),
                    _ => Err(FormatError::bad_value(
                        path,
                        "the last batch hash",
                        found.to_string(),
                    )),
                }
            })?;
            fields.take("first_sb_commitment", |path, value| {
                let found = field_element(path, value)?;
                let expected = initial_sb_commitment(&pins.params, inputs.state_root).0;
                if found == expected {
                    Ok(())
                } else {
                    Err(derived(path, &expected, &found))
                }
            })?;
            Ok(inputs)
        })
    }
}

fn derived(path: &str, expected: &impl ToString, found: &impl ToString) -> FormatError {
    FormatError::bad_value(
        path,
        format!(
            "{}, which follows from the other inputs",
            expected.to_string()
        ),
        found.to_string(),
    )
}

fn process_value(batch: &ProvedProcess) -> Value {
    let statement = &batch.statement;
    Value::object([
        ("batch_end_index", uint_value(statement.batch_end_index)),
        (
            "current_sb_commitment",
            field_value(&statement.current_sb_commitment.0),
        ),
        ("index", uint_value(statement.index)),
        (
            "new_sb_commitment",
            field_value(&statement.new_sb_commitment.0),
        ),
        (
            "output_batch_hash",
            field_value(&statement.output_batch_hash.0),
        ),
        ("proof", proof_value(&batch.proof, statement)),
    ])
}

fn process(path: &str, value: Value) -> Result<ProvedProcess, FormatError> {
    Fields::read(path, value, |fields| {
        let (statement, proof) = fields.take("proof", proof::<ProcessBatch>)?;
        signal(fields, "batch_end_index", statement.batch_end_index.into())?;
        signal(
            fields,
            "current_sb_commitment",
            statement.current_sb_commitment.0,
        )?;
        signal(fields, "index", statement.index.into())?;
        signal(fields, "new_sb_commitment", statement.new_sb_commitment.0)?;
        signal(fields, "output_batch_hash", statement.output_batch_hash.0)?;
        Ok(ProvedProcess { statement, proof })
    })
}

fn tally_value(batch: &ProvedTally) -> Value {
    let statement = &batch.statement;
    Value::object([
        (
            "current_tally_commitment",
            field_value(&statement.current_tally_commitment.0),
        ),
        ("index", uint_value(statement.index)),
        (
            "new_tally_commitment",
            field_value(&statement.new_tally_commitment.0),
        ),
        ("proof", proof_value(&batch.proof, statement)),
    ])
}

fn tally(path: &str, value: Value) -> Result<ProvedTally, FormatError> {
    Fields::read(path, value, |fields| {
        let (statement, proof) = fields.take("proof", proof::<TallyBatch>)?;
        signal(
            fields,
            "current_tally_commitment",
            statement.current_tally_commitment.0,
        )?;
        signal(fields, "index", statement.index.into())?;
        signal(
            fields,
            "new_tally_commitment",
            statement.new_tally_commitment.0,
        )?;
        Ok(ProvedTally { statement, proof })
    })
}

/// A named value that must be the public signal of that meaning.
fn signal(
    fields: &mut Fields,
    name: &'static str,
    expected: maci_crypto::Fr,
) -> Result<(), FormatError> {
    fields.take(name, |path, value| {
        let found = field_element(path, value)?;
        if found == expected {
            Ok(())
        } else {
            Err(FormatError::bad_value(
                path,
                format!("the public signal {expected}"),
                found.to_string(),
            ))
        }
    })
}

fn opening_value(opening: &TallyOpening) -> Value {
    let mut members = vec![
        (
            "results",
            Value::list(&opening.results, |votes| uint_value(*votes)),
        ),
        ("results_salt", field_value(&opening.results_salt.0)),
        ("total_spent", field_value(&opening.total_spent.0)),
        ("total_spent_salt", field_value(&opening.total_spent_salt.0)),
    ];
    if let Some((spent, salt)) = &opening.per_option_spent {
        members.push((
            "spent_per_option",
            Value::list(spent, |credits| field_value(&credits.0)),
        ));
        members.push(("spent_per_option_salt", field_value(&salt.0)));
    }
    Value::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn opening(path: &str, value: Value) -> Result<TallyOpening, FormatError> {
    Fields::read(path, value, |fields| {
        let spent = fields.take_optional("spent_per_option", |path, value| {
            list(path, value, field_element)
        })?;
        let per_option_spent = match spent {
            Some(spent) => {
                let salt = Salt(fields.take("spent_per_option_salt", field_element)?);
                Some((spent.into_iter().map(VoiceCredits).collect(), salt))
            }
            None => None,
        };
        Ok(TallyOpening {
            results: fields.take("results", |path, value| list(path, value, uint))?,
            results_salt: Salt(fields.take("results_salt", field_element)?),
            total_spent: VoiceCredits(fields.take("total_spent", field_element)?),
            total_spent_salt: Salt(fields.take("total_spent_salt", field_element)?),
            per_option_spent,
        })
    })
}

fn keys_value(keys: &BundleKeys) -> Value {
    let mut members = vec![
        ("process", key_value(&keys.process)),
        ("provenance", Value::text(keys.provenance.name())),
        ("tally", key_value(&keys.tally)),
    ];
    members.extend(
        keys.joining
            .map(|hash| ("joining_registry_keccak256", bytes32_value(hash))),
    );
    Value::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn keys(path: &str, value: Value) -> Result<BundleKeys, FormatError> {
    Fields::read(path, value, |fields| {
        Ok(BundleKeys {
            process: fields.take("process", key)?,
            tally: fields.take("tally", key)?,
            joining: fields.take_optional("joining_registry_keccak256", bytes32)?,
            provenance: fields.take("provenance", |path, value| {
                let found = text(path, value)?;
                let provenance = Provenance::ALL
                    .into_iter()
                    .find(|provenance| provenance.name() == found);
                provenance
                    .ok_or_else(|| FormatError::bad_value(path, "insecure-dev or ceremony", found))
            })?,
        })
    })
}

fn anchor_value(anchor: Anchor) -> Value {
    Value::object([
        ("block_hash", bytes32_value(anchor.hash)),
        ("block_number", uint_value(anchor.number)),
    ])
}

fn anchor(path: &str, value: Value) -> Result<Anchor, FormatError> {
    Fields::read(path, value, |fields| {
        Ok(Anchor {
            hash: fields.take("block_hash", bytes32)?,
            number: fields.take("block_number", uint)?,
        })
    })
}
