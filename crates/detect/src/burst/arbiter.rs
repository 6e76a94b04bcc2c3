//! [`Arbiter`]: keeps the budget over all shards, and joins what bursts together into one.

use std::collections::BTreeMap;
use std::fmt;

use groundswell_gate::{
    BURST_START_GRID, BurstCandidate, BurstExperience, BurstId, BurstMethod, BurstScale, BurstSubject, BurstType,
    NAME_PUBLISHERS, PHRASE_SAMPLE,
};
use serde::{Deserialize, Serialize};

use super::bursts::{BurstNews, ShardMinute};
use super::config::{BurstConfig, RELATED_MAX, RELATED_PHRASES_MAX, Scale};
use super::experience::Experience;
use super::texts::{Texts, TextsOf};

mod saved;

pub use saved::SavedArbiter;

/// What a model of scatter gives as the chance of so loud a look comes true so many times as often: scatter is measured, and subjects of
/// few posts scatter otherwise than they were measured. Set on simulated streams (docs/methods/bursts.md).
const OFTENER: f64 = 5.0 / 3.0;
/// A burst whose numbers have grown is told of again after so many minutes.
const TOLD_AGAIN_MINUTES: i64 = 5;
/// False alerts a day that feeds may have as their budget: at each of these, what falls below it is told at once.
const BUDGETS: [f64; 7] = [10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1];
/// Bursts that began so near each other may be one.
const NEAR_SECONDS: i64 = 15 * 60;
/// Share of their authors, as far as 64 bits tell, that two subjects of one burst have in common.
const SAME_AUTHORS: f64 = 0.5;
/// Share of the texts of the smaller one that both are in, minute by minute, of those that it would not have been in anyway; but never less
/// than half of that.
const SAME_TEXTS: f64 = 0.5;
const SAME_TEXTS_MIN: f64 = 0.25;
/// A phrase says better than one word of it what happens: it leads where it is in this share of the word's posts, as far as a sample tells.
const PHRASE_NEARLY: f64 = 0.7;
/// And where it is told at the smallest budget itself, so that nobody misses it for that.
const PHRASE_LEADS_BELOW: f64 = 0.1;
/// Of more authors the bits no longer tell.
const BITS_FULL: u64 = 44;
/// The shortest name that makes a longer one related that holds it.
const NAME_CHARS_MIN: usize = 4;

/// Takes what all shards say of a minute and decides which bursts may be told of.
pub struct Arbiter {
    config: BurstConfig,
    shards: usize,
    /// Minutes of which not all shards have told yet.
    gathered: BTreeMap<i64, Gathered>,
    /// Bursts that are open, by hash of their subject.
    live: BTreeMap<u64, Live>,
    experience: Experience,
    /// Ends that no shard tells of, until the next minute.
    orphans: Vec<BurstNews>,
}

#[derive(Default)]
struct Gathered {
    shards: usize,
    looks_a_day: f64,
    news: Vec<BurstNews>,
    texts: Vec<(u64, TextsOf)>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Live {
    news: BurstNews,
    looks_a_day: f64,
    role: Role,
    /// When it was first told of, and last.
    detected_at: Option<i64>,
    told_at: i64,
    told_log10_q: f64,
    /// How unlikely it and its parts are by the model, at their height.
    least_log10_q: f64,
    related: Vec<u64>,
    related_subjects: Vec<BurstSubject>,
    /// Which texts it was in of late. Never written down.
    #[serde(skip)]
    texts: Texts,
}

impl Live {
    fn new(news: BurstNews, looks_a_day: f64) -> Self {
        Self {
            news,
            looks_a_day,
            role: Role::Waiting,
            detected_at: None,
            told_at: i64::MIN,
            told_log10_q: f64::MAX,
            least_log10_q: f64::MAX,
            related: Vec::new(),
            related_subjects: Vec::new(),
            texts: Texts::default(),
        }
    }

    /// Tells of a part with it, if there is room: a text has many words and as many phrases.
    fn tell_with(&mut self, part: u64, subject: BurstSubject) {
        let of_phrases = subject.kind == BurstType::Phrase;
        let told = self.related_subjects.iter().filter(|part| (part.kind == BurstType::Phrase) == of_phrases).count();
        if told < if of_phrases { RELATED_PHRASES_MAX } else { RELATED_MAX } {
            self.related.push(part);
            self.related_subjects.push(subject);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Role {
    /// Likely enough by accident to be over budget, so far.
    Waiting,
    /// It is none by accident, but by what the stream has shown there are too many like it.
    Usual,
    /// It is told of.
    Told,
    /// It is a part of another one, and told of with it.
    Joined(u64),
}

impl Role {
    /// Whether it is an event of its own.
    const fn leads(self) -> bool {
        matches!(self, Self::Usual | Self::Told)
    }
}

impl Arbiter {
    /// Waits for so many shards with each minute.
    pub fn new(config: BurstConfig, shards: usize) -> Self {
        Self {
            config,
            shards: shards.max(1),
            gathered: BTreeMap::new(),
            live: BTreeMap::new(),
            experience: Experience::new(),
            orphans: Vec::new(),
        }
    }

    /// Takes what a shard says of a minute; gives out what may be told when it was the last one. Minutes come to their end in order.
    pub fn take(&mut self, told: ShardMinute, emit: &mut dyn FnMut(BurstCandidate)) {
        let gathered = self.gathered.entry(told.minute).or_default();
        gathered.shards += 1;
        gathered.looks_a_day += told.looks_a_day;
        gathered.news.extend(told.news);
        gathered.texts.extend(told.texts);
        while let Some(first) = self.gathered.first_entry() {
            if first.get().shards < self.shards {
                break;
            }
            let (minute, gathered) = first.remove_entry();
            self.decide(minute, gathered, emit);
        }
    }

    fn decide(&mut self, minute: i64, gathered: Gathered, emit: &mut dyn FnMut(BurstCandidate)) {
        let as_of = minute + 60;
        let Gathered { looks_a_day, mut news, texts, .. } = gathered;
        news.append(&mut self.orphans);
        let looks_a_day = OFTENER * looks_a_day;
        if looks_a_day > 0.0 {
            self.experience.pass();
        }
        // The strongest first: it names the burst that others are joined to.
        news.sort_by(|a, b| a.log10_p.total_cmp(&b.log10_p).then_with(|| (a.kind, &a.value).cmp(&(b.kind, &b.value))));
        put_phrases_first(&mut news, looks_a_day);
        let told: Vec<u64> = news.iter().map(|news| news.hash).collect();
        let mut changed: Vec<u64> = Vec::new();
        for news in &news {
            self.live.entry(news.hash).or_insert_with(|| Live::new(news.clone(), looks_a_day));
        }
        for (hash, texts) in texts {
            if let Some(live) = self.live.get_mut(&hash) {
                live.texts.note(texts);
            }
        }
        for news in news {
            changed.extend(self.note(news, looks_a_day));
        }
        for hash in &told {
            changed.extend(self.join_late(*hash));
        }
        for hash in told {
            let curve = self.curve(hash);
            changed.extend(self.rise(hash, &curve));
            let due = |live: &Live| live.role == Role::Told && (live.news.end.is_some() || is_due(live, &curve, as_of));
            if self.live.get(&hash).is_some_and(due) {
                changed.push(hash);
            }
        }
        changed.sort_unstable();
        changed.dedup();
        for hash in changed {
            let curve = self.curve(hash);
            let Some(live) = self.live.get_mut(&hash).filter(|live| live.role == Role::Told) else { continue };
            live.detected_at.get_or_insert(as_of);
            live.told_at = as_of;
            live.told_log10_q = curve.log10_q(log10_q(live));
            emit(candidate(live, &curve, as_of));
        }
        // Parts of what is over without having been told of are bursts of their own.
        let over = self.live.iter().filter(|(_, live)| live.role == Role::Usual && live.news.end.is_some());
        for leader in over.map(|(hash, _)| *hash).collect::<Vec<_>>() {
            self.change_parts(leader, Role::Waiting);
        }
        let budget = self.config.budget.log10();
        let experience = &mut self.experience;
        self.live.retain(|_, live| {
            if live.news.end.is_some() && live.role.leads() {
                experience.note(budget - live.least_log10_q);
            }
            live.news.end.is_none()
        });
    }

    /// Takes what a shard says of a burst; the burst that it has become a part of now.
    fn note(&mut self, news: BurstNews, looks_a_day: f64) -> Option<u64> {
        let hash = news.hash;
        let live = self.live.get_mut(&hash)?;
        live.looks_a_day = looks_a_day;
        let own = news.log10_p + looks_a_day.max(1.0).log10();
        let told = (live.role == Role::Told).then_some(live.told_log10_q);
        // Which look is the loudest hangs by single posts. Once a burst is told of, another one is shown only where looks end on the
        // grid, or where somebody with a smaller budget hears of it.
        let shown =
            news.to % BURST_START_GRID == 0 || told.is_none_or(|told| has_crossed(self.curve(hash).log10_q(own), told));
        let live = self.live.get_mut(&hash)?;
        if shown {
            live.news = news;
        } else {
            (live.news.end, live.news.name_publishers) = (news.end, news.name_publishers);
        }
        live.least_log10_q = live.least_log10_q.min(own);
        let role = live.role;
        if role == Role::Waiting && own <= self.config.budget.log10() && may_be_named(&live.news) {
            if let Some(leader) = self.leader_of(hash) {
                return self.join(hash, leader);
            }
            self.live.get_mut(&hash)?.role = Role::Usual;
        }
        if let Role::Joined(leader) = role
            && let Some(leading) = self.live.get_mut(&leader)
        {
            leading.least_log10_q = leading.least_log10_q.min(own);
        }
        None
    }

    /// Makes a burst that is not told of a part of another one, with all parts of its own; gives the other.
    fn join(&mut self, hash: u64, leader: u64) -> Option<u64> {
        let live = self.live.get_mut(&hash)?;
        live.role = Role::Joined(leader);
        let parts = std::mem::take(&mut live.related).into_iter().zip(std::mem::take(&mut live.related_subjects));
        let (subject, least) = (subject_of(&live.news), live.least_log10_q);
        let leading = self.live.get_mut(&leader)?;
        leading.tell_with(hash, subject);
        parts.for_each(|(part, subject)| leading.tell_with(part, subject));
        leading.least_log10_q = leading.least_log10_q.min(least);
        self.change_parts(hash, Role::Joined(leader));
        Some(leader)
    }

    /// Gives all that is joined to a burst another role.
    fn change_parts(&mut self, leader: u64, role: Role) {
        let parts = self.live.values_mut().filter(|live| live.role == Role::Joined(leader));
        parts.for_each(|part| part.role = role);
    }

    /// Of a burst of which there is news: what was found before it and turns out to be a part of it is joined, and it itself to what it
    /// is a part of. Gives what has new parts.
    fn join_late(&mut self, hash: u64) -> Vec<u64> {
        let Some(own) = self.live.get(&hash).filter(|live| live.role.leads() && live.news.end.is_none()) else {
            return Vec::new();
        };
        let is_part = |part: &Live, of: &Live| {
            part.role == Role::Usual
                && of.role.leads()
                && (of.role == Role::Told || of.news.log10_p < part.news.log10_p)
                && [part, of].iter().all(|live| live.news.end.is_none())
                && are_alike(part, of)
                && are_of_same_texts(part, of) == Some(true)
        };
        let parts = self.live.iter().filter(|(part, live)| **part != hash && is_part(live, own));
        let mut parts: Vec<(u64, u64)> = parts.map(|(part, _)| (*part, hash)).collect();
        let leaders = self.live.iter().filter(|(leader, live)| **leader != hash && is_part(own, live));
        let leader = leaders.min_by(|(_, a), (_, b)| a.news.log10_p.total_cmp(&b.news.log10_p));
        parts.extend(leader.map(|(leader, _)| (hash, *leader)));
        parts.into_iter().filter_map(|(part, leader)| self.join(part, leader)).collect()
    }

    /// Tells of a burst from now on if it is rare enough by what the stream has shown; of a part that is, in place of what it is a part of.
    fn rise(&mut self, hash: u64, curve: &BurstExperience) -> Option<u64> {
        let live = self.live.get(&hash)?;
        if curve.log10_q(log10_q(live)) > self.config.budget.log10() {
            return None;
        }
        match live.role {
            Role::Usual => {}
            Role::Joined(leader) => {
                let leading = self.live.get_mut(&leader).filter(|leading| leading.role == Role::Usual)?;
                let related = std::mem::take(&mut leading.related);
                let subjects = std::mem::take(&mut leading.related_subjects);
                let (least, subject) = (leading.least_log10_q, subject_of(&leading.news));
                leading.role = Role::Joined(hash);
                self.change_parts(leader, Role::Joined(hash));
                let live = self.live.get_mut(&hash)?;
                let told = related.iter().position(|part| *part == hash);
                (live.related, live.related_subjects, live.least_log10_q) = (related, subjects, least);
                match told {
                    Some(at) => (live.related[at], live.related_subjects[at]) = (leader, subject),
                    None => live.tell_with(leader, subject),
                }
            }
            Role::Waiting | Role::Told => return None,
        }
        self.live.get_mut(&hash)?.role = Role::Told;
        Some(hash)
    }

    /// What the stream has shown, without this burst and what it is a part of.
    fn curve(&self, hash: u64) -> BurstExperience {
        let budget = self.config.budget.log10();
        let whole = match self.live.get(&hash).map(|live| live.role) {
            Some(Role::Joined(leader)) => leader,
            _ => hash,
        };
        let others = self.live.iter().filter(|(other, live)| **other != whole && live.role.leads());
        self.experience.curve(budget, others.map(|(_, live)| budget - live.least_log10_q))
    }

    /// The burst that is told of and that this one is a part of.
    fn leader_of(&self, hash: u64) -> Option<u64> {
        let own = self.live.get(&hash)?;
        let mut best: Option<(f64, u64)> = None;
        for (leader, live) in &self.live {
            let leads = live.role.leads() && live.news.end.is_none() && *leader != hash && are_alike(live, own);
            // Of a phrase, a word of it may be a part already.
            let has_word = || {
                live.related_subjects.iter().any(|part| is_word_of((part.kind, &part.value), &own.news))
                    && are_at_once(&live.news, &own.news)
            };
            if leads && best.is_none_or(|(p, _)| live.news.log10_p < p) && (related(live, own) || has_word()) {
                best = Some((live.news.log10_p, *leader));
            }
        }
        best.map(|(_, leader)| leader)
    }
}

impl fmt::Debug for Arbiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arbiter({} bursts open, redacted)", self.live.len())
    }
}

fn log10_q(live: &Live) -> f64 {
    live.news.log10_p + live.looks_a_day.max(1.0).log10()
}

/// Of what is new in a minute, strongest first: puts phrases before their words where they say better what is written of.
fn put_phrases_first(news: &mut [BurstNews], looks_a_day: f64) {
    for at in 0..news.len() {
        let phrase = &news[at];
        let own = phrase.log10_p + looks_a_day.max(1.0).log10();
        if !is_phrase(phrase) || own > PHRASE_LEADS_BELOW.log10() {
            continue;
        }
        let is_in_most = |word: &BurstNews| of_all(phrase) >= PHRASE_NEARLY * word.posts as f64;
        let word = |news: &BurstNews| is_word_of((news.kind, &news.value), phrase) && is_in_most(news);
        if let Some(before) = news[..at].iter().position(word) {
            news[before..=at].rotate_right(1);
        }
    }
}

/// Posts, and of phrases what a sample tells of them.
fn of_all(news: &BurstNews) -> f64 {
    (news.posts * if is_phrase(news) { PHRASE_SAMPLE } else { 1 }) as f64
}

fn is_phrase(news: &BurstNews) -> bool {
    news.kind == BurstType::Phrase
}

/// Names that publishers do not carry name no burst; the gate holds them back too.
fn may_be_named(news: &BurstNews) -> bool {
    news.name_publishers.is_none_or(|publishers| publishers >= NAME_PUBLISHERS)
}

fn is_due(live: &Live, curve: &BurstExperience, as_of: i64) -> bool {
    let minutes = match live.news.scale {
        Scale::Minutes => TOLD_AGAIN_MINUTES,
        Scale::Hour => 2 * TOLD_AGAIN_MINUTES,
        Scale::Day => 12 * TOLD_AGAIN_MINUTES,
    };
    let told_at = live.told_at.saturating_sub(live.told_at.rem_euclid(BURST_START_GRID));
    as_of % BURST_START_GRID == 0 && as_of >= told_at.saturating_add(minutes * 60)
        || has_crossed(curve.log10_q(log10_q(live)), live.told_log10_q)
}

/// Whether those with a smaller budget hear of it now: at once.
fn has_crossed(now: f64, told: f64) -> bool {
    BUDGETS.iter().any(|budget| now <= budget.log10() && told > budget.log10())
}

/// Whether two subjects rose at the same time, or are at their height at the same time, and are written by the same people or called
/// the same; or whether the same texts have both, whenever they rose. Words of one text that many pass on become
/// loud one after the other, and those of many texts of one event as well.
fn related(one: &Live, other: &Live) -> bool {
    let by_texts = are_of_same_texts(one, other);
    let (one, other) = (&one.news, &other.news);
    if by_texts == Some(true) {
        return true;
    }
    if !are_at_once(one, other) {
        return false;
    }
    let has_word = is_word_of((one.kind, &one.value), other) || is_word_of((other.kind, &other.value), one);
    if has_word || same_name(&one.value, &other.value) {
        return true;
    }
    let (of_one, of_other) = (one.bits.at_least(), other.bits.at_least());
    let both = one.bits.union(other.bits).at_least();
    if both > BITS_FULL {
        return by_texts.is_none() && are_as_loud(one, other);
    }
    if of_one == 0 || of_other == 0 {
        // Who wrote before a restart is not known after it.
        return false;
    }
    // Of two crowds that have nobody in common so many bits are set in both, by chance.
    let by_chance = (of_one * of_other) as f64 / 64.0;
    (of_one + of_other - both) as f64 - by_chance >= SAME_AUTHORS * (of_one.min(of_other) as f64 - by_chance)
}

/// Whether two of too many people to compare are as loud, at the same time, for as long. Of phrases, what a sample tells of it.
fn are_as_loud(one: &BurstNews, other: &BurstNews) -> bool {
    let least_bits = |news: &BurstNews| if is_phrase(news) { BITS_FULL / 4 } else { BITS_FULL / 2 };
    let (louder_max, apart_max) =
        if is_phrase(one) == is_phrase(other) { (1.25, 120) } else { (1.5, BURST_START_GRID) };
    let louder = of_all(one).max(of_all(other)) / of_all(one).min(of_all(other)).max(1.0);
    one.bits.at_least() > least_bits(one)
        && other.bits.at_least() > least_bits(other)
        && louder < louder_max
        && (one.start - other.start).abs() <= apart_max
        && one.scale == other.scale
}

/// Whether what the smaller one is in, minute by minute, has the other in it as well, but for what it would have been in anyway. Which texts
/// a narrative is in is not known here.
fn are_of_same_texts(one: &Live, other: &Live) -> Option<bool> {
    if [one, other].iter().any(|live| live.news.kind == BurstType::Narrative) {
        return None;
    }
    let a_second = |news: &BurstNews| of_all(news) / (news.to - news.from).max(1) as f64;
    let smaller = if a_second(&one.news) <= a_second(&other.news) { &one.news } else { &other.news };
    let new = 1.0 - smaller.expected / smaller.posts.max(1) as f64;
    one.texts.are_same(&other.texts, (SAME_TEXTS * new).max(SAME_TEXTS_MIN))
}

/// The whole and its languages are not what a burst is about.
fn are_alike(one: &Live, other: &Live) -> bool {
    one.news.kind.is_open_ended() == other.news.kind.is_open_ended()
}

/// Whether they began or are at their height at the same time.
fn are_at_once(one: &BurstNews, other: &BurstNews) -> bool {
    let apart = (one.start - other.start).abs();
    let both_seen = one.to.min(other.to) - one.from.max(other.from);
    let shorter = (one.to - one.from).min(other.to - other.from);
    apart <= NEAR_SECONDS.max((one.to - one.start) / 4) || 2 * both_seen >= shorter
}

/// Whether a subject is a word of a phrase.
fn is_word_of((kind, value): (BurstType, &str), phrase: &BurstNews) -> bool {
    is_phrase(phrase) && kind == BurstType::Term && phrase.value.split(' ').any(|word| word == value)
}

fn same_name(one: &str, other: &str) -> bool {
    let plain =
        |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let (one, other) = (plain(one), plain(other));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short == long || short.chars().count() >= NAME_CHARS_MIN && long.contains(&short)
}

fn subject_of(news: &BurstNews) -> BurstSubject {
    BurstSubject {
        kind: news.kind,
        value: news.value.clone(),
        authors: news.authors,
        name_publishers: news.name_publishers,
    }
}

fn candidate(live: &Live, curve: &BurstExperience, as_of: i64) -> BurstCandidate {
    let news = &live.news;
    BurstCandidate {
        id: BurstId::of(news.kind, &news.value, news.start),
        detected_at: live.detected_at.unwrap_or(as_of),
        as_of,
        subject: subject_of(news),
        start: news.start,
        peak: news.peak,
        end: news.end,
        scale: match news.scale {
            Scale::Minutes => BurstScale::Minutes,
            Scale::Hour => BurstScale::Hour,
            Scale::Day => BurstScale::Day,
        },
        from: news.from,
        to: news.to,
        posts: news.posts,
        key: news.key,
        expected: news.expected,
        expected_of_one: news.expected_of_one,
        shape: news.shape,
        method: if news.known < 3.0 {
            BurstMethod::New
        } else if news.windows < 84 {
            BurstMethod::Recent
        } else {
            BurstMethod::Seasonal
        },
        windows: news.windows,
        log10_q: log10_q(live),
        log10_q_of_one: news.log10_p_of_one,
        experience: curve.clone(),
        coverage: news.coverage,
        related: live.related_subjects.clone(),
    }
}
