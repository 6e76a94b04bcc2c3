//! The stream itself: second by second, how many posts of what, and post by post, their bytes.

#![allow(clippy::verbose_bit_mask, reason = "masks cut random bits into shares; their width is the meaning")]

use std::io::Write as _;

use groundswell_post::{EventTime, Relation};

use crate::config::{ConfigError, Faults, Scenario, SimConfig};
use crate::language::{COMMON_TAGS, Language, THEME_SLOTS, THEME_TAGS};
use crate::names;
use crate::personal::{self, KINDS, SMALL_KINDS};
use crate::plan::{Body, CANARY_AUTHORS_MAX, COMPOSED_SHARE, Item, Place, Plan, Story, THEME_SHARE, Turn};
use crate::rng::{Rng, mix};
use crate::truth::{
    BurstTruth, CampaignTruth, CanaryTruth, ConfigTruth, EventTruth, NarrativeTruth, PiiTruth, Totals, Truth,
    TruthRecord,
};
use crate::world::{DOMAINS, SHARED_DOMAINS, World, interest};

/// Version of the model: it changes whenever the same seed gives other bytes.
pub const MODEL: u32 = 3;
/// Personal data that the truth lists one by one; what is beyond is counted in [`Totals::pii_unlisted`].
pub const PII_LISTED_MAX: usize = 100_000;

/// Words of a post, each length as often as it stands here.
const LENGTHS: [u8; 64] = [
    2, 3, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 8, 9, 9, 9, 10, 10, 10, 10, 11, 11, 11, 11, 12, 12, 12, 12, 13, 13,
    13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 16, 16, 16, 17, 17, 18, 18, 19, 19, 20, 21, 22, 23, 24, 25, 27, 29, 31, 34,
    38, 43,
];
/// Words of a usual post, on average.
pub(crate) const WORDS_MEAN: f64 = {
    let mut sum = 0.0;
    let mut at = 0;
    while at < LENGTHS.len() {
        sum += LENGTHS[at] as f64;
        at += 1;
    }
    sum / LENGTHS.len() as f64
};
const EMOJI: [&str; 24] = [
    "😀", "😂", "❤️", "🔥", "👍", "🎉", "😭", "🙏", "✨", "🤔", "😅", "💪", "🌧️", "⚽", "🎶", "📷", "☕", "🌞", "🐈",
    "🚀", "👀", "💯", "😴", "🥳",
];
/// Texts of each language that can be reposted; the first few live long and become widely passed on.
const REPOSTABLE: usize = 32;
/// Headlines of each language that people share.
const HEADLINES: usize = 16;
/// Posts that may still be deleted.
const DELETABLE: usize = 4096;
/// How often the tables of rhythm and of interest are made anew, in seconds.
const RHYTHM_SECONDS: i64 = 60;
const INTEREST_SECONDS: i64 = 300;
/// How long a hashtag is the newest one of its theme, in seconds, and in how many its users grow fewer by half after that.
const TAG_SECONDS: i64 = 2700;
const TAG_HALF_SECONDS: i64 = 3600;
/// A bit behind that of as many half-lives as there are at most.
const HALVES_MAX: u64 = 1 << 8;
/// Authors of a language that exist at most; they take no memory.
const POPULATION_MAX: f64 = 50_000_000.0;
/// Stands for "no planted thing" in the queue of a second.
const BACKGROUND: u32 = u32::MAX;

/// What [`Simulator::fill_block`] wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FillResult {
    /// Lines written: posts, repeated deliveries and deletions.
    pub lines: u64,
    /// Posts among them, repeated deliveries included.
    pub posts: u64,
    /// The event second that the stream stood at with the last line.
    pub last_time: Option<EventTime>,
    /// Whether the stream is at its end.
    pub ended: bool,
}

/// A seeded crowd that writes posts.
#[derive(Debug)]
pub struct Simulator {
    config: SimConfig,
    faults: Faults,
    personal_data: f64,
    /// Whether nothing is in fashion.
    steady: bool,
    world: &'static World,
    plan: Plan,
    pen: Pen,
    crowd: Vec<Crowd>,
    /// Multiplies each language's rhythm, so that the whole comes to the rate asked for.
    scale: f64,
    /// Usual posts a second of each language now.
    rates: Vec<f64>,
    /// Running sums of `rates`, in 2^32ths.
    thresholds: Vec<u32>,
    second: i64,
    end: i64,
    /// What is still to be written in this second: indices of planted things, or [`BACKGROUND`].
    queue: Vec<u32>,
    /// Background posts still to be written beside the queue, where nothing is planted in this second.
    background: u32,
    clock: [u8; 20],
    repeat: bool,
    last_line: Vec<u8>,
    delete: bool,
    deletable: Vec<([u8; ID_LENGTH], u8)>,
    totals: Totals,
    pii: Vec<PiiTruth>,
}

/// The people who speak one language.
#[derive(Debug)]
struct Crowd {
    population: u32,
    /// Themes by interest: 256 slots.
    themes: [u8; 256],
    repostable: Vec<Vec<u8>>,
    /// Which of them is the oldest, where each lives as long as the others.
    oldest: usize,
    headlines: Vec<(Vec<u8>, Vec<u8>)>,
}

/// An author: language in the upper bits, rank by activity in the lower ones.
type Author = u64;
const AUTHOR_BITS: u32 = 40;
/// Beyond all ranks of people: accounts of campaigns, canaries and publishers.
const AUTHOR_SPECIAL: u64 = 1 << 36;
const ID_LENGTH: usize = 16;

const SOURCES: [&str; 4] = ["bluesky", "mastodon", "forum", "news"];
const NEWS: u8 = 3;

/// Everything about a post but its text.
#[derive(Clone, Copy, Debug)]
struct Envelope<'a> {
    author: Author,
    /// In place of the author's own id.
    author_id: Option<&'a str>,
    post_id: Option<&'a str>,
    nation: usize,
    relation: Relation,
    publisher: Option<usize>,
    label: &'a str,
    fragile: bool,
}

/// Writes texts and lines.
#[derive(Debug)]
struct Pen {
    seed: u64,
    rng: Rng,
    text: Vec<u8>,
    /// A link that the record lists beside its text.
    card: Vec<u8>,
    title: Vec<u8>,
    insert: Vec<u8>,
    id: [u8; ID_LENGTH],
    sequence: u64,
    labels: bool,
    /// Whether no hashtag leads for a while.
    steady: bool,
}

impl Simulator {
    /// A stream as configured.
    pub fn new(config: SimConfig) -> Result<Self, ConfigError> {
        let scenario: Scenario = config.check()?;
        let world = World::get();
        let start = config.start.unix();
        let end = start.saturating_add(i64::try_from(config.duration.as_secs()).unwrap_or(i64::MAX));
        let crowd = world
            .nations
            .iter()
            .map(|nation| Crowd {
                population: (config.rate * nation.share * 86_400.0 / 4.0).clamp(4000.0, POPULATION_MAX) as u32,
                themes: [0; 256],
                repostable: vec![Vec::new(); REPOSTABLE],
                oldest: 0,
                headlines: vec![(Vec::new(), Vec::new()); HEADLINES],
            })
            .collect();
        let mut simulator = Self {
            faults: config.faults.unwrap_or_else(|| scenario.faults()),
            personal_data: config.personal_data.unwrap_or_else(|| scenario.personal_data()),
            steady: scenario.is_steady(),
            world,
            plan: Plan::new(&config, scenario, world),
            pen: Pen {
                seed: config.seed,
                rng: Rng::new(config.seed, 1),
                text: Vec::with_capacity(4096),
                card: Vec::with_capacity(256),
                title: Vec::with_capacity(1024),
                insert: Vec::with_capacity(1024),
                id: [b'a'; ID_LENGTH],
                sequence: 0,
                labels: config.labels,
                steady: scenario.is_steady(),
            },
            crowd,
            scale: 1.0,
            rates: vec![0.0; world.nations.len()],
            thresholds: vec![0; world.nations.len()],
            second: start - 1,
            end,
            queue: Vec::new(),
            background: 0,
            clock: [b'0'; 20],
            repeat: false,
            last_line: Vec::new(),
            delete: false,
            deletable: Vec::new(),
            totals: Totals::default(),
            pii: Vec::new(),
            config,
        };
        simulator.balance();
        Ok(simulator)
    }

    /// Finds the scale at which background and planted posts together come to the rate asked for.
    fn balance(&mut self) {
        let seconds = if self.config.open_ended() { 7 * 86_400 } else { self.end - self.second - 1 };
        let points = (seconds / RHYTHM_SECONDS).clamp(1, 50_000);
        let step = seconds as f64 / points as f64;
        let start = self.config.start.unix();
        let world = self.world;
        let mean = (0..points)
            .map(|point| {
                let second = start + ((point as f64 + 0.5) * step) as i64;
                world.nations.iter().map(|nation| nation.share * nation.rhythm(second)).sum::<f64>()
            })
            .sum::<f64>()
            / points as f64;
        let usual = self.config.rate / mean;
        let mut scale = usual;
        if !self.config.open_ended() {
            // What is planted depends on the scale through the subjects' usual level, and little: two rounds settle it.
            let mut total = self.plan.decide_all(&|second, rates| usual_rates(world, usual, second, rates));
            for _ in 0..2 {
                let share = (total / (self.config.rate * seconds as f64)).min(0.8);
                scale = usual * (1.0 - share);
                total = self.plan.decide_all(&|second, rates| usual_rates(world, scale, second, rates));
            }
        }
        self.scale = scale;
    }

    /// The configuration in force.
    pub fn config(&self) -> &SimConfig {
        &self.config
    }

    /// Appends one record as a line. The event second that the stream stands at, or `None` at its end.
    pub fn next_into(&mut self, out: &mut Vec<u8>) -> Option<EventTime> {
        self.next_line(i64::MAX, out).then(|| EventTime::from_unix(self.second))
    }

    /// Appends lines until `out` has grown by `target_bytes`, or until the next second would lie after `until`, or until
    /// the stream ends.
    pub fn fill_block(&mut self, target_bytes: usize, until: Option<EventTime>, out: &mut Vec<u8>) -> FillResult {
        let limit = until.map_or(i64::MAX, EventTime::unix);
        let before = out.len();
        let posts_before = self.totals.posts + self.totals.repeated;
        let mut result = FillResult::default();
        while out.len() - before < target_bytes && self.next_line(limit, out) {
            result.lines += 1;
        }
        result.posts = self.totals.posts + self.totals.repeated - posts_before;
        result.last_time = (result.lines > 0).then(|| EventTime::from_unix(self.second));
        result.ended = self.ended();
        result
    }

    /// Whether everything has been written.
    pub fn ended(&self) -> bool {
        self.second + 1 >= self.end && self.background == 0 && self.queue.is_empty() && !self.repeat && !self.delete
    }

    /// What the stream has held so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    fn next_line(&mut self, limit: i64, out: &mut Vec<u8>) -> bool {
        if self.repeat {
            self.repeat = false;
            self.totals.repeated += 1;
            out.extend_from_slice(&self.last_line);
            return true;
        }
        if self.delete {
            self.delete = false;
            self.write_deletion(out);
            return true;
        }
        loop {
            if let Some(item) = self.queue.pop() {
                if item == BACKGROUND {
                    self.write_background(out);
                } else {
                    self.write_planted(item as usize, out);
                }
                return true;
            }
            if self.background > 0 {
                self.background -= 1;
                self.write_background(out);
                return true;
            }
            if self.second + 1 >= self.end || self.second >= limit {
                return false;
            }
            self.begin_second();
        }
    }

    /// Moves to the next second and decides how many posts of what it holds.
    fn begin_second(&mut self) {
        let first = self.second < self.config.start.unix();
        self.second += 1;
        let now = self.second;
        if first || now.rem_euclid(RHYTHM_SECONDS) == 0 {
            self.turn_rhythm();
        }
        if first || now.rem_euclid(INTEREST_SECONDS) == 0 {
            self.turn_interest();
        }
        let mut clock = [b'0'; 20];
        write!(&mut clock[..], "{}", EventTime::from_unix(now)).expect("a time of this era has twenty letters");
        self.clock = clock;

        let total: f64 = self.rates.iter().sum();
        let background = self.pen.rng.poisson(total);
        self.plan.advance(now);
        for at in 0..self.plan.active.len() {
            let index = self.plan.active[at];
            let count = if let Body::Canary(canary) = &mut self.plan.items[index].body {
                let due = canary.times.iter().rev().take_while(|time| **time <= now).count();
                canary.times.truncate(canary.times.len() - due);
                due as u32
            } else {
                let rate = self.plan.items[index].rate(now, &self.rates);
                self.pen.rng.poisson(rate)
            };
            self.queue.extend(std::iter::repeat_n(index as u32, count as usize));
        }
        if self.queue.is_empty() {
            self.background = background;
            return;
        }
        self.queue.extend(std::iter::repeat_n(BACKGROUND, background as usize));
        for last in (1..self.queue.len()).rev() {
            let other = self.pen.rng.below(last as u32 + 1) as usize;
            self.queue.swap(last, other);
        }
    }

    fn turn_rhythm(&mut self) {
        usual_rates(self.world, self.scale, self.second, &mut self.rates);
        let total: f64 = self.rates.iter().sum();
        let mut sum = 0.0;
        for (rate, threshold) in self.rates.iter().zip(&mut self.thresholds) {
            sum += rate;
            *threshold = (sum / total * 4_294_967_296.0).min(4_294_967_295.0) as u32;
        }
    }

    fn turn_interest(&mut self) {
        let steady = self.steady;
        for (index, crowd) in self.crowd.iter_mut().enumerate() {
            // Half of what interests people is the same everywhere.
            let own = mix(self.config.seed ^ (index as u64 + 1));
            let mut weights = [0.0; 64];
            let count = self.world.theme_count.min(64);
            for (theme, weight) in weights[..count].iter_mut().enumerate() {
                if steady {
                    *weight = 1.0;
                    continue;
                }
                *weight =
                    0.5 * interest(self.config.seed, theme, self.second) + 0.5 * interest(own, theme, self.second);
            }
            let total: f64 = weights[..count].iter().sum();
            let (mut theme, mut sum) = (0, weights[0]);
            for (slot, entry) in crowd.themes.iter_mut().enumerate() {
                while theme + 1 < count && sum / total * 256.0 <= slot as f64 + 0.5 {
                    theme += 1;
                    sum += weights[theme];
                }
                *entry = theme as u8;
            }
        }
    }

    #[inline]
    fn pick_nation(&mut self) -> usize {
        let at = (self.pen.rng.next() >> 32) as u32;
        self.thresholds.iter().position(|threshold| at < *threshold).unwrap_or(self.thresholds.len() - 1)
    }

    /// A person who writes now: few write much, most write seldom.
    #[inline]
    fn pick_author(&mut self, nation: usize) -> Author {
        // The density of u³ falls as rank^(-2/3); the shift keeps the busiest at about 200 times the mean.
        const SHIFT: f64 = 0.04;
        const LOW: f64 = SHIFT * SHIFT * SHIFT;
        const HIGH: f64 = (1.0 + SHIFT) * (1.0 + SHIFT) * (1.0 + SHIFT);
        let u = self.pen.rng.unit() + SHIFT;
        let place = (u * u * u - LOW) * (1.0 / (HIGH - LOW));
        let rank = (place * f64::from(self.crowd[nation].population)) as u64;
        ((nation as u64) << AUTHOR_BITS) | rank
    }

    fn write_background(&mut self, out: &mut Vec<u8>) {
        let nation = self.pick_nation();
        let author = self.pick_author(nation);
        let bits = self.pen.rng.next();
        let relation = match bits & 127 {
            0..38 => Relation::Reply,
            38..57 => Relation::Repost,
            57..67 => Relation::Quote,
            _ => Relation::Post,
        };
        let world = self.world;
        let theme = usize::from(self.crowd[nation].themes[(bits >> 8 & 255) as usize]);
        let language = &world.nations[nation].language;
        let mut envelope = Envelope {
            author,
            author_id: None,
            post_id: None,
            nation,
            relation,
            publisher: None,
            label: "background",
            fragile: true,
        };
        self.pen.text.clear();
        self.pen.card.clear();
        let kind = bits >> 16 & 1023;
        if relation == Relation::Repost {
            let u = unit16(bits >> 32);
            let slot = (if self.steady { u } else { u * u } * REPOSTABLE as f64) as usize;
            self.pen.text.extend_from_slice(&self.crowd[nation].repostable[slot]);
        } else if kind < 10 && !language.greetings.is_empty() {
            let greeting = language.greetings[(bits >> 32) as usize % language.greetings.len()];
            language.text_into(greeting, &mut self.pen.text);
            self.pen.emoji(bits >> 40);
        } else if kind < 30 {
            // Somebody shares a headline.
            let (title, url) = &self.crowd[nation].headlines[(bits >> 32) as usize % HEADLINES];
            self.pen.text.extend_from_slice(title);
            if !url.is_empty() {
                self.pen.space();
                self.pen.text.extend_from_slice(url);
            }
        } else if kind < 50 {
            let of_nation = |index: &usize| world.publishers[*index].nation == nation;
            let count = (0..world.publishers.len()).filter(of_nation).count();
            if count > 0 {
                let which = (bits >> 32) as usize % count;
                envelope.publisher = (0..world.publishers.len()).filter(of_nation).nth(which);
            }
        }
        if let Some(publisher) = envelope.publisher {
            envelope.relation = Relation::Post;
            self.pen.headline(language, theme, publisher, world);
            let slot = (bits >> 48) as usize % HEADLINES;
            let headline = &mut self.crowd[nation].headlines[slot];
            headline.0.clear();
            headline.0.extend_from_slice(&self.pen.title);
            headline.1.clear();
            headline.1.extend_from_slice(&self.pen.card);
        } else if self.pen.text.is_empty() {
            self.pen.background_text(language, nation, theme, self.second, envelope.relation, world, &[]);
            if self.personal_data > 0.0 && self.pen.rng.chance(self.personal_data) {
                self.plant_personal_data(language);
                envelope.fragile = false;
            } else if envelope.relation == Relation::Post && bits >> 61 == 0 {
                // The first four live a hundred times as long as the others: they go viral.
                let raw = (bits >> 32 & 4095) as usize;
                let Crowd { repostable: texts, oldest, .. } = &mut self.crowd[nation];
                let slot = if self.steady {
                    *oldest = (*oldest + 1) % REPOSTABLE;
                    *oldest
                } else if raw < 4 || texts[raw % 4].is_empty() {
                    raw % 4
                } else {
                    4 + raw % (REPOSTABLE - 4)
                };
                texts[slot].clear();
                texts[slot].extend_from_slice(&self.pen.text);
            }
        }
        if self.pen.text.is_empty() {
            // Nothing to repost yet.
            self.pen.background_text(language, nation, theme, self.second, Relation::Repost, world, &[]);
        }
        self.write_line(&envelope, out);
    }

    fn plant_personal_data(&mut self, language: &Language) {
        let mut rng = Rng::new(self.pen.rng.next(), 2);
        let at = rng.below((KINDS.len() + SMALL_KINDS.len()) as u32) as usize;
        let kind = KINDS.get(at).copied().unwrap_or_else(|| SMALL_KINDS[at - KINDS.len()]);
        let datum = personal::make(kind, &mut rng);
        self.pen.space();
        self.pen.text.extend_from_slice(datum.value.as_bytes());
        self.pen.space();
        language.word_into(language.draw(rng.next()), &mut self.pen.text);
        if self.pii.len() < PII_LISTED_MAX {
            let post = String::from_utf8_lossy(&self.pen.next_id(self.second)).into_owned();
            self.pii.push(PiiTruth { kind: datum.kind, value: datum.value, post });
        } else {
            self.totals.pii_unlisted += 1;
        }
    }

    fn write_planted(&mut self, index: usize, out: &mut Vec<u8>) {
        let world = self.world;
        let now = self.second;
        self.pen.text.clear();
        self.pen.card.clear();
        // Out of the plan for a moment, so that crowd and pen can be used beside it.
        let mut item = std::mem::replace(&mut self.plan.items[index], Item::hollow());
        let mut envelope = Envelope {
            author: 0,
            author_id: None,
            post_id: None,
            nation: 0,
            relation: if self.pen.rng.below(4) == 0 { Relation::Reply } else { Relation::Post },
            publisher: None,
            label: "",
            fragile: false,
        };
        match &mut item.body {
            Body::Burst(burst) => {
                let language = &world.nations[burst.nation].language;
                envelope.nation = burst.nation;
                envelope.author = self.pick_author(burst.nation);
                self.pen.insert.clear();
                if burst.subject.kind == "hashtag" {
                    self.pen.insert.push(b'#');
                }
                if burst.subject.kind == "domain" {
                    self.pen.insert.extend_from_slice(b"https://");
                }
                self.pen.insert.extend_from_slice(burst.subject.value.as_bytes());
                if burst.subject.kind == "domain" {
                    self.pen.insert.push(b'/');
                    names::base32_into::<5>(self.pen.rng.next() & 63, &mut self.pen.insert);
                }
                let insert = std::mem::take(&mut self.pen.insert);
                self.pen.background_text(
                    language,
                    burst.nation,
                    burst.theme,
                    now,
                    envelope.relation,
                    world,
                    &[&insert],
                );
                self.pen.insert = insert;
                if now >= item.start && now < item.end {
                    item.tally.add(envelope.author, now);
                    envelope.label = &item.id;
                } else {
                    envelope.label = "background";
                }
            }
            Body::Story(story) => {
                let which = self.pen.rng.below(story.nations.len() as u32 * 2) as usize;
                let slot = which.min(story.nations.len() * 2 - 1) / 2;
                envelope.nation = story.nations[slot];
                let strands = match story.turn {
                    None => 0,
                    Some((time, Turn::Split)) if now < time => 2,
                    Some((time, Turn::Merge)) if now >= time => 2,
                    Some(_) => self.pen.rng.below(2) as usize,
                };
                // Those who speak up first speak most.
                let u = self.pen.rng.unit();
                let rank = (u * u * f64::from(story.pool)) as u64;
                let population = u64::from(self.crowd[envelope.nation].population);
                envelope.author =
                    ((envelope.nation as u64) << AUTHOR_BITS) | (mix(story.pool_seed ^ mix(rank)) % population);
                envelope.relation =
                    [Relation::Post, Relation::Post, Relation::Reply, Relation::Quote][self.pen.rng.below(4) as usize];
                if self.pen.rng.chance(story.publisher_share) {
                    let nation = envelope.nation;
                    let of_nation: Vec<usize> =
                        (0..world.publishers.len()).filter(|at| world.publishers[*at].nation == nation).collect();
                    if !of_nation.is_empty() {
                        let publisher = of_nation[self.pen.rng.below(of_nation.len() as u32) as usize];
                        envelope.publisher = Some(publisher);
                        envelope.author = publisher_author(publisher);
                        envelope.relation = Relation::Post;
                    }
                }
                self.pen.story_text(&world.nations[envelope.nation].language, story, slot, strands);
                if let Some(publisher) = envelope.publisher {
                    let domain = &world.publishers[publisher].domain;
                    self.pen.title.clear();
                    let text = std::mem::take(&mut self.pen.text);
                    self.pen.title.extend_from_slice(&text);
                    self.pen.text = text;
                    self.pen.card.clear();
                    self.pen.card_link(domain);
                }
                // Whole stories count under 0; a strand by itself under 1 or 2.
                let tally = match (story.turn, strands) {
                    (None, _) | (_, 2) => 0,
                    (_, strand) => strand + 1,
                };
                story.tallies[tally].add(envelope.author, now);
                item.tally.posts += 1;
                self.pen.insert.clear();
                self.pen.insert.extend_from_slice(item.id.as_bytes());
                self.pen.insert.extend_from_slice([&b""[..], b"a", b"b"][tally]);
            }
            Body::Campaign(campaign) => {
                envelope.nation = campaign.nation;
                let account = u64::from(self.pen.rng.below(campaign.accounts));
                envelope.author = ((campaign.nation as u64) << AUTHOR_BITS)
                    | AUTHOR_SPECIAL
                    | (mix(campaign.pool_seed ^ account) & (AUTHOR_SPECIAL - 1));
                envelope.relation = Relation::Post;
                self.pen.campaign_text(&world.nations[campaign.nation].language, campaign);
                item.tally.add(envelope.author, now);
                envelope.label = &item.id;
            }
            Body::Canary(canary) => {
                envelope.nation = canary.nation;
                let account = u64::from(self.pen.rng.below(canary.authors.min(CANARY_AUTHORS_MAX)));
                envelope.author = ((canary.nation as u64) << AUTHOR_BITS)
                    | AUTHOR_SPECIAL
                    | (mix(canary.pool_seed ^ account) & (AUTHOR_SPECIAL - 1));
                let theme = usize::from(self.crowd[canary.nation].themes[self.pen.rng.below(256) as usize]);
                let inserts: &[&[u8]] = match canary.place {
                    Place::Text => &[canary.value.as_bytes()],
                    Place::Author | Place::PostId => &[],
                };
                match canary.place {
                    Place::Text => {}
                    Place::Author => {
                        envelope.author_id = Some(&canary.value);
                        envelope.author = ((canary.nation as u64) << AUTHOR_BITS)
                            | AUTHOR_SPECIAL
                            | (canary.pool_seed & (AUTHOR_SPECIAL - 1));
                    }
                    Place::PostId => envelope.post_id = Some(&canary.value),
                }
                self.pen.background_text(
                    &world.nations[canary.nation].language,
                    canary.nation,
                    theme,
                    now,
                    envelope.relation,
                    world,
                    inserts,
                );
                item.tally.add(envelope.author, now);
                envelope.label = &item.id;
            }
        }
        self.totals.planted += 1;
        if envelope.label.is_empty() {
            // The label of a story's strand was put together in the pen.
            let label = String::from_utf8_lossy(&self.pen.insert).into_owned();
            self.write_line(&Envelope { label: &label, ..envelope }, out);
        } else {
            self.write_line(&envelope, out);
        }
        self.plan.items[index] = item;
    }

    /// Writes the line of the post whose text is in the pen.
    fn write_line(&mut self, envelope: &Envelope<'_>, out: &mut Vec<u8>) {
        let before = out.len();
        let nation = &self.world.nations[envelope.nation];
        let author = envelope.publisher.map_or(envelope.author, publisher_author);
        let traits = mix(self.pen.seed ^ author ^ 0x7A17);
        let source = if envelope.publisher.is_some() {
            NEWS
        } else {
            match traits & 63 {
                0..44 => 0,
                44..60 => 1,
                _ => 2,
            }
        };
        self.pen.id = self.pen.next_id(self.second);
        self.pen.sequence += 1;
        self.totals.posts += 1;

        out.extend_from_slice(br#"{"id":""#);
        match envelope.post_id {
            Some(id) => out.extend_from_slice(id.as_bytes()),
            None => out.extend_from_slice(&self.pen.id),
        }
        out.extend_from_slice(br#"","time":""#);
        let faults = self.faults;
        let lag = if envelope.fragile && faults.disorder > 0.0 && self.pen.rng.chance(faults.disorder) {
            i64::from(1 + self.pen.rng.below(faults.disorder_seconds_max.max(1)))
        } else {
            0
        };
        if lag > 0 && self.second - lag >= self.config.start.unix() {
            self.totals.disordered += 1;
            write!(out, "{}", EventTime::from_unix(self.second - lag)).expect("a Vec takes all");
        } else {
            out.extend_from_slice(&self.clock);
        }
        out.extend_from_slice(br#"","author":""#);
        match (envelope.author_id, envelope.publisher) {
            (Some(id), _) => out.extend_from_slice(id.as_bytes()),
            (None, Some(publisher)) => out.extend_from_slice(self.world.publishers[publisher].domain.as_bytes()),
            (None, None) => self.pen.author_into(author, source, traits, out),
        }
        // Seven in ten authors' programs say which language they write.
        if traits >> 8 & 255 < 180 {
            out.extend_from_slice(br#"","lang":""#);
            out.extend_from_slice(nation.language.code.as_bytes());
        }
        out.extend_from_slice(br#"","text":""#);
        out.extend_from_slice(&self.pen.text);
        out.extend_from_slice(br#"","source":""#);
        out.extend_from_slice(SOURCES[usize::from(source)].as_bytes());
        if envelope.relation != Relation::Post {
            out.extend_from_slice(br#"","relation":""#);
            out.extend_from_slice(envelope.relation.as_str().as_bytes());
        }
        if traits >> 16 & 255 < 80 && envelope.publisher.is_none() {
            let u = unit16(traits >> 24);
            let region = nation.regions[(u * u * nation.regions.len() as f64) as usize];
            out.extend_from_slice(br#"","region":""#);
            out.extend_from_slice(region.as_bytes());
        }
        if self.pen.labels {
            out.extend_from_slice(br#"","label":""#);
            out.extend_from_slice(envelope.label.as_bytes());
        }
        if let Some(publisher) = envelope.publisher {
            out.extend_from_slice(br#"","publisher":""#);
            out.extend_from_slice(self.world.publishers[publisher].name.as_bytes());
            out.extend_from_slice(br#"","title":""#);
            out.extend_from_slice(&self.pen.title);
            out.extend_from_slice(br#"","url":""#);
            out.extend_from_slice(&self.pen.card);
            out.extend_from_slice(b"\"}\n");
        } else if self.pen.card.is_empty() {
            out.extend_from_slice(b"\"}\n");
        } else {
            out.extend_from_slice(br#"","links":[""#);
            out.extend_from_slice(&self.pen.card);
            out.extend_from_slice(b"\"]}\n");
        }

        if envelope.fragile {
            if faults.repeats > 0.0 && self.pen.rng.chance(faults.repeats) {
                self.repeat = true;
                self.last_line.clear();
                self.last_line.extend_from_slice(&out[before..]);
            }
            if faults.deletions > 0.0 {
                let bits = self.pen.rng.next();
                if self.deletable.len() < DELETABLE {
                    self.deletable.push((self.pen.id, source));
                } else if bits & 31 == 0 {
                    let slot = (bits >> 8) as usize % DELETABLE;
                    self.deletable[slot] = (self.pen.id, source);
                }
                self.delete = self.pen.rng.chance(faults.deletions);
            }
        }
    }

    fn write_deletion(&mut self, out: &mut Vec<u8>) {
        let at = self.pen.rng.below(self.deletable.len() as u32) as usize;
        let (id, source) = self.deletable.swap_remove(at);
        out.extend_from_slice(br#"{"delete":true,"id":""#);
        out.extend_from_slice(&id);
        out.extend_from_slice(br#"","time":""#);
        out.extend_from_slice(&self.clock);
        out.extend_from_slice(br#"","source":""#);
        out.extend_from_slice(SOURCES[usize::from(source)].as_bytes());
        out.extend_from_slice(b"\"}\n");
        self.totals.deletions += 1;
    }

    /// Words by how often they come, the most frequent first: the expected number of occurrences a post, over a week.
    pub fn vocabulary(&self) -> Vec<(String, f64)> {
        let mut words = Vec::new();
        for nation in &self.world.nations {
            let language = &nation.language;
            let mut chances: Vec<f64> =
                (0..language.len() as u32).map(|rank| language.chance(rank) * (1.0 - THEME_SHARE)).collect();
            for theme in &language.themes {
                for rank in &theme.table {
                    chances[*rank as usize] += THEME_SHARE / (THEME_SLOTS * language.themes.len()) as f64;
                }
            }
            let factor = nation.share * WORDS_MEAN * COMPOSED_SHARE;
            words.extend(
                chances
                    .iter()
                    .enumerate()
                    .map(|(rank, chance)| (language.word(rank as u32).to_owned(), chance * factor)),
            );
        }
        // Words that several languages share come as often as in all of them together.
        words.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        words.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        words.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        words
    }

    /// What has been planted: everything in a stream with an end, and what has begun by now in one without. Counts are of
    /// what has been written so far.
    pub fn truth(&self) -> Truth {
        let mut records = vec![TruthRecord::Config(ConfigTruth {
            seed: self.config.seed,
            rate: self.config.rate,
            start: self.config.start,
            duration_seconds: self.config.duration.as_secs(),
            scenario: self.config.scenario.clone(),
            model: MODEL,
        })];
        let code = |nation: usize| self.world.nations[nation].language.code;
        let mut items: Vec<&Item> =
            self.plan.items.iter().filter(|item| !self.config.open_ended() || item.start <= self.second).collect();
        items.sort_by(|a, b| (a.body.order(), a.start, &a.id).cmp(&(b.body.order(), b.start, &b.id)));
        for item in items {
            let time = EventTime::from_unix;
            match &item.body {
                Body::Burst(burst) => {
                    let mut rates = vec![0.0; self.world.nations.len()];
                    usual_rates(self.world, self.scale, item.start, &mut rates);
                    records.push(TruthRecord::Burst(BurstTruth {
                        id: item.id.clone(),
                        subject: burst.subject.clone(),
                        lang: code(burst.nation),
                        start: time(item.start),
                        peak: time(item.start + burst.rise as i64),
                        end: time(item.end),
                        shape: burst.shape,
                        factor: burst.factor,
                        half_life_seconds: burst.half_life,
                        baseline_per_hour: rates[burst.nation] * burst.share * 3600.0,
                        in_background: burst.in_background,
                        posts: item.tally.posts,
                        authors: item.tally.authors.len(),
                    }));
                }
                Body::Story(story) => {
                    self.story_truth(item, story, &mut records);
                }
                Body::Campaign(campaign) => records.push(TruthRecord::Campaign(CampaignTruth {
                    id: item.id.clone(),
                    start: time(item.start),
                    end: time(item.end),
                    lang: code(campaign.nation),
                    shared_text: campaign.words.join(if self.world.nations[campaign.nation].language.spaced {
                        " "
                    } else {
                        ""
                    }),
                    edits: campaign.edits,
                    hashtag: campaign.hashtag.clone(),
                    domain: campaign.domain.clone(),
                    accounts: campaign.accounts,
                    posts: item.tally.posts,
                    authors: item.tally.authors.len(),
                })),
                Body::Canary(canary) => records.push(TruthRecord::Canary(CanaryTruth {
                    id: item.id.clone(),
                    kind: canary.kind,
                    value: canary.value.clone(),
                    needles: canary.needles.clone(),
                    posts: item.tally.posts,
                    authors: item.tally.authors.len(),
                })),
            }
        }
        records.extend(self.pii.iter().cloned().map(TruthRecord::Pii));
        records.push(TruthRecord::Totals(self.totals));
        Truth { records }
    }

    fn story_truth(&self, item: &Item, story: &Story, records: &mut Vec<TruthRecord>) {
        let peak = item.start + story.rise as i64;
        let whole = |letters: &[usize]| -> Vec<String> {
            let mut terms: Vec<String> = Vec::new();
            for strand in letters {
                for term in story.strands[*strand].terms.iter().flatten() {
                    if !terms.contains(term) {
                        terms.push(term.clone());
                    }
                }
            }
            terms
        };
        let mut push = |name: String, tally: usize, strands: &[usize], from: i64, until: i64| {
            records.push(TruthRecord::Narrative(NarrativeTruth {
                id: name,
                start: EventTime::from_unix(from),
                peak: EventTime::from_unix(peak.clamp(from, until)),
                end: EventTime::from_unix(until),
                langs: story.nations.iter().map(|nation| self.world.nations[*nation].language.code).collect(),
                terms: whole(strands),
                phrases: strands.iter().flat_map(|at| story.strands[*at].phrases.iter().flatten().cloned()).collect(),
                hashtag: story.strands[strands[0]].hashtag.clone(),
                domain: story.strands[strands[0]].domain.clone(),
                posts: story.tallies[tally].posts,
                authors: story.tallies[tally].authors.len(),
                tenth_author: story.tallies[tally].tenth.map(EventTime::from_unix),
            }));
        };
        let id = &item.id;
        let Some((at, turn)) = story.turn else {
            push(id.clone(), 0, &[0], item.start, item.end);
            return;
        };
        let (one, two) = match turn {
            Turn::Merge => ((at, item.end), (item.start, at)),
            Turn::Split => ((item.start, at), (at, item.end)),
        };
        push(id.clone(), 0, &[0, 1], one.0, one.1);
        push(format!("{id}a"), 1, &[0], two.0, two.1);
        push(format!("{id}b"), 2, &[1], two.0, two.1);
        records.push(TruthRecord::Event(EventTruth {
            event: if turn == Turn::Merge { "merge" } else { "split" },
            time: EventTime::from_unix(at),
            one: id.clone(),
            two: vec![format!("{id}a"), format!("{id}b")],
        }));
    }
}

fn usual_rates(world: &World, scale: f64, second: i64, rates: &mut [f64]) {
    for (nation, rate) in world.nations.iter().zip(rates) {
        *rate = scale * nation.share * nation.rhythm(second);
    }
}

fn publisher_author(publisher: usize) -> Author {
    (255 << AUTHOR_BITS) | AUTHOR_SPECIAL | publisher as u64
}

/// A number in [0, 1) from 16 bits.
#[inline]
fn unit16(bits: u64) -> f64 {
    (bits & 0xFFFF) as f64 * (1.0 / 65_536.0)
}

impl Pen {
    /// The id that the next post will carry.
    fn next_id(&self, second: i64) -> [u8; ID_LENGTH] {
        let mut id = Vec::with_capacity(ID_LENGTH);
        names::base32_into::<4>(mix(self.seed) & 0xF_FFFF, &mut id);
        // 36 bits of seconds reach to the year 4147; 24 bits of sequence, 16 million posts of one second.
        names::base32_into::<12>(((second as u64 & 0xF_FFFF_FFFF) << 24) | (self.sequence & 0xFF_FFFF), &mut id);
        let mut array = [0; ID_LENGTH];
        array.copy_from_slice(&id);
        array
    }

    #[inline]
    fn space(&mut self) {
        self.text.push(b' ');
    }

    fn emoji(&mut self, bits: u64) {
        self.space();
        self.text.extend_from_slice(EMOJI[(bits & 0xFF) as usize % EMOJI.len()].as_bytes());
    }

    fn author_into(&self, author: Author, source: u8, traits: u64, out: &mut Vec<u8>) {
        if source == 0 {
            out.extend_from_slice(b"did:plc:");
            let more = mix(self.seed ^ author);
            names::base32_into::<12>(traits, out);
            names::base32_into::<12>(more, out);
        } else {
            names::handle_into(mix(author ^ self.seed), out);
            names::base32_into::<6>(traits >> 20, out);
            out.extend_from_slice(if source == 1 { b"@social.example" } else { b"@forum.example" });
        }
    }

    /// Writes `count` words and, spread between them, `inserts`.
    #[inline]
    fn words(&mut self, language: &Language, theme: &[u32], count: usize, inserts: &[&[u8]]) {
        let mut opening = true;
        let mut placed = 0;
        for index in 0..count {
            // The first insert stands after the first word at the latest.
            while placed < inserts.len() && index * (inserts.len() + 1) >= count * (placed + 1) {
                if index > 0 {
                    self.space();
                }
                self.text.extend_from_slice(inserts[placed]);
                if !language.spaced || index == 0 {
                    self.space();
                }
                placed += 1;
                opening = false;
            }
            let bits = self.rng.next();
            let rank = if bits >> 56 < 77 { theme[(bits & 255) as usize % THEME_SLOTS] } else { language.draw(bits) };
            if language.spaced {
                if index > 0 {
                    self.text.push(b' ');
                }
                let at = self.text.len();
                language.word_into(rank, &mut self.text);
                if opening {
                    self.text[at].make_ascii_uppercase();
                    opening = false;
                }
                match bits >> 45 & 127 {
                    0..4 => self.text.push(b','),
                    4..8 => {
                        self.text.push(b'.');
                        opening = true;
                    }
                    8 => self.text.extend_from_slice(br"\n"),
                    _ => {}
                }
            } else {
                language.word_into(rank, &mut self.text);
                match bits >> 45 & 127 {
                    0..6 => self.text.extend_from_slice("、".as_bytes()),
                    6..12 => self.text.extend_from_slice("。".as_bytes()),
                    _ => {}
                }
            }
        }
        for insert in &inserts[placed..] {
            self.space();
            self.text.extend_from_slice(insert);
        }
    }

    /// A text as people write it every day.
    #[expect(
        clippy::too_many_arguments,
        reason = "they are the circumstances of a post, and a struct would only rename them"
    )]
    fn background_text(
        &mut self,
        language: &Language,
        nation: usize,
        theme: usize,
        second: i64,
        relation: Relation,
        world: &World,
        inserts: &[&[u8]],
    ) {
        let bits = self.rng.next();
        let mention = if relation == Relation::Reply { bits & 127 < 58 } else { bits & 127 < 13 };
        if mention {
            self.text.push(b'@');
            names::handle_into(mix(bits), &mut self.text);
            self.text.extend_from_slice(if bits >> 60 & 3 == 0 { b".social.example" } else { b"" });
            self.space();
        }
        let count = usize::from(LENGTHS[(bits >> 7 & 63) as usize]);
        self.words(language, &language.themes[theme].table, count, inserts);
        match bits >> 13 & 15 {
            0..5 => self.text.extend_from_slice(if language.spaced { b"." } else { "。".as_bytes() }),
            5 => self.text.push(b'!'),
            6 => self.text.push(b'?'),
            7 => self.emoji(bits >> 48),
            _ => {}
        }
        if bits >> 17 & 255 < 68 {
            let count = 1 + usize::from(bits >> 25 & 3 == 0) + usize::from(bits >> 27 & 7 == 0);
            for _ in 0..count {
                self.hashtag(language, theme, second);
            }
        }
        // A third of posts carry a link; half of Bluesky's show it as a card beside the text.
        if bits >> 30 & 255 < 94 {
            let more = self.rng.next();
            let u = unit16(more >> 8);
            let domain = if more & 255 < 80 {
                (u * u * SHARED_DOMAINS as f64) as usize
            } else {
                // Each language has domains of its own that lead.
                (SHARED_DOMAINS + (u * u * u * (DOMAINS - SHARED_DOMAINS) as f64) as usize + nation * 61) % DOMAINS
            };
            if more >> 24 & 7 == 0 {
                self.card_link(&world.domains[domain]);
            } else {
                self.space();
                link_into(&world.domains[domain], more >> 28, &mut self.text);
            }
        }
    }

    fn hashtag(&mut self, language: &Language, theme: usize, second: i64) {
        let bits = self.rng.next();
        self.text.extend_from_slice(b" #");
        let u = unit16(bits);
        if bits >> 16 & 255 < 180 {
            // Another tag comes up in a theme every three quarters of an hour. Who takes up the last one has it from somebody: those who
            // use one grow fewer by half an hour, and nothing ends at once.
            let halves = i64::from((bits >> 24 | HALVES_MAX).trailing_zeros());
            let behind = ((halves as f64 + unit16(bits >> 48)) * TAG_HALF_SECONDS as f64) as i64;
            let at = second + theme as i64 * 613 - behind;
            let turn = if self.steady { 0 } else { at.div_euclid(TAG_SECONDS) as usize };
            let tag = ((u * u * u * THEME_TAGS as f64) as usize + turn * 5) % THEME_TAGS;
            language.text_into(language.themes[theme].tags[tag], &mut self.text);
        } else {
            language.text_into(language.tags[(u * u * COMMON_TAGS as f64) as usize], &mut self.text);
        }
    }

    fn card_link(&mut self, domain: &str) {
        let bits = self.rng.next();
        link_into(domain, bits, &mut self.card);
    }

    /// A publisher's item: title, address, and a text that says a little more.
    fn headline(&mut self, language: &Language, theme: usize, publisher: usize, world: &World) {
        let bits = self.rng.next();
        self.words(language, &language.themes[theme].table, 6 + (bits & 7) as usize, &[]);
        self.title.clear();
        let length = self.text.len();
        self.title.extend_from_slice(&self.text[..length]);
        self.text.extend_from_slice(if language.spaced { b". " } else { "。".as_bytes() });
        self.words(language, &language.themes[theme].table, 8 + (bits >> 8 & 15) as usize, &[]);
        self.card_link(&world.publishers[publisher].domain);
    }

    /// A post of a story: its words, often a phrase of it, sometimes its hashtag and a link, among everyday words.
    fn story_text(&mut self, language: &Language, story: &Story, slot: usize, strands: usize) {
        let gap: &[u8] = if language.spaced { b" " } else { b"" };
        let mut strand = &story.strands[if strands == 2 { 0 } else { strands }];
        let bits = self.rng.next();
        let count = 9 + (bits & 7) as usize;
        let mut key_words = 0;
        for index in 0..count {
            let bits = self.rng.next();
            // Where two strands are one, each post draws from both.
            if strands == 2 {
                strand = &story.strands[(bits >> 63) as usize];
            }
            if index > 0 {
                self.text.extend_from_slice(gap);
            }
            let terms = &strand.terms[slot];
            let wanted = bits & 255 < 110 || (index + 4 >= count && key_words < 3);
            if wanted && bits >> 8 & 15 == 0 {
                let phrases = &strand.phrases[slot];
                self.text.extend_from_slice(phrases[(bits >> 12) as usize % phrases.len()].as_bytes());
                key_words += 2;
            } else if wanted {
                let u = unit16(bits >> 16);
                self.text.extend_from_slice(terms[(u * u * terms.len() as f64) as usize].as_bytes());
                key_words += 1;
            } else {
                let theme = &language.themes[story.theme].table;
                let rank = if bits >> 56 < 40 { theme[(bits >> 8 & 255) as usize] } else { language.draw(bits >> 8) };
                language.word_into(rank, &mut self.text);
            }
        }
        if bits >> 8 & 255 < 100 {
            self.text.extend_from_slice(b" #");
            self.text.extend_from_slice(strand.hashtag.as_bytes());
        }
        if bits >> 16 & 255 < 80 {
            self.space();
            link_into(&strand.domain, bits >> 24 & 7, &mut self.text);
        }
    }

    /// A copy of a campaign's text, with as many edits as its copies have.
    fn campaign_text(&mut self, language: &Language, campaign: &crate::plan::Campaign) {
        let gap: &[u8] = if language.spaced { b" " } else { b"" };
        let edits = campaign.edits;
        if self.rng.chance((edits * 2.0).min(0.8)) {
            self.text.push(b'@');
            names::handle_into(self.rng.next(), &mut self.text);
            self.space();
        }
        let words = &campaign.words;
        let mut at = 0;
        while at < words.len() {
            if at > 0 {
                self.text.extend_from_slice(gap);
            }
            let u = self.rng.unit();
            if u < edits * 0.7 {
                let rank = language.draw(self.rng.next());
                language.word_into(rank, &mut self.text);
            } else if u < edits && at + 1 < words.len() {
                self.text.extend_from_slice(words[at + 1].as_bytes());
                self.text.extend_from_slice(gap);
                self.text.extend_from_slice(words[at].as_bytes());
                at += 1;
            } else {
                self.text.extend_from_slice(words[at].as_bytes());
            }
            at += 1;
        }
        if self.rng.chance((edits * 3.0).min(0.9)) {
            let bits = self.rng.next();
            self.emoji(bits);
        }
        self.text.extend_from_slice(b" #");
        self.text.extend_from_slice(campaign.hashtag.as_bytes());
        self.space();
        let path = if self.rng.chance(edits) { self.rng.next() & 15 } else { 0 };
        link_into(&campaign.domain, path, &mut self.text);
    }
}

/// Writes a link to a page of a domain.
fn link_into(domain: &str, bits: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"https://");
    if bits >> 30 & 7 == 7 {
        out.extend_from_slice(b"www.");
    }
    out.extend_from_slice(domain.as_bytes());
    out.push(b'/');
    // A few pages take most of the links.
    names::base32_into::<6>(mix(bits & 0xFFFF & (bits >> 4)) >> 34, out);
    match bits >> 24 & 31 {
        0..4 => out.extend_from_slice(b"?utm_source=feed&utm_campaign=spring"),
        4 => out.extend_from_slice(b"#comments"),
        _ => {}
    }
}

impl Item {
    /// Stands in the plan while the real one is being written.
    fn hollow() -> Self {
        Self {
            id: String::new(),
            start: 0,
            end: 0,
            from: 0,
            until: 0,
            body: Body::Canary(crate::plan::Canary::hollow()),
            tally: crate::plan::Tally::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_without_end_costs_the_same_each_day() {
        let config = SimConfig { rate: 0.5, duration: crate::OPEN_ENDED, ..SimConfig::default() };
        let mut simulator = Simulator::new(config).unwrap();
        let mut out = Vec::new();
        let mut active = Vec::new();
        for day in 1..=6 {
            let until = EventTime::from_unix(simulator.config.start.unix() + day * 86_400);
            while simulator.second < until.unix() {
                out.clear();
                simulator.fill_block(1 << 20, Some(until), &mut out);
            }
            active.push(simulator.plan.active.len());
        }
        assert!(active.iter().all(|count| (10..200).contains(count)), "{active:?}");
        assert!(active[5] < 2 * active[0], "{active:?}");
    }
}
