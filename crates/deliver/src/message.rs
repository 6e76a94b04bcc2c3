//! What is said to a receiver, in its form. All of it was released.

use std::fmt::Write as _;

use groundswell_gate::{DetectionRow, ObjectType, Outward as _};
use groundswell_store::Outgoing;
use serde_json::{Value, json};

/// What stands below every message: which program sent it, and how its log stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sender {
    /// Scheme and host at which the page is reached; empty where nobody said.
    pub(crate) page: String,
    pub(crate) version: String,
    pub(crate) build: String,
    pub(crate) checkpoint: Option<String>,
}

impl Sender {
    fn link(&self, row: &DetectionRow) -> Option<String> {
        (!self.page.is_empty()).then(|| format!("{}{}", self.page, row.evidence.page))
    }
}

/// The body of a webhook: `type`, `timestamp` and `data`, as Standard Webhooks recommends.
pub(crate) fn webhook(out: &Outgoing, sender: &Sender) -> String {
    let detection: Value = serde_json::from_str(&out.row.to_json()).unwrap_or(Value::Null);
    json!({
        "type": "detection",
        "timestamp": out.row.detected_at.to_string(),
        "data": {
            "feed": out.feed,
            "detection": detection,
            "url": sender.link(&out.row),
            "program": { "version": sender.version, "build": sender.build, "checkpoint": sender.checkpoint },
        },
    })
    .to_string()
}

/// `burst · severity high · experimental`, in a reader's words.
fn kind_line(row: &DetectionRow) -> String {
    let kind = match row.evidence.object {
        Some(ObjectType::Text) => "same text by many".to_owned(),
        Some(ObjectType::Link) => "link by many".to_owned(),
        Some(ObjectType::Hashtag) => "hashtag by many".to_owned(),
        None => row.kind.to_string(),
    };
    format!("{kind} · severity {} · {}", row.severity, row.maturity)
}

/// As Slack wants it: these three would be marks of its own.
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A message of Slack's incoming webhooks.
pub(crate) fn slack(out: &Outgoing, sender: &Sender) -> String {
    let row = &out.row;
    // The page has the command, and everything else; where nobody said at which address it is reached, the command is what there is.
    let further = sender
        .link(row)
        .map_or_else(|| format!("`{}`", slack_text(&row.evidence.command)), |link| format!("<{link}|Look at it>"));
    let text = format!(
        "*{}*\n{}\n{} · feed {}\n{further}",
        // A star or underscore of a title would be a mark; what is quoted stands between these already.
        slack_text(&row.title).replace('*', "∗"),
        slack_text(&row.summary),
        kind_line(row),
        out.feed,
    );
    json!({ "text": text, "unfurl_links": false, "unfurl_media": false }).to_string()
}

/// Text of an adaptive card reads a little Markdown; what would be a link or a mark of it is made none.
fn card_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '[' | ']' | '*' | '_' | '`' | '\\' | '#') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// A message for a workflow of Teams: an adaptive card.
pub(crate) fn teams(out: &Outgoing, sender: &Sender) -> String {
    let row = &out.row;
    let block = |text: String, weight: &str, subtle: bool| json!({ "type": "TextBlock", "text": text, "wrap": true, "weight": weight, "isSubtle": subtle });
    let mut body = vec![
        block(card_text(&row.title), "bolder", false),
        block(card_text(&row.summary), "default", false),
        block(format!("{} · feed {}", kind_line(row), card_text(&out.feed)), "default", true),
    ];
    let mut actions = Vec::new();
    match sender.link(row) {
        Some(link) => actions.push(json!({ "type": "Action.OpenUrl", "title": "Look at it", "url": link })),
        None => body.push(json!({ "type": "TextBlock", "text": card_text(&row.evidence.command), "wrap": true, "fontType": "monospace", "isSubtle": true })),
    }
    let card = json!({
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": body,
        "actions": actions,
    });
    let attachment =
        json!({ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card });
    json!({ "type": "message", "attachments": [attachment] }).to_string()
}

/// Subject and text of a mail.
pub(crate) fn mail(items: &[Outgoing], sender: &Sender) -> (String, String) {
    let subject = match items {
        [one] => one.row.title.clone(),
        several => {
            let feed = several.first().map_or("", |first| first.feed.as_str());
            format!("Groundswell {feed}: {} detections", several.len())
        }
    };
    let mut text = String::new();
    for out in items {
        let row = &out.row;
        let _ = write!(
            text,
            "{}\n\n{}\n\n{}, detected at {} (event time), method {} version {}\nRecompute: {}\n",
            row.title,
            row.summary,
            kind_line(row),
            row.detected_at,
            row.evidence.method.name,
            row.evidence.method.version,
            row.evidence.command,
        );
        if let Some(link) = sender.link(row) {
            let _ = writeln!(text, "{link}");
        }
        text.push_str("\n----\n\n");
    }
    let _ = writeln!(text, "Groundswell {}, build {}", sender.version, sender.build);
    if let Some(checkpoint) = &sender.checkpoint {
        let _ = write!(text, "Head of its audit log:\n\n{checkpoint}");
    }
    (subject, text)
}
