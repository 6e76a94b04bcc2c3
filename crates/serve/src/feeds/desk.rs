//! Where acts of editors go. The binary puts the register behind it: this crate has nothing that writes, and neither knows how texts are
//! held against the scrubber's rules nor where acts are written down.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};

use groundswell_gate::{DetectionRow, Released};
use groundswell_store::{FeedEdit, FeedSelection};

use crate::access::AccountName;
use crate::problem::{Code, Problem};
use crate::{ServerState, params};

/// What an editor does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FeedAct {
    /// Makes a feed.
    Add {
        /// Its name.
        name: String,
        /// What it selects.
        selection: FeedSelection,
    },
    /// Ends one.
    Remove {
        /// Its name.
        name: String,
    },
    /// Does something with one of its detections.
    Edit {
        /// The feed.
        feed: String,
        /// The detection's id.
        detection: String,
        /// What.
        edit: FeedEdit,
    },
}

/// Why an act was not done. Texts are for the editor and quote nothing that was sent but names of feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedFault {
    /// There is no such feed, or no such detection in it.
    Missing {
        /// Which.
        text: String,
    },
    /// It exists already, or a bound is reached.
    Conflict {
        /// Which.
        text: String,
    },
    /// It is not as it should be, or holds what is taken out of posts.
    Refused {
        /// Why.
        text: String,
    },
    /// The register cannot be changed; the program's log says why.
    Failed,
}

/// What an act becomes.
pub type FeedDone = Pin<Box<dyn Future<Output = Result<(), FeedFault>> + Send>>;

/// Does what editors ask for, and writes down that they did.
pub trait FeedDesk: Send + Sync {
    /// Does it. `by`: who; `None` where nobody is asked who they are.
    fn act(&self, by: Option<AccountName>, act: FeedAct) -> FeedDone;
}

/// A message as a receiver of one kind would get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryMessage {
    /// `slack`, `teams`, `email` or `webhook`.
    pub kind: &'static str,
    /// Subject of a mail.
    pub subject: Option<String>,
    /// Its whole body.
    pub body: String,
}

/// Shows what a feed would send. The binary puts what sends behind it: this crate knows no receiver.
pub trait DeliveryPreview: Send + Sync {
    /// Each kind of message of a detection by a feed, as it would be sent now. May read files.
    fn preview(&self, feed: &str, row: Released<DetectionRow>) -> Vec<DeliveryMessage>;
}

impl ServerState {
    /// Shows from now on what feeds would send.
    pub fn open_previews(&self, previews: Arc<dyn DeliveryPreview>) {
        *self.preview_slot().write().unwrap_or_else(PoisonError::into_inner) = Some(previews);
    }

    pub(crate) async fn preview(
        &self,
        feed: String,
        row: Released<DetectionRow>,
    ) -> Result<Vec<DeliveryMessage>, Problem> {
        let previews = self.preview_slot().read().unwrap_or_else(PoisonError::into_inner).clone();
        let previews = previews.ok_or_else(|| Problem::new(Code::NotFound).detail("nothing is sent from here"))?;
        let made = tokio::task::spawn_blocking(move || previews.preview(&feed, row)).await;
        made.map_err(|_| Problem::new(Code::StoreUnavailable).detail("the program's log says why"))
    }

    /// Lets editors change feeds from now on.
    pub fn open_feeds(&self, desk: Arc<dyn FeedDesk>) {
        *self.desk_slot().write().unwrap_or_else(PoisonError::into_inner) = Some(desk);
    }

    pub(crate) async fn act_on_feeds(&self, by: Option<AccountName>, act: FeedAct) -> Result<(), Problem> {
        let desk = self.desk_slot().read().unwrap_or_else(PoisonError::into_inner).clone();
        let desk = desk.ok_or_else(|| Problem::new(Code::NotFound).detail("feeds are not changed here"))?;
        desk.act(by, act).await.map_err(|fault| match fault {
            FeedFault::Missing { text } => Problem::new(Code::NotFound).detail(text),
            FeedFault::Conflict { text } => Problem::new(Code::Exists).detail(text),
            FeedFault::Refused { text } => params::bad_body(&text),
            FeedFault::Failed => Problem::new(Code::StoreUnavailable).detail("the program's log says why"),
        })
    }
}
