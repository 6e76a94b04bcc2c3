//! What receivers of each kind would get, made by what sends it, and sent to nobody.

use groundswell_gate::{DetectionRow, Released};
use groundswell_store::Outgoing;

use crate::Office;
use crate::message::{self, Sender};

/// A message as a receiver of one kind would get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// `slack`, `teams`, `email` or `webhook`, as the configuration calls them. Kafka gets what a webhook gets.
    pub kind: &'static str,
    /// Subject of a mail.
    pub subject: Option<String>,
    /// Its whole body.
    pub body: String,
}

/// What a feed would send of a detection now. Reads the newest head of the audit log from the disk.
#[must_use]
pub fn previews(feed: &str, row: Released<DetectionRow>, office: &Office) -> Vec<Preview> {
    let sender = Sender {
        page: office.page.clone(),
        version: office.version.clone(),
        build: office.build.clone(),
        checkpoint: (office.checkpoint)(),
    };
    let out = Outgoing { id: 0, feed: feed.to_owned(), attempts: 0, key: String::new(), row };
    let (subject, text) = message::mail(std::slice::from_ref(&out), &sender);
    vec![
        Preview { kind: "slack", subject: None, body: message::slack(&out, &sender) },
        Preview { kind: "teams", subject: None, body: message::teams(&out, &sender) },
        Preview { kind: "email", subject: Some(subject), body: text },
        Preview { kind: "webhook", subject: None, body: message::webhook(&out, &sender) },
    ]
}
