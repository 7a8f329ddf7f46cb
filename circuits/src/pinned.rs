//! Pinned circuits: rows, public inputs and digest of every circuit of [`PINNED`] are files under `circuits/pinned/`, so that
//! a change of a circuit shows up in review and never by surprise in a key (security.md C-29).

use ark_std::{format, string::String, vec::Vec};
use maci_verifier::{CircuitId, Mode};

use crate::{CircuitStats, reference::maci_size};

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

/// The text of `circuits/pinned/<circuit-id>.json` for a circuit as it was measured.
pub fn pinned_json(stats: &CircuitStats) -> String {
    let list = |items: Vec<String>| items.join(",\n    ");
    let names = stats
        .id
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
    format!(
        "{{\n  \"format\": 1,\n  \"circuit\": \"{}\",\n  \"digest\": \"{}\",\n  \"rows\": {},\n  \
         \"fixed_rows\": {},\n  \"rows_per_message\": {per_message},\n  \"variables\": {},\n  \
         \"non_zero\": {{ \"a\": {a}, \"b\": {b}, \"c\": {c} }},\n  \"public_inputs\": [\n    {}\n  ],\n  \
         \"clauses\": {{\n    {}\n  }}\n}}\n",
        stats.id,
        stats.digest,
        stats.rows,
        stats.fixed_rows,
        stats.variables,
        list(names),
        list(clauses),
    )
}

/// The table of sizes before (MACI's own circuits) and after (ours), in Markdown, as documents show it.
#[allow(clippy::cast_precision_loss)]
pub fn size_table(circuits: &[CircuitStats]) -> String {
    let mut table = String::from(
        "| circuit | MACI v3, rows | ours, rows | ratio | MACI, per message | ours, per message | MACI, domain | ours, domain | ours, entries a row |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let optional = |number: Option<usize>| number.map_or("–".into(), grouped);
    let domain = |size: usize| format!("2^{}", size.ilog2());
    for stats in circuits {
        let maci = maci_size(stats.id);
        let cells = [
            format!("`{}`", stats.id),
            optional(maci.map(|m| m.rows)),
            grouped(stats.rows),
            maci.map_or("–".into(), |m| {
                format!("{:.3}", stats.rows as f64 / m.rows as f64)
            }),
            optional(maci.and_then(|m| m.rows_per_message)),
            optional(stats.rows_per_message),
            maci.map_or("–".into(), |m| domain(m.domain(stats.public_inputs))),
            domain(stats.domain()),
            format!(
                "{:.1}",
                stats.non_zero.iter().sum::<usize>() as f64 / stats.rows as f64
            ),
        ];
        table.extend(["| ", &cells.join(" | "), " |\n"]);
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
