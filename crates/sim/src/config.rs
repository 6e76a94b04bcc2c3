//! What a stream is made from.

use std::time::Duration;

use groundswell_post::EventTime;

/// Posts a second that can be asked for at most.
pub const RATE_MAX: f64 = 10_000_000.0;
/// Things that are planted in one stream at most. A stream without end reaches it after about 200 days of the default scenario and
/// goes on as background alone.
pub const PLANTED_MAX: u32 = 65_536;

/// A stream of made-up posts. The same configuration gives the same bytes on every machine.
#[derive(Clone, Debug, PartialEq)]
pub struct SimConfig {
    /// Everything random follows from it.
    pub seed: u64,
    /// Posts a second of event time, on average over the duration, what is planted included.
    pub rate: f64,
    /// Event time of the first second.
    pub start: EventTime,
    /// How much event time. From [`OPEN_ENDED`] on the stream counts as one without end: its rate is a week's mean, and what is
    /// planted is decided as it goes.
    pub duration: Duration,
    /// What happens: one of [`Scenario::NAMES`].
    pub scenario: String,
    /// Bursts to plant; `None` leaves it to the scenario.
    pub bursts: Option<u32>,
    /// Narratives to plant; `None` leaves it to the scenario.
    pub narratives: Option<u32>,
    /// Copy-paste campaigns to plant; `None` leaves it to the scenario.
    pub campaigns: Option<u32>,
    /// Canaries to plant; `None` leaves it to the scenario.
    pub canaries: Option<u32>,
    /// Share of posts that hold made-up personal data; `None` leaves it to the scenario.
    pub personal_data: Option<f64>,
    /// What goes wrong on the way; `None` leaves it to the scenario.
    pub faults: Option<Faults>,
    /// Whether each post carries `"label"`, the id of what it was planted for, or `background`. Readers ignore it; `eval` does not.
    pub labels: bool,
}

/// From this duration on a stream has no end that matters.
pub const OPEN_ENDED: Duration = Duration::from_hours(62 * 24);

/// What goes wrong on the way from a source.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// Deletions beside each post.
    pub deletions: f64,
    /// Share of posts that are delivered a second time.
    pub repeats: f64,
    /// Share of posts that arrive late.
    pub disorder: f64,
    /// How late they arrive at most, in seconds.
    pub disorder_seconds_max: u32,
}

impl Default for SimConfig {
    /// Seed 1, 100 posts a second, an hour of Monday 2026-01-05 from midnight, scenario `default`.
    fn default() -> Self {
        Self {
            seed: 1,
            rate: 100.0,
            start: EventTime::from_unix(1_767_571_200),
            duration: Duration::from_hours(1),
            scenario: Scenario::Default.name().to_owned(),
            bursts: None,
            narratives: None,
            campaigns: None,
            canaries: None,
            personal_data: None,
            faults: None,
            labels: false,
        }
    }
}

/// Why a stream cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The rate is no number that makes sense.
    #[error("rate: expected more than 0 and at most {RATE_MAX} posts a second, found {0}")]
    Rate(f64),
    /// The duration is shorter than a second.
    #[error("duration: expected at least one second")]
    Duration,
    /// The start is before the first time that posts may have.
    #[error("start: expected {min} or later, found {0}", min = EventTime::MIN)]
    Start(EventTime),
    /// There is no such scenario.
    #[error("scenario: expected one of {names}, found \"{0}\"", names = Scenario::NAMES.join(", "))]
    Scenario(String),
    /// A share is no share.
    #[error("{0}: expected a share from 0 to 1, found {1}")]
    Share(&'static str, f64),
    /// More is to be planted than there is room for.
    #[error("{0}: expected at most {PLANTED_MAX}, found {1}")]
    TooMany(&'static str, u32),
}

/// What happens in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A living mix: background, bursts, narratives, campaigns, a little personal data, a few canaries.
    Default,
    /// Steady background alone: nothing rises but by the day, the week and chance.
    Quiet,
    /// Background alone, with its own fashions: hashtags that lead for a while, texts that go viral, interest that swings.
    Lively,
    /// Bursts of every size, rhythm and shape, on a steady background.
    Bursts,
    /// Copy-paste campaigns from crude to careful.
    Campaigns,
    /// What must never leave, in company of everything that makes detectors speak.
    Canaries,
    /// Background without faults, for measuring.
    Load,
    /// One story that drowns the others.
    NewsDay,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 8] = [
        Self::Default,
        Self::Quiet,
        Self::Lively,
        Self::Bursts,
        Self::Campaigns,
        Self::Canaries,
        Self::Load,
        Self::NewsDay,
    ];
    /// Their names.
    pub const NAMES: [&'static str; 8] =
        ["default", "quiet", "lively", "bursts", "campaigns", "canaries", "load", "news-day"];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Quiet => "quiet",
            Self::Lively => "lively",
            Self::Bursts => "bursts",
            Self::Campaigns => "campaigns",
            Self::Canaries => "canaries",
            Self::Load => "load",
            Self::NewsDay => "news-day",
        }
    }

    /// The scenario of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// Whether nothing in its background is in fashion: what rises in it was planted, and the truth says so.
    pub(crate) fn is_steady(self) -> bool {
        matches!(self, Self::Quiet | Self::Bursts)
    }

    /// What goes wrong in it.
    pub(crate) fn faults(self) -> Faults {
        match self {
            Self::Load => Faults::default(),
            _ => Faults { deletions: 0.002, repeats: 0.001, disorder: 0.005, disorder_seconds_max: 2 },
        }
    }

    /// Its share of posts with personal data.
    pub(crate) fn personal_data(self) -> f64 {
        match self {
            Self::Default | Self::NewsDay => 0.002,
            Self::Canaries => 0.01,
            _ => 0.0,
        }
    }
}

impl SimConfig {
    /// Checks every value, and names the first that cannot be.
    pub fn check(&self) -> Result<Scenario, ConfigError> {
        let scenario = Scenario::parse(&self.scenario).ok_or_else(|| ConfigError::Scenario(self.scenario.clone()))?;
        if !(self.rate > 0.0 && self.rate <= RATE_MAX) {
            return Err(ConfigError::Rate(self.rate));
        }
        if self.duration < Duration::from_secs(1) {
            return Err(ConfigError::Duration);
        }
        if self.start < EventTime::MIN {
            return Err(ConfigError::Start(self.start));
        }
        let faults = self.faults.unwrap_or_default();
        for (name, share) in [
            ("personal_data", self.personal_data.unwrap_or(0.0)),
            ("deletions", faults.deletions),
            ("repeats", faults.repeats),
            ("disorder", faults.disorder),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return Err(ConfigError::Share(name, share));
            }
        }
        for (name, count) in [
            ("bursts", self.bursts),
            ("narratives", self.narratives),
            ("campaigns", self.campaigns),
            ("canaries", self.canaries),
        ] {
            if let Some(count) = count.filter(|count| *count > PLANTED_MAX) {
                return Err(ConfigError::TooMany(name, count));
            }
        }
        Ok(scenario)
    }

    /// Whether the stream has no end that matters.
    pub(crate) fn open_ended(&self) -> bool {
        self.duration >= OPEN_ENDED
    }
}
