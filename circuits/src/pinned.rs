//! Pinned circuits: rows, public inputs and digest of every circuit of [`PINNED`] are files under `circuits/pinned/`, so that
//! a change of a circuit shows up in review and never by surprise in a key (security.md C-29).

use ark_relations::gr1cs::SynthesisError;
use ark_std::{format, string::String, vec::Vec};
use maci_verifier::{CircuitId, Mode};

use crate::{reference::maci_size, stats};

/// The circuits that ship with keys.
pub const SHIPPED: [CircuitId; 7] = [
    process(Mode::Qv),
    process(Mode::NonQv),
    process(Mode::Full),
    tally(Mode::Qv),
    tally(Mode::NonQv),
    CircuitId::PollJoining {
        state_tree_depth: 10,
    },
    CircuitId::PollJoined {
        state_tree_depth: 10,
    },
];

/// The circuits whose sizes are pinned: the shipped ones, and MACI's larger parameters without keys.
pub const PINNED: [CircuitId; SHIPPED.len() + 2] = {
    let [a, b, c, d, e, f, g] = SHIPPED;
    let large = CircuitId::MessageProcessor {
        mode: Mode::Qv,
        state_tree_depth: 14,
        message_batch_size: 20,
        vote_option_tree_depth: 3,
    };
    let large_tally = CircuitId::VoteTally {
        mode: Mode::Qv,
        state_tree_depth: 14,
        tally_processing_state_tree_depth: 5,
        vote_option_tree_depth: 3,
    };
    [a, b, c, d, e, f, g, large, large_tally]
};

const fn process(mode: Mode) -> CircuitId {
    CircuitId::MessageProcessor {
        mode,
        state_tree_depth: 10,
        message_batch_size: 20,
        vote_option_tree_depth: 2,
    }
}

const fn tally(mode: Mode) -> CircuitId {
    CircuitId::VoteTally {
        mode,
        state_tree_depth: 10,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 2,
    }
}

/// The text of `circuits/pinned/<circuit-id>.json` for the circuit as it is now.
pub fn pinned_json(id: &CircuitId) -> Result<String, SynthesisError> {
    let stats = stats(*id)?;
    let list = |items: Vec<String>| items.join(",\n    ");
    let names = id
        .public_input_names()
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    let clauses = stats
        .clauses
        .iter()
        .map(|(name, rows)| format!("\"{name}\": {rows}"))
        .collect();
    let per_message = stats
        .rows_per_message
        .map_or("null".into(), |rows| format!("{rows}"));
    let [a, b, c] = stats.non_zero;
    Ok(format!(
        "{{\n  \"format\": 1,\n  \"circuit\": \"{id}\",\n  \"digest\": \"{}\",\n  \"rows\": {},\n  \
         \"fixed_rows\": {},\n  \"rows_per_message\": {per_message},\n  \"variables\": {},\n  \
         \"non_zero\": {{ \"a\": {a}, \"b\": {b}, \"c\": {c} }},\n  \"public_inputs\": [\n    {}\n  ],\n  \
         \"clauses\": {{\n    {}\n  }}\n}}\n",
        stats.digest,
        stats.rows,
        stats.fixed_rows,
        stats.variables,
        list(names),
        list(clauses),
    ))
}

/// What a pinned file says about a circuit's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedSize {
    /// The circuit.
    pub id: CircuitId,
    /// Rows of the constraint system.
    pub rows: usize,
    /// Rows of each message.
    pub rows_per_message: Option<usize>,
    /// All variables.
    pub variables: usize,
    /// Non-zero entries of all matrices.
    pub entries: usize,
}

/// The table of sizes before (MACI's own circuits) and after (ours), in Markdown, as documents show it.
#[allow(clippy::cast_precision_loss)]
pub fn size_table(sizes: &[PinnedSize]) -> String {
    let mut table = String::from(
        "| circuit | MACI v3, rows | ours, rows | ratio | MACI, per message | ours, per message | MACI, domain | ours, domain | ours, entries a row |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let optional = |number: Option<usize>| number.map_or("–".into(), grouped);
    for size in sizes {
        let maci = maci_size(size.id);
        let publics = size.id.public_inputs() + 1;
        let domain = |rows: usize| format!("2^{}", (rows + publics).next_power_of_two().ilog2());
        table.push_str(&format!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {} | {:.1} |\n",
            size.id,
            optional(maci.map(|m| m.rows)),
            grouped(size.rows),
            maci.map_or("–".into(), |m| format!(
                "{:.3}",
                size.rows as f64 / m.rows as f64
            )),
            optional(maci.and_then(|m| m.rows_per_message)),
            optional(size.rows_per_message),
            maci.map_or("–".into(), |m| domain(m.rows)),
            domain(size.rows),
            size.entries as f64 / size.rows as f64,
        ));
    }
    table
}

/// A number with a comma before every three digits.
fn grouped(number: usize) -> String {
    let digits = format!("{number}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
