//! [`Story`]: what the owner knows of one narrative, or of a candidate that may become one.

use std::collections::VecDeque;

use groundswell_gate::{AuthorBits, NarrativeId};
use groundswell_sketch::{CellKey, Distinct};

use super::authors::{Crowd, FewAuthors};
use super::buckets::Buckets;
use super::candidate::{LabelPart, NarrativeCount};
use super::cluster::LocalId;
use super::config::{FACETS_MAX, LANGUAGES_MAX, TIMELINE_MAX};
use super::delta::{LocalDelta, MinuteDelta};
use super::features::FeatureKind;
use super::life::{GROWTH_MINUTES, Life};
use super::locals::Locals;
use super::own::{Now, OwnTerm, OwnTerms, SCALES, plus, times};
use super::phrases::Phrases;
use super::related::{Near, Related};
use super::stories::StoryKey;

/// Terms of a story; when it has more, the least go, down to three quarters.
const TERMS_MAX: usize = 32;
/// Terms by which it is found.
const LEADING_MAX: usize = 12;
/// Places that are made at once for terms that led.
const LED_PLACES: usize = 8;
/// Terms that are proposed for its label.
const LABEL_TERMS_MAX: usize = 12;

/// Why a candidate is held back although enough authors carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boilerplate {
    No,
    /// A few accounts that repeat themselves: bots, adverts.
    FewAccounts,
    /// One text that is passed on: an amplification, and told as one.
    OneText,
    /// Words that are everywhere: greetings.
    CommonWords,
    /// One word that people use for many things, or many that do not stand together: a topic, no story.
    NoCore,
    /// Its words are written as they always were: a topic that goes on, and what accident put together.
    NothingNew,
    /// One text again and again at an even pace: quotes of the day, weather.
    EvenCopies,
}

/// Posts an author from which on a narrative is one of few accounts.
const POSTS_PER_AUTHOR_MAX: f64 = 8.0;
/// What the word that sets a story apart most must weigh: exp(-H/4) of one spread evenly over some 400 clusters.
const SHARPNESS_MIN: f32 = 0.22;
/// In what part of a story's posts its second and third most frequent leading words stand, together.
const CORE_MIN: f64 = 0.4;
/// And how many of its leading words a post of a story has on average, the most frequent one not counted.
const BESIDE_MIN: f64 = 0.75;
/// Languages beyond which no less is asked.
const CORE_LANGUAGES_MAX: f64 = 3.0;
/// A leading word is looked at for news if it stands in this part of the posts.
const NEWS_SHARE: f64 = 0.3;
/// A hashtag and a word in it that both stand in this part of the posts are one word.
const TAG_SHARE: f64 = 0.75;
/// So many words must be new.
const NEWS_MIN: usize = 2;
/// New is a story whose most frequent word is written so many times as often as before, and its other words so many times …
const RISE: (f32, f32) = (12.0, 8.0);
/// … or that alone so many times …
const RISE_ALONE: f32 = 40.0;
/// … or all of them so many times where the story itself rises as its most frequent word must.
const RISE_BESIDE: f32 = 3.0;
const RECENT_MINUTES: i64 = 30;
/// Where nothing is known of before, so many words must stand in the story and, to this part, nowhere else.
const OWN_WORDS_MIN: usize = 3;
const OWN_MIN: f32 = 0.7;
/// … and the story be so much of all that was told of, or its posts come so late that an even pace since the stream began is less
/// likely by this power of e.
const MUCH: f64 = 0.02;
const SURPRISE_MIN: f64 = 18.0;
/// One text: the part of copies, and the part of posts in which so many words stand.
const TEXT_COPIES: f64 = 0.2;
const TEXT_TERMS: usize = 4;
const TEXT_SHARE: f64 = 0.4;
/// Posts from which on a narrative that has a name may turn out to have no core.
const CORE_POSTS: u64 = 50;
/// What is written now fades by half in so many minutes: the longer stretch for what is seldom written, the shorter to see soon that
/// two stories have become one.
const NOW_HALF_LIVES: [f32; SCALES] = [10.0, 3.0];
/// How alike the presents of two narratives must be to become one, at each of them: of few posts more is asked.
const LIKENESS_NOW: [f32; 2] = [0.25, 0.4];
/// How alike they must be, at the longer one, to be near each other.
const NEAR: f32 = 0.08;
/// So many posts of both stories must there be to compare what is written now.
const PRESENT_MIN: f32 = 5.0;
/// Terms of its present by which others like it are looked for.
const LEADING_NOW: usize = 8;
/// Clusters of a story of which it is kept what they say now, and terms of each.
const VOICES_MAX: usize = 16;
const VOICE_TERMS_MAX: usize = 16;
/// What is less alike than this has nothing in common.
const APART: f32 = 0.05;
/// So many leading words are looked at.
const CORE_TERMS: usize = 8;
/// The part of copies from which on a candidate is looked at for an even pace.
const COPIES_SHARE: f64 = 0.8;
/// Minutes of a candidate's life from which on its pace can be judged, and into how many pieces it is cut.
const PACE_MINUTES: i64 = 60;
const PACE_PIECES: usize = 6;
/// Variance over mean of posts a piece: 1 for a steady pace, far more for anything that happened.
const EVENNESS_MAX: f64 = 2.0;

/// What was seen of the stream.
pub(super) struct Seen {
    /// Its first minute.
    pub(super) since: i64,
    /// Whether it was enough to say what rises.
    pub(super) has_history: bool,
    /// Posts of clusters that were told of.
    pub(super) told: u64,
}

#[derive(Clone)]
struct Facet {
    kind: FeatureKind,
    form: String,
    posts: u64,
    authors: Crowd<FewAuthors>,
}

/// What one of a story's clusters says now.
#[derive(Clone)]
struct Voice {
    local: (u16, LocalId),
    /// Posts that are no copies, fading, as of a minute.
    minute: i64,
    posts: f32,
    /// Its terms by their hashes: how many of those posts have them, times what they weigh.
    terms: Vec<(u64, f32)>,
}

impl Voice {
    fn fade(&mut self, minute: i64) {
        let minutes = ((minute - self.minute) / 60).max(0) as f32;
        let left = (-minutes / NOW_HALF_LIVES[0]).exp2();
        self.posts *= left;
        self.terms.iter_mut().for_each(|(_, value)| *value *= left);
        self.minute = self.minute.max(minute);
    }
}

fn add_terms(sum: &mut Vec<(u64, f32)>, terms: &[(u64, f32)]) {
    for (hash, value) in terms {
        match sum.iter_mut().find(|(known, _)| known == hash) {
            Some((_, known)) => *known += value,
            None => sum.push((*hash, *value)),
        }
    }
}

fn cosine(one: &[(u64, f32)], other: &[(u64, f32)]) -> f32 {
    let length = |terms: &[(u64, f32)]| terms.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    let of_other = |hash: u64| other.iter().find(|(known, _)| *known == hash).map_or(0.0, |(_, value)| *value);
    let dot: f32 = one.iter().map(|(hash, value)| value * of_other(*hash)).sum();
    dot / (length(one) * length(other)).max(f32::MIN_POSITIVE)
}

/// What was told of the last minute in which it was written to: also posts of minutes before that had not been told.
#[derive(Clone)]
struct ToldMinute {
    minute: i64,
    posts: u64,
    authors: Distinct,
    key: CellKey,
    originals: u64,
}

impl ToldMinute {
    fn of(minute: i64) -> Self {
        Self { minute, posts: 0, authors: Distinct::new(), key: CellKey::default(), originals: 0 }
    }

    fn add(&mut self, posts: u64, originals: u64, authors: &Distinct, key: CellKey) {
        self.posts += posts;
        self.originals += originals;
        self.authors.merge(authors);
        self.key.add(key);
    }
}

#[derive(Clone)]
pub(super) struct Story {
    pub(super) id: Option<NarrativeId>,
    pub(super) born_at: i64,
    /// Minutes of the first and the last post.
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) posts: u64,
    /// The size from which on it is compared with other workers' stories again.
    pub(super) compared_at: u64,
    pub(super) authors: Crowd<Distinct>,
    /// Living clusters that it is made of.
    pub(super) locals: Locals,
    /// What only narratives have, and most stories never become one.
    named: Option<Box<Named>>,
    pub(super) split_from: Option<StoryKey>,
    /// It was split from a narrative: what that told was news.
    pub(super) of_narrative: bool,
    pub(super) merged_into: Option<StoryKey>,
    pub(super) life: Life,
    terms: OwnTerms,
    /// Hashes of terms that lead or led; under them it is found if it is listed.
    led: Vec<u64>,
    pub(super) is_listed: bool,
    facets: Vec<Facet>,
    phrases: Phrases,
    languages: Vec<([u8; 2], u64)>,
    timeline: VecDeque<(i64, u64)>,
    told: ToldMinute,
    /// Stretches that may be spoken of.
    pub(super) buckets: Buckets,
    /// Part of copies, over the posts told.
    copies: f64,
    /// Posts that are no copies.
    originals: u64,
    /// Of them, fading, as of a minute.
    now: (i64, Now),
}

/// What a story has that has or had a name.
#[derive(Clone, Default)]
struct Named {
    parents: Vec<NarrativeId>,
    merged_name: Option<NarrativeId>,
    related: Related,
    /// Where it is made of several clusters: what those say now that are written to; at most [`VOICES_MAX`].
    voices: Vec<Voice>,
}

impl Story {
    pub(super) fn new(minute: i64, split_from: Option<StoryKey>) -> Self {
        Self {
            id: None,
            born_at: minute,
            first: minute,
            last: minute,
            posts: 0,
            compared_at: 0,
            authors: Crowd::default(),
            locals: Locals::default(),
            named: None,
            split_from,
            of_narrative: false,
            merged_into: None,
            life: Life::new(),
            terms: OwnTerms::default(),
            led: Vec::new(),
            is_listed: false,
            facets: Vec::new(),
            phrases: Phrases::default(),
            languages: Vec::new(),
            timeline: VecDeque::new(),
            told: ToldMinute::of(minute),
            buckets: Buckets::default(),
            copies: 0.0,
            originals: 0,
            now: (minute, Now::default()),
        }
    }

    /// Reads what it is made of, so that it is near when it is needed; apart from that, its terms.
    pub(super) fn fetch(&self) -> u64 {
        let language = self.languages.first().map_or(0, |(_, posts)| *posts);
        let minute = self.timeline.back().map_or(0, |(_, posts)| *posts);
        let first = self.terms.first().map_or(0, |term| term.hash);
        let led = self.led.iter().step_by(8).fold(0, |sum, hash| sum ^ *hash);
        let crowds = [self.authors.last_day(), &self.told.authors, self.buckets.waiting()];
        let crowds = crowds.iter().filter(|authors| authors.has_at_least(1)).count() as u64;
        self.posts ^ crowds ^ language ^ minute ^ first ^ led ^ self.buckets.fetch()
    }

    pub(super) fn fetch_terms(&self) -> u64 {
        self.terms.fetch()
    }

    /// Memory beside its terms, and that of its terms, phrases, hashtags and domains; roughly.
    pub(super) fn bytes(&self) -> (usize, usize) {
        let authors = [self.authors.last_day(), &self.told.authors, self.buckets.waiting()];
        let beside = size_of::<Self>()
            + self.locals.bytes()
            + self.led.capacity() * size_of::<u64>()
            + self.languages.capacity() * size_of::<([u8; 2], u64)>()
            + self.timeline.capacity() * size_of::<(i64, u64)>()
            + self.buckets.bytes()
            + authors.iter().map(|authors| authors.heap_bytes()).sum::<usize>();
        let facet = |facet: &Facet| size_of::<Facet>() + facet.form.capacity() + facet.authors.last_day().bytes();
        let facets: usize = self.facets.iter().map(facet).sum();
        (beside, self.terms.bytes() + facets + self.phrases.bytes())
    }

    pub(super) fn born(&mut self, id: NarrativeId, minute: i64) {
        self.id = Some(id);
        self.born_at = minute;
        // What was told before was told of another narrative.
        self.buckets.begin_anew();
    }

    /// Its narrative has ended; it goes on as a candidate that knows its words and clusters, and no post or author.
    pub(super) fn begin_anew(&mut self, minute: i64) {
        let mut terms = std::mem::take(&mut self.terms);
        terms.begin_anew();
        *self = Self {
            terms,
            locals: std::mem::take(&mut self.locals),
            led: std::mem::take(&mut self.led),
            is_listed: self.is_listed,
            ..Self::new(minute, None)
        };
    }

    fn named_mut(&mut self) -> &mut Named {
        self.named.get_or_insert_default()
    }

    fn voices(&self) -> &[Voice] {
        self.named.as_ref().map_or(&[], |named| &named.voices)
    }

    /// Narratives that it came from.
    pub(super) fn parents(&self) -> &[NarrativeId] {
        self.named.as_ref().map_or(&[], |named| &named.parents)
    }

    pub(super) fn add_parent(&mut self, id: NarrativeId) {
        self.named_mut().parents.push(id);
    }

    /// The name of what it became part of.
    pub(super) fn merged_name(&self) -> Option<NarrativeId> {
        self.named.as_ref()?.merged_name
    }

    pub(super) fn set_merged_name(&mut self, id: NarrativeId) {
        self.named_mut().merged_name = Some(id);
    }

    /// Narratives that are near.
    pub(super) fn related(&self) -> &[Near] {
        self.named.as_ref().map_or(&[], |named| named.related.list())
    }

    pub(super) fn related_mut(&mut self) -> &mut Related {
        &mut self.named_mut().related
    }

    /// Whether there is room for a narrative that is near.
    pub(super) fn takes_near(&self, near: &Near) -> bool {
        self.named.as_ref().is_none_or(|named| named.related.takes(near))
    }

    /// Adds what a worker saw.
    pub(super) fn absorb(&mut self, delta: &MinuteDelta, local: &LocalDelta, minute: i64) {
        let counts = delta.counts_of(local);
        let posts: u64 = counts.iter().map(|(_, posts)| u64::from(*posts)).sum();
        self.posts += posts;
        self.originals += u64::from(local.originals);
        self.fade(minute);
        self.now.1 = plus(self.now.1, [local.originals as f32; 2]);
        self.copies += posts as f64 * f64::from(local.copies_total) / f64::from(local.posts_total.max(1));
        self.authors.add(minute, &local.authors);
        let first = counts.iter().map(|(of_minute, _)| *of_minute).min().unwrap_or(minute);
        self.buckets.add(first, minute, posts, local.key, &local.authors);
        for told in delta.languages_of(local) {
            if told.authors != AuthorBits::default() {
                self.buckets.add_language(told.language, minute, told.authors);
            }
            add_language(&mut self.languages, told.language, u64::from(told.posts));
        }
        if self.told.minute != minute {
            self.told = ToldMinute::of(minute);
        }
        self.told.add(posts, u64::from(local.originals), &local.authors, local.key);
        for (of_minute, posts) in counts {
            self.first = self.first.min(*of_minute);
            self.last = self.last.max(*of_minute);
            self.count(*of_minute, u64::from(*posts));
        }
        self.terms.reserve(delta.terms_of(local).len());
        for term in delta.terms_of(local) {
            // Of a cluster that was written to in passing, the whole counts a little.
            let mass = term.part * posts.max(1) as f32;
            self.terms.add(term, delta.form_of(term), delta.authors_of(term), mass, minute);
        }
        self.terms.keep(TERMS_MAX, TERMS_MAX * 3 / 4);
        let facets = delta.facets_of(local);
        for facet in facets {
            let authors = crowd(minute, delta.authors_of(facet));
            self.add_facet(facet.kind, delta.form_of(facet), u64::from(facet.posts), &authors);
        }
        if !facets.is_empty() {
            self.keep_facets();
        }
        self.phrases.absorb(delta, local, minute);
    }

    /// Notes what one of its clusters says.
    pub(super) fn hear(&mut self, local: (u16, LocalId), delta: &MinuteDelta, told: &LocalDelta, minute: i64) {
        let posts = told.originals as f32;
        let mut terms: Vec<(u64, f32)> = Vec::new();
        let told = delta.terms_of(told).iter();
        told.for_each(|term| add_terms(&mut terms, &[(term.hash, term.originals as f32 * term.weight)]));
        let voices = &mut self.named_mut().voices;
        if let Some(voice) = voices.iter_mut().find(|voice| voice.local == local) {
            voice.fade(minute);
            voice.posts += posts;
            add_terms(&mut voice.terms, &terms);
            voice.terms.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            voice.terms.truncate(VOICE_TERMS_MAX);
        } else {
            voices.push(Voice { local, minute, posts, terms });
        }
        if voices.len() > VOICES_MAX {
            let mut voices = self.voices_at(minute);
            voices.truncate(VOICES_MAX);
            self.named_mut().voices = voices;
        }
    }

    /// Its clusters as of a minute, what says most first.
    fn voices_at(&self, minute: i64) -> Vec<Voice> {
        let of_story = self.voices().iter().filter(|voice| self.locals.contains(voice.local));
        let mut voices: Vec<Voice> = of_story.cloned().collect();
        voices.iter_mut().for_each(|voice| voice.fade(minute));
        voices.sort_unstable_by(|a, b| b.posts.total_cmp(&a.posts).then(a.local.cmp(&b.local)));
        voices
    }

    /// Its clusters that say now what none of the others says, if there are such: those stay that are alike the one that says most, or
    /// alike one that stays.
    pub(super) fn parted(&self, minute: i64) -> Vec<(u16, LocalId)> {
        if self.voices().len() < 2 {
            return Vec::new();
        }
        let mut voices = self.voices_at(minute);
        voices.retain(|voice| voice.posts >= PRESENT_MIN);
        let mut stay: Vec<Voice> = voices.drain(..voices.len().min(1)).collect();
        let mut reached = 0;
        while let Some(voice) = stay.get(reached) {
            reached += 1;
            let is_alike = |other: &mut Voice| cosine(&voice.terms, &other.terms) >= APART;
            let alike: Vec<Voice> = voices.extract_if(.., is_alike).collect();
            stay.extend(alike);
        }
        let sum = |voices: &[Voice]| {
            let mut sum = Vec::new();
            voices.iter().for_each(|voice| add_terms(&mut sum, &voice.terms));
            sum
        };
        if cosine(&sum(&stay), &sum(&voices)) >= APART {
            return Vec::new();
        }
        voices.into_iter().map(|voice| voice.local).collect()
    }

    /// Lets a cluster go, which goes on as another story.
    pub(super) fn let_go(&mut self, local: (u16, LocalId)) {
        self.locals.remove(local);
        if let Some(named) = &mut self.named {
            named.voices.retain(|voice| voice.local != local);
        }
    }

    fn add_facet(&mut self, kind: FeatureKind, form: &str, posts: u64, authors: &Crowd<FewAuthors>) {
        if let Some(known) = self.facets.iter_mut().find(|known| known.kind == kind && known.form == form) {
            known.posts += posts;
            known.authors.unite(authors);
        } else {
            self.facets.push(Facet { kind, form: form.to_owned(), posts, authors: authors.clone() });
        }
    }

    fn keep_facets(&mut self) {
        self.facets.sort_unstable_by(|a, b| (a.kind, b.posts, &a.form).cmp(&(b.kind, a.posts, &b.form)));
        let mut kept = (None, 0);
        self.facets.retain(|facet| {
            kept = (Some(facet.kind), if kept.0 == Some(facet.kind) { kept.1 + 1 } else { 1 });
            kept.1 <= FACETS_MAX * 2
        });
    }

    fn count(&mut self, minute: i64, posts: u64) {
        match self.timeline.binary_search_by_key(&minute, |(known, _)| *known) {
            Ok(place) => self.timeline[place].1 += posts,
            Err(place) => self.timeline.insert(place, (minute, posts)),
        }
        while self.timeline.len() > TIMELINE_MAX {
            self.timeline.pop_front();
        }
    }

    /// Adds a story that became part of this one.
    pub(super) fn take(&mut self, other: &Self) {
        self.posts += other.posts;
        self.copies += other.copies;
        self.originals += other.originals;
        let minute = self.now.0.max(other.now.0);
        self.fade(minute);
        let left = other.left(minute);
        self.now.1 = plus(self.now.1, times(other.now.1, left));
        self.authors.unite(&other.authors);
        self.buckets.take(&other.buckets);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        if other.told.minute == self.told.minute {
            self.told.add(other.told.posts, other.told.originals, &other.told.authors, other.told.key);
        } else if other.told.minute > self.told.minute {
            self.told = other.told.clone();
        }
        other.timeline.iter().for_each(|(minute, posts)| self.count(*minute, *posts));
        other.languages.iter().for_each(|(language, posts)| add_language(&mut self.languages, *language, *posts));
        self.terms.take(&other.terms, left);
        self.terms.keep(TERMS_MAX, TERMS_MAX * 3 / 4);
        other.facets.iter().for_each(|facet| self.add_facet(facet.kind, &facet.form, facet.posts, &facet.authors));
        self.keep_facets();
        self.phrases.take(&other.phrases);
        self.split_from = self.split_from.or(other.split_from);
    }

    /// Hashes of the terms that lead now and did not before.
    pub(super) fn newly_leading(&mut self) -> Vec<u64> {
        let leading = self.terms.iter().take(LEADING_MAX).map(|term| term.hash);
        let new: Vec<u64> = leading.filter(|hash| !self.led.contains(hash)).collect();
        // Old ones stay until there are many: what is said of them is checked when it is found.
        if self.led.capacity() - self.led.len() < new.len() {
            self.led.reserve_exact(new.len().max(LED_PLACES));
        }
        self.led.extend_from_slice(&new);
        new
    }

    /// Hashes under which it is found.
    pub(super) fn found_under(&self) -> Vec<u64> {
        if self.is_listed { self.led.clone() } else { Vec::new() }
    }

    fn length(&self) -> f32 {
        self.terms.iter().map(|term| term.mass * term.mass).sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
    }

    /// Its unit vector, weightiest terms first.
    pub(super) fn vector(&self) -> Vec<(u64, f32)> {
        let length = self.length();
        self.terms.iter().map(|term| (term.hash, term.mass / length)).collect()
    }

    /// The cosine with a unit vector.
    pub(super) fn likeness(&self, vector: &[(u64, f32)]) -> f32 {
        let dot: f32 = vector
            .iter()
            .filter_map(|(hash, part)| self.terms.iter().find(|term| term.hash == *hash).map(|term| part * term.mass))
            .sum();
        dot / self.length()
    }

    /// What is left at a minute of what was written up to now.
    fn left(&self, minute: i64) -> Now {
        let minutes = ((minute - self.now.0) / 60).max(0);
        NOW_HALF_LIVES.map(|half_life| (-(minutes as f32) / half_life).exp2())
    }

    /// Lets what is written now fade up to a minute.
    fn fade(&mut self, minute: i64) {
        if minute > self.now.0 {
            let left = self.left(minute);
            self.now = (minute, times(self.now.1, left));
            self.terms.iter_mut().for_each(|term| term.now = times(term.now, left));
        }
    }

    /// At which of the [`NOW_HALF_LIVES`] enough is written to be compared, as of a minute.
    fn speaks_at(&self, minute: i64) -> [bool; NOW_HALF_LIVES.len()] {
        times(self.now.1, self.left(minute)).map(|posts| posts >= PRESENT_MIN)
    }

    /// Whether enough is written now to be compared, as of a minute.
    pub(super) fn speaks(&self, minute: i64) -> bool {
        self.speaks_at(minute).contains(&true)
    }

    /// Hashes of the terms that lead its present.
    pub(super) fn leading_now(&self) -> Vec<u64> {
        let mut terms: Vec<(f32, u64)> = self.terms.iter().map(|term| (term.now[0] * term.weight, term.hash)).collect();
        terms.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        terms.into_iter().take(LEADING_NOW).filter(|(now, _)| *now > 0.0).map(|(_, hash)| hash).collect()
    }

    /// How alike its present and that of another story are, as of a minute, if they are alike enough to become one: the cosine of
    /// what their posts that are no copies hold now, and what is asked, at the half-life at which it is exceeded most.
    pub(super) fn likeness_now(&self, other: &Self, minute: i64) -> Option<(f32, f32)> {
        let speak = (self.speaks_at(minute), other.speaks_at(minute));
        let scales = (0..NOW_HALF_LIVES.len()).filter(|scale| speak.0[*scale] && speak.1[*scale]);
        let found = scales.map(|scale| (self.likeness_at(other, scale), LIKENESS_NOW[scale]));
        found.filter(|(likeness, asked)| likeness >= asked).max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)))
    }

    fn likeness_at(&self, other: &Self, scale: usize) -> f32 {
        let value = |term: &OwnTerm| term.now[scale] * term.weight;
        let length = |story: &Self| {
            story.terms.iter().map(|term| value(term).powi(2)).sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
        };
        let dot: f32 = self.words_of_both(other).map(|(term, known)| value(term) * value(known)).sum();
        if dot == 0.0 { 0.0 } else { dot / (length(self) * length(other)) }
    }

    /// Terms that it and another story have, each as both have it.
    fn words_of_both<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a OwnTerm, &'a OwnTerm)> {
        // Most of what is compared has hardly a word in common: a few bits say of which it is worth a look.
        let mut bits = [0_u64; 4];
        let place = |hash: u64| ((hash >> 62) as usize, 1 << (hash >> 56 & 63));
        for (word, bit) in other.terms.iter().map(|term| place(term.hash)) {
            bits[word] |= bit;
        }
        let may_have = move |term: &&OwnTerm| {
            let (word, bit) = place(term.hash);
            bits[word] & bit != 0
        };
        let of_both = |term: &'a OwnTerm| Some((term, other.terms.iter().find(|known| known.hash == term.hash)?));
        self.terms.iter().filter(may_have).filter_map(of_both)
    }

    /// How near it and another story are, as of a minute, in thousandths, if they are near: the cosine of what their posts that are no
    /// copies hold now, in which only words count that k authors have written in both.
    pub(super) fn nearness(&self, other: &Self, minute: i64, k: u64) -> Option<u32> {
        if !self.speaks_at(minute)[0] || !other.speaks_at(minute)[0] {
            return None;
        }
        let value = |term: &OwnTerm| term.now[0] * term.weight;
        let length = |story: &Self| story.terms.iter().map(|term| value(term).powi(2)).sum::<f32>().sqrt();
        let is_known =
            |(term, known): &(&OwnTerm, &OwnTerm)| self.terms.is_known_by(term, k) && other.terms.is_known_by(known, k);
        let both = self.words_of_both(other).filter(is_known).map(|(term, known)| value(term) * value(known));
        let likeness = both.sum::<f32>() / (length(self) * length(other)).max(f32::MIN_POSITIVE);
        (likeness >= NEAR).then_some((likeness * 1e3) as u32)
    }

    /// Posts of the last minutes, and of as many before.
    pub(super) fn recent(&self, minute: i64) -> (u64, u64) {
        let (mut recent, mut before) = (0, 0);
        for (of, posts) in self.timeline.iter().rev() {
            let age = (minute - of) / 60;
            if age < GROWTH_MINUTES {
                recent += posts;
            } else if age < 2 * GROWTH_MINUTES {
                before += posts;
            } else {
                break;
            }
        }
        (recent, before)
    }

    pub(super) fn of_minute(&self, minute: i64) -> (u64, u64) {
        let posts =
            self.timeline.binary_search_by_key(&minute, |(known, _)| *known).map_or(0, |at| self.timeline[at].1);
        (posts, if self.told.minute == minute { self.told.authors.count() } else { 0 })
    }

    /// What was told of it in a minute, if it has a name and is no part of another one.
    pub(super) fn counted(&self, minute: i64) -> Option<NarrativeCount> {
        let ToldMinute { minute: of, posts, ref authors, key, originals } = self.told;
        let id = self.id.filter(|_| of == minute && posts > 0 && self.merged_into.is_none())?;
        Some(NarrativeCount { id, posts, authors: authors.clone(), key, originals })
    }

    pub(super) fn copies(&self) -> u64 {
        self.copies.round() as u64
    }

    pub(super) fn languages(&self) -> Vec<([u8; 2], u64)> {
        let mut languages = self.languages.clone();
        languages.sort_unstable_by_key(|(language, posts)| (std::cmp::Reverse(*posts), *language));
        languages
    }

    /// Words that set it apart: how often they occur here, times how much they say. A term's mass holds its weight once.
    pub(super) fn label_terms(&self) -> Vec<LabelPart> {
        let mut scored: Vec<(f32, &OwnTerm, (&str, u64))> = self
            .terms
            .iter()
            .filter(|term| matches!(term.kind, FeatureKind::Word | FeatureKind::Hashtag))
            .filter_map(|term| {
                Some((term.mass * term.weight, term, self.terms.shown(term).filter(|(form, _)| !form.is_empty())?))
            })
            .collect();
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.0.cmp(b.2.0)));
        scored.truncate(LABEL_TERMS_MAX);
        let most = scored.first().map_or(1.0, |(score, ..)| score.max(f32::MIN_POSITIVE));
        scored
            .into_iter()
            .map(|(score, term, (form, authors))| LabelPart {
                form: form.to_owned(),
                weight: (score / most * 1e3).round() as u32,
                posts: term.posts.into(),
                authors,
            })
            .collect()
    }

    /// Phrases of the words that it is told by, as most write them.
    pub(super) fn label_phrases(&self) -> Vec<LabelPart> {
        if self.phrases.is_empty() {
            return Vec::new();
        }
        let words = self.label_terms();
        let originals = |word: &str| {
            self.terms.iter().find(|term| self.terms.is_shown_as(term, word)).map_or(0, |term| term.originals.into())
        };
        self.phrases.label(&|word| Some((words.iter().find(|part| part.form == word)?.weight, originals(word))))
    }

    pub(super) fn label_facets(&self, kind: FeatureKind) -> Vec<LabelPart> {
        let of_kind = self.facets.iter().filter(|facet| facet.kind == kind);
        let most = of_kind.clone().map(|facet| facet.posts).max().unwrap_or(1).max(1);
        of_kind
            .map(|facet| LabelPart {
                form: facet.form.clone(),
                weight: (facet.posts * 1_000 / most) as u32,
                posts: facet.posts,
                authors: facet.authors.number(),
            })
            .collect()
    }

    /// Whether it is what people write every day, and no story. `asked` posts must be in words of their own.
    pub(super) fn boilerplate(&self, minute: i64, seen: &Seen, asked: u64) -> Boilerplate {
        if self.posts as f64 > POSTS_PER_AUTHOR_MAX * self.authors.number() as f64 {
            return Boilerplate::FewAccounts;
        }
        let sharpest = self.terms.iter().take(5).map(|term| term.weight).fold(0.0, f32::max);
        if sharpest < SHARPNESS_MIN {
            return Boilerplate::CommonWords;
        }
        // In a small or chosen stream nothing says that what is copied is not what it is about.
        let chosen = !seen.has_history && self.is_much(seen);
        if !self.has_core(chosen) {
            return Boilerplate::NoCore;
        }
        if !chosen && (self.originals < asked || self.is_one_text()) {
            return Boilerplate::OneText;
        }
        if !self.of_narrative && !self.has_news(minute, seen) {
            return Boilerplate::NothingNew;
        }
        if self.copies > COPIES_SHARE * self.posts as f64 && self.is_even() {
            return Boilerplate::EvenCopies;
        }
        Boilerplate::No
    }

    /// Whether its words are new, its most frequent one among them; one new word beside old ones is a topic. Where
    /// not enough was seen to say what rises: whether its words are its own, and its posts came late or are many.
    fn has_news(&self, minute: i64, seen: &Seen) -> bool {
        // A word that is everywhere is news of something else.
        let words = || self.words().filter(|term| term.weight >= SHARPNESS_MIN);
        let asked = NEWS_SHARE * self.originals as f64 / self.effective_languages();
        let count = |is_new: &dyn Fn(&OwnTerm) -> bool| {
            words().filter(|term| f64::from(term.originals) >= asked && is_new(term)).count()
        };
        if !seen.has_history {
            return count(&|term| term.own >= OWN_MIN) >= OWN_WORDS_MIN
                && (self.is_much(seen) || self.surprise(minute, seen.since) >= SURPRISE_MIN);
        }
        let head = words().max_by_key(|term| term.originals).map_or(0.0, |head| head.rise);
        let rises = |of_head: f32, of_words: f32| head >= of_head && count(&|term| term.rise >= of_words) >= NEWS_MIN;
        head >= RISE_ALONE
            || rises(RISE.0, RISE.1)
            || rises(RISE_BESIDE, RISE_BESIDE) && self.rise(minute, seen.since) >= RISE.0
    }

    /// How many times as often it is written recently as it could have been before. One post is taken for granted.
    fn rise(&self, minute: i64, since: i64) -> f32 {
        let recent = self.timeline.iter().rev().take_while(|(of, _)| minute - of < RECENT_MINUTES * 60);
        let recent: u64 = recent.map(|(_, posts)| posts).sum();
        let minutes = ((minute - since) / 60 - RECENT_MINUTES).max(0) as f32;
        (recent as f32 / RECENT_MINUTES as f32) / ((self.posts.saturating_sub(recent) + 1) as f32 / minutes.max(1.0))
    }

    /// Whether it is much of all that was told of.
    fn is_much(&self, seen: &Seen) -> bool {
        self.posts as f64 >= MUCH * seen.told as f64
    }

    /// How surprising it is that its posts came so late, if it were written at an even pace since the first minute of the
    /// stream: the logarithm of the likelihood ratio of two paces to one, where the later one is higher, at the best parting.
    fn surprise(&self, minute: i64, since: i64) -> f64 {
        let all: u64 = self.timeline.iter().map(|(_, posts)| posts).sum();
        let minutes = ((minute - since) / 60 + 1).max(1) as f64;
        let pace = all as f64 / minutes;
        let part = |posts: u64, minutes: f64| {
            if posts == 0 { 0.0 } else { posts as f64 * (posts as f64 / minutes / pace).ln() }
        };
        let (mut before, mut most) = (0, 0.0_f64);
        for (of, posts) in &self.timeline {
            let (earlier, later) = (((of - since) / 60) as f64, ((minute - of) / 60 + 1) as f64);
            if earlier > 0.0 && (before as f64 / earlier) < pace {
                most = most.max(part(before, earlier) + part(all - before, later));
            }
            before += posts;
        }
        most
    }

    fn is_one_text(&self) -> bool {
        let mut posts: Vec<u32> = self.terms.iter().map(|term| term.posts).collect();
        posts.sort_unstable_by(|a, b| b.cmp(a));
        let alike = posts.get(TEXT_TERMS - 1).map_or(0, |posts| *posts);
        self.copies >= TEXT_COPIES * self.posts as f64 && f64::from(alike) >= TEXT_SHARE * self.posts as f64
    }

    /// Its words, weightiest first. A hashtag and a word that is a part of it, in nearly all posts both, are one.
    fn words(&self) -> impl Iterator<Item = &OwnTerm> {
        let asked = TAG_SHARE * self.originals as f64;
        let is_everywhere = move |term: &OwnTerm| f64::from(term.originals) >= asked;
        let is_part = |one: &OwnTerm, whole: &OwnTerm| {
            whole.kind == FeatureKind::Hashtag && self.terms.text(whole).contains(self.terms.text(one))
        };
        let words = || self.terms.iter().filter(|term| term.kind != FeatureKind::Link);
        words()
            .enumerate()
            .filter(move |(place, term)| {
                !is_everywhere(term)
                    || !words()
                        .take(*place)
                        .any(|other| is_everywhere(other) && (is_part(term, other) || is_part(other, term)))
            })
            .map(|(_, term)| term)
    }

    /// Whether it has grown into a topic: what was taken for a core was an accident of few posts.
    pub(super) fn has_lost_its_core(&self) -> bool {
        self.originals >= CORE_POSTS && !self.has_core(false)
    }

    /// Whether its leading words stand together, copies counted or not. Of each word one post does not count: some word always stands in some post.
    /// A word can stand in no post of another language, so of a story in several less is asked of each.
    fn has_core(&self, with_copies: bool) -> bool {
        let leading = self.words().take(CORE_TERMS);
        let counted = |posts: u64, originals: u64| if with_copies { posts } else { originals };
        let of_term = |term: &OwnTerm| counted(term.posts.into(), term.originals.into());
        let mut posts: Vec<u64> = leading.map(|term| of_term(term).saturating_sub(1)).collect();
        let all = counted(self.posts, self.originals).max(1) as f64 / self.effective_languages();
        posts.sort_unstable_by(|a, b| b.cmp(a));
        let beside = posts.get(1..).unwrap_or_default();
        let part_of = |posts: &[u64]| posts.iter().sum::<u64>() as f64 / all;
        part_of(&beside[..beside.len().min(2)]) >= CORE_MIN && part_of(beside) >= BESIDE_MIN
    }

    /// In how many languages it is told: how many equal parts would be as concentrated as its languages are (the inverse Simpson index), at
    /// most [`CORE_LANGUAGES_MAX`].
    fn effective_languages(&self) -> f64 {
        let all: u64 = self.languages.iter().map(|(_, posts)| posts).sum();
        let part = |posts: u64| posts as f64 / all.max(1) as f64;
        let same: f64 = self.languages.iter().map(|(_, posts)| part(*posts).powi(2)).sum();
        if same > 0.0 { (1.0 / same).min(CORE_LANGUAGES_MAX) } else { 1.0 }
    }

    fn is_even(&self) -> bool {
        let minutes = (self.last - self.first) / 60;
        if minutes < PACE_MINUTES {
            return false;
        }
        let mut pieces = [0_f64; PACE_PIECES];
        for (minute, posts) in &self.timeline {
            let piece = (minute - self.first) / 60 * PACE_PIECES as i64 / (minutes + 1);
            pieces[(piece.max(0) as usize).min(PACE_PIECES - 1)] += *posts as f64;
        }
        let mean = pieces.iter().sum::<f64>() / PACE_PIECES as f64;
        let variance = pieces.iter().map(|posts| (posts - mean).powi(2)).sum::<f64>() / (PACE_PIECES - 1) as f64;
        variance <= EVENNESS_MAX * mean
    }
}

fn add_language(languages: &mut Vec<([u8; 2], u64)>, language: [u8; 2], posts: u64) {
    if let Some((_, known)) = languages.iter_mut().find(|(known, _)| *known == language) {
        *known += posts;
    } else if languages.len() < LANGUAGES_MAX {
        // Most stories are in one.
        languages.reserve_exact(1);
        languages.push((language, posts));
    }
}

fn crowd(minute: i64, authors: &[u64]) -> Crowd<FewAuthors> {
    let mut crowd = Crowd::default();
    crowd.add(minute, &FewAuthors::from_sorted_unique(authors));
    crowd
}

#[cfg(test)]
mod tests {
    use super::super::delta::{Span, TermDelta};
    use super::*;

    fn steady(posts_per_minute: impl Fn(i64) -> u64, copies: f64) -> Story {
        let mut story = Story::new(0, None);
        for minute in 0..120 {
            let posts = posts_per_minute(minute);
            story.count(minute * 60, posts);
            story.last = minute * 60;
            story.posts += posts;
        }
        story.copies = story.posts as f64 * copies;
        story.originals = story.posts;
        story.authors = crowd_of(&(0..2_000).collect::<Vec<_>>());
        for (hash, form) in ["bridge", "river"].into_iter().enumerate() {
            let mut term = OwnTerm::new(hash as u64, FeatureKind::Word);
            (term.mass, term.weight, term.own, term.rise) = (1.0, 0.9, 0.9, 20.0);
            (term.posts, term.originals) = (story.posts as u32, story.posts as u32);
            story.terms.put(term, form);
        }
        story
    }

    /// Adds a term like the first one, but for something.
    fn put(story: &mut Story, text: &str, change: impl FnOnce(&mut OwnTerm)) {
        let mut term = story.terms[0];
        change(&mut term);
        story.terms.put(term, text);
    }

    const SEEN: Seen = Seen { since: 0, has_history: true, told: 1_000_000 };

    fn crowd_of(tokens: &[u64]) -> Crowd<Distinct> {
        let mut crowd = Crowd::default();
        crowd.add(0, &Distinct::from_sorted_unique(tokens));
        crowd
    }

    #[test]
    fn boilerplate_is_told_from_stories() {
        assert_eq!(steady(|_| 3, 0.95).boilerplate(7_200, &SEEN, 10), Boilerplate::EvenCopies);
        assert_eq!(steady(|_| 3, 0.1).boilerplate(7_200, &SEEN, 10), Boilerplate::No);
        assert_eq!(
            steady(|minute| if minute > 100 { 20 } else { 0 }, 0.95).boilerplate(7_200, &SEEN, 10),
            Boilerplate::No
        );
        let mut common = steady(|_| 3, 0.1);
        common.terms.iter_mut().for_each(|term| term.weight = 0.1);
        assert_eq!(common.boilerplate(7_200, &SEEN, 10), Boilerplate::CommonWords);
        let mut loose = steady(|_| 3, 0.1);
        loose.terms[1].originals /= 20;
        assert_eq!(loose.boilerplate(7_200, &SEEN, 10), Boilerplate::NoCore);
        let mut old = steady(|_| 3, 0.1);
        old.terms.iter_mut().for_each(|term| term.rise = 1.0);
        assert_eq!(old.boilerplate(7_200, &SEEN, 10), Boilerplate::NothingNew);
        let mut few = steady(|_| 3, 0.1);
        few.authors = crowd_of(&[1, 2, 3]);
        assert_eq!(few.boilerplate(7_200, &SEEN, 10), Boilerplate::FewAccounts);
    }

    #[test]
    fn a_word_can_stand_in_posts_of_its_language_alone() {
        let told = |languages: &[u64]| {
            let mut story = steady(|_| 3, 0.1);
            // The first word stands in all posts; of each of three languages, two words in two fifths of its posts.
            story.terms.truncate(1);
            for hash in 1..7 {
                let posts = story.originals as u32 * 2 / 15;
                put(&mut story, "river", |term| (term.hash, term.posts, term.originals) = (hash, posts, posts));
            }
            story.languages =
                languages.iter().enumerate().map(|(number, posts)| ([b'a' + number as u8, b'a'], *posts)).collect();
            story.boilerplate(7_200, &SEEN, 10)
        };
        assert_eq!(told(&[120, 120, 120]), Boilerplate::No);
        assert_eq!(told(&[360]), Boilerplate::NoCore);
        // A few posts in other languages change little.
        assert_eq!(told(&[340, 10, 10]), Boilerplate::NoCore);
    }

    #[test]
    fn a_young_stream_asks_for_what_came_late_or_is_much() {
        let young = |told| Seen { since: 0, has_history: false, told };
        let mut even = steady(|_| 3, 0.1);
        put(&mut even, "bridge", |term| term.hash = 9);
        assert_eq!(even.boilerplate(7_140, &young(1_000_000), 10), Boilerplate::NothingNew);
        assert_eq!(even.boilerplate(7_140, &young(10_000), 10), Boilerplate::No);
        let mut late = steady(|minute| if minute > 100 { 3 } else { 0 }, 0.1);
        put(&mut late, "bridge", |term| term.hash = 9);
        assert_eq!(late.boilerplate(7_140, &young(1_000_000), 10), Boilerplate::No);
        let mut one_text = late;
        one_text.copies = one_text.posts as f64;
        put(&mut one_text, "bridge", |term| term.hash = 10);
        assert_eq!(one_text.boilerplate(7_140, &young(1_000_000), 10), Boilerplate::OneText);
    }

    #[test]
    fn a_hashtag_and_a_word_of_it_are_one_where_they_stand_in_the_same_posts() {
        let tagged = |posts: u64| {
            let mut story = steady(|_| 3, 0.1);
            put(&mut story, "bridgenews", |term| {
                (term.hash, term.kind, term.originals) = (9, FeatureKind::Hashtag, posts as u32);
            });
            story
        };
        let all = steady(|_| 3, 0.1).originals;
        assert_eq!(tagged(all).words().map(|term| term.hash).collect::<Vec<_>>(), [0, 1]);
        // In half of the posts only: the tag says more than its word.
        assert_eq!(tagged(all / 2).words().count(), 3);
        let mut alone = tagged(all);
        alone.terms.remove(1);
        assert!(!alone.has_core(false));
    }

    #[test]
    fn copies_make_no_core() {
        let mut copied = steady(|_| 3, 0.1);
        assert!(copied.has_core(false));
        // Both words in every post, and the second in copies alone.
        copied.terms[1].originals = 1;
        assert!(!copied.has_core(false) && copied.has_core(true));
        let mut few = steady(|_| 3, 0.1);
        few.originals = 9;
        few.terms.iter_mut().for_each(|term| term.originals = 9);
        assert_eq!(few.boilerplate(7_200, &SEEN, 10), Boilerplate::OneText);
    }

    #[test]
    fn a_word_that_was_told_by_its_first_letters_goes_on_as_itself() {
        let told = |hash: u64, stem: u64| TermDelta {
            hash,
            stem,
            kind: FeatureKind::Word,
            form: Span::default(),
            part: 1.0,
            weight: 1.0,
            own: 1.0,
            rise: 1.0,
            posts: 5,
            originals: 5,
            authors: Span::default(),
        };
        let mut story = Story::new(0, None);
        for (term, form) in [(told(1, 0), "bridgewater"), (told(11, 1), "bridgewater"), (told(12, 1), "bridgeworks")] {
            story.terms.add(&term, form, &[], 1.0, 0);
        }
        let terms: Vec<(u64, u32)> = story.terms.iter().map(|term| (term.hash, term.posts)).collect();
        assert_eq!(terms, [(11, 10), (12, 5)]);
    }

    #[test]
    fn what_was_split_from_a_narrative_needs_no_news() {
        let mut old = steady(|_| 3, 0.1);
        old.terms.iter_mut().for_each(|term| term.rise = 1.0);
        assert_eq!(old.boilerplate(7_200, &SEEN, 10), Boilerplate::NothingNew);
        old.of_narrative = true;
        assert_eq!(old.boilerplate(7_200, &SEEN, 10), Boilerplate::No);
    }

    proptest::proptest! {
        #[test]
        fn presents_are_alike_in_both_directions_and_whatever_the_pace(
            one in proptest::collection::vec((0_u64..12, 0.1_f32..1.0, 0.0_f32..50.0), 1..12),
            other in proptest::collection::vec((0_u64..12, 0.1_f32..1.0, 0.0_f32..50.0), 1..12),
            minutes in 0_i64..60,
        ) {
            let template = steady(|_| 3, 0.1).terms[0];
            let story_of = |terms: &[(u64, f32, f32)]| {
                let mut story = Story::new(0, None);
                for (hash, weight, now) in terms {
                    if story.terms.iter().all(|term| term.hash != *hash) {
                        let mut term = template;
                        (term.hash, term.weight, term.now) = (*hash, *weight, [*now; 2]);
                        story.terms.put(term, "bridge");
                        story.now.1 = plus(story.now.1, [*now; 2]);
                    }
                }
                story
            };
            let (one, other) = (story_of(&one), story_of(&other));
            let mut later = one.clone();
            later.fade(minutes * 60);
            proptest::prop_assert_eq!(later.speaks_at(minutes * 60), one.speaks_at(minutes * 60));
            for (scale, asked) in LIKENESS_NOW.into_iter().enumerate() {
                let likeness = one.likeness_at(&other, scale);
                proptest::prop_assert!((0.0..=1.0 + 1e-4).contains(&likeness));
                proptest::prop_assert!((likeness - other.likeness_at(&one, scale)).abs() < 1e-4);
                let says_much = one.now.1[scale] >= 0.1;
                proptest::prop_assert!(!says_much || (one.likeness_at(&one, scale) - 1.0).abs() < 1e-4);
                proptest::prop_assert!(!says_much || (later.likeness_at(&other, scale) - likeness).abs() < 1e-3);
                let both_speak = one.speaks_at(0)[scale] && other.speaks_at(0)[scale];
                let is_alike = both_speak && likeness >= asked;
                proptest::prop_assert!(!is_alike || one.likeness_now(&other, 0).is_some());
            }
        }

        #[test]
        fn clusters_that_part_have_little_in_common_with_what_stays(
            voices in proptest::collection::vec((0_u64..6, proptest::collection::vec((0_u64..24, 0.1_f32..9.0), 1..5), 0.0_f32..20.0), 0..8),
            minutes in 0_i64..30,
        ) {
            let mut story = Story::new(0, None);
            for (cluster, terms, posts) in &voices {
                let local = (0, LocalId(*cluster));
                if story.locals.insert(local) {
                    let mut sum = Vec::new();
                    add_terms(&mut sum, terms);
                    story.named_mut().voices.push(Voice { local, minute: 0, posts: *posts, terms: sum });
                }
            }
            let parted = story.parted(minutes * 60);
            let (gone, stay): (Vec<Voice>, Vec<Voice>) =
                story.voices_at(minutes * 60).into_iter().filter(|voice| voice.posts >= PRESENT_MIN).partition(|voice| parted.contains(&voice.local));
            proptest::prop_assert_eq!(gone.len(), parted.len());
            proptest::prop_assert!(parted.is_empty() || !stay.is_empty() && stay[0].posts >= gone[0].posts);
            for (one, other) in gone.iter().flat_map(|one| stay.iter().map(move |other| (one, other))) {
                proptest::prop_assert!(cosine(&one.terms, &other.terms) < APART);
            }
            // One that has nothing in common with the others, and says enough, goes or is the one that stays.
            let lonely = |voice: &Voice| {
                let others = gone.iter().chain(&stay).filter(|other| other.local != voice.local);
                others.flat_map(|other| &other.terms).all(|(hash, _)| voice.terms.iter().all(|(own, _)| own != hash))
            };
            proptest::prop_assert!(!parted.is_empty() || stay.len() < 2 || !stay.iter().any(lonely));
        }

        #[test]
        fn languages_count_by_their_posts(posts in proptest::collection::vec(1_u64..1_000, 1..8), times in 1_u64..9) {
            let mut story = Story::new(0, None);
            let told = |posts: &[u64]| (0..).zip(posts).map(|(number, posts)| ([number, 0], *posts)).collect::<Vec<_>>();
            story.languages = told(&posts);
            let effective = story.effective_languages();
            proptest::prop_assert!((1.0..=CORE_LANGUAGES_MAX.min(posts.len() as f64) + 1e-9).contains(&effective));
            story.languages = told(&posts.iter().map(|posts| posts * times).collect::<Vec<_>>());
            proptest::prop_assert!((story.effective_languages() - effective).abs() < 1e-9);
            story.languages = told(&vec![times; posts.len()]);
            proptest::prop_assert!((story.effective_languages() - CORE_LANGUAGES_MAX.min(posts.len() as f64)).abs() < 1e-9);
        }

        #[test]
        fn surprise_is_that_of_two_paces(
            posts in proptest::collection::vec(0_u64..20, 1..120), quiet in 0_i64..120, last in 1_u64..50,
        ) {
            let story_of = |posts: &[u64]| {
                let mut story = Story::new(0, None);
                for (minute, posts) in (quiet..).zip(posts).filter(|(_, posts)| **posts > 0) {
                    story.count(minute * 60, *posts);
                }
                story
            };
            let posts: Vec<u64> = posts.into_iter().chain([last]).collect();
            let (now, minutes) = ((quiet + posts.len() as i64 - 1) * 60, (quiet as usize + posts.len()) as f64);
            let surprise = story_of(&posts).surprise(now, 0);
            // Never less than for the parting where it begins, and the whole pace never surprises.
            let all: u64 = posts.iter().sum();
            let first = posts.iter().position(|posts| *posts > 0).unwrap_or(0) as f64 + quiet as f64;
            let at_first = all as f64 * (minutes / (minutes - first)).ln();
            proptest::prop_assert!(surprise >= 0.0 && surprise + 1e-6 >= at_first, "{surprise} {at_first}");
            // Twice as many posts surprise twice as much.
            let twice: Vec<u64> = posts.iter().map(|posts| posts * 2).collect();
            let of_twice = story_of(&twice).surprise(now, 0);
            proptest::prop_assert!((of_twice - 2.0 * surprise).abs() < 1e-6 * (1.0 + of_twice), "{of_twice} {surprise}");
            let even = vec![last; posts.len() + quiet as usize];
            let mut story = Story::new(0, None);
            (0..).zip(&even).for_each(|(minute, posts)| story.count(minute * 60, *posts));
            proptest::prop_assert!(story.surprise(now, 0) < 1e-6);
        }
    }

    #[test]
    fn minutes_are_counted_once_and_bounded() {
        let mut story = Story::new(0, None);
        for minute in (0..3_000).chain(0..10) {
            story.count(minute * 60, 1);
        }
        assert!(story.timeline.len() <= TIMELINE_MAX);
        assert_eq!(story.recent(2_999 * 60), (15, 15));
    }
}
