//! Counts of many subjects, minute by minute, from rates that are known: seasons of day and week, drift, scatter, and bursts.

use groundswell_gate::AuthorBits;

pub(crate) const DAY: u32 = 1_440;
/// Days before the first planted burst, unless it is asked how the first days are.
pub(crate) const HISTORY_DAYS: u32 = 14;
/// Posts a minute in all, on average: 200 a second.
const TOTAL: f64 = 12_000.0;
/// The loudest background subject's posts a minute; the n-th has an n-th of it.
const LOUDEST: f64 = 60.0;
/// 2026-01-05, a Monday, in minutes since 1970.
const FIRST: u32 = 29_459_520;
/// Hours by which a group's day is later than UTC's.
const GROUPS: [f64; 4] = [0.0, 6.0, 9.0, 16.0];
/// Minutes after which drift is drawn anew.
const DRIFT_MINUTES: u32 = 10;

/// A burst of a subject.
#[derive(Clone, Debug)]
pub(crate) struct Planted {
    pub(crate) subject: usize,
    pub(crate) start: u32,
    /// When it has fallen to a twentieth of its height.
    pub(crate) end: u32,
    pub(crate) factor: f64,
    pub(crate) rise: f64,
    pub(crate) hold: f64,
    pub(crate) half_life: f64,
}

impl Planted {
    /// How many times the usual a minute has.
    fn times(&self, minute: u32) -> f64 {
        if minute < self.start || minute > self.end {
            return 1.0;
        }
        let age = f64::from(minute - self.start) + 0.5;
        let height = if age < self.rise {
            age / self.rise
        } else if age < self.rise + self.hold {
            1.0
        } else {
            ((self.rise + self.hold - age) / self.half_life).exp2()
        };
        1.0 + (self.factor - 1.0) * height
    }

    /// Whether an alarm is of this burst: while it lasts, and for as long as the shortest look reaches back.
    pub(crate) fn covers(&self, subject: usize, minute: u32) -> bool {
        subject == self.subject && (self.start + 1..=self.end + 10).contains(&minute)
    }
}

/// One minute of one subject.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) posts: u32,
    pub(crate) authors: u32,
    /// The true rate without the burst, drift included.
    pub(crate) usual: f32,
    /// Inverse shape of what scatters beyond chance in this minute, spread over the five that share it.
    pub(crate) scatter: f32,
}

#[derive(Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x51_7c_c1_b7)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Between two positive numbers, uniform in the logarithm.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.unit())
    }

    /// Exact also far out: sums of small ones.
    fn poisson(&mut self, mean: f64) -> u32 {
        let (mut left, mut count) = (mean, 0);
        while left > 0.0 {
            let part = left.min(15.0);
            left -= part;
            let (limit, mut product) = ((-part).exp(), self.unit());
            while product > limit {
                count += 1;
                product *= self.unit();
            }
        }
        count
    }

    /// With mean one and this shape, a whole number.
    fn gamma(&mut self, shape: u32) -> f64 {
        (0..shape).map(|_| -self.unit().ln()).sum::<f64>() / f64::from(shape)
    }
}

/// How a subject's true rate lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nature {
    pub(crate) rate: f64,
    pub(crate) group: usize,
    /// Standard deviation of the logarithm, and minutes after which it is forgotten.
    pub(crate) drift: f64,
    pub(crate) memory: f64,
    /// Shape of a factor that is drawn every five minutes; 0: none.
    pub(crate) shape: u32,
}

pub(crate) struct World {
    seed: u64,
    /// By group and minute.
    seasons: [Vec<f64>; GROUPS.len()],
    natures: Vec<Nature>,
    pub(crate) planted: Vec<Planted>,
    /// Minutes before the first planted burst.
    history: u32,
    days: u32,
    with_bursts: bool,
}

/// What is in a world beside its background.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Minutes before the first burst.
    pub(crate) history: u32,
    /// Days after these.
    pub(crate) days: u32,
    /// Subjects that burst once.
    pub(crate) bursts: usize,
    /// Whether they do.
    pub(crate) with_bursts: bool,
    /// Whether these subjects do not drift.
    pub(crate) calm: bool,
}

impl World {
    pub(crate) fn new(seed: u64, background: usize, plan: Plan) -> Self {
        let Plan { history, days, bursts, with_bursts, calm } = plan;
        let mut rng = Rng::new(seed);
        let nature = |rate: f64, rng: &mut Rng, calm: bool| {
            let group = rng.next() as usize % GROUPS.len();
            let (drift, memory, shape) = match rng.next() % 10 {
                _ if calm => (0.0, 1.0, 0),
                0..5 => (0.0, 1.0, 0),
                5..8 => (0.15, 360.0, 0),
                _ => (0.3, 180.0, 4),
            };
            Nature { rate, group, drift, memory, shape }
        };
        let mut natures: Vec<Nature> =
            (1..=background).map(|rank| nature(LOUDEST / rank as f64, &mut rng, false)).collect();
        let mut planted = Vec::new();
        for _ in 0..bursts {
            let rate = rng.between(1.0 / 60.0, 60.0);
            natures.push(nature(rate, &mut rng, calm));
            let (mut rise, mut hold, mut half_life) = (1.0, rng.between(10.0, 360.0), 1.0);
            match rng.next() % 3 {
                0 => {}
                1 => (rise, half_life) = (rng.between(1.0, 2_880.0), rng.between(10.0, 360.0)),
                _ => (hold, half_life) = (0.0, rng.between(10.0, 360.0)),
            }
            let factor = rng.between(1.5, 50.0);
            let start = history + (rng.unit() * f64::from(days * DAY)) as u32;
            let end = start + (rise + hold + 4.32 * half_life).ceil() as u32;
            planted.push(Planted { subject: natures.len() - 1, start, end, factor, rise, hold, half_life });
        }
        let minutes = (history + days * DAY).next_multiple_of(DAY);
        let seasons = std::array::from_fn(|group| (0..minutes).map(|minute| season(group, minute)).collect());
        Self { seed, seasons, natures, planted, history, days, with_bursts }
    }

    pub(crate) fn subjects(&self) -> usize {
        self.natures.len()
    }

    pub(crate) fn nature(&self, subject: usize) -> Nature {
        self.natures[subject]
    }

    /// After the history.
    pub(crate) fn days(&self) -> u32 {
        self.days
    }

    /// Where the history is over.
    pub(crate) fn history(&self) -> u32 {
        self.history
    }

    pub(crate) fn end(&self) -> u32 {
        self.history + self.days * DAY
    }

    pub(crate) fn life(&self, subject: usize) -> Life<'_> {
        let planted = self.planted.iter().find(|planted| planted.subject == subject).filter(|_| self.with_bursts);
        let rng = Rng::new(self.seed ^ (subject as u64 + 1) << 20);
        let nature = self.natures[subject];
        Life { nature, season: &self.seasons[nature.group], planted, rng, minute: 0, drift: 0.0, factor: 1.0 }
    }

    /// All minutes of one subject.
    pub(crate) fn series(&self, subject: usize) -> Vec<Seen> {
        let mut life = self.life(subject);
        (0..self.end()).map(|_| life.next()).collect()
    }

    pub(crate) fn days_by_minute(&self) -> Days<'_> {
        let lives = (0..self.subjects()).map(|subject| self.life(subject)).collect();
        Days { world: self, lives, day: 0, rng: Rng::new(self.seed ^ 0xabcd) }
    }
}

/// One group's day and week, mean one.
fn season(group: usize, minute: u32) -> f64 {
    let hours = f64::from(minute) / 60.0 + GROUPS[group];
    let day = 1.0
        + 0.6 * (std::f64::consts::TAU * (hours - 14.0) / 24.0).cos()
        + 0.15 * (std::f64::consts::TAU * hours / 12.0).cos();
    // From one kind of day to the other in the four hours around midnight.
    let free = |day: f64| f64::from(u8::from(day.rem_euclid(7.0) >= 5.0));
    let (today, into) = ((hours / 24.0).floor(), (hours / 24.0).fract() * 24.0);
    let weekend = if into < 2.0 {
        free(today - 1.0) + (free(today) - free(today - 1.0)) * (0.5 + into / 4.0)
    } else if into > 22.0 {
        free(today) + (free(today + 1.0) - free(today)) * (into - 22.0) / 4.0
    } else {
        free(today)
    };
    day * (1.08 - 0.28 * weekend)
}

pub(crate) struct Life<'a> {
    nature: Nature,
    /// By minute.
    season: &'a [f64],
    planted: Option<&'a Planted>,
    rng: Rng,
    minute: u32,
    drift: f64,
    factor: f64,
}

impl Life<'_> {
    pub(crate) fn next(&mut self) -> Seen {
        let Nature { rate, drift, memory, shape, .. } = self.nature;
        let minute = self.minute;
        self.minute += 1;
        if drift > 0.0 && minute.is_multiple_of(DRIFT_MINUTES) {
            let kept = (-f64::from(DRIFT_MINUTES) / memory).exp();
            self.drift = self.drift * kept + drift * (1.0 - kept * kept).sqrt() * self.rng.normal();
        }
        if shape > 0 && minute.is_multiple_of(5) {
            self.factor = self.rng.gamma(shape);
        }
        let usual = rate * self.season[minute as usize] * (self.drift - drift * drift / 2.0).exp();
        let times = self.planted.map_or(1.0, |planted| planted.times(minute));
        let posts = self.rng.poisson(usual * times * self.factor);
        // One post in ten is by somebody who has just written.
        let again = if posts > 1 { self.rng.poisson(f64::from(posts - 1) * 0.1).min(posts - 1) } else { 0 };
        let scatter = if shape > 0 { 5.0 / shape as f32 } else { 0.0 };
        Seen { posts, authors: posts - again, usual: usual as f32, scatter }
    }
}

pub(crate) struct CellOf {
    pub(crate) subject: u32,
    pub(crate) posts: u32,
    pub(crate) authors: u32,
    pub(crate) bits: AuthorBits,
}

pub(crate) struct DayOf {
    /// The first minute.
    pub(crate) first: u32,
    pub(crate) minutes: Vec<Vec<CellOf>>,
    pub(crate) totals: Vec<u32>,
}

pub(crate) struct Days<'a> {
    world: &'a World,
    lives: Vec<Life<'a>>,
    day: u32,
    rng: Rng,
}

impl Days<'_> {
    /// Minutes of the answer count from the world's first.
    pub(crate) fn next_day(&mut self) -> Option<DayOf> {
        let first = self.day * DAY;
        if first >= self.world.end() {
            return None;
        }
        self.day += 1;
        let mut minutes: Vec<Vec<CellOf>> = (0..DAY).map(|_| Vec::new()).collect();
        for (subject, life) in self.lives.iter_mut().enumerate() {
            for cells in &mut minutes {
                let seen = life.next();
                if seen.posts > 0 {
                    let mut bits = AuthorBits::default();
                    for _ in 0..seen.authors.min(256) {
                        bits.insert(self.rng.next());
                    }
                    cells.push(CellOf { subject: subject as u32, posts: seen.posts, authors: seen.authors, bits });
                }
            }
        }
        let totals = (first..first + DAY)
            .map(|minute| {
                let mean = (0..GROUPS.len()).map(|group| season(group, minute)).sum::<f64>() / GROUPS.len() as f64;
                self.rng.poisson(TOTAL * mean)
            })
            .collect();
        Some(DayOf { first, minutes, totals })
    }
}

/// The world's first minute, for those who need a date.
pub(crate) const fn unix_minute(minute: u32) -> u32 {
    FIRST + minute
}
