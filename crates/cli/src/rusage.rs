//! What the process used: the peak of its resident memory.

/// The high-water mark of resident memory in whole MiB, from `/proc`; `None` where there is no such file.
pub(crate) fn peak_rss_mb() -> Option<u64> {
    parse(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_high_water_mark_is_read_in_kib_and_rounded_up() {
        assert_eq!(parse("VmPeak:\t 9 kB\nVmHWM:\t   20481 kB\n"), Some(21));
        assert_eq!(parse("VmPeak:\t 9 kB\n"), None);
    }
}
