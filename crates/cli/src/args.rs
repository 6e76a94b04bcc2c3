//! The command line: one definition gives parser, `--help`, man page and completions. Every long option has one meaning in
//! all commands.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use groundswell_gate::{BurstType, DetectionKind, Dimension, Severity};
use groundswell_serve::{API_TOKEN_DAYS_MAX, Role};
use groundswell_sketch::Step;

use crate::logging::LogFormat;

/// Reads the public conversation and says what is being talked about, how fast it grows and how it spreads, and never who
/// is talking.
#[derive(Debug, Parser)]
#[command(name = "groundswell", version, propagate_version = true, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of all commands.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// State and store [default: the platform's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Configuration, TOML; every setting is also a GROUNDSWELL_… variable
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Worker threads [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) workers: Option<u16>,
    /// Seed of everything random that is meant to be repeated
    #[arg(long, global = true, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Say more on stderr (-v rejected records by line, -vv more)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing on stderr but errors
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
    /// Form of the log on stderr [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service: all configured sources, store, API and dashboard
    Run(Run),
    /// Read files to the end in event time, as fast as possible, and exit
    Replay(Replay),
    /// Write a seeded stream of simulated posts
    Simulate(Simulate),
    /// Watches: named queries with a purpose and a sunset
    #[command(subcommand)]
    Watch(Watch),
    /// Feeds: named selections of detections, and who receives them
    #[command(subcommand)]
    Feed(Feed),
    /// Say how the sources of a running service stand
    Sources(Sources),
    /// The list of those who asked not to be counted
    #[command(subcommand)]
    OptOut(OptOut),
    /// Print released tables
    #[command(subcommand)]
    Export(Export),
    /// Accounts: who may read and who may change what
    #[command(subcommand)]
    Account(Account),
    /// API tokens: the same for programs
    #[command(subcommand)]
    Token(Token),
    /// Measure quality against labelled data
    #[command(subcommand)]
    Eval(Eval),
    /// Measure the speed of the whole path
    Bench(Bench),
    /// The tamper-evident log of what was done: check it, show it, prove what is in it
    #[command(subcommand)]
    Audit(Audit),
    /// Write what an installation can tell the public about itself
    #[command(subcommand)]
    Report(Report),
    /// Check, show or describe the configuration
    #[command(subcommand)]
    Config(Config),
    /// Check the surroundings and say what to do
    Doctor(Doctor),
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    #[command(hide = true)]
    Man,
}

/// How the sources of a running service stand.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// Where the service listens [default: the configuration's `listen`]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<std::net::SocketAddr>,
    /// File with an API token, where the service asks who reads
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with the opt-out list.
#[derive(Debug, Subcommand)]
pub(crate) enum OptOut {
    /// Add accounts, one id a line on stdin, as the source names them; only keyed hashes are kept
    Add {
        /// The source whose accounts they are: bluesky, a Mastodon source's name, or what records say
        source: String,
    },
    /// Print how many there are; who they are is not kept
    Count,
}

/// Several processes that run one dataflow.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClusterArgs {
    /// File with one host:port a line: the processes of the cluster
    #[arg(long, value_name = "HOSTS", requires = "process")]
    pub(crate) cluster: Option<PathBuf>,
    /// Which line of the cluster file this process is, from 0
    #[arg(long, value_name = "I", requires = "cluster")]
    pub(crate) process: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Address of the dashboard and API; beyond loopback only with accounts [default: 127.0.0.1:8750]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Watches, TOML, in addition to those added with `watch add`
    #[arg(long, value_name = "FILE")]
    pub(crate) watches: Option<PathBuf>,
    /// Use the simulator at once and no live source
    #[arg(long)]
    pub(crate) simulated: bool,
    /// Show true counts; only with simulated data, in which there is nobody to protect
    #[arg(long, requires = "simulated")]
    pub(crate) exact: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Files of posts (NDJSON, CSV, Parquet; plain, gzip, zstd); `-` is stdin
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Watches, TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) watches: Option<PathBuf>,
    /// Print a summary on stdout
    #[arg(long, value_name = "FORMAT")]
    pub(crate) summary: Option<SummaryFormat>,
    /// Stay and show the result in the browser
    #[arg(long)]
    pub(crate) serve: bool,
    /// Address of the dashboard and API; beyond loopback only with accounts [default: 127.0.0.1:8750]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// How far out of order a post may be
    #[arg(long, value_name = "DURATION", default_value = "10min", value_parser = duration)]
    pub(crate) late: Duration,
    /// Read files again that were read to the end before
    #[arg(long)]
    pub(crate) again: bool,
    /// Rename fields: time=created_at,author=user.id
    #[arg(long, value_name = "FIELD=PATH,…")]
    pub(crate) map: Option<String>,
    /// Exit with 3 if any record was rejected
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SummaryFormat {
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Posts a second of event time, on average
    #[arg(long, value_name = "N", default_value_t = 100.0)]
    pub(crate) rate: f64,
    /// How much event time
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub(crate) duration: Duration,
    /// Event time of the first post, RFC 3339
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T00:00:00Z")]
    pub(crate) start: String,
    /// What happens in the stream
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(crate) scenario: String,
    /// Where to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Where to write what was planted
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
}

/// Name, purpose and sunset of a watch.
#[derive(Debug, Args)]
pub(crate) struct WatchTerms {
    /// Its name
    pub(crate) name: String,
    /// The query
    #[arg(long, value_name = "QUERY")]
    pub(crate) query: String,
    /// Category of its purpose
    #[arg(long, value_name = "WORD")]
    pub(crate) category: String,
    /// Its purpose, one sentence
    #[arg(long, value_name = "SENTENCE")]
    pub(crate) purpose: String,
    /// Last day, YYYY-MM-DD, at most 180 days ahead [default: in 90 days]
    #[arg(long, value_name = "DATE")]
    pub(crate) sunset: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Watch {
    /// Add a watch
    Add(WatchTerms),
    /// List all watches
    List {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show one watch
    Show {
        /// Its name
        name: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print the parenthesised form of a query, its lints and its expected cost
    Check {
        /// The query
        query: String,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print gated counts per hour of what a query would have matched
    Test {
        /// The query
        query: String,
        /// Files of posts
        #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
        on: Vec<PathBuf>,
        /// Rename fields: time=created_at,author=user.id
        #[arg(long, value_name = "FIELD=PATH,…")]
        map: Option<String>,
        /// Form of the output
        #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
        format: Format,
    },
    /// Give a watch a new sunset
    Renew {
        /// Its name
        name: String,
        /// Last day, YYYY-MM-DD, at most 180 days ahead [default: in 90 days]
        #[arg(long, value_name = "DATE")]
        sunset: Option<String>,
    },
    /// Remove a watch
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Add an account; its password is asked for, or read from stdin
    Add {
        /// Its name
        name: String,
        /// viewer reads, editor also changes watches and feeds, admin also sources and settings, auditor reads the log alone
        #[arg(long, value_name = "ROLE", value_parser = roles())]
        role: Role,
    },
    /// List all accounts
    List {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Remove an account; its sessions end
    Remove {
        /// Its name
        name: String,
    },
    /// Give an account another password; its sessions end
    Password {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token and print it, this once
    Add {
        /// Its name
        name: String,
        /// What it may do, as of an account
        #[arg(long, value_name = "ROLE", value_parser = roles())]
        role: Role,
        /// How long it is good for, in days
        #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=i64::from(API_TOKEN_DAYS_MAX)))]
        days: u32,
    },
    /// List all tokens
    List {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Make a token useless
    Revoke {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// Posts and authors by window
    Volumes(ExportVolumes),
    /// What people were saying, or with --events what happened to it
    Narratives(ExportNarratives),
    /// What was talked of more than usual
    Bursts(ExportBursts),
    /// Texts that many accounts posted in short time
    Amplifications(ExportAmplifications),
    /// What was found, each with its evidence
    Detections(ExportDetections),
    /// How negative, neutral and positive watches' posts are in sum, by hour and language
    Tone(ExportTone),
}

#[derive(Debug, Args)]
pub(crate) struct ExportNarratives {
    /// One narrative only, by its id
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Births, merges, splits and ends instead
    #[arg(long)]
    pub(crate) events: bool,
    /// Carried after this moment, RFC 3339; events: inclusive
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// First carried before this moment, RFC 3339; events: exclusive
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Form of the output; narratives are nested, so this is one JSON object a line
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", value_parser = ["jsonl"])]
    pub(crate) format: String,
    /// Where to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportBursts {
    /// Of subjects of this kind only
    #[arg(long = "type", value_name = "TYPE", value_parser = burst_types())]
    pub(crate) kind: Option<BurstType>,
    /// Of this subject only
    #[arg(long, value_name = "VALUE")]
    pub(crate) value: Option<String>,
    /// With so many false alerts a day, at most
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) budget: Option<f64>,
    /// Not over before this moment, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Begun before this moment, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Form of the output; bursts are nested, so this is one JSON object a line
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", value_parser = ["jsonl"])]
    pub(crate) format: String,
    /// Where to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number above 0".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct ExportAmplifications {
    /// Carried after this moment, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Begun before this moment, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Form of the output; amplifications are nested, so this is one JSON object a line
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", value_parser = ["jsonl"])]
    pub(crate) format: String,
    /// Where to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportTone {
    /// One watch only
    #[arg(long, value_name = "NAME")]
    pub(crate) watch: Option<String>,
    /// First moment, RFC 3339, inclusive
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Last moment, RFC 3339, exclusive
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Form of the output; shares have error bars, so this is one JSON object a line
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", value_parser = ["jsonl"])]
    pub(crate) format: String,
    /// Where to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportDetections {
    /// One feed only
    #[arg(long, value_name = "NAME")]
    pub(crate) feed: Option<String>,
    /// One detection only, by its id
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Detected from this moment on, RFC 3339, inclusive
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Detected before this moment, RFC 3339, exclusive
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Form of the output; detections are nested, so this is one JSON object a line
    #[arg(long, value_name = "FORMAT", default_value = "jsonl", value_parser = ["jsonl"])]
    pub(crate) format: String,
    /// Where to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What a feed selects; what is not given selects nothing away.
#[derive(Debug, Args)]
pub(crate) struct FeedTerms {
    /// burst, amplification, narrative, anomaly
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', value_parser = kinds())]
    pub(crate) kind: Vec<DetectionKind>,
    /// Watches that a detection must be about
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(crate) watch: Vec<String>,
    /// Languages (ISO 639-1), one of which must carry at least a quarter of it
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    pub(crate) language: Vec<String>,
    /// low, medium, high
    #[arg(long, value_name = "SEVERITY,…", value_delimiter = ',', value_parser = severities())]
    pub(crate) severity: Vec<Severity>,
    /// False alerts a day that it may bring
    #[arg(long, value_name = "N")]
    pub(crate) budget: Option<f64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Feed {
    /// Make a feed
    Add {
        /// Its name: small letters, digits, _ and -
        name: String,
        #[command(flatten)]
        terms: FeedTerms,
    },
    /// List all feeds with their marks and their precision
    List {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show a feed and its newest detections
    Show {
        /// Its name
        name: String,
        /// So many of the newest detections
        #[arg(long, value_name = "N", default_value_t = 20)]
        last: usize,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// End a feed; its detections stay
    Remove {
        /// Its name
        name: String,
    },
    /// Let a detection stand first
    Pin {
        /// The feed
        feed: String,
        /// The detection's id
        detection: String,
        /// No longer
        #[arg(long)]
        off: bool,
    },
    /// Say nothing of a detection's subject for a time
    Mute {
        /// The feed
        feed: String,
        /// The detection's id
        detection: String,
        /// How long
        #[arg(long, value_name = "DURATION", default_value = "7days", value_parser = duration)]
        r#for: Duration,
        /// No longer
        #[arg(long, conflicts_with = "for")]
        off: bool,
    },
    /// Say whether a detection was useful: marks make the feed's published precision
    Mark {
        /// The feed
        feed: String,
        /// The detection's id
        detection: String,
        /// useful, noise, or none to take it back
        #[arg(value_parser = ["useful", "noise", "none"])]
        mark: String,
    },
    /// Write a note beside a detection, for everybody who can read the feed
    Note {
        /// The feed
        feed: String,
        /// The detection's id
        detection: String,
        /// The note, one line
        text: String,
        /// Take back the note of these words
        #[arg(long)]
        remove: bool,
    },
    /// Print what a feed would have told in the past, how often, and with what precision where there are marks
    Test {
        #[command(flatten)]
        terms: FeedTerms,
        /// Detected from this moment on, RFC 3339, inclusive
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Detected before this moment, RFC 3339, exclusive
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Say how deliveries stand, and which could not be made
    Deliveries {
        /// So many of the newest dead letters
        #[arg(long, value_name = "N", default_value_t = 20)]
        last: usize,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Let the dead letters of a receiver wait again
    Retry {
        /// The receiver's name in the configuration
        receiver: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ExportVolumes {
    /// What to count by
    #[arg(long, value_name = "DIMENSION", default_value = "total", value_parser = dimensions())]
    pub(crate) by: Dimension,
    /// Length of the windows
    #[arg(long, value_name = "STEP", default_value = "hour", value_parser = steps())]
    pub(crate) step: Step,
    /// One value only (a watch's name, a hashtag without #, …)
    #[arg(long, value_name = "VALUE")]
    pub(crate) value: Option<String>,
    /// First moment, RFC 3339, inclusive
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Last moment, RFC 3339, exclusive
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    pub(crate) format: Format,
    /// Where to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// The words of `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line
    Jsonl,
    /// CSV with a header
    Csv,
    /// Parquet
    Parquet,
}

impl Format {
    /// Its word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Eval {
    /// Scrubbing, against posts with `spans`
    Scrub(EvalArgs),
    /// Language identification, against posts with `label`
    Language(EvalArgs),
    /// Tone, against posts with `label` and `lang`: negative, neutral, positive
    Tone(EvalArgs),
    /// Narratives, against posts with `label`, in the order of the file
    Clustering(EvalArgs),
    /// Bursts in a store, against the truth of the simulated stream that they were found in
    Detections(EvalDetections),
}

#[derive(Debug, Args)]
pub(crate) struct EvalDetections {
    /// What `simulate --truth` wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: PathBuf,
    /// False alerts a day that are allowed
    #[arg(long, value_name = "N", default_value = "5", value_parser = positive)]
    pub(crate) budget: f64,
    /// CSV of what was told of, by row, and the id of what was planted
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// One JSON object; without it, too
    #[arg(long)]
    #[allow(dead_code, reason = "scripts that say it everywhere need not leave it out here")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Labelled posts
    pub(crate) file: PathBuf,
    /// CSV of what was predicted, by row
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// One JSON object; without it, too
    #[arg(long)]
    #[allow(dead_code, reason = "scripts that say it everywhere need not leave it out here")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// How many posts
    #[arg(long, value_name = "N", default_value_t = 2_000_000)]
    pub(crate) posts: u64,
    /// How many watches
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) watches: usize,
    /// Posts a second of event time in the simulated input: the more, the fewer minutes close
    #[arg(long, value_name = "N", default_value_t = 5_000.0, value_parser = positive)]
    pub(crate) rate: f64,
    /// Read this file instead of simulated posts
    #[arg(long, value_name = "FILE", conflicts_with = "rate")]
    pub(crate) input: Option<PathBuf>,
    /// Leave detectors out
    #[arg(long, value_name = "DETECTOR,…", value_delimiter = ',')]
    pub(crate) without: Vec<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Check a copy of the log offline, and say what was altered, and where; exit code 1 if anything was
    Verify(AuditVerify),
    /// Print the newest head, a signed note
    Checkpoint {
        /// The newest one that witnesses cosigned
        #[arg(long)]
        cosigned: bool,
    },
    /// Prove something of the log, as one JSON object
    Prove {
        /// What
        #[command(subcommand)]
        of: ProofOf,
    },
    /// Print entries
    Show(AuditShow),
    /// Keep a head that witnesses cosigned
    Cosigned {
        /// The signed note with their cosignatures; `-` is stdin
        #[arg(value_name = "FILE")]
        note: PathBuf,
        /// A witness' verifier key: name+id+base64
        #[arg(long, value_name = "KEY", required = true)]
        witness: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AuditVerify {
    /// The log [default: that of the data folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// Its head, a signed note; `-` is stdin [default: that of the data folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Its public key, a verifier key [default: that of the data folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// A head that was kept from before: the log must still begin as it did then
    #[arg(long, value_name = "FILE")]
    pub(crate) earlier: Vec<PathBuf>,
    /// A witness whose cosignature on the head counts: name+id+base64
    #[arg(long, value_name = "KEY")]
    pub(crate) witness: Vec<String>,
    /// So many of the witnesses must have cosigned the head
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) quorum: usize,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is proved.
#[derive(Debug, Subcommand)]
pub(crate) enum ProofOf {
    /// That an entry is in the log
    Inclusion {
        /// The entry's number, from 0
        entry: u64,
        /// Size of the log [default: that of the newest head]
        #[arg(long, value_name = "ENTRIES")]
        size: Option<u64>,
    },
    /// That an earlier log is the beginning of a later one
    Consistency {
        /// Size of the earlier log
        earlier: u64,
        /// Size of the later log [default: that of the newest head]
        #[arg(long, value_name = "ENTRIES")]
        size: Option<u64>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AuditShow {
    /// So many of the newest entries
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) last: u64,
    /// All entries
    #[arg(long, conflicts_with = "last")]
    pub(crate) all: bool,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "jsonl"])]
    pub(crate) format: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    /// One page: sources, watches and purposes, k, what was held back, opt-outs, deletions, coverage, the audit log's head
    Transparency(ReportTransparency),
}

#[derive(Debug, Args)]
pub(crate) struct ReportTransparency {
    /// Watches, TOML, in addition to those added with `watch add`
    #[arg(long, value_name = "FILE")]
    pub(crate) watches: Option<PathBuf>,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", default_value = "html", value_parser = ["html", "json"])]
    pub(crate) format: String,
    /// Where to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Say whether the configuration is valid
    Check,
    /// Print what is in force and from where each value came
    Show {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print a JSON Schema of the configuration
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The words of `--by`: those of the table itself.
fn dimensions() -> impl TypedValueParser<Value = Dimension> {
    PossibleValuesParser::new(Dimension::ALL.map(Dimension::as_str))
        .map(|word| Dimension::parse(&word).expect("only its own words are possible"))
}

/// The words of `export bursts --type`.
fn burst_types() -> impl TypedValueParser<Value = BurstType> {
    PossibleValuesParser::new(BurstType::ALL.map(BurstType::as_str))
        .map(|word| BurstType::parse(&word).expect("only its own words are possible"))
}

/// The words of `--kind`.
fn kinds() -> impl TypedValueParser<Value = DetectionKind> {
    PossibleValuesParser::new(DetectionKind::ALL.iter().map(|kind| kind.as_str()))
        .map(|word| DetectionKind::parse(&word).expect("only its own words are possible"))
}

/// The words of `--severity`.
fn severities() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.iter().map(|severity| severity.as_str()))
        .map(|word| Severity::parse(&word).expect("only its own words are possible"))
}

/// The words of `--step`.
fn steps() -> impl TypedValueParser<Value = Step> {
    PossibleValuesParser::new(Step::ALL.map(Step::as_str))
        .map(|word| Step::parse(&word).expect("only its own words are possible"))
}

/// The words of `--role`.
fn roles() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str))
        .map(|word| Role::parse(&word).expect("only its own words are possible"))
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it as 90s, 10min, 2h or 1day"))
}
