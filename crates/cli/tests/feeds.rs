//! Feeds of detections with the whole program: from posts to a reader, an editor and the audit log.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Seeded, finish, get, groundswell, signal, succeed};
use serde_json::Value;

/// What a condition may take to come about on a busy machine, before the test gives up.
const PATIENCE: Duration = Duration::from_mins(2);

/// An hour and a half of talk, and in the last third a story that grows from a few to many; it still grows at the end, since files that
/// are read at once close many minutes at once.
fn posts(path: &Path) {
    const TALK: [&str; 12] = [
        "coffee", "train", "monday", "garden", "music", "bread", "window", "letter", "bicycle", "winter", "market",
        "kitchen",
    ];
    const STORY: [&str; 4] = [
        "the dam at northbridge has failed and the valley is being evacuated",
        "northbridge dam failure, people in the valley told to evacuate now",
        "evacuation of the valley below northbridge after the dam failed",
        "water comes down the valley, the northbridge dam has failed, evacuate",
    ];
    let (mut seeded, mut text, mut author) = (Seeded(7), String::new(), 0_u32);
    let mut post = |text: &mut String, minute: u64, words: &str| {
        author += 1;
        let second = author % 60;
        let _ = writeln!(
            text,
            "{{\"time\":\"2026-01-05T{:02}:{:02}:{second:02}Z\",\"author\":\"a{author}\",\"text\":\"{words}\",\"lang\":\"en\"}}",
            10 + minute / 60,
            minute % 60
        );
    };
    for minute in 0..90 {
        for _ in 0..20 {
            let words: Vec<&str> = (0..5).map(|_| TALK[seeded.below(TALK.len() as u64) as usize]).collect();
            post(&mut text, minute, &words.join(" "));
        }
        let story = match minute {
            60..75 => 4,
            75.. => 60,
            _ => 0,
        };
        for number in 0..story {
            post(&mut text, minute, STORY[number % STORY.len()]);
        }
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn feeds_are_made_curated_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("posts.ndjson"));
    posts(&file);
    let on = |arguments: &[&str]| {
        succeed(groundswell().args(arguments).arg("--data").arg(&data).env("GROUNDSWELL_NARRATIVES_ENABLED", "true"))
    };
    let fails = |arguments: &[&str]| finish(groundswell().args(arguments).arg("--data").arg(&data));
    // A feed is there from the start.
    assert!(on(&["feed", "list"]).starts_with("everything\t0 detections"));
    on(&["feed", "add", "english", "--language", "en", "--kind", "narrative"]);
    on(&["feed", "add", "bursts", "--kind", "burst", "--budget", "2"]);
    let summary: Value = serde_json::from_str(&on(&["replay", file.to_str().unwrap(), "--summary", "json"])).unwrap();
    let rows: Vec<Value> =
        on(&["export", "detections"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!rows.is_empty(), "the story was not told: {}", on(&["export", "narratives"]));
    assert_eq!(summary["released"]["detections"], rows.len());
    let is_story = |row: &&Value| row["kind"] == "narrative" && row["title"].as_str().unwrap().contains("northbridge");
    let story = rows.iter().find(is_story).unwrap();
    assert_eq!(story["feeds"], serde_json::json!(["english", "everything"]));
    let (id, title) = (story["id"].as_str().unwrap(), story["title"].as_str().unwrap());
    assert!(title.contains("times as many as in the 15 before") || title.contains("after hardly any"), "{title}");
    // The command that it names shows the numbers that it was computed from.
    let command: Vec<&str> = story["evidence"]["command"].as_str().unwrap().split(' ').skip(1).collect();
    let narrative: Value = serde_json::from_str(on(&command).trim()).unwrap();
    // The posts of a bucket came evenly over its length; one that ended later was not known yet.
    let unix = |time: &Value| groundswell_post::EventTime::parse(time.as_str().unwrap()).unwrap().unix();
    let known_until = unix(&story["detected_at"]);
    let within = |stretch: &Value| -> u64 {
        let (from, to) = (unix(&stretch["start"]), unix(&stretch["end"]));
        let buckets = narrative["timeline"].as_array().unwrap().iter();
        let buckets = buckets.filter(|bucket| unix(&bucket["end"]) <= known_until);
        let of_bucket = |bucket: &Value| {
            let (start, end) = (unix(&bucket["start"]), unix(&bucket["end"]));
            let both = (end.min(to) - start.max(from)).max(0);
            bucket["posts"].as_u64().unwrap() as f64 * both as f64 / (end - start) as f64
        };
        buckets.map(of_bucket).sum::<f64>().round() as u64
    };
    let windows = story["evidence"]["windows"].as_array().unwrap();
    assert_eq!(story["evidence"]["observed"], within(&windows[0]));
    assert_eq!(story["evidence"]["expected"].as_f64().unwrap() as u64, within(&windows[1]));

    on(&["feed", "pin", "english", id]);
    on(&["feed", "mark", "english", id, "useful"]);
    on(&["feed", "mute", "english", id, "--for", "2days"]);
    on(&["feed", "note", "english", id, "a drill, said the brigade"]);
    let shown = on(&["feed", "show", "english"]);
    assert!(shown.contains("[pinned] [useful]") && shown.contains("a drill, said the brigade"), "{shown}");
    assert!(shown.contains("precision 1 (0.21 to 1, of 1 marks)"), "{shown}");
    let tried: Value = serde_json::from_str(&on(&["feed", "test", "--language", "en", "--json"])).unwrap();
    assert_eq!((tried["useful"].clone(), tried["precision"].clone()), (1.into(), serde_json::json!(1.0)));
    assert_eq!(tried["detections"], rows.len());
    on(&["feed", "note", "english", id, "a drill, said the brigade", "--remove"]);
    assert!(!on(&["feed", "show", "english"]).contains("brigade"));
    on(&["feed", "remove", "english"]);

    for (wrong, said) in [
        (&["feed", "note", "everything", id, "ask jane@example.org"][..], "taken out of posts (email)"),
        (&["feed", "pin", "everything", "narrative-nffffff"], "no such detection in feed everything"),
        (&["feed", "pin", "everything", "jane"], "no such detection"),
        (&["feed", "pin", "nothing", id], "no such feed"),
        (&["feed", "add", "../x"], "expected a name of small letters"),
        (&["feed", "add", "everything"], "a feed of this name exists"),
        (&["feed", "add", "x", "--budget", "-1"], ""),
        (&["feed", "mark", "everything", id, "great"], "possible values: useful, noise, none"),
        (&["feed", "mute", "everything", id, "--for", "9years"], "within a year"),
    ] {
        let finished = fails(wrong);
        assert_eq!(finished.code, 2, "{wrong:?}: {}", finished.stderr);
        assert!(finished.stderr.contains(said), "{wrong:?}: {}", finished.stderr);
    }

    let told = on(&["audit", "show", "--all"]);
    for words in [
        "feed english made for nobody yet",
        "feed bursts made for nobody yet",
        &format!("{id} pinned in feed english"),
        &format!("{id} marked as useful in feed english"),
        &format!("the subject of {id} muted in feed english until "),
        &format!("a note written beside {id} in feed english"),
        &format!("a note beside {id} in feed english taken back"),
        "feed english removed",
        "detections exported as jsonl",
    ] {
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
    assert!(!told.contains("brigade") && !told.contains("jane"), "{told}");
}

/// Takes webhooks and keeps what came.
fn hook() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, got) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let taken = Arc::clone(&got);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_ok() {
                taken.lock().unwrap().push(format!("{head}\n{}", String::from_utf8(body).unwrap()));
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
            }
        }
    });
    (format!("http://{address}/hook-s3cret"), got)
}

fn push(port: u16, token: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST /api/v1/ingest HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_service_delivers_what_it_finds_and_serves_it() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("posts.ndjson"));
    posts(&file);
    let (url, got) = hook();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let (url_file, secret_file) = (write("url", &url), write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"));
    let token = "0123456789abcdef0123456789abcdef";
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = write(
        "groundswell.toml",
        &format!(
            "listen = \"127.0.0.1:{port}\"\n[bluesky]\nenabled = false\n[feeds]\nenabled = false\n[simulator]\nfallback = false\n\
             [narratives]\nenabled = true\n[push]\ntoken = \"{token}\"\nlate_seconds = 60\n[deliver]\nprivate_addresses = true\n\
             [[deliver.receivers]]\nname = \"newsroom\"\nurl_file = \"{}\"\nsecret_file = \"{}\"\n",
            url_file.display(),
            secret_file.display()
        ),
    );
    let run = |log: &Path| {
        groundswell()
            .args(["run", "--config"])
            .arg(&config)
            .arg("--data")
            .arg(&data)
            .env("GROUNDSWELL_STORE_CHECKPOINT_KEY", dir.path().join("checkpoint.key"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(log).unwrap())
            .spawn()
            .unwrap()
    };
    // A secret that others can read is refused.
    std::fs::set_permissions(&secret_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let log = dir.path().join("log");
    let status = run(&log).wait().unwrap();
    let said = std::fs::read_to_string(&log).unwrap();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("others can read it (mode 644)") && !said.contains("whsec"), "{said}");
    std::fs::set_permissions(&secret_file, std::fs::Permissions::from_mode(0o600)).unwrap();

    let mut service = run(&log);
    let until = |what: &str, is: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !is() {
            assert!(began.elapsed() < PATIENCE, "{what}:\n{}", std::fs::read_to_string(&log).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    until("the service is not ready", &|| get(("127.0.0.1", port), "/readyz").is_some());
    let answer = push(port, token, &std::fs::read_to_string(&file).unwrap());
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    until("nothing was delivered", &|| got.lock().unwrap().iter().any(|message| message.contains("northbridge")));
    let message = got.lock().unwrap().iter().find(|message| message.contains("northbridge")).unwrap().clone();
    let (head, body) = message.split_once("\n{").unwrap();
    assert!(head.contains("webhook-id: everything_narrative-n") && head.contains("webhook-signature: v1,"), "{head}");
    let body: Value = serde_json::from_str(&format!("{{{body}")).unwrap();
    let build = body["data"]["program"]["build"].as_str().unwrap();
    assert_eq!(build.len(), 64, "SHA-256 of the program");
    assert!(body["data"]["program"]["checkpoint"].as_str().unwrap().starts_with("groundswell/"));
    let atom = get(("127.0.0.1", port), "/feeds/everything.atom").unwrap();
    assert!(atom.contains("northbridge") && atom.contains(build), "{atom}");
    until("it is not written down that it was delivered", &|| {
        let told = succeed(groundswell().args(["feed", "deliveries", "--data"]).arg(&data));
        told.contains("newsroom\tfeed everything\t0 waiting")
    });
    // An editor's act through the API counts at once, and is in the log.
    let detection = body["data"]["detection"]["id"].as_str().unwrap();
    let edit = format!("{{\"detection\":\"{detection}\",\"mark\":\"useful\"}}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST /api/v1/feeds/everything/edits HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{edit}",
        edit.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 204"), "{answer}");
    assert!(get(("127.0.0.1", port), "/api/v1/feeds").unwrap().contains("\"precision\":1.0"));
    signal("TERM", service.id());
    assert!(service.wait().unwrap().success());
    let told = succeed(groundswell().args(["audit", "show", "--all", "--data"]).arg(&data));
    for words in ["feed everything goes to newsroom", &format!("{detection} marked as useful in feed everything")] {
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
    // Neither address nor secret is in any file of the data folder, the log of the program, or the log of acts.
    let mut files = vec![data.clone()];
    let mut searched = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        searched += 1;
        for secret in ["hook-s3cret", "MfKQ9r8G"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
        }
    }
    assert!(searched > 3);
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains("s3cret") && !log.contains("MfKQ9r8G"), "{log}");
}
