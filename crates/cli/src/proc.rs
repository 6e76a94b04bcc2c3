//! What the operating system says about this process: core time and memory. Linux's /proc; elsewhere the figures are zero.

use std::collections::BTreeMap;
use std::time::Duration;

/// A clock tick of /proc: `sysconf(_SC_CLK_TCK)` is 100 on every Linux that Rust supports.
const TICK: Duration = Duration::from_millis(10);

/// Core time of the whole process so far, user and system.
pub(crate) fn core_time() -> Duration {
    std::fs::read_to_string("/proc/self/stat")
        .ok()
        .and_then(|stat| ticks(&stat))
        .map_or(Duration::ZERO, |ticks| TICK * ticks)
}

/// utime + stime of a stat line. The name in parentheses may hold spaces, so fields are counted behind it.
fn ticks(stat: &str) -> Option<u32> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?)
}

/// The most memory that this process has held at once.
pub(crate) fn peak_rss_bytes() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        })
        .unwrap_or(0)
        * 1024
}

/// Core time by thread, sampled: a thread that ends keeps its last sample.
#[derive(Debug, Default)]
pub(crate) struct ThreadTimes {
    threads: BTreeMap<u32, (String, Duration)>,
}

impl ThreadTimes {
    /// Looks at all threads.
    pub(crate) fn sample(&mut self) {
        let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return };
        for task in tasks.flatten() {
            let Some(id) = task.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(stat) = std::fs::read_to_string(task.path().join("stat")) else { continue };
            let name = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map_or("", |(name, _)| name);
            if let Some(ticks) = ticks(&stat) {
                self.threads.insert(id, (name.to_owned(), TICK * ticks));
            }
        }
    }

    /// Core time of the threads whose names begin so.
    pub(crate) fn sum_of(&self, prefixes: &[&str]) -> Duration {
        self.threads
            .values()
            .filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)))
            .map(|(_, time)| *time)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a (b) c) R 1 2 3 4 5 6 7 8 9 10 30 12 0 0";
        assert_eq!(ticks(stat), Some(42));
    }
}
