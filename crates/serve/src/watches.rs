//! Where acts on watches go, and where a query is read while somebody writes it. The binary puts register and parser behind it: this
//! crate has nothing that writes, and knows no query.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};

use groundswell_gate::{Released, VolumeRow};

use crate::access::AccountName;
use crate::problem::{Code, Problem};
use crate::{ServerState, params};

/// A watch as somebody writes it; nobody has checked it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchTerms {
    /// Its name.
    pub name: String,
    /// The query as written.
    pub query: String,
    /// The purpose's category.
    pub category: String,
    /// The purpose in a sentence.
    pub sentence: String,
    /// The day on which it ends, `YYYY-MM-DD`; `None`: as the register has it.
    pub sunset: Option<String>,
}

/// What an editor does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchAct {
    /// Makes a watch.
    Add(WatchTerms),
    /// Gives the watch of that name other terms, or another end.
    Change(WatchTerms),
    /// Ends one.
    Remove {
        /// Its name.
        name: String,
    },
}

/// Something to be said about a watch: a fault, or a doubt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchNote {
    /// `name`, `query`, `purpose.category`, `purpose.sentence`, `created` or `sunset`.
    pub field: &'static str,
    /// What is wrong, or looks odd: one line, lower case, no full stop.
    pub message: String,
    /// The cure.
    pub help: String,
    /// Of a query: where, in characters (Unicode scalar values), from and before.
    pub place: Option<(usize, usize)>,
}

/// A word, phrase, hashtag or field of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryPart {
    /// `word`, `prefix`, `phrase`, `hashtag` or `field`.
    pub kind: &'static str,
    /// As it is understood.
    pub text: String,
    /// Where, in characters, from and before.
    pub place: (usize, usize),
}

/// What a query asks of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryCost {
    /// `low`, `medium` or `high`.
    pub class: &'static str,
    /// In a sentence.
    pub sentence: String,
}

/// A query as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryReading {
    /// In parentheses.
    pub reading: String,
    /// Its parts, in the order of the text.
    pub parts: Vec<QueryPart>,
    /// What is accepted, but probably not meant.
    pub lints: Vec<WatchNote>,
    /// What it costs.
    pub cost: QueryCost,
}

/// What is to be said about terms that are being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchReading {
    /// The query; `None` where it is refused.
    pub query: Option<QueryReading>,
    /// Why these terms would be refused; none: they would be taken.
    pub faults: Vec<WatchNote>,
}

/// What a query would have counted over the text that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchTrial {
    /// The query as it was understood.
    pub reading: String,
    /// Closed hours, earliest first.
    pub hours: Vec<Released<VolumeRow>>,
    /// One post in so many is held.
    pub one_in: u64,
    /// Trials that are left today.
    pub left: u32,
}

/// Why an act was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchFault {
    /// No text is held that a query could be tried over.
    NoText {
        /// What to do.
        text: String,
    },
    /// Today was tried as much as a day has.
    Spent {
        /// How much that is.
        text: String,
        /// Seconds until the next day.
        seconds: u64,
    },
    /// There is no such watch in the register.
    Missing {
        /// What to do.
        text: String,
    },
    /// It exists already, or a bound is reached.
    Conflict {
        /// Which.
        text: String,
    },
    /// The terms are not as they should be, or look for a person.
    Refused(WatchNote),
    /// The register cannot be read or changed; the program's log says why.
    Failed,
}

/// What is asked of the desk becomes this.
pub type WatchDone<T> = Pin<Box<dyn Future<Output = Result<T, WatchFault>> + Send>>;

/// Reads queries, does what editors ask for, and writes down that they did.
pub trait WatchDesk: Send + Sync {
    /// What there is to say about these terms. Nothing is changed, kept or told.
    fn check(&self, terms: WatchTerms) -> WatchDone<WatchReading>;

    /// Counts a query over the text that is held, and writes down who did it and why. Only the query and its purpose matter.
    fn try_query(&self, by: Option<AccountName>, terms: WatchTerms) -> WatchDone<WatchTrial>;

    /// Does it. `by`: who; `None` where nobody is asked who they are.
    fn act(&self, by: Option<AccountName>, act: WatchAct) -> WatchDone<()>;
}

fn problem(fault: WatchFault) -> Problem {
    match fault {
        WatchFault::Spent { text, seconds } => Problem::new(Code::TooManyRequests).detail(text).retry_after(seconds),
        WatchFault::NoText { text } | WatchFault::Missing { text } => Problem::new(Code::NotFound).detail(text),
        WatchFault::Conflict { text } => Problem::new(Code::Exists).detail(text),
        WatchFault::Refused(WatchNote { field, message, help, .. }) => {
            params::bad_body(&format!("{message}; {help}")).field(field)
        }
        WatchFault::Failed => Problem::new(Code::StoreUnavailable).detail("the program's log says why"),
    }
}

impl ServerState {
    /// Lets editors change watches from now on.
    pub fn open_watches(&self, desk: Arc<dyn WatchDesk>) {
        *self.watch_desk_slot().write().unwrap_or_else(PoisonError::into_inner) = Some(desk);
    }

    fn watch_desk(&self) -> Result<Arc<dyn WatchDesk>, Problem> {
        let desk = self.watch_desk_slot().read().unwrap_or_else(PoisonError::into_inner).clone();
        desk.ok_or_else(|| Problem::new(Code::NotFound).detail("watches are not changed here"))
    }

    pub(crate) async fn check_watch(&self, terms: WatchTerms) -> Result<WatchReading, Problem> {
        self.watch_desk()?.check(terms).await.map_err(problem)
    }

    pub(crate) async fn try_query(&self, by: Option<AccountName>, terms: WatchTerms) -> Result<WatchTrial, Problem> {
        self.watch_desk()?.try_query(by, terms).await.map_err(problem)
    }

    pub(crate) async fn act_on_watches(&self, by: Option<AccountName>, act: WatchAct) -> Result<(), Problem> {
        let desk = self.watch_desk()?;
        // A name that a file of watches has is not in the register; both together would keep the service from starting.
        if let WatchAct::Add(terms) = &act
            && self.status().watches().iter().any(|watch| watch.name.eq_ignore_ascii_case(&terms.name))
        {
            return Err(Problem::new(Code::Exists).detail("a watch of this name is in force"));
        }
        desk.act(by, act).await.map_err(problem)
    }
}
