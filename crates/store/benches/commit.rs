//! How fast released rows are committed. Sweep: rows in a batch, and how many of the rows are quiet watches.
//! `cargo bench -p groundswell-store`

use divan::counter::ItemsCount;
use groundswell_gate::{CandidateCell, Dimension, Gate, K, Released, VolumeCandidate, VolumeRow};
use groundswell_sketch::{CellKey, Distinct, Step, Window};
use groundswell_store::{ReleaseBatch, ReleaseWriter as _, Store, StoreOptions};

fn main() {
    divan::main();
}

fn rows(dimension: Dimension, minute: i64, count: u64, authors: u64) -> Vec<Released<VolumeRow>> {
    let tokens: Vec<u64> = (0..authors).collect();
    let authors = Distinct::from_sorted_unique(&tokens);
    let cells = (0..count)
        .map(|n| CandidateCell {
            value: format!("value-{n:07}"),
            posts: 20,
            publisher_posts: 0,
            key: CellKey::default(),
            authors: authors.clone(),
            name_publishers: None,
        })
        .collect();
    let window = Window { step: Step::Minute, start: 1_474_588_800 + 60 * minute };
    Gate::exact(K::DEFAULT).release(VolumeCandidate { window, dimension, cells })
}

fn commit(bencher: divan::Bencher, dimension: Dimension, count: u64, authors: u64, windows: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let options = StoreOptions::default();
    let (mut writer, _reader) = runtime.block_on(Store::open(folder.path(), &options)).expect("a new store opens");
    let mut minute = 0;
    bencher
        .counter(ItemsCount::new(count * windows as u64))
        .with_inputs(|| {
            let mut batch = ReleaseBatch::default();
            for _ in 0..windows {
                minute += 1;
                batch.rows.extend(rows(dimension, minute, count, authors));
            }
            batch
        })
        .bench_local_values(|batch| {
            let committed = runtime.block_on(writer.commit(&batch)).expect("it commits");
            assert_eq!(committed.inserted, count * windows as u64);
        });
}

#[divan::bench(args = [100, 1_000, 10_000, 100_000])]
fn terms(bencher: divan::Bencher, count: u64) {
    commit(bencher, Dimension::Term, count, 12, 1);
}

#[divan::bench(args = [1, 10, 100])]
fn windows_of_a_thousand_terms(bencher: divan::Bencher, windows: i64) {
    commit(bencher, Dimension::Term, 1_000, 12, windows);
}

#[divan::bench(args = [1_000, 10_000])]
fn quiet_watches(bencher: divan::Bencher, count: u64) {
    commit(bencher, Dimension::Watch, count, 2, 1);
}
