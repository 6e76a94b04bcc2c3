//! What a reader of exports sees: counts that are changed a little, and true ones for nobody but simulated data.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::{export, finish, groundswell, perturbed, succeed};

#[test]
fn exports_are_near_the_truth_and_not_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("posts.ndjson");
    let posts = (0..4_000).fold(String::new(), |mut posts, nth| {
        let (minute, author) = (nth / 100, nth * 7 % 60);
        writeln!(posts, r#"{{"time":"2026-01-05T10:{minute:02}:00Z","author":"a{author}","text":"word{}"}}"#, nth % 5)
            .unwrap();
        posts
    });
    std::fs::write(&file, posts).unwrap();
    let rows = |name: &str, mut command: std::process::Command| {
        let data = folder.path().join(name);
        succeed(command.arg("replay").arg(&file).arg("--data").arg(&data));
        let all = |data: &Path| [export(data, "total", "minute"), export(data, "term", "minute")].concat();
        all(&data)
    };
    let (counted, shown) = (rows("counted", groundswell()), rows("shown", perturbed()));
    assert!(counted.len() == shown.len() && counted.len() > 200);
    let mut changed = 0;
    for (counted, shown) in counted.iter().zip(&shown) {
        assert_eq!((&counted["by"], &counted["start"]), (&shown["by"], &shown["start"]));
        let of = |row: &serde_json::Value| ["posts", "authors"].map(|field| row[field].as_u64().unwrap());
        for (counted, shown) in of(counted).into_iter().zip(of(shown)) {
            assert!(shown >= 10 && shown.abs_diff(counted) <= 4, "{counted} {shown}");
            changed += usize::from(shown != counted);
        }
    }
    assert!(changed > counted.len() / 2, "{changed} of {} numbers", 2 * counted.len());
}

#[test]
fn true_counts_are_for_simulated_data() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["run", "--exact"][..], &["replay", "--exact", "-"]] {
        let refused = finish(groundswell().args(command).arg("--data").arg(folder.path()));
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains("--simulated") || refused.stderr.contains("unexpected"), "{}", refused.stderr);
    }
}

/// What the percolator tells, the gate lets through and the store keeps, with the watch's own row beside it.
#[test]
fn parts_of_a_watch_are_counted_in_posts_that_the_whole_matches() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("posts.ndjson"), folder.path().join("data"));
    let watches = folder.path().join("watches.toml");
    std::fs::write(
        &watches,
        r#"
        [[watch]]
        name = "dams"
        query = 'dam AND (river OR "heavy rain" OR mud*) AND NOT beaver'
        purpose = { category = "test", sentence = "See what is said of dams." }
        "#,
    )
    .unwrap();
    // By author: all have the dam; two of three the river, one of three the rain; mud nine, of whom one hides; beavers none.
    let mut posts = String::new();
    for author in 0..30 {
        let more = if author % 3 == 0 { "heavy rain" } else { "river" };
        let mud = if author < 9 { "muddy" } else { "" };
        writeln!(posts, r#"{{"time":"2026-01-05T10:00:00Z","author":"a{author}","text":"dam {more} {mud}"}}"#).unwrap();
        writeln!(posts, r#"{{"time":"2026-01-05T10:00:00Z","author":"b{author}","text":"river heavy rain mud"}}"#)
            .unwrap();
        writeln!(posts, r#"{{"time":"2026-01-05T10:00:00Z","author":"c{author}","text":"beaver dam river"}}"#).unwrap();
    }
    std::fs::write(&file, posts).unwrap();
    succeed(groundswell().arg("replay").arg(&file).arg("--watches").arg(&watches).arg("--data").arg(&data));
    let rows: Vec<_> = export(&data, "clause", "minute")
        .iter()
        .map(|row| (row["by"]["watch"].clone(), row["by"]["clause"].clone(), row["posts"].as_u64().unwrap()))
        .collect();
    let row = |clause: &str, posts| ("dams".into(), clause.into(), posts);
    // Nine people wrote of mud, which is one too few.
    assert_eq!(rows, [row("\"heavy rain\"", 10), row("dam", 30), row("river", 20)]);
    assert_eq!(export(&data, "watch", "minute")[0]["posts"], 30);
}

/// A crowd and publishers write a name in the same minute, of today: who was shown may be watched, and nobody else.
#[test]
fn a_public_figure_can_be_watched_once_shown_and_a_private_person_never() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("posts.ndjson"), folder.path().join("data"));
    let now = common::now().as_secs();
    let hour_ago = now - 3_600;
    let mut posts = String::new();
    for publisher in ["One", "Two", "Three"] {
        writeln!(posts, r#"{{"time":{hour_ago},"publisher":"{publisher}","text":"Anna Kowalczyk opens a bridge"}}"#)
            .unwrap();
    }
    for author in 0..40 {
        writeln!(posts, r#"{{"time":{hour_ago},"author":"a{author}","text":"we saw Anna Kowalczyk and Maria Nowak"}}"#)
            .unwrap();
    }
    std::fs::write(&file, posts).unwrap();
    let check = |query: &str| finish(groundswell().args(["watch", "check", query, "--data"]).arg(&data));
    // Nothing is known yet.
    assert_eq!(check("\"anna kowalczyk\"").code, 2);
    succeed(groundswell().arg("replay").arg(&file).arg("--data").arg(&data));
    for query in ["\"Anna Kowalczyk\"", "anna kowalczyk", "bridge AND anna kowalczyk"] {
        let checked = check(query);
        assert_eq!(checked.code, 0, "{query}: {}", checked.stderr);
    }
    for query in ["\"Maria Nowak\"", "flood OR \"maria nowak\"", "\"anna nowak\""] {
        let checked = check(query);
        assert!(checked.code == 2 && checked.stderr.contains("name"), "{query}: {}", checked.stderr);
    }
    let purpose = ["--category", "news", "--purpose", "See what is said of the office."];
    let add = [&["watch", "add", "anna", "--query", "\"anna kowalczyk\""][..], &purpose].concat();
    succeed(groundswell().args(add).arg("--data").arg(&data));
    succeed(groundswell().args(["watch", "list", "--data"]).arg(&data));
}
