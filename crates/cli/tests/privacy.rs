//! Canaries: personal data planted in the input must not come out anywhere: not in the data folder, exports, API answers,
//! page, logs at the most verbose level, or metrics.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;

use common::outputs::{STEPS, SUBJECTS, Service, get, paths};
use common::{finish, groundswell, succeed};

/// What must never be seen again, by the field or place it stands in.
struct Canary {
    author: String,
    id: String,
    handle: String,
    did: String,
    email: String,
    phone: String,
    iban: &'static str,
    card: &'static str,
    name: String,
    profile: String,
    permalink: String,
    secret_phrase: String,
}

impl Canary {
    fn new(number: usize) -> Self {
        let tag = format!("zqx{number}canary");
        Self {
            author: format!("author-{tag}"),
            id: format!("post-{tag}"),
            handle: format!("{tag}hdl"),
            did: format!("did:plc:{tag}aaaaaaaaaaaaa"),
            email: format!("{tag}@mailhost{number}.example"),
            phone: format!("+49 30 555{number:04}77"),
            iban: "DE89 3704 0044 0532 0130 00",
            card: "4111 1111 1111 1111",
            name: format!("Zquillara{number} Vanterpoolski{number}"),
            profile: format!("https://twitter.com/{tag}prof"),
            permalink: format!("https://bsky.app/profile/{tag}.bsky.social/post/3k{tag}"),
            secret_phrase: format!("velvetotter{number}"),
        }
    }

    fn text(&self) -> String {
        format!(
            "flood news @{} {} mail {} call {} iban {} card {} says {} see {} and {} {}",
            self.handle,
            self.did,
            self.email,
            self.phone,
            self.iban,
            self.card,
            self.name,
            self.profile,
            self.permalink,
            self.secret_phrase
        )
    }

    fn needles(&self) -> Vec<String> {
        let mut needles = vec![
            self.author.clone(),
            self.id.clone(),
            self.handle.clone(),
            self.did.clone(),
            self.email.clone(),
            self.phone.clone(),
            self.iban.to_owned(),
            self.card.to_owned(),
            self.profile.clone(),
            self.permalink.clone(),
            self.secret_phrase.clone(),
        ];
        needles.extend(self.name.split(' ').map(str::to_owned));
        // Without spaces and in lower case too: that is how terms and keys would hold them.
        let folded: Vec<String> = needles.iter().map(|needle| needle.replace(' ', "").to_lowercase()).collect();
        needles.extend(folded);
        needles
    }
}

fn input(canaries: &[Canary]) -> String {
    let mut text = String::new();
    for number in 0..1_200 {
        let canary = &canaries[number % canaries.len()];
        let body = if number % 4 == 0 {
            canary.text()
        } else {
            "flood news from the river #flood https://news.example/a".to_owned()
        };
        let (author, id) = if number % 4 == 0 {
            (canary.author.clone(), format!("{}-{number}", canary.id))
        } else {
            (format!("crowd{}", number % 200), format!("crowdpost{number}"))
        };
        let line = serde_json::json!({
            "time": format!("2026-01-05T10:{:02}:{:02}Z", number / 60, number % 60),
            "author": author, "id": id, "text": body, "lang": "en",
        });
        let _ = writeln!(text, "{line}");
        if number % 100 == 0 {
            // Broken records must not be quoted either.
            let _ = writeln!(text, "{{\"time\":\"{}\",\"text\":\"{}\"}}", canary.email, canary.handle);
            let _ = writeln!(text, "{{\"time\": {} ", canary.phone);
        }
    }
    text
}

/// Fails where a canary stands, without printing all of what it stands in.
fn search(place: &str, bytes: &[u8], canaries: &[Canary]) {
    let text = String::from_utf8_lossy(bytes);
    for canary in canaries {
        for needle in canary.needles() {
            if let Some(at) = text.find(&needle) {
                let from = text[..at].char_indices().rev().nth(60).map_or(0, |(index, _)| index);
                panic!("{place} holds {needle}: …{}", &text[from..at + needle.len()]);
            }
        }
    }
}

fn search_folder(folder: &Path, canaries: &[Canary]) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += search_folder(&path, canaries);
        } else {
            search(&path.display().to_string(), &std::fs::read(&path).unwrap(), canaries);
            files += 1;
        }
    }
    files
}

#[test]
fn no_canary_leaves_the_engine() {
    let canaries: Vec<Canary> = (0..7).map(Canary::new).collect();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("posts.ndjson");
    std::fs::write(&file, input(&canaries)).unwrap();
    let watches = dir.path().join("watches.toml");
    std::fs::write(
        &watches,
        "[[watch]]\nname = \"floods\"\nquery = 'flood AND river'\n\
         purpose = { category = \"crisis-response\", sentence = \"See where flooding is discussed.\" }\n",
    )
    .unwrap();
    for workers in ["1", "2"] {
        let data = dir.path().join(format!("data{workers}"));
        let replayed = finish(
            groundswell()
                .args(["replay", "-vvv", "--summary", "json", "--workers", workers, "--watches"])
                .arg(&watches)
                .arg(&file)
                .arg("--data")
                .arg(&data)
                .env("GROUNDSWELL_NARRATIVES_ENABLED", "true")
                .env("GROUNDSWELL_LOG", "trace"),
        );
        assert_eq!(replayed.code, 0, "{}", replayed.stderr);
        search("stderr", replayed.stderr.as_bytes(), &canaries);
        search("the summary", replayed.stdout.as_bytes(), &canaries);
        assert!(search_folder(&data, &canaries) > 0);
        for by in SUBJECTS {
            for step in STEPS {
                for format in ["jsonl", "csv", "parquet"] {
                    let out = dir.path().join("out");
                    succeed(
                        groundswell()
                            .args(["export", "volumes", "--by", by, "--step", step, "--format", format, "--out"])
                            .arg(&out)
                            .arg("--data")
                            .arg(&data),
                    );
                    search(&format!("export by {by}"), &std::fs::read(&out).unwrap(), &canaries);
                }
            }
        }
        // What is asked for by name is in no file either: the audit log says that one value was asked for, and not which.
        let asked = &canaries[0].handle;
        let args = ["export", "volumes", "--by", "hashtag", "--value", asked, "--data"];
        search("export of one value", succeed(groundswell().args(args).arg(&data)).as_bytes(), &canaries);
        assert!(search_folder(&data.join("audit"), &canaries) > 0);
        for format in ["text", "jsonl"] {
            let told = succeed(groundswell().args(["audit", "show", "--all", "--format", format, "--data"]).arg(&data));
            search("the audit log", told.as_bytes(), &canaries);
            assert!(told.contains("one value alone"), "{told}");
        }
        for format in ["html", "json"] {
            let args = ["report", "transparency", "--format", format, "--watches"];
            let told = succeed(groundswell().args(args).arg(&watches).arg("--data").arg(&data));
            search("the transparency report", told.as_bytes(), &canaries);
            assert!(told.contains("See where flooding is discussed."), "{told}");
        }
        for events in [&[][..], &["--events"]] {
            let told = succeed(groundswell().args(["export", "narratives"]).args(events).arg("--data").arg(&data));
            search("export narratives", told.as_bytes(), &canaries);
            assert!(!told.is_empty(), "the crowd's story is there");
        }
        let told = succeed(groundswell().args(["export", "bursts", "--data"]).arg(&data));
        search("export bursts", told.as_bytes(), &canaries);
        let told = succeed(groundswell().args(["export", "amplifications", "--data"]).arg(&data));
        search("export amplifications", told.as_bytes(), &canaries);
        let told = succeed(groundswell().args(["export", "tone", "--data"]).arg(&data));
        search("export tone", told.as_bytes(), &canaries);
        for args in [&["export", "detections"][..], &["feed", "show", "everything", "--json"], &["feed", "test"]] {
            let told = succeed(groundswell().args(args).arg("--data").arg(&data));
            search("detections", told.as_bytes(), &canaries);
        }
        let rows = common::export(&data, "term", "hour");
        assert!(rows.iter().any(|row| row["by"]["term"] == "flood"), "the crowd's words are there: {rows:?}");
    }

    // The same through the service.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let log = dir.path().join("service.log");
    let data = dir.path().join("served");
    let service = groundswell()
        .args(["replay", "-vvv", "--serve", "--listen", &address, "--watches"])
        .arg(&watches)
        .arg(&file)
        .arg("--data")
        .arg(&data)
        .env("GROUNDSWELL_NARRATIVES_ENABLED", "true")
        .env("GROUNDSWELL_LOG", "trace")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let _service = Service(service);
    let mut tries = 0;
    while !get(&address, "/api/v1/volumes?by=total&step=day")
        .is_some_and(|answer| String::from_utf8_lossy(&answer).contains("\"posts\""))
    {
        tries += 1;
        assert!(tries < 600, "the service does not answer:\n{}", std::fs::read_to_string(&log).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let mut paths = paths();
    for canary in &canaries {
        paths.push(format!("/api/v1/volumes?by=term&step=hour&value={}", canary.secret_phrase));
    }
    for path in &paths {
        let answer = get(&address, path).unwrap_or_else(|| panic!("{path} does not answer"));
        if path.contains("value=") {
            assert!(!String::from_utf8_lossy(&answer).contains("\"posts\":"), "{path} gives a number");
        } else {
            search(path, &answer, &canaries);
        }
    }
    search("the service's log", &std::fs::read(&log).unwrap(), &canaries);
    assert!(search_folder(&data, &canaries) > 0);
}
