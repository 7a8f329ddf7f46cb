//! How much memory a proof needs, and how much the machine has: proofs are admitted so that none is killed half way (O-08).

use maci_keys::ProvingKey;

/// Bytes that one proof takes on top of its key, at its peak.
///
/// The peak is either a multi-scalar multiplication (the assignment as field elements and as integers, and for each term its
/// point, where it is not used as it lies in the key, its scalar and a digit of two bytes for each of some 20 windows) or the
/// quotient (the values of A and B and of what is being transformed, 40 bytes each, and the last input). The margin of one half
/// covers sorted entries, buckets and the allocator's gaps.
pub fn estimate(key: &ProvingKey) -> u64 {
    let r1cs = key.r1cs();
    let domain = r1cs.domain_size() as u64;
    let variables = r1cs.variables() as u64;
    let query = key.query();
    let g1_terms = query.h.len().max(query.l.len()).max(query.a.len()) as u64;
    of_proof(domain, variables, g1_terms, query.b.len() as u64)
}

const fn of_proof(domain: u64, variables: u64, g1_terms: u64, g2_terms: u64) -> u64 {
    let digits = 20 * 2;
    let g1 = g1_terms * (64 + 32 + digits);
    let g2 = g2_terms * (128 + 32 + digits);
    let multiplication = variables * 64 + if g1 > g2 { g1 } else { g2 };
    let polynomials = domain * (40 * 3 + 32) + variables * 32;
    let peak = if multiplication > polynomials {
        multiplication
    } else {
        polynomials
    };
    peak * 3 / 2
}

/// Bytes of a key and of one proof with it, from a circuit's sizes alone: for planning, where no key is there yet.
///
/// The key: A and L in G1 and B in G2 with at most a point for each variable, H with one for each row of the domain, and
/// the matrices at 8 bytes an entry. The proof: as [`estimate`], every query at its longest.
pub const fn predict(domain: u64, variables: u64, entries: u64) -> u64 {
    let key = variables * (2 * 64 + 128) + domain * 64 + entries * 8;
    let terms = if domain > variables {
        domain
    } else {
        variables
    };
    key + of_proof(domain, variables, terms, variables)
}

/// Bytes that this process may still take: the least of what the system has free and what its control group allows.
/// `None` where the system does not say.
pub fn available() -> Option<u64> {
    let free = meminfo("MemAvailable:");
    let group = cgroup_left();
    match (free, group) {
        (Some(free), Some(group)) => Some(free.min(group)),
        (free, group) => free.or(group),
    }
}

/// The greatest resident size that this process ever had.
pub fn peak_resident() -> Option<u64> {
    field("/proc/self/status", "VmHWM:")
}

fn meminfo(name: &str) -> Option<u64> {
    field("/proc/meminfo", name)
}

/// A line `name:  1234 kB`.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn cgroup_left() -> Option<u64> {
    let number =
        |path: &str| -> Option<u64> { std::fs::read_to_string(path).ok()?.trim().parse().ok() };
    let limit = number("/sys/fs/cgroup/memory.max")?;
    let used = number("/sys/fs/cgroup/memory.current")?;
    // Pages of mapped keys and other files count as used, and are given back when asked for.
    let stat = std::fs::read_to_string("/sys/fs/cgroup/memory.stat").unwrap_or_default();
    let file = stat
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file "))
        .and_then(|bytes| bytes.parse().ok());
    Some(limit.saturating_sub(used.saturating_sub(file.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_machine_has_memory() {
        if cfg!(target_os = "linux") {
            assert!(super::available().is_some_and(|bytes| bytes > 1 << 20));
            assert!(super::peak_resident().is_some_and(|bytes| bytes > 1 << 16));
        }
    }
}
