//! [`AmplifyObserver`]: one worker's part: logs of open minutes, and the families that read them when they close.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use groundswell_edge::{DeleteKey, EdgePost};
use groundswell_sketch::Window;
use groundswell_text::names::{NameFinder, NameSpan};
use groundswell_text::{Analysis, Analyzer};

use super::config::{AmplifyConfig, AmplifyCounters};
use super::delta::{AmplifyDelta, LocalId};
use super::families::{Families, Reader, Taken, View};
use super::log::{At, MinuteLog, minute_of};
use super::places::Form;
use super::push::Objects;
use super::words::Reading;
use crate::volume::Deletions;

/// One worker's part of the amplification detector: keeps the posts of open minutes, and when a minute closes finds for each of
/// them, in the order of their time, whether its text has company.
pub struct AmplifyObserver {
    log_bytes_max: usize,
    families: Families,
    objects: Objects,
    reading: Reading,
    minutes: BTreeMap<i64, MinuteLog>,
    log_bytes: usize,
    /// What was read before its minute closed.
    early: Vec<AmplifyDelta>,
    order: Vec<At>,
    words: Words,
}

impl fmt::Debug for AmplifyObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AmplifyObserver({} open minutes, {} families)", self.minutes.len(), self.families.live())
    }
}

/// Reads the few texts that join a family once more, for their words and names.
struct Words {
    analyzer: Analyzer,
    analysis: Analysis,
    names: NameFinder,
    spans: Vec<NameSpan>,
}

impl Reader for Words {
    fn forms<'a>(&'a mut self, text: &str, out: &mut Vec<Form<'a>>) {
        self.analyzer.tokenize(text, &mut self.analysis);
        self.names.find(text, &self.analysis, &mut self.spans);
        let (analysis, spans) = (&self.analysis, &self.spans);
        out.extend(analysis.words.iter().enumerate().map(|(at, word)| Form {
            normal: analysis.word(word),
            name_like: spans.iter().any(|span| span.words().contains(&at)),
        }));
    }
}

impl AmplifyObserver {
    /// An observer that has seen nothing.
    pub fn new(config: AmplifyConfig) -> Self {
        Self {
            log_bytes_max: config.log_bytes_max,
            families: Families::new(config),
            objects: Objects::default(),
            reading: Reading::default(),
            minutes: BTreeMap::new(),
            log_bytes: 0,
            early: Vec::new(),
            order: Vec::new(),
            words: Words {
                analyzer: Analyzer::new(),
                analysis: Analysis::new(),
                names: NameFinder::new(),
                spans: Vec::new(),
            },
        }
    }

    /// Notes a post.
    pub fn observe(&mut self, post: &EdgePost, analysis: &Analysis) {
        self.reading.read(analysis);
        self.families.counters_mut().texts_too_short += u64::from(self.reading.exact == 0);
        let log = self.minutes.entry(minute_of(post.time.unix())).or_default();
        self.log_bytes += log.push(post, analysis, &self.reading);
        let (bytes, too_long) = log.push_objects(post, analysis);
        self.log_bytes += bytes;
        self.families.counters_mut().links_too_long += too_long;
        if let Some(title) = post.publisher.as_ref().and_then(|item| item.title.as_deref()) {
            self.words.analyzer.tokenize(title, &mut self.words.analysis);
            self.reading.read(&self.words.analysis);
            self.log_bytes += log.push_title(post, title, &self.reading);
        }
        if self.log_bytes > self.log_bytes_max {
            self.read_early();
        }
    }

    /// Forgets what is named in an open minute; returns how many posts that were.
    pub fn delete(&mut self, minute: Window, keys: &HashSet<DeleteKey>) -> u64 {
        // The last post may be one of them.
        self.reading = Reading::default();
        let Some(log) = self.minutes.get_mut(&minute.start).filter(|_| !keys.is_empty()) else { return 0 };
        let before = log.bytes();
        let deleted = log.delete(&Deletions::new(keys));
        self.log_bytes -= before - log.bytes();
        deleted
    }

    /// Forgets what is held of posts of closed minutes.
    pub fn delete_held(&mut self, keys: &HashSet<DeleteKey>) {
        self.words.analysis = Analysis::new();
        if !keys.is_empty() {
            let deletions = Deletions::new(keys);
            self.families.delete(&deletions);
            self.objects.delete(&deletions);
        }
    }

    /// Posts of open minutes that are long enough to be of a family.
    pub fn records(&self) -> usize {
        self.minutes.values().map(MinuteLog::len).sum()
    }

    /// Families that live here.
    pub fn live(&self) -> usize {
        self.families.live()
    }

    /// Memory of families, roughly.
    pub fn families_bytes(&self) -> usize {
        self.families.list_bytes()
    }

    /// Memory of tables and logs, roughly.
    pub fn bytes(&self) -> usize {
        self.families.bytes() + self.objects.bytes() + self.log_bytes
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub fn held(&self) -> crate::volume::Held {
        let mut held = crate::volume::Held::default();
        self.minutes.values().for_each(|log| log.held(&mut held));
        self.families.held(&mut held);
        self.objects.held(&mut held);
        held.values.push_str(&self.words.analysis.normal);
        held
    }

    /// What was counted.
    pub fn counters(&self) -> AmplifyCounters {
        self.families.counters()
    }

    /// Reads the posts of all minutes that end at or before a second, oldest first, and hands out what the owner must know.
    pub fn close(&mut self, before_unix: i64, emit: &mut dyn FnMut(AmplifyDelta)) {
        self.close_and_tell(before_unix, &mut |_, _| {}, emit);
    }

    /// [`Self::close`] that also says which family each copy went to, by post key: for evaluations. A family's first post is told
    /// with its second.
    pub fn close_and_tell(
        &mut self,
        before_unix: i64,
        tell: &mut dyn FnMut(u64, LocalId),
        emit: &mut dyn FnMut(AmplifyDelta),
    ) {
        std::mem::take(&mut self.early).into_iter().for_each(&mut *emit);
        while let Some(entry) = self.minutes.first_entry() {
            if entry.key().saturating_add(60) > before_unix {
                break;
            }
            let (minute, log) = entry.remove_entry();
            self.log_bytes -= log.bytes();
            emit(self.read(minute, &log, tell));
        }
    }

    /// Makes room in the logs: the oldest minutes first.
    fn read_early(&mut self) {
        while self.log_bytes > self.log_bytes_max / 4 * 3 {
            let Some((minute, log)) = self.minutes.pop_first() else { break };
            self.log_bytes -= log.bytes();
            self.families.counters_mut().posts_read_early += log.len() as u64;
            let delta = self.read(minute, &log, &mut |_, _| {});
            self.early.push(delta);
        }
    }

    fn read(&mut self, minute: i64, log: &MinuteLog, tell: &mut dyn FnMut(u64, LocalId)) -> AmplifyDelta {
        log.order(&mut self.order);
        let sketch = |families: &Families, nth: usize| {
            let at = *self.order.get(nth)?;
            Some(families.sketch(log.tokens_of(at), log.record(at).exact))
        };
        // One post ahead, so that memory is read while the one before is looked at.
        let mut next = sketch(&self.families, 0);
        let mut copies = HashSet::new();
        for (nth, &at) in self.order.iter().enumerate() {
            let Some(of_this) = next else { break };
            next = sketch(&self.families, nth + 1);
            let record = log.record(at);
            let view = View {
                minute,
                key: record.key,
                author: record.author,
                exact: record.exact,
                language: record.language,
                repost: record.repost,
                publisher: record.publisher,
                tokens: log.tokens_of(at),
                text: log.text_of(at),
            };
            match self.families.take(&view, &of_this, log.domains_of(at), &mut self.words) {
                Taken::Alone => {}
                Taken::Joined(family) => {
                    copies.insert(record.key);
                    tell(record.key, family);
                }
                Taken::Opened(family, first) => {
                    copies.extend([first, record.key]);
                    tell(first, family);
                    tell(record.key, family);
                }
            }
        }
        // Of the last text that joined a family nothing stays in the buffers.
        self.words.analysis.clear();
        let (families, ended) = self.families.tell(minute);
        copies.remove(&0);
        let objects = self.objects.close(minute, &log.objects, &copies, self.families.counters_mut());
        AmplifyDelta { minute, posts: log.posts, families, objects, ended }
    }
}
