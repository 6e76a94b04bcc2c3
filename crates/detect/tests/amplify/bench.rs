//! Some processes' parts and the owner of all amplifications, for tests.

use groundswell_detect::amplify::{Amplifications, AmplifyConfig, AmplifyObserver, SavedAmplifications};
use groundswell_edge::{AuthorToken, EdgePost, PostKey};
use groundswell_gate::AmplificationCandidate;
use groundswell_post::EventTime;
use groundswell_text::{Analysis, Analyzer};

pub(crate) const K: u64 = 10;

/// Some processes' parts and the owner, fed with texts.
pub(crate) struct Bench {
    analyzer: Analyzer,
    analysis: Analysis,
    pub(crate) observers: Vec<AmplifyObserver>,
    pub(crate) owner: Amplifications,
    pub(crate) keys: u64,
    pub(crate) found: Vec<AmplificationCandidate>,
}

impl Bench {
    pub(crate) fn new(processes: usize) -> Self {
        Self::with(processes, AmplifyConfig::default())
    }

    pub(crate) fn with(processes: usize, config: AmplifyConfig) -> Self {
        let config = AmplifyConfig { singles_max: config.singles_max.min(1 << 12), owned_max: 1 << 10, ..config };
        Self {
            analyzer: Analyzer::new(),
            analysis: Analysis::new(),
            observers: (0..processes).map(|_| AmplifyObserver::new(config.clone())).collect(),
            owner: Amplifications::new(config, K),
            keys: 0,
            found: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self, process: usize, post: EdgePost) -> u64 {
        self.keys += 1;
        let post = EdgePost { language: Some(*b"en"), key: Some(PostKey::from_bits(self.keys)), ..post };
        self.analyzer.analyze(&post, &mut self.analysis);
        self.observers[process].observe(&post, &self.analysis);
        self.keys
    }

    pub(crate) fn post(&mut self, unix: i64, author: u64, text: &str) -> u64 {
        let process = author as usize % self.observers.len();
        self.take(process, said(unix, author, text))
    }

    /// Other talk in each minute up to one, and closes what is before it.
    pub(crate) fn until(&mut self, from: i64, minute: i64) {
        for minute in from..minute {
            for nth in 0..4 {
                let author = 1_000_000 + (minute * 4 + nth) as u64;
                self.post(minute * 60 + 30, author, &format!("only {author} says {minute} times {nth} here"));
            }
        }
        self.close(minute * 60);
    }

    pub(crate) fn close(&mut self, before: i64) {
        for (process, observer) in (0..).zip(&mut self.observers) {
            let owner = &mut self.owner;
            observer.close(before, &mut |delta| owner.merge(process, delta));
        }
        for found in self.owner.close(before) {
            self.found.retain(|known| known.id != found.id);
            self.found.push(found);
        }
    }

    /// Writes down what may be; a cluster of so many processes goes on, and tokens are made with another key. What was written.
    pub(crate) fn restart(&mut self, processes: usize) -> Vec<u8> {
        let bytes = bincode::serialize(&self.owner.save()).unwrap();
        let saved: SavedAmplifications = bincode::deserialize(&bytes).unwrap();
        assert!(bincode::deserialize::<SavedAmplifications>(&bytes[..bytes.len() - 1]).is_err());
        let (found, analyzer) = (std::mem::take(&mut self.found), std::mem::take(&mut self.analyzer));
        *self = Self { analyzer, found, ..Self::new(processes) };
        self.owner.restore(&saved);
        bytes
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        let words = |found: &AmplificationCandidate| {
            found.words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(" ")
        };
        self.found.iter().map(words).collect()
    }
}

pub(crate) fn said(unix: i64, author: u64, text: &str) -> EdgePost {
    EdgePost {
        time: EventTime::from_unix(unix),
        text: text.to_owned(),
        author: Some(AuthorToken::from_bits(author)),
        ..EdgePost::default()
    }
}
