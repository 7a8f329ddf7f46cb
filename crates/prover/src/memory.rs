//! How much memory a proof needs, and how much the machine has: proofs are admitted so that none is killed half way (O-08).

use maci_keys::ProvingKey;

/// Bytes that one proof takes on top of its key, at its peak.
///
/// The two candidates: the rows' values as three polynomials and the assignment; then the assignment as integers with the
/// multi-scalar multiplication's copies of scalars and points. The witness computation before them holds each variable once
/// in the constraint system and once in the gadgets. Measured peaks lie below; a test over a real circuit would notice if
/// they did not.
pub fn estimate(key: &ProvingKey) -> u64 {
    let r1cs = key.r1cs();
    let domain = r1cs.qap_rows().next_power_of_two() as u64;
    let variables = r1cs.variables() as u64;
    let query = key.query();
    let polynomials = domain * 32 * 4 + variables * 32;
    let g1_terms = query.h.len().max(query.l.len()).max(query.a.len()) as u64;
    let g2_terms = query.b_g2.len() as u64;
    let msm = variables * 64 + (g1_terms * (8 + 96 + 32)).max(g2_terms * (8 + 160 + 32));
    let witness = variables * 32 * 6;
    polynomials.max(msm).max(witness)
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
    Some(limit.saturating_sub(used))
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
