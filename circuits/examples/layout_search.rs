//! Searches the parameters of the compact layout: `layout_search [MESSAGES_PER_BATCH ...]` (20 without arguments).
//!
//! For each state tree depth it compares every form of the ballot tree (levels of 1 to 4 bits, cells at any level) with the
//! one that the fixed rule takes, then prints the costs of nodes, ballot leaves and vote packings. Rows are computed from
//! Poseidon's round numbers; `circuits/pinned/` holds what the synthesised circuits measure.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::error::Error;

use maci_protocol::layout::compact::shape::{
    ProcessShape, ballot_rows, fold_rows, hash_rows, state_rows,
};

/// Most bits that cells take.
const MAX_CELL_BITS: u8 = 10;

/// A form of the ballot tree with its cells, and what a batch pays for it.
#[derive(Clone, Debug)]
struct Found {
    rows: usize,
    lower: Vec<u8>,
    upper: Vec<u8>,
}

/// Every list of levels of 1 to 4 bits that together take this many.
fn forms(bits: u8) -> Vec<Vec<u8>> {
    if bits == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in 1..=bits.min(4) {
        for rest in forms(bits - first) {
            all.push([vec![first], rest].concat());
        }
    }
    all
}

/// The cheapest form of so many bits, by a cost.
fn cheapest(bits: u8, cost: impl Fn(&[u8]) -> usize) -> Vec<u8> {
    forms(bits)
        .into_iter()
        .min_by_key(|form| (cost(form), form.len()))
        .unwrap_or_default()
}

/// The cheapest ballot tree of a depth for a batch size.
fn best(depth: u8, batch: usize) -> Option<Found> {
    (0..=depth.min(MAX_CELL_BITS))
        .map(|cells| {
            // Order does not change what a path costs, so non-increasing levels stand for all.
            let lower = cheapest(depth - cells, |form| {
                let path: usize = form.iter().map(|b| hash_rows(1 << b) + (1 << b)).sum();
                path + usize::from(form.windows(2).any(|pair| pair[0] < pair[1]))
            });
            let upper = cheapest(cells, fold_rows);
            let form = [lower.clone(), upper.clone()].concat();
            Found {
                rows: ballot_rows(&form, lower.len(), batch),
                lower,
                upper,
            }
        })
        .min_by_key(|found| found.rows)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut batches = Vec::new();
    for text in std::env::args().skip(1) {
        batches.push(text.parse::<u8>()?);
    }
    if batches.is_empty() {
        batches.push(20);
    }
    println!("node of n children: rows, rows per bit of an index");
    for children in [2usize, 3, 4, 5, 7, 8, 9, 11, 14, 16] {
        let rows = hash_rows(children);
        let bits = (children as f64).log2();
        println!("  {children:>2}  {rows:>4}  {:>6.1}", rows as f64 / bits);
    }
    for batch in batches {
        let size = usize::from(batch);
        println!("\nB = {batch}: rows per message");
        println!(
            "{:>3} {:>6} {:>7} {:>7}  {:<28} best ballot tree",
            "D", "state", "ballot", "best", "taken (below | cells up)"
        );
        for depth in 1..=20u8 {
            let shape = ProcessShape::new(depth, batch);
            let state = state_rows(depth.into(), shape.state_cells, size);
            let taken = ballot_rows(&shape.form, shape.ballot_levels, size);
            let best = best(depth, size).ok_or("no form")?;
            println!(
                "{depth:>3} {:>6} {:>7} {:>7}  {:<28} {:?} | {:?}",
                state / size,
                taken / size,
                best.rows / size,
                format!("{:?} | {:?}", shape.lower(), shape.upper()),
                best.lower,
                best.upper,
            );
        }
    }
    println!("\nballot leaf: nonce, key, balance and n elements of votes");
    for lanes in [1usize, 2, 3, 4, 5] {
        let elements = 25usize.div_ceil(lanes);
        let leaf = if elements + 4 <= 16 {
            format!("{}", hash_rows(elements + 4))
        } else {
            "too wide".into()
        };
        println!(
            "  25 options, {lanes} lanes: {elements:>2} elements, leaf {leaf}, unpacking {}",
            50 * lanes
        );
    }
    println!(
        "125 options, 25 elements in m groups: rows of one ballot to process (old and new), to tally"
    );
    for groups in [2usize, 3, 4, 5, 7, 9] {
        let (leaf, group) = (hash_rows(4 + groups), hash_rows(25usize.div_ceil(groups)));
        println!(
            "  m = {groups}: {:>5} {:>6}",
            2 * (leaf + group),
            leaf + groups * group
        );
    }
    Ok(())
}
