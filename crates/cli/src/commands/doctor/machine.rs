//! Disk and memory of this machine, against the proving keys of a poll.

use std::path::Path;

use maci_chain::doctor::{Checkup, Outcome};
use maci_keys::KeyStore;
use maci_verifier::{CircuitId, PollParams};

use crate::context::Context;

/// Bytes that a journal with its artefacts may take: a million messages take less than one gigabyte.
const JOURNAL: u64 = 1 << 30;
/// Bytes of a proving key for each constraint, as the shipped keys have it: 90 MB for 238,932.
const KEY_BYTES: u64 = 400;
/// A proof takes about this much on top of its key, in parts of the key's size.
const PROOF: u64 = 2;

/// Adds the checks of this machine.
pub(in crate::commands) fn check(
    context: &Context<'_>,
    params: &PollParams,
    checkup: &mut Checkup,
) {
    let cache = &context.settings.cache.value;
    let mut missing = 0;
    let mut largest = 0;
    for circuit in [params.process_circuit(), params.tally_circuit()] {
        if let Some(bytes) = cached(cache, circuit) {
            largest = largest.max(bytes);
        } else {
            let bytes = estimated(circuit);
            missing += bytes;
            largest = largest.max(bytes);
        }
    }
    space(checkup, "disk_cache", cache, missing);
    space(
        checkup,
        "disk_datadir",
        &context.settings.datadir.value,
        JOURNAL,
    );
    let needed = largest.saturating_mul(1 + PROOF);
    match maci_prover::memory::available() {
        Some(free) => {
            let found = format!(
                "{} MiB are free, one proof takes about {} MiB with its key",
                free >> 20,
                needed >> 20
            );
            let enough = free >= needed;
            checkup.add(
                "memory",
                if enough {
                    Outcome::Pass
                } else {
                    Outcome::Failure
                },
                found,
            );
        }
        None => checkup.add(
            "memory",
            Outcome::Warning,
            "the system does not say what is free",
        ),
    }
}

/// The size of a circuit's proving key in the cache.
fn cached(cache: &Path, circuit: CircuitId) -> Option<u64> {
    let (prefix, ending) = (format!("{circuit}-"), KeyStore::ending());
    let entries = std::fs::read_dir(cache).ok()?;
    entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // What follows is the circuit's digest, 64 digits, and not more parameters.
            name.strip_prefix(&prefix)
                .and_then(|rest| rest.strip_suffix(&ending))
                .is_some_and(|digest| digest.len() == 64)
        })
        .find_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len())
}

/// The size that a key will have, from the constraints that its parts have in the shipped circuits.
fn estimated(circuit: CircuitId) -> u64 {
    let constraints = match circuit {
        CircuitId::MessageProcessor {
            state_tree_depth,
            message_batch_size,
            vote_option_tree_depth,
            ..
        } => {
            let paths = 570 * u64::from(state_tree_depth) + 400 * u64::from(vote_option_tree_depth);
            u64::from(message_batch_size) * (5_400 + paths)
        }
        CircuitId::VoteTally {
            tally_processing_state_tree_depth,
            vote_option_tree_depth,
            ..
        } => {
            let ballots = 1u64 << tally_processing_state_tree_depth.min(32);
            let options = 5u64.saturating_pow(vote_option_tree_depth.into());
            (ballots + 4).saturating_mul(options.saturating_mul(120) + 500)
        }
        _ => 10_000,
    };
    constraints.saturating_mul(KEY_BYTES)
}

/// Whether a directory, or the nearest one above it that exists, has room for so many bytes.
fn space(checkup: &mut Checkup, name: &'static str, directory: &Path, needed: u64) {
    let free = directory
        .ancestors()
        .map(|path| {
            if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                path
            }
        })
        .find_map(|path| rustix::fs::statvfs(path).ok())
        .map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    match free {
        Some(free) => checkup.add(
            name,
            if free >= needed {
                Outcome::Pass
            } else {
                Outcome::Failure
            },
            format!(
                "{} MiB are free at {}, {} MiB may be needed",
                free >> 20,
                directory.display(),
                needed >> 20
            ),
        ),
        None => checkup.add(
            name,
            Outcome::Warning,
            "the system does not say what is free",
        ),
    }
}
