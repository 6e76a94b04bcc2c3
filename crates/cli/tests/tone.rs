//! Tone end to end: what a replay reads of posts, the gate tells of many, and an export prints.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{groundswell, perturbed, succeed};
use groundswell_tone::Language;

#[test]
fn what_is_said_to_be_measured_is() {
    let told: Vec<&str> = Language::ALL.into_iter().filter(|language| language.is_told()).map(Language::code).collect();
    assert_eq!(told, groundswell_serve::TONE_LANGUAGES);
}

#[test]
fn the_tone_of_a_watch_is_told_of_many_posts_and_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("posts.ndjson");
    let watches = folder.path().join("watches.toml");
    let watch = |name: &str, query: &str| {
        format!(
            "[[watch]]\nname = \"{name}\"\nquery = '{query}'\npurpose = {{ category = \"test\", sentence = \"See how it sounds.\" }}\n"
        )
    };
    std::fs::write(&watches, [watch("trains", "train*"), watch("few", "ferry"), watch("quiet", "zeppelin")].concat())
        .unwrap();
    let mut posts: Vec<String> = Vec::new();
    let mut post = |minute: i64, author: &str, language: &str, text: &str, more: &str| {
        let time = format!("2026-01-05T1{}:{:02}:00Z", minute / 60, minute % 60);
        let head = format!(r#"{{"time":"{time}","author":"{author}","lang":"{language}""#);
        posts.push(format!("{head},\"text\":\"{text}\"{more}}}\n"));
    };
    for nth in 0..300 {
        let author = format!("a{}", nth % 90);
        post(nth % 60, &author, "en", "what a horrible, horrible train, I hate it :(", "");
        post(60 + nth % 60, &author, "en", "I love this train so much, thank you!", "");
        // Read too badly, not read at all, and a publisher's.
        post(nth % 60, &author, "hi", "train bahut kharab hai", "");
        post(nth % 60, &author, "ja", "train", "");
        post(nth % 60, &author, "de", "Der train ist schrecklich", r#","publisher":"The Gazette""#);
    }
    // Nine people with posts enough, and people enough with too few posts.
    for nth in 0..400 {
        post(nth % 60, &format!("b{}", nth % 9), "en", "a horrible ferry", "");
    }
    for nth in 0..60 {
        post(60 + nth, &format!("c{nth}"), "en", "a horrible ferry", "");
    }
    // They begin with their times.
    posts.sort();
    std::fs::write(&file, posts.concat()).unwrap();
    for (name, mut command) in [("exact", groundswell()), ("shown", perturbed())] {
        let data = folder.path().join(name);
        succeed(command.arg("replay").arg(&file).arg("--watches").arg(&watches).arg("--data").arg(&data));
        let export = |more: &[&str]| -> Vec<serde_json::Value> {
            let told = succeed(groundswell().args(["export", "tone"]).args(more).arg("--data").arg(&data));
            told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let rows = export(&[]);
        let subject = |row: &serde_json::Value| {
            ["start", "step", "watch", "language"].map(|field| row[field].as_str().unwrap().to_owned()).join(" ")
        };
        assert_eq!(
            rows.iter().map(subject).collect::<Vec<_>>(),
            ["2026-01-05T10:00:00Z hour trains en", "2026-01-05T11:00:00Z hour trains en"],
            "{name}"
        );
        let [displeased, pleased] = [&rows[0], &rows[1]];
        let share = |row: &serde_json::Value, class: &str| row[class]["share"].as_f64().unwrap();
        assert!(share(displeased, "negative") > 0.8 && share(pleased, "positive") > 0.8, "{name}: {rows:?}");
        for row in &rows {
            let of = |field: &str| row[field].as_u64().unwrap();
            if name == "exact" {
                assert_eq!((of("posts"), of("authors")), (300, 90));
            } else {
                assert!(of("posts").abs_diff(300) <= 4 && of("authors").abs_diff(90) <= 4, "{row}");
            }
            for class in ["negative", "neutral", "positive"] {
                let bar = ["low", "share", "high"].map(|end| row[class][end].as_f64().unwrap());
                assert!(bar.is_sorted() && bar[0] >= 0.0 && bar[2] <= 1.0 && bar[0] < bar[2], "{row}");
            }
        }
        assert_eq!(export(&["--watch", "trains", "--from", "2026-01-05T11:00:00Z"]), rows[1..]);
        assert!(export(&["--watch", "few"]).is_empty() && export(&["--watch", "quiet"]).is_empty());
    }
}
