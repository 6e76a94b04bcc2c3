//! [`AmplifyObserver`]: one process's part: logs of minutes, and the families that read them when they close.

use std::collections::HashSet;
use std::fmt;

use groundswell_edge::{DeleteKey, EdgePost};
use groundswell_sketch::Window;
use groundswell_text::names::{NameFinder, NameSpan};
use groundswell_text::{Analysis, Analyzer};

use super::config::{AmplifyConfig, AmplifyCounters};
use super::delta::{AmplifyDelta, LocalId};
use super::families::{Families, Reader, Taken, View};
use super::log::{At, MinuteLog};
use super::logs::{AmplifyLogs, AmplifyMinute};
use super::places::Form;
use super::push::Objects;
use crate::volume::Deletions;

/// Posts of one second are read in the order of their words, so each is somewhere else: so many posts ahead its record is read, and so
/// many its words.
const RECORD_AHEAD: usize = 8;
const WORDS_AHEAD: usize = 4;

/// One process's part of the amplification detector: keeps the posts of open minutes, and when a minute closes finds for each of
/// them, in the order of their time, whether its text has company.
pub struct AmplifyObserver {
    logs: AmplifyLogs,
    families: Families,
    objects: Objects,
    /// What was read before its minute closed.
    early: Vec<AmplifyDelta>,
    order: Vec<At>,
    words: Words,
}

impl fmt::Debug for AmplifyObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AmplifyObserver({:?}, {} families)", self.logs, self.families.live())
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
            logs: AmplifyLogs::new(&config),
            families: Families::new(config),
            objects: Objects::default(),
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
        self.logs.observe(post, analysis);
        while let Some(full) = self.logs.hand_over_early() {
            self.take_early(full);
        }
    }

    /// Takes what a worker has noted of a minute. Whose posts of it come when makes no difference, as long as it is before the minute
    /// closes.
    pub fn take_in(&mut self, minute: AmplifyMinute) {
        self.logs.add(minute);
    }

    /// Reads what a worker's logs have no room for, though its minute is open: what others have of that minute is read later.
    pub fn take_early(&mut self, AmplifyMinute { minute, log }: AmplifyMinute) {
        self.families.counters_mut().posts_read_early += log.len() as u64;
        let delta = self.read(minute, &log, &mut |_, _| {});
        self.early.push(delta);
    }

    /// Forgets what is named in an open minute; returns how many posts that were.
    pub fn delete(&mut self, minute: Window, keys: &HashSet<DeleteKey>) -> u64 {
        self.logs.delete(minute, keys)
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
        self.logs.records()
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
        self.families.bytes() + self.objects.bytes() + self.logs.bytes()
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub fn held(&self) -> crate::volume::Held {
        let mut held = crate::volume::Held::default();
        self.logs.held(&mut held);
        self.families.held(&mut held);
        self.objects.held(&mut held);
        held.values.push_str(&self.words.analysis.normal);
        held
    }

    /// What was counted.
    pub fn counters(&self) -> AmplifyCounters {
        let mut counters = self.families.counters();
        counters.add(&self.logs.counters());
        counters
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
        while let Some(AmplifyMinute { minute, log }) = self.logs.hand_over(before_unix) {
            emit(self.read(minute, &log, tell));
        }
    }

    fn read(&mut self, minute: i64, log: &MinuteLog, tell: &mut dyn FnMut(u64, LocalId)) -> AmplifyDelta {
        log.order(&mut self.order);
        let sketch = |families: &Families, nth: usize| {
            let at = *self.order.get(nth)?;
            let record = log.record(at);
            Some(families.sketch(log.tokens_of(at), record.exact, record.repost))
        };
        // One post ahead, so that memory is read while the one before is looked at.
        let mut next = sketch(&self.families, 0);
        let mut copies = hashbrown::HashSet::new();
        for (nth, &at) in self.order.iter().enumerate() {
            let Some(of_this) = next else { break };
            log.bring(self.order.get(nth + RECORD_AHEAD), self.order.get(nth + WORDS_AHEAD));
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
                log,
                at,
            };
            match self.families.take(&view, &of_this, &mut self.words) {
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
