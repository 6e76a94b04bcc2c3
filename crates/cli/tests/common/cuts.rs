//! What a run that was cut off again and again released, against what an undisturbed one does.
//!
//! Author keys are never written, so a restart begins an epoch: windows that were open then count the larger of what was seen
//! before and after. Posts are the same to the last one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use super::export;

/// Allowed lateness: minutes this far behind the newest post are open.
const LATE_SECONDS: i64 = 600;

/// So many days at most are in two blocks of one of a cluster's files, which each hold a part of the posts: a process has read on that
/// far when it is killed.
const DAYS_AHEAD: i64 = 14;
/// The same of one process: three blocks, each less than a day of a third of the posts.
const DAYS_AHEAD_OF_ONE: i64 = 3;

const TABLES: [(&str, &str); 7] = [
    ("total", "minute"),
    ("total", "day"),
    ("language", "hour"),
    ("language", "day"),
    ("hashtag", "day"),
    ("term", "hour"),
    ("watch", "day"),
];

/// What watches the tests ask for.
pub(crate) const WATCH: &str = "[[watch]]\nname = \"votes\"\nquery = 'vote* OR election'\n\
                                purpose = { category = \"research\", sentence = \"See what survives.\" }\n";

/// By table, start and value: posts and authors, or held back.
pub(crate) type Rows = BTreeMap<(String, i64, String), Option<(u64, u64)>>;

pub(crate) fn rows(data: &Path) -> Rows {
    let mut rows = Rows::new();
    for (by, step) in TABLES {
        for row in export(data, by, step) {
            let start = unix(row["start"].as_str().unwrap());
            let figures = row["posts"].as_u64().map(|posts| (posts, row["authors"].as_u64().unwrap()));
            rows.insert((format!("{by} {step}"), start, row["by"][by].to_string()), figures);
        }
    }
    rows
}

/// Waits for a moment of a run, or until all of it has ended; then says how long it took. Who sleeps on after the end has waited for
/// nothing.
pub(crate) fn ended_before(moment: Duration, children: &mut [Child]) -> Option<Duration> {
    let began = Instant::now();
    let goes_on = |child: &mut Child| child.try_wait().unwrap().is_none();
    while began.elapsed() < moment {
        if !children.iter_mut().any(goes_on) {
            return Some(began.elapsed());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}

fn unix(time: &str) -> i64 {
    groundswell_sketch::Rfc3339::parse(time).unwrap().0
}

fn seconds_of(step: &str) -> i64 {
    match step {
        "minute" => 60,
        "hour" => 3_600,
        _ => 86_400,
    }
}

/// From where the runs had closed that were cut off, to where they had read: the processes of a cluster from the first to the last.
#[derive(Default)]
pub(crate) struct Cuts(Vec<(i64, i64)>);

impl Cuts {
    /// Anything may have been open.
    pub(crate) fn anywhere() -> Self {
        Self(vec![(i64::MIN, i64::MAX / 2)])
    }

    /// A run was killed. Where it was cut is known when the next run says so; until then, one that had no checkpoint yet.
    pub(crate) fn killed(&mut self) {
        self.0.push((i64::MIN, i64::MIN));
    }

    /// Notes up to where the run before had closed and read, which the next one says; whether all its processes went on from a checkpoint.
    pub(crate) fn note(&mut self, stderr: &[&str]) -> bool {
        let closed = stderr.iter().map(|stderr| stderr.split_once("closed up to ").map(|(_, closed)| closed));
        let Some(closed) = closed.collect::<Option<Vec<_>>>() else { return false };
        let said = closed.iter().map(|said| said.lines().next().unwrap().split_once(", read up to ").unwrap());
        self.0.retain(|cut| cut.1 > i64::MIN);
        let time = |said: &str| (said != "nothing").then(|| unix(said.trim()));
        let times: Vec<(Option<i64>, Option<i64>)> = said.map(|(closed, read)| (time(closed), time(read))).collect();
        if let Some(last) = times.iter().filter_map(|(_, read)| *read).max() {
            // Nothing closed in one of them: anything before may have been open.
            let first = times.iter().map(|(closed, _)| closed.unwrap_or(i64::MIN + 1)).min();
            // Of files that are read side by side one is a block ahead of the other, which here is days. So is one worker ahead of
            // the other, and a block reaches on from where its windows close: of what it has in later minutes, a restart knows how many
            // wrote in each and not in all.
            let days = if stderr.len() > 1 { DAYS_AHEAD } else { DAYS_AHEAD_OF_ONE };
            let ahead = days * seconds_of("day");
            self.0.push((first.unwrap_or(i64::MIN + 1), last + ahead));
        }
        true
    }

    /// Whether a window was open when one of the runs was cut off.
    fn are_in(&self, table: &str, start: i64) -> bool {
        let end = start + seconds_of(table.split(' ').nth(1).unwrap());
        self.0.iter().any(|(first, last)| end > *first && start <= last.saturating_add(2 * LATE_SECONDS))
    }

    /// Every cell is released as by the undisturbed run, with fewer authors or none only where a window was cut. Returns how many
    /// lost authors, and how many are not there for want of them.
    pub(crate) fn compare(&self, whole: &Rows, disturbed: &Rows) -> (u64, u64) {
        let (mut fewer, mut absent) = (0, 0);
        for (key, figures) in disturbed {
            let was_cut = self.are_in(&key.0, key.1);
            let Some(Some((posts, authors))) = whole.get(key) else {
                // What fell below k by a cut can bring `other` to k, which then takes no further cell along.
                let spared = key.0.starts_with("language") && was_cut;
                assert!(
                    figures.is_none() || spared,
                    "{key:?} was released ({figures:?}) although an undisturbed run holds it back ({:?}); cuts {:?}",
                    whole.get(key),
                    self.0
                );
                continue;
            };
            let Some((cut_posts, cut_authors)) = figures else {
                assert!(was_cut, "{key:?} is held back without a cut, which were {:?}", self.0);
                continue;
            };
            if key.2 == "\"other\"" && was_cut {
                // What fell below k by the cut is in it.
                continue;
            }
            assert_eq!(cut_posts, posts, "{key:?}");
            assert!(cut_authors <= authors, "{key:?}: more authors than there were");
            if cut_authors < authors {
                assert!(was_cut, "{key:?} lost authors without a cut, which were {:?}", self.0);
                fewer += 1;
            }
        }
        for key in whole.keys().filter(|key| !disturbed.contains_key(*key)) {
            assert!(self.are_in(&key.0, key.1), "{key:?} is missing without a cut, which were {:?}", self.0);
            absent += 1;
        }
        (fewer, absent)
    }
}
