//! [`Teller`]: puts into a [`MinuteDelta`] what a worker's clusters gained in a minute.

use groundswell_gate::AuthorBits;
use groundswell_sketch::{CellKey, Distinct};

use super::authors::same_day;
use super::cluster::{First, Handle, LocalId, Share, Top};
use super::clusterer::{Changes, Clusterer};
use super::config::{DELTA_TERMS_MAX, FACETS_MAX, PHRASE_LEADS, PHRASES_TOLD_MAX, POST_FEATURES_MAX, TERM_AUTHORS_MAX};
use super::delta::{LanguageDelta, LocalDelta, MinuteDelta, PhraseDelta, Span, TermDelta};
use super::features::FeatureKind;
use super::log::MinuteLog;
use super::terms::{TermId, Terms, UNKNOWN};

/// Posts from which on a cluster is told to the owner.
const TOLD_POSTS_MIN: u32 = 2;
/// Posts from which on it is counted which of its leading words stand next to each other: smaller ones are hardly ever narratives.
const PHRASES_FROM: u32 = 8;
/// In no delta: the post's cluster has no other post.
const UNTOLD: u32 = u32::MAX;

/// So many clusters ahead posts are read, and their terms.
const READ_POSTS_AHEAD: usize = 4;
const READ_TERMS_AHEAD: usize = 2;
/// Posts of a cluster beyond which nothing is gained by that.
const FETCHED_POSTS_MAX: u32 = 4;

/// A minute that was clustered.
pub(super) struct Clustered<'a> {
    pub(super) minute: i64,
    pub(super) log: &'a MinuteLog,
    /// By post: where it went, and whether it is nearly identical to one before.
    pub(super) handles: &'a [Handle],
    pub(super) copies: &'a [bool],
    /// By feature: the term that it is; [`UNKNOWN`] where there is none.
    pub(super) terms: &'a [TermId],
    /// Clusters that were written to.
    pub(super) touched: &'a [Handle],
}

/// Room that is used again for each minute.
#[derive(Default)]
pub(super) struct Teller {
    told: Vec<Handle>,
    /// By slot: number of the delta, plus one; zero between minutes.
    numbers: Vec<u32>,
    /// By post: the delta that it is told in, or [`UNTOLD`].
    told_in: Vec<u32>,
    /// By delta: where its posts begin in `posts_of`; and the end.
    starts: Vec<u32>,
    posts_of: Vec<u32>,
    /// First posts that are told of late, by delta.
    origins: Vec<(u32, First)>,
    one: One,
    /// How long the lists of the last minute were: the next one's will be as long.
    room: [usize; 6],
}

/// What is gathered of one cluster.
#[derive(Default)]
struct One {
    top: Top,
    counts: Vec<(i64, u32)>,
    languages: Vec<LanguageDelta>,
    authors: Vec<u64>,
    /// (item, author, whether it is a copy) for every post that has the item: the place of a leading term, or beyond these a feature.
    items: Vec<Item>,
    facets: Vec<Facet>,
    tokens: Vec<u64>,
    /// By feature of a post: the place of the leading word that it is, plus one.
    places: Vec<u8>,
    /// (phrase, author, whether it is a copy) for every post that has the phrase; [`phrase_of`].
    phrases: Vec<Item>,
}

/// What a post has, its author, and whether it is a copy.
type Item = (u32, Option<u64>, bool);

/// A hashtag or domain.
struct Facet {
    /// Its feature in the log.
    id: u32,
    posts: u32,
    originals: u32,
    authors: Span,
}

impl Teller {
    /// What the owner must know of a minute. The posts of each cluster are looked at together.
    pub(super) fn tell(&mut self, of: &Clustered<'_>, changes: Changes, clusterer: &mut Clusterer) -> MinuteDelta {
        let [locals, languages, terms, phrases, authors, text] = self.room;
        let mut delta = MinuteDelta {
            minute: of.minute,
            has_history: clusterer.terms().has_history(),
            merged: changes.merged,
            ended: changes.ended,
            locals: Vec::with_capacity(locals),
            counts: Vec::with_capacity(locals),
            languages: Vec::with_capacity(languages),
            terms: Vec::with_capacity(terms),
            phrases: Vec::with_capacity(phrases),
            authors: Vec::with_capacity(authors),
            text: String::with_capacity(text),
        };
        self.told.clear();
        let is_told = |handle: &Handle| clusterer.cluster(*handle).posts >= TOLD_POSTS_MIN;
        self.told.extend(of.touched.iter().copied().filter(is_told));
        for (handle, number) in self.told.iter().zip(1..) {
            let slot = handle.slot as usize;
            if self.numbers.len() <= slot {
                self.numbers.resize(slot + 1, 0);
            }
            self.numbers[slot] = number;
        }
        let number_of = |handle: Handle| {
            let handle = clusterer.resolve(handle)?;
            self.numbers.get(handle.slot as usize)?.checked_sub(1)
        };
        let of_earlier = changes.origins.iter().filter(|(_, origin)| origin.minute != of.minute);
        self.origins.clear();
        self.origins.extend(of_earlier.filter_map(|(handle, origin)| Some((number_of(*handle)?, *origin))));
        self.origins.sort_by_key(|(number, _)| *number);
        self.told_in.clear();
        self.told_in.extend(of.handles.iter().map(|handle| number_of(*handle).unwrap_or(UNTOLD)));
        group(&self.told_in, self.told.len(), &mut self.starts, &mut self.posts_of);
        let (mut left_out, mut origin) = (0, 0);
        for (number, handle) in self.told.iter().enumerate() {
            self.numbers[handle.slot as usize] = 0;
            let posts = &self.posts_of[self.starts[number] as usize..self.starts[number + 1] as usize];
            self.fetch(number, of, clusterer);
            let first = origin;
            while self.origins.get(origin).is_some_and(|(of, _)| *of as usize == number) {
                origin += 1;
            }
            left_out += self.one.tell(*handle, posts, &self.origins[first..origin], of, clusterer, &mut delta);
        }
        // Nothing of the minute stays here.
        self.origins.clear();
        self.one.forget();
        clusterer.counters_mut().facets_left_out += left_out;
        self.room = [
            delta.locals.len(),
            delta.languages.len(),
            delta.terms.len(),
            delta.phrases.len(),
            delta.authors.len(),
            delta.text.len(),
        ]
        .map(|length| length + length / 8);
        delta
    }
}

impl Teller {
    /// Reads what the next clusters' posts and terms need, so that it is near by then: it is spread over all memory.
    fn fetch(&self, number: usize, of: &Clustered<'_>, clusterer: &Clusterer) {
        let posts_of = |ahead: usize| {
            let ends = (self.starts.get(number + ahead), self.starts.get(number + ahead + 1));
            let (Some(start), Some(end)) = ends else { return &[][..] };
            &self.posts_of[*start as usize..(*end).min(start + FETCHED_POSTS_MAX) as usize]
        };
        let mut sum = self.told.get(number + READ_POSTS_AHEAD).map_or(0, |handle| clusterer.fetch(*handle));
        for &post in posts_of(READ_POSTS_AHEAD) {
            let ids = of.log.ids_of(post as usize).iter();
            sum ^= ids.fold(0, |sum, id| sum ^ u64::from(of.terms[*id as usize]) ^ of.log.feature(*id).form_hash);
        }
        for &post in posts_of(READ_TERMS_AHEAD) {
            let ids = of.log.ids_of(post as usize).iter();
            sum ^= ids.fold(0, |sum, id| sum ^ clusterer.terms().fetch(of.terms[*id as usize]));
        }
        std::hint::black_box(sum);
    }
}

/// Puts numbers of posts together that are told in one delta: those of delta `n` are `posts_of[starts[n]..starts[n + 1]]`.
fn group(told_in: &[u32], deltas: usize, starts: &mut Vec<u32>, posts_of: &mut Vec<u32>) {
    starts.clear();
    starts.resize(deltas + 1, 0);
    let told = || told_in.iter().zip(0..).filter(|(delta, _)| **delta != UNTOLD);
    told().for_each(|(delta, _)| starts[*delta as usize] += 1);
    let mut end = 0;
    for start in starts.iter_mut() {
        end += *start;
        *start = end;
    }
    posts_of.clear();
    posts_of.resize(end as usize, 0);
    // From the last one on, so that each delta's posts stay in their order.
    for (post, delta) in told_in.iter().enumerate().rev().filter(|(_, delta)| **delta != UNTOLD) {
        let start = &mut starts[*delta as usize];
        *start -= 1;
        posts_of[*start as usize] = post as u32;
    }
}

impl One {
    fn forget(&mut self) {
        self.counts.clear();
        self.languages.clear();
        self.authors.clear();
        self.items.clear();
        self.tokens.clear();
        self.phrases.clear();
    }

    fn add(&mut self, minute: i64, language: [u8; 2], author: Option<u64>) {
        match self.counts.iter_mut().find(|(known, _)| *known == minute) {
            Some((_, posts)) => *posts += 1,
            None => self.counts.push((minute, 1)),
        }
        let known = self.languages.iter().position(|known| known.language == language);
        let at = known.unwrap_or_else(|| {
            self.languages.push(LanguageDelta { language, posts: 0, authors: AuthorBits::default() });
            self.languages.len() - 1
        });
        self.languages[at].posts += 1;
        author.into_iter().for_each(|author| self.languages[at].authors.insert(author));
    }

    /// Adds what a cluster gained; returns how many hashtags and domains were left out.
    fn tell(
        &mut self,
        handle: Handle,
        posts: &[u32],
        origins: &[(u32, First)],
        of: &Clustered<'_>,
        clusterer: &mut Clusterer,
        delta: &mut MinuteDelta,
    ) -> u64 {
        self.forget();
        let cluster = clusterer.cluster_mut(handle);
        // All terms are told of what the owner knows not yet, or what changed without a post.
        let whole = !std::mem::replace(&mut cluster.told, true);
        let own = cluster.origin.take().filter(|origin| origin.minute != of.minute);
        let split_from = cluster.split_from.take().map(LocalId);
        self.top.read(cluster, DELTA_TERMS_MAX);
        let length = cluster.norm2.sqrt().max(f32::MIN_POSITIVE);
        let (id, posts_total, copies_total) = (LocalId(cluster.id), cluster.posts, cluster.copies);
        let mut leading = [UNKNOWN; DELTA_TERMS_MAX];
        leading.iter_mut().zip(&self.top.shares).for_each(|(term, share)| *term = share.term);
        let (mut originals, mut key) = (0, CellKey::default());
        for origin in own.iter().chain(origins.iter().map(|(_, origin)| origin)) {
            self.add(origin.minute, origin.language, origin.author);
            originals += 1;
            key.add(origin.author.map_or_else(CellKey::default, CellKey::of_author));
            self.authors.extend(origin.author.filter(|_| same_day(origin.minute, of.minute)));
        }
        for &index in posts {
            let (record, is_copy) = (of.log.record(index as usize), of.copies[index as usize]);
            self.add(of.minute, record.language, record.author);
            originals += u32::from(!is_copy);
            key.add(record.author.map_or_else(CellKey::default, CellKey::of_author));
            self.authors.extend(record.author);
            let has_phrases = posts_total >= PHRASES_FROM && record.beside != 0;
            if has_phrases {
                self.places.clear();
                self.places.resize(POST_FEATURES_MAX, 0);
            }
            let mut seen = 0_u32;
            for (&id, at) in of.log.ids_of(index as usize).iter().zip(0..) {
                let (feature, term) = (of.log.feature(id), of.terms[id as usize]);
                if term != UNKNOWN
                    && let Some(place) = leading.iter().position(|leading| *leading == term)
                    && seen & 1 << place == 0
                {
                    // Two long words of the post may be this term; the post is one.
                    seen |= 1 << place;
                    let is_shown = clusterer.terms().spelling(term) == feature.form_hash;
                    self.items.push((place as u32, record.author.filter(|_| is_shown), is_copy));
                    if has_phrases && is_shown && place < PHRASE_LEADS {
                        self.places[at as usize] = place as u8 + 1;
                    }
                }
                if matches!(feature.kind, FeatureKind::Hashtag | FeatureKind::Domain) {
                    self.items.push((DELTA_TERMS_MAX as u32 + id, record.author, is_copy));
                }
            }
            if has_phrases {
                self.note_phrases(record.beside, record.author, is_copy);
            }
        }
        self.authors.sort_unstable();
        self.authors.dedup();
        self.counts.sort_unstable();
        self.languages.sort_unstable_by_key(|told| told.language);
        let starts = (delta.counts.len(), delta.languages.len());
        delta.counts.extend_from_slice(&self.counts);
        delta.languages.extend_from_slice(&self.languages);
        let terms = self.tell_terms(whole, length, clusterer.terms(), delta);
        let (facets, left_out) = self.tell_facets(of.log, delta);
        let phrases = self.tell_phrases(clusterer.terms(), delta);
        delta.locals.push(LocalDelta {
            id,
            split_from,
            posts_total,
            copies_total,
            originals,
            counts: Span::since(starts.0, &delta.counts),
            languages: Span::since(starts.1, &delta.languages),
            terms,
            facets,
            phrases,
            key,
            authors: Distinct::from_sorted_unique(&self.authors),
        });
        left_out
    }

    /// Notes which of a post's leading words stand next to each other, by twos and by threes.
    fn note_phrases(&mut self, beside: u64, author: Option<u64>, is_copy: bool) {
        let mut left = beside;
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            let [one, two] = [self.places[at - 1], self.places[at]];
            if one == 0 || two == 0 {
                continue;
            }
            self.phrases.push((phrase_of([one, two, 0]), author, is_copy));
            if beside >> (at - 1) & 1 == 1 && self.places[at - 2] != 0 {
                self.phrases.push((phrase_of([self.places[at - 2], one, two]), author, is_copy));
            }
        }
    }

    /// Adds the phrases that stand in most posts that are no copies.
    fn tell_phrases(&mut self, terms: &Terms, delta: &mut MinuteDelta) -> Span {
        let start = delta.phrases.len();
        if self.phrases.is_empty() {
            return Span::default();
        }
        self.phrases.sort_unstable();
        let mut runs: Vec<_> = self.phrases.chunk_by(|a, b| a.0 == b.0).collect();
        runs.sort_by_key(|run| (std::cmp::Reverse(originals(run)), run[0].0));
        for run in runs.into_iter().take(PHRASES_TOLD_MAX) {
            let authors = tell_authors(&mut self.tokens, run, delta);
            let form_start = delta.text.len();
            for (nth, place) in places_of(run[0].0).enumerate() {
                delta.text.push_str(if nth > 0 { " " } else { "" });
                delta.text.push_str(terms.form(self.top.shares[place].term));
            }
            delta.phrases.push(PhraseDelta {
                form: Span::since(form_start, delta.text.as_bytes()),
                authors,
                posts: run.len() as u32,
                originals: originals(run),
            });
        }
        Span::since(start, &delta.phrases)
    }

    /// Adds the leading terms, and gathers hashtags and domains.
    fn tell_terms(&mut self, whole: bool, length: f32, terms: &Terms, delta: &mut MinuteDelta) -> Span {
        let start = delta.terms.len();
        let share = |place: usize| self.top.shares[place].part_of(length);
        let mut told = 0_u32;
        self.facets.clear();
        self.items.sort_unstable();
        for run in self.items.chunk_by(|a, b| a.0 == b.0) {
            let authors = tell_authors(&mut self.tokens, run, delta);
            let (posts, originals) = (run.len() as u32, originals(run));
            if let Some(id) = run[0].0.checked_sub(DELTA_TERMS_MAX as u32) {
                self.facets.push(Facet { id, posts, originals, authors });
            } else {
                told |= 1 << run[0].0;
                push_term(delta, terms, share(run[0].0 as usize), (posts, originals), authors);
            }
        }
        if whole || told == 0 {
            for place in (0..self.top.shares.len()).filter(|place| told & 1 << place == 0) {
                push_term(delta, terms, share(place), (0, 0), Span::default());
            }
            delta.terms[start..].sort_by(|a, b| b.part.total_cmp(&a.part));
        }
        Span::since(start, &delta.terms)
    }

    /// Adds the hashtags and the domains with most posts, [`FACETS_MAX`] of each; also returns how many went.
    fn tell_facets(&mut self, log: &MinuteLog, delta: &mut MinuteDelta) -> (Span, u64) {
        let start = delta.terms.len();
        let kind_of = |facet: &Facet| log.feature(facet.id).kind;
        self.facets.sort_unstable_by(|a, b| {
            (kind_of(a), b.posts, log.text_of(a.id)).cmp(&(kind_of(b), a.posts, log.text_of(b.id)))
        });
        let (mut last, mut kept, mut left_out) = (None, 0, 0);
        for facet in &self.facets {
            let feature = log.feature(facet.id);
            kept = if last == Some(feature.kind) { kept + 1 } else { 1 };
            last = Some(feature.kind);
            if kept > FACETS_MAX {
                left_out += 1;
                continue;
            }
            let form = delta.push_form(log.text_of(facet.id));
            delta.terms.push(TermDelta {
                hash: feature.hash,
                stem: 0,
                kind: feature.kind,
                form,
                part: 0.0,
                weight: 0.0,
                own: 0.0,
                rise: 0.0,
                posts: facet.posts,
                originals: facet.originals,
                authors: facet.authors,
            });
        }
        (Span::since(start, &delta.terms), left_out)
    }
}

/// Adds who wrote what a sorted run of posts has, so many at most.
fn tell_authors(tokens: &mut Vec<u64>, run: &[Item], delta: &mut MinuteDelta) -> Span {
    tokens.clear();
    tokens.extend(run.iter().filter_map(|(_, author, _)| *author));
    tokens.dedup();
    tokens.truncate(TERM_AUTHORS_MAX);
    let start = delta.authors.len();
    delta.authors.extend_from_slice(tokens);
    Span::since(start, &delta.authors)
}

/// Posts of a run that are no copies.
fn originals(run: &[Item]) -> u32 {
    run.iter().filter(|(.., is_copy)| !is_copy).count() as u32
}

/// Two or three leading words by their places, each plus one, as one number.
fn phrase_of(places: [u8; 3]) -> u32 {
    places.iter().fold(0, |phrase, place| phrase << 8 | u32::from(*place))
}

/// The places of a phrase's words, in order.
fn places_of(phrase: u32) -> impl Iterator<Item = usize> {
    [16, 8, 0].into_iter().filter_map(move |shift| (phrase >> shift & 255).checked_sub(1)).map(|place| place as usize)
}

/// Adds a term of a cluster; its mass is its part of the cluster's unit vector.
fn push_term(delta: &mut MinuteDelta, terms: &Terms, share: Share, (posts, originals): (u32, u32), authors: Span) {
    let term = terms.get(share.term);
    let form = delta.push_form(terms.form(share.term));
    delta.terms.push(TermDelta {
        hash: term.hash,
        stem: terms.alone_of(share.term),
        kind: term.kind,
        form,
        part: share.mass,
        weight: term.weight,
        own: (f64::from(share.count) / term.spread.sum().max(f64::MIN_POSITIVE)).min(1.0) as f32,
        rise: terms.rise(share.term),
        posts,
        originals,
        authors,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn posts_of_one_delta_stand_together_in_their_order(told_in in proptest::collection::vec(0..9_u32, 0..200)) {
            let told_in: Vec<u32> = told_in.into_iter().map(|delta| if delta == 8 { UNTOLD } else { delta }).collect();
            let (mut starts, mut posts_of) = (vec![7], vec![7]);
            group(&told_in, 8, &mut starts, &mut posts_of);
            for delta in 0..8_u32 {
                let posts = &posts_of[starts[delta as usize] as usize..starts[delta as usize + 1] as usize];
                let known: Vec<u32> = (0..told_in.len() as u32).filter(|post| told_in[*post as usize] == delta).collect();
                proptest::prop_assert_eq!(posts, known.as_slice());
            }
        }
    }
}
