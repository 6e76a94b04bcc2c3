//! Committing is idempotent, whatever comes in whatever order: against a map that keeps what came first.

mod common;

use std::collections::BTreeMap;

use common::*;
use groundswell_gate::{Dimension, Released, VolumeRow};
use groundswell_sketch::{Step, Window};
use groundswell_store::{Committed, ReleaseWriter as _, ReleasedReader as _, Store, VolumeQuery};
use proptest::prelude::*;

const DIMENSIONS: [Dimension; 3] = [Dimension::Total, Dimension::Watch, Dimension::Term];

type Key = (Dimension, i64, String);

fn commits() -> impl Strategy<Value = Vec<Vec<Released<VolumeRow>>>> {
    let window = (0_usize..3, 0_i64..3, proptest::collection::btree_map(0_u8..6, 5_u64..15, 1..6)).prop_map(
        |(dimension, n, cells)| {
            let names: Vec<(String, u64)> = cells.into_iter().map(|(value, a)| (format!("v{value}"), a)).collect();
            let cells: Vec<(&str, u64, u64)> = names.iter().map(|(value, a)| (value.as_str(), a * 2, *a)).collect();
            released(DIMENSIONS[dimension], minute(n), &cells)
        },
    );
    // A window comes whole, so within a batch each (dimension, window) comes once.
    let one = proptest::collection::vec(window, 0..4).prop_map(|tables| {
        let mut seen = BTreeMap::new();
        for rows in tables {
            if let Some(first) = rows.first() {
                seen.entry((first.dimension, first.window)).or_insert(rows);
            }
        }
        seen.into_values().flatten().collect()
    });
    proptest::collection::vec(one, 1..5)
}

fn model(commits: &[Vec<Released<VolumeRow>>]) -> (BTreeMap<Key, Released<VolumeRow>>, Vec<Committed>) {
    let mut kept: BTreeMap<Key, Released<VolumeRow>> = BTreeMap::new();
    let mut counted = Vec::new();
    for rows in commits {
        let mut count = Committed::default();
        for row in rows {
            match kept.get(&(row.dimension, row.window.start, row.value.clone())) {
                Some(first) if first == row => count.unchanged += 1,
                Some(_) => count.conflicting += 1,
                None => {
                    count.inserted += 1;
                    kept.insert((row.dimension, row.window.start, row.value.clone()), row.clone());
                }
            }
        }
        counted.push(count);
    }
    (kept, counted)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_came_first_stays(commits in commits()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (kept, counted) = model(&commits);
        let windows: std::collections::BTreeSet<Window> =
            kept.values().map(|row| row.window).collect();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
            for (rows, expected) in commits.iter().zip(&counted) {
                assert_eq!(writer.commit(&batch(rows.clone())).await.unwrap(), *expected);
            }
            // Everything again: nothing new, and the same rows.
            for rows in &commits {
                assert_eq!(writer.commit(&batch(rows.clone())).await.unwrap().inserted, 0);
            }
            let mut read = Vec::new();
            for dimension in DIMENSIONS {
                let mut query = VolumeQuery { limit: 2, ..VolumeQuery::new(dimension, Step::Minute) };
                loop {
                    let page = reader.volumes(&query).await.unwrap();
                    read.extend(page.items);
                    query.after = page.next;
                    if query.after.is_none() {
                        break;
                    }
                }
            }
            assert_eq!(read, kept.into_values().collect::<Vec<_>>());
            assert_eq!(reader.windows(Step::Minute).await.unwrap(), windows.first().copied().zip(windows.last().copied()));
        });
    }
}
