//! The exported numbers of 390,687 real posts against a count made by a slow, independent program: another word segmenter,
//! another matcher, hash maps of sets. Fifty watches of every form, hashtags, domains, languages, at 1 and 2 workers and in
//! 2 processes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use common::{export, export_text, groundswell, read_text, shared_data, succeed};
use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// A watch as a tree that can print itself as a query and match by itself: it shares no code with parser and percolator.
enum Model {
    Word(&'static str),
    Prefix(&'static str),
    Phrase(&'static [&'static str]),
    Near { ordered: bool, n: usize, left: Box<Model>, right: Box<Model> },
    Tag(&'static str),
    Lang(&'static str),
    Domain(&'static str),
    Relation(&'static str),
    Region(&'static str),
    And(Vec<Model>),
    Or(Vec<Model>),
    Not(Box<Model>),
}

use Model::{And, Domain, Lang, Near, Not, Or, Phrase, Prefix, Region, Relation, Tag, Word};

struct Post {
    day: String,
    author: String,
    lang: Option<String>,
    relation: String,
    region: Option<String>,
    words: Vec<String>,
    tags: BTreeSet<String>,
    /// The same as they were spelt.
    spellings: Vec<String>,
    domains: BTreeSet<String>,
}

impl Model {
    fn query(&self) -> String {
        let join = |parts: &[Model], word: &str| {
            let parts: Vec<String> = parts.iter().map(Model::query).collect();
            format!("({})", parts.join(word))
        };
        match self {
            Word(word) => (*word).to_owned(),
            Prefix(prefix) => format!("{prefix}*"),
            Phrase(words) => format!("\"{}\"", words.join(" ")),
            Near { ordered, n, left, right } => {
                format!("({} {}/{n} {})", left.query(), if *ordered { "ONEAR" } else { "NEAR" }, right.query())
            }
            Tag(tag) => format!("#{tag}"),
            Lang(value) => format!("lang:{value}"),
            Domain(value) => format!("domain:{value}"),
            Relation(value) => format!("relation:{value}"),
            Region(value) => format!("region:{value}"),
            And(parts) => join(parts, " AND "),
            Or(parts) => join(parts, " OR "),
            Not(part) => format!("NOT {}", part.query()),
        }
    }

    /// Where it matches: (first word, last word).
    fn spans(&self, words: &[String]) -> Vec<(usize, usize)> {
        match self {
            Word(word) => (0..words.len()).filter(|i| words[*i] == *word).map(|i| (i, i)).collect(),
            Prefix(prefix) => (0..words.len()).filter(|i| words[*i].starts_with(prefix)).map(|i| (i, i)).collect(),
            Phrase(parts) => (0..words.len().saturating_sub(parts.len() - 1))
                .filter(|i| parts.iter().enumerate().all(|(j, part)| words[i + j] == *part))
                .map(|i| (i, i + parts.len() - 1))
                .collect(),
            Or(parts) => parts.iter().flat_map(|part| part.spans(words)).collect(),
            _ => unreachable!("only what may stand beside NEAR has spans"),
        }
    }

    fn matches(&self, post: &Post) -> bool {
        match self {
            Word(word) => post.words.iter().any(|w| w == word) || post.tags.contains(*word),
            Prefix(_) | Phrase(_) => !self.spans(&post.words).is_empty(),
            Near { ordered, n, left, right } => {
                let (left, right) = (left.spans(&post.words), right.spans(&post.words));
                let fits = |a: &(usize, usize), b: &(usize, usize)| b.0 > a.1 && b.0 - a.1 - 1 <= *n;
                left.iter().any(|a| right.iter().any(|b| fits(a, b) || (!ordered && fits(b, a))))
            }
            Tag(tag) => post.tags.contains(*tag),
            Lang(value) => post.lang.as_deref() == Some(value),
            Domain(value) => post.domains.contains(*value),
            Relation(value) => post.relation == *value,
            Region(value) => post.region.as_deref() == Some(value),
            And(parts) => parts.iter().all(|part| part.matches(post)),
            Or(parts) => parts.iter().any(|part| part.matches(post)),
            Not(part) => !part.matches(post),
        }
    }
}

fn near(ordered: bool, n: usize, left: Model, right: Model) -> Model {
    Near { ordered, n, left: Box::new(left), right: Box::new(right) }
}

fn not(model: Model) -> Model {
    Not(Box::new(model))
}

/// Fifty watches of every form.
fn watches() -> Vec<Model> {
    vec![
        Word("trump"),
        Word("clinton"),
        Word("obama"),
        Word("путин"),
        Word("россия"),
        Word("news"),
        Word("police"),
        Word("украина"),
        Word("сша"),
        Word("é"),
        Prefix("vot"),
        Prefix("immigra"),
        Prefix("росси"),
        Prefix("трамп"),
        Prefix("trum"),
        Phrase(&["white", "house"]),
        Phrase(&["merry", "christmas"]),
        Phrase(&["black", "lives", "matter"]),
        Phrase(&["happy", "new", "year"]),
        Phrase(&["it", "s", "time"]),
        Phrase(&["new", "york"]),
        Tag("maga"),
        Tag("blacklivesmatter"),
        Tag("news"),
        Tag("pjnet"),
        Tag("новости"),
        near(false, 0, Word("trump"), Word("wins")),
        near(false, 3, Word("trump"), Word("russia")),
        near(true, 5, Word("clinton"), Word("emails")),
        near(true, 30, Word("police"), Word("shot")),
        near(false, 4, Or(vec![Word("trump"), Word("clinton")]), Or(vec![Word("debate"), Prefix("elect")])),
        near(false, 2, Phrase(&["white", "house"]), Word("obama")),
        near(true, 10, Prefix("presiden"), Phrase(&["united", "states"])),
        Lang("ru"),
        And(vec![Lang("en"), Word("trump")]),
        And(vec![Relation("repost"), Word("trump")]),
        And(vec![Region("us"), Word("police")]),
        Domain("t.co"),
        And(vec![Domain("t.co"), Word("breaking")]),
        And(vec![Word("trump"), Word("clinton")]),
        And(vec![Word("trump"), not(Word("clinton"))]),
        And(vec![Word("trump"), not(Or(vec![Word("clinton"), Word("hillary")]))]),
        And(vec![Word("obama"), not(Phrase(&["white", "house"])), not(Tag("maga"))]),
        Or(vec![Word("syria"), Word("aleppo"), Word("сирия"), Word("алеппо")]),
        Or(vec![And(vec![Word("fake"), Word("news")]), And(vec![Word("media"), Prefix("bias")])]),
        And(vec![
            Or(vec![Word("hillary"), Word("clinton")]),
            Or(vec![Word("email"), Word("emails"), Word("wikileaks")]),
        ]),
        And(vec![Or(vec![Tag("maga"), Tag("trump")]), Lang("en"), not(Relation("repost"))]),
        Or(vec![Phrase(&["make", "america", "great"]), Tag("makeamericagreatagain")]),
        And(vec![Word("berlin"), Or(vec![Word("attack"), Word("truck"), Word("market")])]),
        And(vec![Prefix("castro"), not(Word("cruz"))]),
    ]
}

fn read_posts(text: &str) -> Vec<Post> {
    let link = Regex::new(r"(?i)https?://\S+").unwrap();
    let handle = Regex::new(r"@[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*").unwrap();
    text.split('\n').filter(|line| !line.is_empty()).map(|line| read_post(line, &link, &handle)).collect()
}

fn read_post(line: &str, link: &Regex, handle: &Regex) -> Post {
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    let field = |name: &str| value[name].as_str().map(str::to_owned);
    let raw = field("text").unwrap();
    let domains = link.find_iter(&raw).filter_map(|found| domain(found.as_str())).collect();
    // Links and handles hold no words; what stands around them is parted.
    let text = link.replace_all(&raw, "\u{2028}");
    let text = handle.replace_all(&text, "\u{2028}");
    let region = match value["region"].as_str() {
        Some("United States") => Some("us".to_owned()),
        _ => None,
    };
    let spellings = tags(&text);
    Post {
        day: field("time").unwrap()[..10].to_owned(),
        author: field("author").unwrap(),
        // One post of the set has no language; it is Russian.
        lang: field("lang").or_else(|| raw.chars().any(|c| ('а'..='я').contains(&c)).then(|| "ru".to_owned())),
        relation: field("kind").unwrap_or_else(|| "post".to_owned()),
        region,
        words: words(&text),
        tags: spellings.iter().map(|spelling| normal(spelling)).collect(),
        spellings,
        domains,
    }
}

fn normal(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}

fn words(text: &str) -> Vec<String> {
    text.split(['\'', '\u{2019}', '\u{ff07}']).flat_map(|piece| piece.unicode_words()).map(normal).collect()
}

fn tags(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let is_tag = |c: char| c == '_' || c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c);
    let mut tags = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        // A variation selector is a combining mark, and an emoji before a hashtag often ends in one.
        let joined = |c: char| c == '_' || c == '&' || c.is_alphanumeric();
        if !matches!(letter, '#' | '\u{ff03}') || (at > 0 && joined(letters[at - 1])) {
            continue;
        }
        let tag: String = letters[at + 1..].iter().take_while(|c| is_tag(**c)).collect();
        if tag.chars().any(|c| !c.is_numeric()) && !tag.is_empty() {
            tags.push(tag);
        }
    }
    tags
}

fn domain(link: &str) -> Option<String> {
    let host = link.split("://").nth(1)?.split(['/', '?', '#', ':']).next()?;
    // What clings to a bare host in running text is no part of it.
    let host = host.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_lowercase();
    let host: &str = &host;
    Some(std::str::from_utf8(psl::domain(host.as_bytes())?.as_bytes()).ok()?.to_owned())
}

/// (day, value) → (posts, authors).
type Counts = BTreeMap<(String, String), (u64, BTreeSet<String>)>;

fn count(counts: &mut Counts, post: &Post, value: &str) {
    let cell = counts.entry((post.day.clone(), value.to_owned())).or_default();
    cell.0 += 1;
    cell.1.insert(post.author.clone());
}

fn watch_file(watches: &[Model]) -> String {
    watches.iter().enumerate().fold(String::new(), |mut text, (number, model)| {
        let _ = writeln!(
            text,
            "[[watch]]\nname = \"w{number:02}\"\nquery = '''{}'''\n\
             purpose = {{ category = \"research\", sentence = \"Check the engine's counts against a slow program.\" }}\n",
            model.query()
        );
        text
    })
}

/// Rows of an export by (day, value): figures, or `None` where suppressed.
fn exported(data: &Path, by: &str) -> BTreeMap<(String, String), Option<(u64, u64)>> {
    export(data, by, "day")
        .into_iter()
        .map(|row| {
            let key = (row["start"].as_str().unwrap()[..10].to_owned(), row["by"][by].as_str().unwrap().to_owned());
            let figures =
                (row["suppressed"] != true).then(|| (row["posts"].as_u64().unwrap(), row["authors"].as_u64().unwrap()));
            (key, figures)
        })
        .collect()
}

fn differences(
    by: &str,
    expected: &BTreeMap<(String, String), Option<(u64, u64)>>,
    found: &BTreeMap<(String, String), Option<(u64, u64)>>,
) -> Vec<String> {
    let keys: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    keys.into_iter()
        .filter(|key| expected.get(*key) != found.get(*key))
        .map(|key| format!("{by} {key:?}: expected {:?}, found {:?}", expected.get(key), found.get(key)))
        .collect()
}

const K: usize = 10;

fn passing(counts: &Counts) -> BTreeMap<(String, String), Option<(u64, u64)>> {
    counts
        .iter()
        .filter(|(_, (_, authors))| authors.len() >= K)
        .map(|(key, (posts, authors))| (key.clone(), Some((*posts, authors.len() as u64))))
        .collect()
}

/// What is counted does not depend on who looks at it, and of months with few posts a minute the looking is most of the work.
fn counting_alone() -> Command {
    let mut command = groundswell();
    command.env("GROUNDSWELL_BURSTS_ENABLED", "false").env("GROUNDSWELL_AMPLIFICATION_ENABLED", "false");
    command
}

#[test]
fn exported_numbers_equal_a_slow_independent_count() {
    let Some(file) = shared_data("troll/troll-slice.ndjson.zst") else { return };
    let models = watches();
    assert_eq!(models.len(), 50);
    let dir = tempfile::tempdir().unwrap();
    let watches = dir.path().join("watches.toml");
    std::fs::write(&watches, watch_file(&models)).unwrap();

    let one = dir.path().join("one");
    let summary = succeed(
        groundswell()
            .arg("replay")
            .arg(&file)
            .args(["--summary", "json", "--workers", "1", "--watches"])
            .arg(&watches)
            .arg("--data")
            .arg(&one),
    );
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["posts"]["read"], 390_687, "{summary}");
    assert_eq!(summary["posts"]["accepted"], 390_687, "{summary}");

    let posts = read_posts(&read_text(&file));
    let (mut by_watch, mut by_tag, mut by_domain) = (Counts::new(), Counts::new(), Counts::new());
    let mut days = BTreeSet::new();
    for post in &posts {
        days.insert(post.day.clone());
        for (number, model) in models.iter().enumerate() {
            if model.matches(post) {
                count(&mut by_watch, post, &format!("w{number:02}"));
            }
        }
        for tag in &post.tags {
            count(&mut by_tag, post, tag);
        }
        for domain in &post.domains {
            count(&mut by_domain, post, domain);
        }
    }
    // A watch is asked for by name: each day has a row, with numbers or suppressed.
    let mut expected_watches = passing(&by_watch);
    for day in &days {
        for number in 0..models.len() {
            expected_watches.entry((day.clone(), format!("w{number:02}"))).or_insert(None);
        }
    }
    // No publisher carries anything here, so hashtags that are a name run together, or that somebody spells as one, are held back:
    // the latter for a week, so that none of them is compared. Which ones are is not counted again here; that they are few is.
    let names = groundswell_text::names::NameFinder::new();
    let spelt = posts.iter().flat_map(|post| &post.spellings).filter(|spelling| names.spelt(spelling));
    let spelt: BTreeSet<String> = spelt.map(|spelling| normal(spelling)).collect();
    let mut expected_tags = passing(&by_tag);
    let tags = expected_tags.len();
    expected_tags.retain(|(_, tag), _| !names.joined(tag) && !spelt.contains(tag));
    let mut exported_tags = exported(&one, "hashtag");
    exported_tags.retain(|(_, tag), _| !spelt.contains(tag));
    assert!(expected_tags.len() * 10 >= tags * 9, "{} of {tags} hashtags are left", expected_tags.len());
    let mut wrong = differences("watch", &expected_watches, &exported(&one, "watch"));
    wrong.extend(differences("hashtag", &expected_tags, &exported_tags));
    wrong.extend(differences("domain", &passing(&by_domain), &exported(&one, "domain")));
    assert!(wrong.is_empty(), "{} differences, among them:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    let matched = (0..models.len()).filter(|n| by_watch.keys().any(|(_, name)| *name == format!("w{n:02}"))).count();
    assert!(matched >= 48, "only {matched} watches match anything: the comparison would prove little");

    // The same at two workers, in every dimension and step, and where only counting is on.
    let two = dir.path().join("two");
    succeed(
        counting_alone()
            .arg("replay")
            .arg(&file)
            .args(["--workers", "2", "--watches"])
            .arg(&watches)
            .arg("--data")
            .arg(&two),
    );
    for by in [
        "total",
        "watch",
        "language",
        "source",
        "kind",
        "relation",
        "region",
        "hashtag",
        "domain",
        "term",
        "mentioned",
        "languages",
    ] {
        for step in ["minute", "hour", "day"] {
            let same = export_text(&one, by, step) == export_text(&two, by, step);
            assert!(same, "{by} by {step} differs between 1 and 2 workers");
        }
    }
}

#[test]
fn two_processes_count_what_one_counts() {
    let Some(file) = shared_data("troll/troll-slice.ndjson.zst") else { return };
    let dir = tempfile::tempdir().unwrap();
    // Two files that interleave in time, so that both processes have posts of the same windows.
    let text = read_text(&file);
    let files = [dir.path().join("even.ndjson"), dir.path().join("odd.ndjson")];
    for (parity, path) in files.iter().enumerate() {
        let half: String = text.split_inclusive('\n').skip(parity).step_by(2).collect();
        std::fs::write(path, half).unwrap();
    }
    let alone = dir.path().join("alone");
    succeed(counting_alone().arg("replay").args(&files).args(["--workers", "1", "--data"]).arg(&alone));

    let hosts = dir.path().join("hosts");
    common::hosts(&hosts, 2);
    let children: Vec<_> = (0..2)
        .map(|process| {
            groundswell()
                .arg("replay")
                .args(&files)
                .args(["--workers", "1", "--summary", "json", "--process", &process.to_string(), "--cluster"])
                .arg(&hosts)
                .arg("--data")
                .arg(dir.path().join(format!("process{process}")))
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let outputs: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    assert!(outputs.iter().all(|output| output.status.success()));
    let summary: serde_json::Value = serde_json::from_slice(&outputs[0].stdout).unwrap();
    assert_eq!(summary["posts"]["accepted"], 390_687, "{summary}");
    for by in ["total", "language", "hashtag", "domain", "term", "mentioned", "languages"] {
        for step in ["minute", "hour", "day"] {
            let both = export_text(&dir.path().join("process0"), by, step);
            assert!(export_text(&alone, by, step) == both, "{by} by {step} differs between one process and two");
        }
    }
}
