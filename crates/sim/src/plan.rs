//! What is planted: bursts, narratives, campaigns and canaries, each made from the seed, its kind and its number alone.

use std::collections::HashSet;

use crate::config::{PLANTED_MAX, Scenario, SimConfig};
use crate::names;
use crate::personal::{self, KINDS};
use crate::rng::{Rng, exp2, mix};
use crate::simulator::WORDS_MEAN;
use crate::truth::Subject;
use crate::world::World;

/// Share of words that come from the post's theme.
pub(crate) const THEME_SHARE: f64 = 77.0 / 256.0;
/// Share of posts whose words are drawn at all: not greetings, headlines shared.
pub(crate) const COMPOSED_SHARE: f64 = 0.95;
/// Authors that a canary has at most: below the floor of k, which is 5.
pub(crate) const CANARY_AUTHORS_MAX: u32 = 4;
/// Authors of one planted thing that are told apart; beyond it they are counted as one more each post.
pub(crate) const AUTHORS_MAX: usize = 1_000_000;
/// How far ahead of its start a thing is decided on in a stream without end, in seconds: so long does a burst's subject live
/// quietly before.
const AHEAD_SECONDS: i64 = 6 * 3600;

/// Distinct authors, exactly.
#[derive(Debug, Default)]
pub(crate) struct Authors {
    known: HashSet<u64>,
    beyond: u64,
}

impl Authors {
    fn add(&mut self, author: u64) {
        if self.known.len() < AUTHORS_MAX {
            self.known.insert(author);
        } else if !self.known.contains(&author) {
            self.beyond += 1;
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.known.len() as u64 + self.beyond
    }

    /// Keeps the number alone, once no author will be added.
    fn forget(&mut self) {
        self.beyond = self.len();
        self.known = HashSet::new();
    }
}

/// What was written of a planted thing.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) posts: u64,
    pub(crate) authors: Authors,
    /// When the tenth author posted.
    pub(crate) tenth: Option<i64>,
}

impl Tally {
    pub(crate) fn add(&mut self, author: u64, second: i64) {
        self.posts += 1;
        self.authors.add(author);
        if self.tenth.is_none() && self.authors.len() >= 10 {
            self.tenth = Some(second);
        }
    }
}

/// A planted thing.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    /// First second of what is planted.
    pub(crate) start: i64,
    /// The second after its last one.
    pub(crate) end: i64,
    /// When it may write its first post: before `start` only where a burst's subject is planted with its usual posts.
    pub(crate) from: i64,
    /// The second after its last post.
    pub(crate) until: i64,
    pub(crate) body: Body,
    pub(crate) tally: Tally,
}

#[derive(Debug)]
pub(crate) enum Body {
    Burst(Burst),
    Story(Box<Story>),
    Campaign(Campaign),
    Canary(Canary),
}

#[derive(Debug)]
pub(crate) struct Burst {
    pub(crate) nation: usize,
    pub(crate) theme: usize,
    pub(crate) subject: Subject,
    pub(crate) shape: &'static str,
    pub(crate) factor: f64,
    pub(crate) rise: f64,
    pub(crate) hold: f64,
    pub(crate) half_life: f64,
    /// Share of the language's usual posts that hold the subject.
    pub(crate) share: f64,
    pub(crate) in_background: bool,
}

impl Burst {
    /// How high it stands `age` seconds after its start, between 0 and 1.
    pub(crate) fn height(&self, age: f64) -> f64 {
        if age < 0.0 {
            0.0
        } else if age < self.rise {
            age / self.rise
        } else if age < self.rise + self.hold {
            1.0
        } else {
            exp2((self.rise + self.hold - age) / self.half_life)
        }
    }

    /// Seconds until it has fallen to a twentieth.
    fn life(&self) -> f64 {
        self.rise + self.hold + 4.321_93 * self.half_life
    }
}

/// One or two strands of a story.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) nations: Vec<usize>,
    pub(crate) theme: usize,
    /// Two strands; a story that never splits or merges uses the first alone.
    pub(crate) strands: [Strand; 2],
    /// When the two strands become one or the one becomes two.
    pub(crate) turn: Option<(i64, Turn)>,
    pub(crate) rise: f64,
    pub(crate) hold: f64,
    /// Posts a second at its height.
    pub(crate) peak: f64,
    pub(crate) pool: u32,
    pub(crate) pool_seed: u64,
    /// Share of its posts that are a publisher's.
    pub(crate) publisher_share: f64,
    /// Whole, first strand alone, second strand alone.
    pub(crate) tallies: [Tally; 3],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Merge,
    Split,
}

/// What the posts of a strand share.
#[derive(Debug)]
pub(crate) struct Strand {
    /// For each of the story's languages, its words.
    pub(crate) terms: Vec<Vec<String>>,
    pub(crate) phrases: Vec<Vec<String>>,
    pub(crate) hashtag: String,
    pub(crate) domain: String,
}

#[derive(Debug)]
pub(crate) struct Campaign {
    pub(crate) nation: usize,
    pub(crate) words: Vec<String>,
    pub(crate) hashtag: String,
    pub(crate) domain: String,
    pub(crate) edits: f64,
    pub(crate) accounts: u32,
    pub(crate) pool_seed: u64,
    /// Posts a second.
    pub(crate) rate: f64,
}

/// Where a canary stands in its posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Text,
    Author,
    PostId,
}

#[derive(Debug)]
pub(crate) struct Canary {
    pub(crate) nation: usize,
    pub(crate) kind: &'static str,
    pub(crate) place: Place,
    pub(crate) value: String,
    pub(crate) needles: Vec<String>,
    pub(crate) authors: u32,
    pub(crate) pool_seed: u64,
    /// When it is to be written, the latest first.
    pub(crate) times: Vec<i64>,
}

impl Item {
    fn forget_authors(&mut self) {
        self.tally.authors.forget();
        if let Body::Story(story) = &mut self.body {
            for tally in &mut story.tallies {
                tally.authors.forget();
            }
        }
    }

    /// Posts to be expected in the second `now`; `rates` are the languages' usual posts a second.
    pub(crate) fn rate(&self, now: i64, rates: &[f64]) -> f64 {
        match &self.body {
            Body::Burst(burst) => {
                let usual = rates[burst.nation] * burst.share;
                let height = if now < self.end { burst.height((now - self.start) as f64 + 0.5) } else { 0.0 };
                let carried = if burst.in_background { 0.0 } else { usual };
                carried + usual * (burst.factor - 1.0) * height
            }
            Body::Story(story) => {
                let (age, life) = ((now - self.start) as f64 + 0.5, (self.end - self.start) as f64);
                let fall = life - story.rise - story.hold;
                let height = if age < story.rise {
                    age / story.rise
                } else if age < story.rise + story.hold {
                    1.0
                } else {
                    ((life - age) / fall).max(0.0)
                };
                story.peak * height
            }
            Body::Campaign(campaign) => campaign.rate,
            Body::Canary(_) => 0.0,
        }
    }
}

/// How often a kind of thing is planted.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    /// Seconds from one to the next.
    period: f64,
    count: u32,
    next: u32,
}

/// Everything planted, and what is still to be decided.
#[derive(Debug)]
pub(crate) struct Plan {
    config: SimConfig,
    scenario: Scenario,
    world: &'static World,
    schedules: [Schedule; 4],
    pub(crate) items: Vec<Item>,
    /// Indices of items to come, the earliest last.
    pending: Vec<usize>,
    /// Indices of items that may write, ascending.
    pub(crate) active: Vec<usize>,
    subjects: HashSet<String>,
}

const BURSTS: usize = 0;
const STORIES: usize = 1;
const CAMPAIGNS: usize = 2;
const CANARIES: usize = 3;

impl Plan {
    pub(crate) fn new(config: &SimConfig, scenario: Scenario, world: &'static World) -> Self {
        // For each kind: seconds from one to the next, and how many there are at least in a stream with an end.
        let usual: [(f64, u32); 4] = match scenario {
            Scenario::Default => [(720.0, 5), (2400.0, 2), (3600.0, 2), (600.0, 24)],
            Scenario::Quiet | Scenario::Lively | Scenario::Load => [(0.0, 0); 4],
            Scenario::Bursts => [(8640.0, 4), (0.0, 0), (0.0, 0), (0.0, 0)],
            Scenario::Campaigns => [(0.0, 0), (0.0, 0), (3600.0, 6), (0.0, 0)],
            Scenario::Canaries => [(1800.0, 4), (3600.0, 2), (3600.0, 2), (60.0, 240)],
            Scenario::NewsDay => [(900.0, 6), (3600.0, 4), (3600.0, 2), (600.0, 24)],
        };
        let asked = [config.bursts, config.narratives, config.campaigns, config.canaries];
        let seconds = config.duration.as_secs() as f64;
        let schedules = std::array::from_fn(|kind| {
            let (period, least) = usual[kind];
            let natural = if period > 0.0 { ((seconds / period) as u32).max(least) } else { 0 };
            let count = asked[kind].unwrap_or(natural).min(PLANTED_MAX);
            let period = match (config.open_ended(), asked[kind]) {
                (true, None) => period,
                _ => seconds / f64::from(count.max(1)),
            };
            Schedule { period, count, next: 0 }
        });
        Self {
            config: config.clone(),
            scenario,
            world,
            schedules,
            items: Vec::new(),
            pending: Vec::new(),
            active: Vec::new(),
            subjects: HashSet::new(),
        }
    }

    /// Decides on everything whose time may come before `until`.
    fn decide(&mut self, until: i64) {
        let origin = self.config.start.unix();
        let mut added = false;
        for kind in 0..self.schedules.len() {
            loop {
                let schedule = self.schedules[kind];
                if schedule.next >= schedule.count || self.items.len() >= PLANTED_MAX as usize {
                    break;
                }
                if origin + (f64::from(schedule.next) * schedule.period) as i64 > until {
                    break;
                }
                self.schedules[kind].next += 1;
                let item = self.make(kind, schedule.next);
                self.pending.push(self.items.len());
                self.items.push(item);
                added = true;
            }
        }
        if added {
            let items = &self.items;
            self.pending.sort_unstable_by_key(|index| std::cmp::Reverse((items[*index].from, *index)));
        }
    }

    /// Decides on everything that a stream with an end will hold, and says how many posts that will be.
    pub(crate) fn decide_all(&mut self, rates: &dyn Fn(i64, &mut [f64])) -> f64 {
        let end = self.config.start.unix() + self.config.duration.as_secs() as i64;
        self.decide(end);
        let mut total = 0.0;
        let mut now = vec![0.0; self.world.nations.len()];
        for item in &self.items {
            if let Body::Canary(canary) = &item.body {
                total += canary.times.len() as f64;
                continue;
            }
            // Sixty points of each phase: before, during and after differ in how fast they change.
            for (from, until) in [(item.from, item.start), (item.start, item.end), (item.end, item.until)] {
                let until = until.min(end);
                let step = ((until - from) as f64 / 60.0).max(1.0);
                let mut at = from as f64 + step / 2.0;
                while at < until as f64 {
                    rates(at as i64, &mut now);
                    total += item.rate(at as i64, &now) * step;
                    at += step;
                }
            }
        }
        total
    }

    /// Brings what is active up to the second `now`.
    pub(crate) fn advance(&mut self, now: i64) {
        if self.config.open_ended() && now % 60 == 0 || self.items.is_empty() {
            self.decide(now + AHEAD_SECONDS);
        }
        let items = &mut self.items;
        while let Some(index) = self.pending.last().copied().filter(|index| items[*index].from <= now) {
            self.pending.pop();
            let at = self.active.partition_point(|active| *active < index);
            self.active.insert(at, index);
        }
        self.active.retain(|index| {
            let item = &mut items[*index];
            let lives = now < item.until;
            if !lives {
                item.forget_authors();
            }
            lives
        });
    }

    fn make(&mut self, kind: usize, index: u32) -> Item {
        let mut rng = Rng::new(self.config.seed, 0x1000 + ((kind as u64) << 32) + u64::from(index));
        match kind {
            BURSTS => self.make_burst(&mut rng, index),
            STORIES => self.make_story(&mut rng, index),
            CAMPAIGNS => self.make_campaign(&mut rng, index),
            _ => self.make_canary(&mut rng, index),
        }
    }

    /// The start of the thing `index` of a kind that lives for `life` seconds.
    fn start(&self, kind: usize, index: u32, life: f64, rng: &mut Rng) -> i64 {
        let schedule = self.schedules[kind];
        let at = f64::from(index) + rng.unit();
        let offset = if self.config.open_ended() {
            60.0 + at * schedule.period
        } else {
            // All of it, or nearly so, within the stream.
            let seconds = self.config.duration.as_secs() as f64;
            let lead = 0.04 * seconds;
            lead + at / f64::from(schedule.count) * (seconds - lead - life).max(0.02 * seconds)
        };
        self.config.start.unix() + offset as i64
    }

    /// The longest that one thing may last.
    fn life_max(&self) -> f64 {
        if self.config.open_ended() { f64::INFINITY } else { 0.45 * self.config.duration.as_secs() as f64 }
    }

    fn nation(&self, rng: &mut Rng) -> usize {
        let mut at = rng.unit();
        for (index, nation) in self.world.nations.iter().enumerate() {
            at -= nation.share;
            if at < 0.0 {
                return index;
            }
        }
        0
    }

    fn make_burst(&mut self, rng: &mut Rng, index: u32) -> Item {
        let nation = self.nation(rng);
        let language = &self.world.nations[nation].language;
        let rate = self.config.rate;
        let usual = rate * self.world.nations[nation].share;
        let (factor, mut baseline) = if self.scenario == Scenario::Bursts {
            let factor = rng.log_between(1.5, 50.0);
            (factor, rng.log_between(1.0 / 3600.0, 1.0) * rate / 200.0)
        } else {
            let factor = rng.between(6.0, 30.0);
            (factor, rng.log_between(0.012, 0.06) * rate / (factor - 1.0))
        };
        // Neither may a burst drown its language, nor its subject be in every post.
        baseline = baseline.min(0.15 * rate / (factor - 1.0)).min(0.6 * usual / (factor - 1.0)).min(0.05 * usual);

        let shape = rng.pick(&["step", "ramp", "spike"]);
        let (mut rise, mut hold, mut half_life) = if self.scenario == Scenario::Bursts {
            let half_life = rng.log_between(120.0, 6.0 * 3600.0);
            match shape {
                "step" => (60.0, rng.log_between(600.0, 86_400.0), 300.0),
                "ramp" => (rng.log_between(600.0, 2.0 * 86_400.0), 0.0, half_life),
                _ => (60.0, 0.0, half_life),
            }
        } else {
            match shape {
                "step" => (rng.between(20.0, 60.0), rng.log_between(300.0, 2400.0), rng.between(60.0, 180.0)),
                "ramp" => (rng.log_between(300.0, 1800.0), 0.0, rng.between(180.0, 900.0)),
                _ => (rng.between(30.0, 90.0), 0.0, rng.between(180.0, 900.0)),
            }
        };
        let life = rise + hold + 4.321_93 * half_life;
        let shrink = (self.life_max() / life).min(1.0);
        (rise, hold, half_life) = (rise * shrink, hold * shrink, half_life * shrink);

        let mut share = baseline / usual;
        let mut subject = Subject { kind: "term", value: String::new() };
        let mut in_background = false;
        // A subject has one burst only, so that what is usual for it stays known.
        for attempt in 0..32 {
            (subject.kind, in_background) = match rng.below(10) {
                0..4 => ("term", true),
                4..7 => ("hashtag", false),
                7..9 => ("phrase", false),
                _ => ("domain", false),
            };
            let about = WORDS_MEAN * (1.0 - THEME_SHARE) * COMPOSED_SHARE;
            let near = baseline / usual / about * rng.between(0.7, 1.4);
            subject.value = match subject.kind {
                "term" => {
                    let rank = language.rank_of_chance(near);
                    let chance = language.chance(rank) * about;
                    share = chance;
                    language.word(rank).to_owned()
                }
                "hashtag" => format!(
                    "{}{}",
                    names::invented(rng),
                    language.word(language.rank_of_chance(rng.between(1e-4, 1e-3)))
                ),
                "phrase" => {
                    let first = language.word(language.rank_of_chance(rng.between(5e-5, 6e-4)));
                    let second = language.word(language.rank_of_chance(rng.between(1e-5, 5e-5)));
                    let gap = if language.spaced { " " } else { "" };
                    format!("{first}{gap}{second}")
                }
                _ => format!("{}{}.example", names::invented(rng), names::invented(rng)),
            };
            if subject.kind != "term" {
                share = baseline / usual;
            }
            if self.subjects.insert(format!("{} {}", subject.kind, subject.value)) || attempt == 31 {
                break;
            }
        }
        let burst = Burst {
            nation,
            theme: rng.below(self.world.theme_count as u32) as usize,
            subject,
            shape,
            factor,
            rise,
            hold,
            half_life,
            share,
            in_background,
        };
        let start = self.start(BURSTS, index, burst.life(), rng);
        let end = start + burst.life() as i64;
        let first = self.config.start.unix();
        let last = first.saturating_add(i64::try_from(self.config.duration.as_secs()).unwrap_or(i64::MAX));
        let (from, until) = if burst.in_background {
            (start, end)
        } else if self.config.open_ended() {
            // In a stream without end a subject dies out in the end, or each second would cost more than the one before.
            (first, end + AHEAD_SECONDS)
        } else {
            (first, last)
        };
        Item {
            id: format!("burst-{index:04}"),
            start,
            end,
            from,
            until,
            body: Body::Burst(burst),
            tally: Tally::default(),
        }
    }

    fn make_story(&mut self, rng: &mut Rng, index: u32) -> Item {
        let rate = self.config.rate;
        let main = self.scenario == Scenario::NewsDay && index == 0;
        let count = if main { 3 } else { 1 + rng.below(10) / 6 + rng.below(10) / 9 };
        let mut nations = vec![if main { 0 } else { self.nation(rng) }];
        for _ in 0..32 {
            if nations.len() >= (count as usize).min(self.world.nations.len()) {
                break;
            }
            let nation = self.nation(rng);
            if !nations.contains(&nation) {
                nations.push(nation);
            }
        }
        let theme = rng.below(self.world.theme_count as u32) as usize;
        let strands = std::array::from_fn(|_| self.make_strand(rng, &nations, theme));

        let life = (rng.log_between(1800.0, 5.0 * 3600.0) * if main { 2.0 } else { 1.0 }).min(self.life_max());
        let (rise, hold) = (life * rng.between(0.1, 0.25), life * rng.between(0.2, 0.4));
        let scale = (rate / 150.0).clamp(0.4, 40.0);
        let authors = rng.log_between(120.0, 900.0) * scale * if main { 20.0 } else { 1.0 };
        let posts = authors * rng.between(1.3, 2.2);
        let area = (rise + life + hold) / 2.0;
        let peak = (posts / area).min(rate * if main { 0.35 } else { 0.05 });
        let start = self.start(STORIES, index, life, rng);
        let turn = match rng.below(10) {
            0..2 => Some(Turn::Merge),
            2..4 => Some(Turn::Split),
            _ => None,
        };
        let turn = turn.map(|turn| (start + (life * rng.between(0.4, 0.55)) as i64, turn));
        let end = start + life as i64;
        Item {
            id: format!("narrative-{index:04}"),
            start,
            end,
            from: start,
            until: end,
            body: Body::Story(Box::new(Story {
                nations,
                theme,
                strands,
                turn,
                rise,
                hold,
                peak,
                pool: authors as u32,
                pool_seed: rng.next(),
                publisher_share: if main { 0.08 } else { 0.02 },
                tallies: Default::default(),
            })),
            tally: Tally::default(),
        }
    }

    fn make_strand(&self, rng: &mut Rng, nations: &[usize], theme: usize) -> Strand {
        let place = names::invented(rng) + rng.pick(&["ville", "burg", "port", "field", "mere"]);
        let mut terms = Vec::new();
        let mut phrases = Vec::new();
        for nation in nations {
            let language = &self.world.nations[*nation].language;
            let mut own = vec![place.clone()];
            for _ in 0..64 {
                if own.len() >= 9 {
                    break;
                }
                // A story uses words of its theme and rare ones.
                let rank = if own.len() < 5 {
                    language.themes[theme].table[rng.below(256) as usize]
                } else {
                    language.rank_of_chance(rng.log_between(3e-6, 1e-4))
                };
                let word = language.word(rank).to_owned();
                if !own.contains(&word) {
                    own.push(word);
                }
            }
            let gap = if language.spaced { " " } else { "" };
            phrases.push(vec![
                format!("{}{gap}{}", own[0], own[1]),
                format!("{}{gap}{}{gap}{}", own[2 % own.len()], own[3 % own.len()], own[own.len() - 1]),
            ]);
            terms.push(own);
        }
        let hashtag = match rng.below(3) {
            0 => place.clone(),
            1 => format!("{place}{}", 2020 + rng.below(9)),
            _ => format!("{}{}", terms[0][1], place),
        };
        Strand {
            terms,
            phrases,
            hashtag,
            domain: format!("{place}-{}.example", rng.pick(&["times", "live", "info", "watch"])),
        }
    }

    fn make_campaign(&mut self, rng: &mut Rng, index: u32) -> Item {
        let nation = self.nation(rng);
        let language = &self.world.nations[nation].language;
        let theme = &language.themes[rng.below(self.world.theme_count as u32) as usize];
        let count = 12 + rng.below(12);
        let words = (0..count)
            .map(|at| {
                let rank = if at % 3 == 2 { theme.table[rng.below(256) as usize] } else { language.draw(rng.next()) };
                language.word(rank).to_owned()
            })
            .collect();
        let life = rng.log_between(600.0, 3600.0).min(self.life_max());
        let scale = (self.config.rate / 150.0).clamp(0.5, 10.0);
        let accounts = (rng.log_between(24.0, 160.0) * scale) as u32;
        let copies = rng.log_between(1.0, 3.0);
        let start = self.start(CAMPAIGNS, index, life, rng);
        let end = start + life as i64;
        Item {
            id: format!("campaign-{index:04}"),
            start,
            end,
            from: start,
            until: end,
            body: Body::Campaign(Campaign {
                nation,
                words,
                hashtag: names::invented(rng) + rng.pick(&["now", "truth", "win", "today"]),
                domain: format!("{}{}.example", names::invented(rng), rng.pick(&["deal", "petition", "report"])),
                edits: if rng.chance(0.15) { 0.0 } else { rng.log_between(0.02, 0.4) },
                accounts,
                pool_seed: rng.next(),
                rate: (f64::from(accounts) * copies / life).min(self.config.rate * 0.05),
            }),
            tally: Tally::default(),
        }
    }

    fn make_canary(&mut self, rng: &mut Rng, index: u32) -> Item {
        // The kinds in turn, so that even a few canaries hold many kinds.
        const OTHERS: [&str; 8] = ["name", "author_id", "post_id", "phrase", "term", "hashtag", "domain", "link"];
        let at = index as usize % (KINDS.len() + OTHERS.len());
        let (kind, place, value, needles) = if let Some(kind) = KINDS.get(at) {
            let datum = personal::make(kind, rng);
            (datum.kind, Place::Text, datum.value, datum.needles)
        } else {
            let kind = OTHERS[at - KINDS.len()];
            let (first, second) = (names::rare(rng, 5), names::rare(rng, 5));
            match kind {
                "name" => (
                    kind,
                    Place::Text,
                    format!("{} {}", names::capital(&first), names::capital(&second)),
                    vec![first, second],
                ),
                "author_id" => (kind, Place::Author, format!("did:web:{first}.example"), vec![first]),
                "post_id" => (kind, Place::PostId, format!("at-{first}"), vec![first]),
                "phrase" => {
                    let third = names::rare(rng, 5);
                    (kind, Place::Text, format!("{second} {first} {third}"), vec![first, second, third])
                }
                "term" => (kind, Place::Text, first.clone(), vec![first]),
                "hashtag" => (kind, Place::Text, format!("#{first}"), vec![first]),
                "domain" => (kind, Place::Text, format!("https://{first}.example/"), vec![first]),
                _ => (kind, Place::Text, format!("https://{}/{first}", self.world.domains[0]), vec![first]),
            }
        };
        let life = (0.2 * self.config.duration.as_secs() as f64).min(1800.0);
        let start = self.start(CANARIES, index, life, rng);
        let authors = 1 + rng.below(CANARY_AUTHORS_MAX);
        let posts = if place == Place::PostId { 1 } else { authors + rng.below(6) };
        let mut times: Vec<i64> = (0..posts).map(|_| start + (rng.unit() * life) as i64).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let end = start + life as i64 + 1;
        Item {
            id: format!("canary-{index:04}"),
            start,
            end,
            from: start,
            until: end,
            body: Body::Canary(Canary {
                nation: self.nation(rng),
                kind,
                place,
                value,
                needles,
                authors,
                pool_seed: mix(rng.next()),
                times,
            }),
            tally: Tally::default(),
        }
    }
}

impl Canary {
    /// A canary that is never written.
    pub(crate) fn hollow() -> Self {
        Self {
            nation: 0,
            kind: "",
            place: Place::Text,
            value: String::new(),
            needles: Vec::new(),
            authors: 0,
            pool_seed: 0,
            times: Vec::new(),
        }
    }
}

impl Body {
    /// The place of its kind in a truth file.
    pub(crate) fn order(&self) -> u8 {
        match self {
            Self::Burst(_) => 0,
            Self::Story(_) => 1,
            Self::Campaign(_) => 2,
            Self::Canary(_) => 3,
        }
    }
}
