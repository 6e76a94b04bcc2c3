//! [`Observer`]: what one worker saw of each minute that is still open.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use groundswell_edge::{DeleteKey, EdgePost};
use groundswell_gate::{Dimension, PHRASE_SAMPLE, TONE_CELLS, languages_value, tone_value};
use groundswell_sketch::{Carried, Step, Summary, VALUE_BYTES_MAX, Window};
use groundswell_text::countries::{Country, CountryFinder};
use groundswell_text::names::{About, NameFinder, NameSpan, name_key};
use groundswell_text::{
    Analysis, Analyzer, Language, Word, has_term_shape, hash_word, is_stop_word, is_stop_word_everywhere,
    is_stop_word_in,
};
use groundswell_watch::{ClauseId, WatchId};

use super::cell::cell_hash;
use super::config::{POST_DOMAINS_MAX, VolumeConfig, VolumeCounters};
use super::delete::Deletions;
#[cfg(debug_assertions)]
use super::held::Held;
use super::interner::{CellId, Interner, Noted, Worth};
use super::log::{MinuteLog, Parts, Tally};
use crate::amplify::{NEAR_WORDS_MIN, REPOST};
use crate::tone::Reader;

/// No number yet.
const UNKNOWN: CellId = CellId::MAX;

/// One minute that is still open.
#[derive(Default)]
struct Open {
    log: MinuteLog,
    /// What was summed up early, and its posts forgotten.
    compacted: Vec<Parts>,
}

/// One worker's part of the volume detector: keeps a log of the posts of every open minute and sums it up at its close.
pub struct Observer {
    config: VolumeConfig,
    interner: Interner,
    /// Open minutes by their start; each is an index into `open`.
    minutes: BTreeMap<i64, usize>,
    open: Vec<Open>,
    free: Vec<usize>,
    /// The minute of the last post: most posts fall into the same.
    last: Option<(i64, usize)>,
    log_bytes: usize,
    source: (String, CellId),
    watches: Listed,
    clauses: Listed,
    tones: Tones,
    /// Words of deleted posts: those that no other post of an open minute has are forgotten at the next close.
    gone: Vec<CellId>,
    /// Open minutes of which a deletion has reached what was added up for a checkpoint.
    spoiled: Vec<Window>,
    tally: Tally,
    names: Names,
    countries: Countries,
    counters: VolumeCounters,
}

/// What of the watches a post matches, each once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Matched<'m> {
    /// The watches.
    pub watches: &'m [WatchId],
    /// Of the watches of several clauses, those that are in the post.
    pub clauses: &'m [ClauseId],
}

impl<'m> From<&'m [WatchId]> for Matched<'m> {
    fn from(watches: &'m [WatchId]) -> Self {
        Self { watches, clauses: &[] }
    }
}

impl<'m, const N: usize> From<&'m [WatchId; N]> for Matched<'m> {
    fn from(watches: &'m [WatchId; N]) -> Self {
        Self::from(watches.as_slice())
    }
}

impl<'m> From<&'m Vec<WatchId>> for Matched<'m> {
    fn from(watches: &'m Vec<WatchId>) -> Self {
        Self::from(watches.as_slice())
    }
}

/// Values that the operator has given, by their numbers in the percolator, and the numbers of their cells.
struct Listed {
    dimension: Dimension,
    values: Arc<[String]>,
    cells: Vec<CellId>,
}

impl Listed {
    fn new(dimension: Dimension, values: Arc<[String]>) -> Self {
        Self { dimension, cells: vec![UNKNOWN; values.len()], values }
    }

    /// Logs their cells. A value longer than a cell may have is counted instead.
    fn log(
        &mut self,
        numbers: impl Iterator<Item = u32>,
        interner: &mut Interner,
        log: &mut MinuteLog,
        too_long: &mut u64,
    ) {
        for number in numbers {
            let cell = &mut self.cells[number as usize];
            if *cell == UNKNOWN {
                let value = &self.values[number as usize];
                if value.len() > VALUE_BYTES_MAX {
                    *too_long += 1;
                    continue;
                }
                *cell = interner.id(self.dimension, cell_hash(self.dimension, hash_word(value)), value);
            }
            log.push(*cell);
        }
    }

    fn forget_numbers(&mut self) {
        self.cells.fill(UNKNOWN);
    }
}

/// How posts sound that watches match, and the numbers of the cells in which that is counted.
#[derive(Default)]
struct Tones {
    reader: Reader,
    /// By watch and language, in order: of all posts, and of those in each cell. Asked for each watch that a post matches.
    cells: Vec<[CellId; 1 + TONE_CELLS]>,
}

impl Tones {
    /// Logs the cells of a post that watches match.
    fn log(
        &mut self,
        (post, language): (&EdgePost, Language),
        watches: (&[WatchId], &[String]),
        interner: &mut Interner,
        log: &mut MinuteLog,
        too_long: &mut u64,
    ) {
        let (matched, names) = watches;
        if matched.is_empty() {
            return;
        }
        let Some((language, nth)) = self.reader.read(post, language.as_str()) else { return };
        let languages = groundswell_tone::Language::ALL.len();
        if self.cells.is_empty() {
            self.cells.resize(names.len() * languages, [UNKNOWN; 1 + TONE_CELLS]);
        }
        for watch in matched {
            let cells = &mut self.cells[watch.0 as usize * languages + language as usize];
            for (at, cell) in [(0, None), (1 + nth, Some(nth))] {
                if cells[at] == UNKNOWN {
                    let value = tone_value(&names[watch.0 as usize], language.code(), cell);
                    if value.len() > VALUE_BYTES_MAX {
                        *too_long += 1;
                        continue;
                    }
                    cells[at] = interner.id(Dimension::Tone, cell_hash(Dimension::Tone, hash_word(&value)), &value);
                }
                log.push(cells[at]);
            }
        }
    }
}

/// What looks like a person's name in a post, and where that is looked up.
#[derive(Default)]
struct Names {
    finder: NameFinder,
    /// Of the post in work.
    spans: Vec<NameSpan>,
    /// What is known of each of its words.
    about: Vec<About>,
    value: String,
    /// Reads publishers' titles.
    analyzer: Analyzer,
    title: Analysis,
}

/// The countries that a post talks about, and where they are looked up.
#[derive(Default)]
struct Countries {
    finder: CountryFinder,
    /// Of the post in work: words that can name one, and those that are meant.
    words: Vec<usize>,
    found: Vec<Country>,
}

impl Names {
    /// Notes what a publisher's item carries.
    fn carry(&mut self, post: &EdgePost, analysis: &Analysis, log: &mut MinuteLog) {
        let Some(item) = &post.publisher else { return };
        let publisher = hash_word(&item.name);
        let mut note = |name| log.carry(post, Carried { name, publisher });
        self.finder.carried(&post.text, analysis, &mut note);
        if let Some(title) = &item.title {
            self.analyzer.tokenize(title, &mut self.title);
            self.title.language = analysis.language;
            self.finder.carried(title, &self.title, &mut note);
        }
    }
}

/// A number for a post's text: of what a platform's button passes on, and of a text that is too long to be written twice by chance, that of
/// its words in whatever order. Of what else is written each has one of its own.
fn text_of(post: &EdgePost, analysis: &Analysis) -> u64 {
    let words = analysis.words.iter().fold(0_u64, |sum, word| sum.wrapping_add(word.hash));
    let is_known_again = post.relation.as_str() == REPOST || analysis.words.len() >= NEAR_WORDS_MIN;
    if is_known_again {
        return words;
    }
    // What has no key stands by who wrote it and when.
    let written = || post.author.map_or(0, groundswell_edge::AuthorToken::bits).wrapping_add(post.time.unix() as u64);
    words.wrapping_add(post.key.map_or_else(written, groundswell_edge::PostKey::bits))
}

impl Observer {
    /// An observer that has seen nothing.
    pub fn new(config: VolumeConfig) -> Self {
        Self {
            interner: Interner::new(),
            minutes: BTreeMap::new(),
            open: Vec::new(),
            free: Vec::new(),
            last: None,
            log_bytes: 0,
            source: (String::new(), UNKNOWN),
            watches: Listed::new(Dimension::Watch, Arc::clone(&config.watch_names)),
            clauses: Listed::new(Dimension::Clause, Arc::clone(&config.watch_clauses)),
            tones: Tones::default(),
            gone: Vec::new(),
            spoiled: Vec::new(),
            tally: Tally::new(),
            names: Names::default(),
            countries: Countries::default(),
            counters: VolumeCounters::default(),
            config,
        }
    }

    /// Numbers the stretches that it adds up, so that a [`super::Merger`] knows them again: `worker` is another one for each observer
    /// whose summaries come together.
    #[must_use]
    pub fn numbered(mut self, worker: usize) -> Self {
        self.tally.number_after((worker as u64 + 1) << 40);
        self
    }

    /// What looks like a person's name in the post that was observed last.
    pub fn names(&self) -> &[NameSpan] {
        &self.names.spans
    }

    /// Notes a post and what of the watches it matches.
    pub fn observe<'m>(&mut self, post: &EdgePost, analysis: &Analysis, matched: impl Into<Matched<'m>>) {
        let Matched { watches, clauses } = matched.into();
        // Numbers of what was forgotten take room as well.
        if self.interner.len().max(self.interner.ids()) >= self.config.interned_max {
            self.renumber();
        }
        let index = self.open_minute(post.time.unix());
        let log = &mut self.open[index].log;
        let bytes_before = log.bytes();
        let interner = &mut self.interner;
        interner.next_post();
        log.begin(post, analysis.language, text_of(post, analysis));

        if self.source.1 == UNKNOWN || self.source.0 != post.source {
            self.source.0.clone_from(&post.source);
            // The edge bounds names of sources; `other` is the name that it gives to those beyond.
            let name = if post.source.len() <= VALUE_BYTES_MAX { &post.source } else { groundswell_gate::OTHER };
            self.source.1 = interner.id(Dimension::Source, cell_hash(Dimension::Source, hash_word(name)), name);
        }
        log.push(self.source.1);

        let too_long = &mut self.counters.values_too_long;
        self.watches.log(watches.iter().map(|watch| watch.0), interner, log, too_long);
        self.clauses.log(clauses.iter().map(|clause| clause.0), interner, log, too_long);
        let watches = (watches, &*self.watches.values);
        self.tones.log((post, analysis.language), watches, interner, log, too_long);
        let countries = &mut self.countries;
        countries.found.clear();
        for tag in &analysis.hashtags {
            let value = analysis.hashtag(tag);
            if value.len() > VALUE_BYTES_MAX {
                self.counters.values_too_long += 1;
            } else if let Some(found) = interner.once(
                Dimension::Hashtag,
                cell_hash(Dimension::Hashtag, tag.hash),
                value,
                || Worth::Always,
                || Noted { country: countries.finder.may_name(tag.hash), ..Noted::default() },
            ) {
                log.push(found.id);
                if found.country {
                    countries.found.extend(countries.finder.of_hashtag(tag.hash, analysis.language));
                }
                // What its normal form does not tell any more, for all who write it in small letters.
                if analysis.hashtag_spelling(tag).is_some_and(|spelling| self.names.finder.spelt(spelling)) {
                    log.carry(post, Carried { name: name_key(value), publisher: Carried::SPELT });
                }
            }
        }
        let mut domains = 0;
        for link in &post.links {
            let value = link.domain.as_str();
            if value.is_empty() || value.len() > VALUE_BYTES_MAX {
                self.counters.values_too_long += u64::from(!value.is_empty());
                continue;
            }
            let hash = cell_hash(Dimension::Domain, hash_word(value));
            if domains == POST_DOMAINS_MAX {
                self.counters.domains_left_out += 1;
            } else if let Some(found) = interner.once(Dimension::Domain, hash, value, || Worth::Always, Noted::default)
            {
                log.push(found.id);
                domains += 1;
            }
        }
        // Words of a name are not counted one by one, but the name as a whole: the gate decides about it by its publishers.
        let names = &mut self.names;
        names.about.clear();
        countries.words.clear();
        names.about.extend(analysis.words.iter().enumerate().map(|(index, word)| {
            let noted = interner.noted(cell_hash(Dimension::Term, word.hash)).unwrap_or_else(|| Noted {
                about: names.finder.about(analysis.word(word), word.hash),
                country: countries.finder.may_name(word.hash),
            });
            if noted.country {
                countries.words.push(index);
            }
            noted.about
        }));
        names.finder.find_about(&post.text, analysis, &names.about, &mut names.spans);
        countries.finder.find(&post.text, analysis, &countries.words, &names.spans, &mut countries.found);
        for country in &countries.found {
            let value = country.as_str();
            let hash = cell_hash(Dimension::Mentioned, hash_word(value));
            if let Some(found) = interner.once(Dimension::Mentioned, hash, value, || Worth::Always, Noted::default) {
                log.push(found.id);
            }
        }
        if let Some([first, second]) = analysis.languages {
            let value = languages_value(first.as_str(), second.as_str());
            let hash = cell_hash(Dimension::Languages, hash_word(&value));
            if let Some(found) = interner.once(Dimension::Languages, hash, &value, || Worth::Always, Noted::default) {
                log.push(found.id);
            }
        }
        let mut spans = names.spans.iter().copied().peekable();
        let drawn = self.config.phrases && is_drawn(post);
        let mut last: Option<usize> = None;
        for (index, word) in analysis.words.iter().enumerate() {
            while spans.next_if(|span| span.words().end <= index).is_some() {}
            if spans.peek().is_some_and(|span| span.words().contains(&index)) {
                continue;
            }
            let value = analysis.word(word);
            let worth = || worth_as_term(value, word.hash);
            let hash = cell_hash(Dimension::Term, word.hash);
            let noted = || Noted { about: names.about[index], country: countries.words.binary_search(&index).is_ok() };
            if let Some(found) = interner.once(Dimension::Term, hash, value, worth, noted)
                && !(found.depends && is_stop_word_in(analysis.language, word.hash))
            {
                let before = last.filter(|last| drawn && last + 1 == index).map(|last| &analysis.words[last]);
                if before.is_some_and(|before| are_beside(&post.text, before, word)) {
                    log.push_beside(found.id);
                } else {
                    log.push(found.id);
                }
                last = Some(index);
            }
        }
        for emoji in &analysis.emoji {
            log_whole(analysis.emoji(emoji), emoji.hash, interner, log, &mut self.counters.values_too_long);
        }
        for span in &names.spans {
            names.value.clear();
            NameFinder::push_value(analysis, *span, &mut names.value);
            let value = names.value.as_str();
            log_whole(value, hash_word(value), interner, log, &mut self.counters.values_too_long);
        }
        names.carry(post, analysis, log);
        self.log_bytes += log.bytes() - bytes_before;
        if self.log_bytes > self.config.log_bytes_max {
            self.compact(self.config.log_bytes_max / 4 * 3);
        }
    }

    /// Asks for other watches from the next post on, by their new ids. What was counted of those that stay goes on.
    pub fn set_watches(&mut self, names: Arc<[String]>, clauses: Arc<[String]>) {
        self.watches = Listed::new(Dimension::Watch, names);
        self.clauses = Listed::new(Dimension::Clause, clauses);
        self.tones.cells.clear();
    }

    /// Forgets what is named in an open minute; returns how many posts that were. Words that nothing else holds are forgotten
    /// at the next [`Self::close`]. What was summed up early is out of reach.
    pub fn delete(&mut self, minute: Window, keys: &HashSet<DeleteKey>) -> u64 {
        let Some(index) = self.minutes.get(&minute.start).filter(|_| !keys.is_empty()) else { return 0 };
        let log = &mut self.open[*index].log;
        let bytes_before = log.bytes();
        let deleted = log.delete(&Deletions::new(keys), &mut self.gone);
        self.log_bytes -= bytes_before - log.bytes();
        if log.take_spoiled() {
            self.spoiled.push(minute);
        }
        self.gone.sort_unstable();
        self.gone.dedup();
        deleted
    }

    /// The minutes of which something was deleted that had been looked at, since this was last asked: whoever has added up what was
    /// seen then must forget it ([`super::Merger::forget_looked`]).
    pub fn take_spoiled(&mut self) -> Vec<Window> {
        std::mem::take(&mut self.spoiled)
    }

    /// Posts of open minutes that are kept one by one.
    pub fn records(&self) -> usize {
        self.minutes.values().map(|index| self.open[*index].log.len()).sum()
    }

    /// The minutes of which something is kept, oldest first.
    pub fn open_minutes(&self) -> Vec<Window> {
        self.minutes.keys().map(|start| Window { step: Step::Minute, start: *start }).collect()
    }

    /// Sums up all minutes that end at or before a second and hands out their summaries by shard, oldest minute first; then
    /// forgets the words of what was deleted. A minute of which a post was seen comes always with a summary for shard 0.
    pub fn close(&mut self, before_unix: i64, emit: &mut dyn FnMut(usize, Window, Summary)) {
        while let Some((&start, &index)) = self.minutes.first_key_value() {
            let minute = Window { step: Step::Minute, start };
            if minute.end() > before_unix {
                break;
            }
            self.minutes.remove(&start);
            self.last = None;
            let open = &mut self.open[index];
            self.log_bytes -= open.log.bytes();
            let early = std::mem::take(&mut open.compacted);
            let rest = self.tally.sum(&mut open.log, &self.interner, self.config.shards);
            // The next minute begins in the memory of this one. More than one spare log would in time all be as large as the
            // fullest minute was.
            if self.free.iter().any(|free| self.open[*free].log.room() > 0) {
                self.open[index].log = MinuteLog::default();
            }
            self.free.push(index);
            for parts in early.into_iter().chain(rest) {
                for (shard, summary) in parts.into_iter().enumerate().filter(|(_, summary)| !summary.is_empty()) {
                    // A checkpoint that looked at it has let it go.
                    emit(shard, minute, Arc::unwrap_or_clone(summary));
                }
            }
        }
        if self.minutes.is_empty() {
            // Nothing is open: give back what a flood may have made large.
            self.open.clear();
            self.free.clear();
        }
        self.forget_words();
    }

    /// Forgets the words of deleted posts that no open minute needs. If one comes again, it gets a new number.
    fn forget_words(&mut self) {
        if self.gone.is_empty() {
            return;
        }
        let mut needed = vec![false; self.interner.ids()];
        self.minutes.values().for_each(|index| self.open[*index].log.mark_needed(&mut needed));
        for id in self.gone.drain(..).filter(|id| !needed[*id as usize]) {
            // Names of sources and watches, and of what belongs to these, are the operator's, and their numbers are remembered.
            let (dimension, ..) = self.interner.name(id);
            if !matches!(dimension, Dimension::Source | Dimension::Watch | Dimension::Clause | Dimension::Tone) {
                self.interner.forget(id);
            }
        }
        self.tones.reader.forget();
    }

    /// Hands out what a close of one minute would, and keeps everything as it is. What was added up for it stays so.
    pub fn look(&mut self, minute: Window, emit: &mut dyn FnMut(usize, Arc<Summary>)) {
        let Some(&index) = self.minutes.get(&minute.start) else { return };
        let Open { log, compacted } = &mut self.open[index];
        let rest = self.tally.look(log, &self.interner, self.config.shards);
        for parts in compacted.iter().chain(rest) {
            for (shard, summary) in parts.iter().enumerate().filter(|(_, summary)| !summary.is_empty()) {
                emit(shard, Arc::clone(summary));
            }
        }
    }

    /// Which bounds were reached.
    pub fn counters(&self) -> VolumeCounters {
        self.counters
    }

    #[inline]
    fn open_minute(&mut self, unix: i64) -> usize {
        let start = Window::containing(Step::Minute, unix).start;
        if let Some((last, index)) = self.last
            && last == start
        {
            return index;
        }
        let index = *self.minutes.entry(start).or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.open.push(Open::default());
                self.open.len() - 1
            })
        });
        self.last = Some((start, index));
        index
    }

    /// Sums minutes up early, largest log first, until the logs take at most `bytes_max`.
    fn compact(&mut self, bytes_max: usize) {
        let mut by_size: Vec<(usize, i64, usize)> =
            self.minutes.iter().map(|(start, index)| (self.open[*index].log.bytes(), *start, *index)).collect();
        by_size.sort_unstable_by_key(|(bytes, start, _)| (std::cmp::Reverse(*bytes), *start));
        for (bytes, _, index) in by_size {
            if self.log_bytes <= bytes_max {
                break;
            }
            let Open { log, compacted } = &mut self.open[index];
            self.log_bytes -= bytes;
            self.counters.records_compacted_early += log.len() as u64;
            compacted.append(&mut self.tally.sum(log, &self.interner, self.config.shards));
            // It goes on in the same memory, where memory is not what all logs have too much of.
            if self.open.iter().map(|open| open.log.room()).sum::<usize>() > self.config.log_bytes_max / 4 * 5 {
                self.open[index].log = MinuteLog::default();
            }
        }
    }

    /// Makes room for new cells by forgetting the numbers of those not seen for longest.
    #[cold]
    fn renumber(&mut self) {
        let keep = self.config.interned_max / 2;
        let mut needed = vec![false; self.interner.ids()];
        self.minutes.values().for_each(|index| self.open[*index].log.mark_needed(&mut needed));
        if needed.iter().filter(|needed| **needed).count() > keep {
            self.compact(0);
            needed.fill(false);
        }
        let new_ids = self.interner.rebuild(keep, &needed);
        self.minutes.values().for_each(|index| self.open[*index].log.renumber(&new_ids));
        self.gone = self.gone.iter().map(|id| new_ids[*id as usize]).filter(|id| *id != UNKNOWN).collect();
        self.source.1 = UNKNOWN;
        self.watches.forget_numbers();
        self.clauses.forget_numbers();
        self.tones.cells.clear();
        self.counters.interner_rebuilt += 1;
    }
}

#[cfg(debug_assertions)]
impl Observer {
    /// Everything that is held of the posts of open minutes, and every word that is known.
    pub fn held(&self) -> Held {
        let mut held = Held { values: self.interner.held().to_owned(), ..Held::default() };
        held.authors.extend(self.tally.held());
        for index in self.minutes.values() {
            let Open { log, compacted } = &self.open[*index];
            for (key, author) in log.held().0 {
                held.keys.insert(key);
                held.authors.insert(author);
            }
            compacted.iter().flatten().for_each(|summary| held.add_summary(summary));
            log.added_up().for_each(|summary| held.add_summary(summary));
        }
        held
    }
}

/// Logs a term that is no single word, a name or an emoji, once a post. One longer than a cell may have is counted instead.
fn log_whole(value: &str, value_hash: u64, interner: &mut Interner, log: &mut MinuteLog, too_long: &mut u64) {
    if value.len() > VALUE_BYTES_MAX {
        *too_long += 1;
        return;
    }
    let hash = cell_hash(Dimension::Term, value_hash);
    if let Some(found) = interner.once(Dimension::Term, hash, value, || Worth::Always, Noted::default) {
        log.push(found.id);
    }
}

/// Whether a post is in the sample of which phrases are counted ([`PHRASE_SAMPLE`]). By its key, which nobody outside knows, so nobody
/// can choose; and neither by its author nor by what it says. Mixed, since those that are kept of too many are chosen by the key as well.
fn is_drawn(post: &EdgePost) -> bool {
    let without_key = || hash_word(&post.text) ^ post.time.unix() as u64;
    let bits = post.key.map_or_else(without_key, groundswell_edge::PostKey::bits);
    (bits ^ bits >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & (PHRASE_SAMPLE - 1) == 0
}

/// Whether two words in order are a phrase: next to each other with nothing but spaces between them, or nothing in scripts without, and
/// together no longer than a value may be.
fn are_beside(text: &str, one: &Word, other: &Word) -> bool {
    let between = text.get(one.raw.1 as usize..other.raw.0 as usize);
    let normal_bytes = |word: &Word| (word.normal.1 - word.normal.0) as usize;
    between.is_some_and(|between| between.bytes().all(|byte| byte == b' '))
        && normal_bytes(one) + " ".len() + normal_bytes(other) <= VALUE_BYTES_MAX
}

/// Whether a word is counted as a term: one that is a stop word in some languages is a term in the others.
fn worth_as_term(value: &str, hash: u64) -> Worth {
    if value.len() > VALUE_BYTES_MAX || !has_term_shape(value) || is_stop_word_everywhere(hash) {
        Worth::Never
    } else if is_stop_word(hash) {
        Worth::Depends
    } else {
        Worth::Always
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observer({} open minutes, redacted)", self.minutes.len())
    }
}
