//! The coverage ledger: what goes in comes out, once, and in the window asked for.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{minute, options};
use groundswell_gate::{AtLeast, Coverage, CoverageGap, CoverageMinute, CoverageState, K, Minute, Released};
use groundswell_sketch::Step;
use groundswell_store::{
    COVERAGE_DAYS, CoverageBatch, CoverageQuery, GapRecord, LedgerEnd, ReleaseWriter as _, ReleasedReader as _, Store,
    StoreOptions,
};

fn at(n: i64) -> i64 {
    minute(n).start
}

fn row(source: &str, n: i64, blind: u64, partly: u64, counts: (u64, u64)) -> Released<CoverageMinute> {
    Released::operational(CoverageMinute {
        source: source.to_owned(),
        start: Minute::containing(at(n)),
        blind_seconds: blind,
        partly_seconds: partly,
        rejected: AtLeast::rounded(counts.0, K::DEFAULT),
        late: AtLeast::rounded(counts.1, K::DEFAULT),
        thinned: AtLeast::rounded(0, K::DEFAULT),
    })
}

fn gap(run: i64, number: i64, part: &str, minutes: (i64, Option<i64>), recovered: bool) -> GapRecord {
    let gap = Released::operational(CoverageGap {
        source: "a".to_owned(),
        part: part.to_owned(),
        start: Minute::containing(at(minutes.0)),
        end: minutes.1.map(|end| Minute::containing(at(end))),
        seconds: minutes.1.map(|end| 60 * (end - minutes.0).unsigned_abs()),
        cause: "refused".to_owned(),
        phrase: "the connection was refused".to_owned(),
        recovered,
    });
    GapRecord { run, number, gap }
}

fn written(until: i64, minutes: Vec<Released<CoverageMinute>>, gaps: Vec<GapRecord>) -> CoverageBatch {
    CoverageBatch { sources: vec!["a".to_owned(), "b".to_owned()], recorded_until: until, minutes, gaps }
}

fn lines(items: &[Released<Coverage>]) -> Vec<String> {
    let line = |item: &Released<Coverage>| {
        let (state, counts) = (item.state.as_str(), (item.rejected.get(), item.late.get()));
        format!("{} {} {state} {} {counts:?}", (item.start.unix() - at(0)) / 60, item.source, item.blind_seconds)
    };
    items.iter().map(line).collect()
}

#[tokio::test]
async fn minutes_come_back_by_window_and_the_same_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let batch = written(
        at(3) + 30,
        vec![
            row("a", 0, 0, 0, (9, 10)),
            row("a", 1, 0, 20, (25, 0)),
            row("a", 2, 60, 60, (0, 0)),
            row("a", 3, 0, 0, (0, 0)),
            row("b", 0, 0, 0, (0, 0)),
            row("b", 2, 0, 0, (0, 0)),
        ],
        Vec::new(),
    );
    let minutes = CoverageQuery::new(Step::Minute);
    for _ in 0..2 {
        writer.record_coverage(&batch).await.unwrap();
        // The minute that is not over is not shown.
        let page = reader.coverage(&minutes).await.unwrap();
        assert_eq!(
            lines(&page.items),
            [
                "0 a covered 0 (0, 10)",
                "0 b covered 0 (0, 0)",
                "1 a partly 0 (20, 0)",
                "2 a gap 60 (0, 0)",
                "2 b covered 0 (0, 0)",
            ]
        );
        assert_eq!(page.next, None);
        // Of an hour that has only begun, the minutes that are over count; `b` has one too few.
        let hours = reader.coverage(&CoverageQuery::new(Step::Hour)).await.unwrap();
        assert_eq!(lines(&hours.items), ["0 a partly 60 (20, 10)", "0 b partly 0 (0, 0)"]);
    }
    // What is known later replaces what was known before; counts only rise.
    writer
        .record_coverage(&written(at(3), vec![row("a", 2, 0, 0, (0, 0)), row("a", 1, 0, 0, (9, 9))], Vec::new()))
        .await
        .unwrap();
    let only_a = CoverageQuery { source: Some("a".to_owned()), from: Some(at(1)), to: Some(at(3)), ..minutes.clone() };
    let page = reader.coverage(&only_a).await.unwrap();
    assert_eq!(lines(&page.items), ["1 a covered 0 (20, 0)", "2 a covered 0 (0, 0)"]);
    // In pages.
    let mut found = Vec::new();
    let mut query = CoverageQuery { limit: 2, ..minutes };
    loop {
        let page = reader.coverage(&query).await.unwrap();
        found.extend(lines(&page.items));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 5);
    assert_eq!(found[3], "2 a covered 0 (0, 0)");
    // A k that was raised since rounds more.
    drop((writer, reader));
    let raised = StoreOptions { k: K::new(30).unwrap(), ..options() };
    let (_writer, reader) = Store::open(folder.path(), &raised).await.unwrap();
    let page = reader.coverage(&only_a).await.unwrap();
    assert_eq!(lines(&page.items)[0], "1 a covered 0 (0, 0)");
}

#[tokio::test]
async fn a_gap_finds_its_end_and_is_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    assert_eq!(writer.resume_coverage(1).await.unwrap(), []);
    let ask = async |from: i64, to: i64| {
        let gaps = reader.gaps(at(from), at(to), Some("a")).await.unwrap();
        let line = |gap: &Released<CoverageGap>| {
            let minute = |minute: Minute| (minute.unix() - at(0)) / 60;
            format!("{} {}–{:?} {:?} {}", gap.part, minute(gap.start), gap.end.map(minute), gap.seconds, gap.recovered)
        };
        gaps.iter().map(line).collect::<Vec<_>>()
    };
    let open = written(at(5), vec![row("a", 4, 60, 60, (0, 0))], vec![gap(1, 0, "p", (2, None), false)]);
    writer.record_coverage(&open).await.unwrap();
    writer.record_coverage(&open).await.unwrap();
    assert_eq!(ask(4, 5).await, ["p 2–None None false"]);
    assert_eq!(ask(0, 2).await, Vec::<String>::new());
    let ended = written(at(6), Vec::new(), vec![gap(1, 0, "p", (2, Some(6)), false), gap(1, 1, "q", (3, None), false)]);
    writer.record_coverage(&ended).await.unwrap();
    assert_eq!(ask(0, 9).await, ["q 3–None None false", "p 2–Some(6) Some(240) false"]);
    assert_eq!(ask(6, 9).await, ["q 3–None None false"]);
    assert_eq!(reader.gaps(at(0), at(9), Some("b")).await.unwrap().len(), 0);

    // A restart: what was open ends where the ledger ended, and says so; the same run asked again changes nothing.
    for _ in 0..2 {
        let ends = writer.resume_coverage(2).await.unwrap();
        let end = |source: &str| LedgerEnd { source: source.to_owned(), recorded_until: at(6), last_minute: (0, 0) };
        assert_eq!(ends, [end("a"), end("b")]);
        assert_eq!(ask(0, 9).await, ["q 3–Some(6) Some(180) false", "p 2–Some(6) Some(240) false"]);
    }
    // Whoever delivers everything since minute 1 has made up for what lies within, of the same part.
    writer.record_coverage(&written(at(9), Vec::new(), vec![gap(2, 0, "p", (1, Some(8)), true)])).await.unwrap();
    assert_eq!(
        ask(0, 9).await,
        ["q 3–Some(6) Some(180) false", "p 2–Some(6) Some(240) true", "p 1–Some(8) Some(420) true"]
    );
}

#[tokio::test]
async fn what_is_old_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &options()).await.unwrap();
    let days = i64::from(COVERAGE_DAYS) * 24 * 60;
    let minutes = vec![row("a", 0, 0, 0, (0, 0)), row("a", days, 0, 0, (0, 0))];
    let gaps = vec![
        gap(1, 0, "p", (0, Some(1)), false),
        gap(1, 1, "p", (0, None), false),
        gap(1, 2, "p", (0, Some(days)), false),
    ];
    writer.record_coverage(&written(at(days + 2), minutes, gaps)).await.unwrap();
    writer.prune_coverage(at(days + 2)).await.unwrap();
    let page = reader.coverage(&CoverageQuery::new(Step::Minute)).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].state, CoverageState::Covered);
    // Open gaps stay, whenever they began.
    assert_eq!(reader.gaps(0, i64::MAX, None).await.unwrap().len(), 2);
}
