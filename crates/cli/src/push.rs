//! Settings of the push door, and what stands between the server, which knows no sources, and the source behind the door.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use groundswell_serve::{
    IngestBatch, IngestDoor, IngestPacking, IngestReceipt, IngestRefusal, IngestRejection, ServerState, TOKEN_BYTES_MIN,
};
use groundswell_sources::push::{Packing, PushConfig, PushDoor, PushError, PushKey, UnpackError, push};
use groundswell_sources::{Clock, DecodeOptions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::inputs::LiveFeed;
use crate::kafka::secret;
use crate::pipeline::{Feed, Kept};
use crate::settings::Secret;

/// The push door.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PushSettings {
    /// File that holds the token which those who push must send; readable by its owner only. Without a token there is no door.
    pub(crate) token_file: PathBuf,
    /// The token itself; `token_file` is the better place. Never shown.
    pub(crate) token: Secret,
    /// How far out of order the posts of a stream may be, in seconds.
    pub(crate) late_seconds: u32,
}

impl Default for PushSettings {
    fn default() -> Self {
        Self { token_file: PathBuf::new(), token: Secret::default(), late_seconds: 600 }
    }
}

impl PushSettings {
    /// Checks what needs no file; an error names the setting.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.late_seconds > 86_400 {
            return Err(("push.late_seconds", format!("expected at most 86400, found {}", self.late_seconds)));
        }
        if !self.token_file.as_os_str().is_empty() && !self.token.0.is_empty() {
            return Err(("push.token", "expected token_file or token, found both".to_owned()));
        }
        Ok(())
    }
}

/// A door that is ready to be opened.
#[derive(Clone)]
pub(crate) struct OpenDoor {
    door: PushDoor,
    token: String,
}

impl OpenDoor {
    /// What is to be told of each checkpoint that is kept.
    pub(crate) fn kept(&self) -> Kept {
        let (door, name) = (self.door.clone(), PushConfig::default().name);
        Box::new(move |checkpoint| {
            if let Some(saved) = checkpoint.source(&name) {
                door.durability().committed(&saved.positions);
            }
        })
    }

    /// Opens it to whoever has the token.
    pub(crate) fn open(&self, state: &ServerState) {
        state.open_door(Arc::new(Behind(self.door.clone())), &self.token);
    }

    /// Opens it to whoever has another token, or to nobody.
    pub(crate) fn exchange(&mut self, token: Option<String>, state: &ServerState) {
        match token {
            Some(token) => {
                self.token = token;
                self.open(state);
            }
            None => state.close_door(),
        }
    }
}

/// The source and the door to it, where a token is configured.
pub(crate) fn feed(settings: &PushSettings, clock: &Arc<dyn Clock>) -> Result<Option<(LiveFeed, OpenDoor)>, Failure> {
    let Some(token) = token(settings)? else { return Ok(None) };
    let lateness = Duration::from_secs(u64::from(settings.late_seconds));
    let config = PushConfig { lateness, ..PushConfig::default() };
    let (door, source) = push(config, Arc::clone(clock));
    let feed = Feed { decode: DecodeOptions::default(), source: Box::new(source) };
    Ok(Some((LiveFeed { kind: "push", status: door.status(), feeds: None, feed }, OpenDoor { door, token })))
}

/// The token that opens the door, where one is configured.
pub(crate) fn token(settings: &PushSettings) -> Result<Option<String>, Failure> {
    let token = secret("push.token_file", &settings.token_file, &settings.token)?;
    if token.is_empty() {
        return Ok(None);
    }
    if token.len() < TOKEN_BYTES_MIN || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::usage_text(format!(
            "push.token: expected at least {TOKEN_BYTES_MIN} printable characters without spaces, found {} bytes; \
             `openssl rand -hex 32` makes one",
            token.len()
        )));
    }
    Ok(Some(token))
}

/// The source in the server's words.
struct Behind(PushDoor);

impl IngestDoor for Behind {
    fn take(&self, batch: IngestBatch) -> Result<IngestReceipt, IngestRefusal> {
        let key = batch.key.as_deref().map(str::parse::<PushKey>).transpose().map_err(refusal)?;
        let packing = match batch.packing {
            IngestPacking::Plain => Packing::Plain,
            IngestPacking::Gzip => Packing::Gzip,
            IngestPacking::Zstd => Packing::Zstd,
        };
        let taken = self.0.take(key.as_ref(), batch.body, packing, batch.patience).map_err(refusal)?;
        let shown = taken
            .shown
            .iter()
            .map(|shown| IngestRejection {
                line: shown.line,
                field: shown.rejection.field.as_str(),
                error: shown.rejection.kind.as_str(),
            })
            .collect();
        Ok(IngestReceipt {
            stream: taken.stream,
            number: taken.number,
            repeated: taken.repeated,
            lines: taken.lines,
            accepted: taken.accepted,
            rejected: taken.rejected,
            shown,
        })
    }

    fn is_durable(&self, receipt: &IngestReceipt) -> bool {
        self.0.durability().is_committed(&receipt.stream, receipt.number)
    }

    fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.durability().changes()
    }
}

fn refusal(error: PushError) -> IngestRefusal {
    let text = error.to_string();
    match error {
        PushError::Key => IngestRefusal::Key(text),
        PushError::Unpack(UnpackError::TooLarge) => IngestRefusal::TooLarge(text),
        PushError::Unpack(_) => IngestRefusal::Damaged(text),
        PushError::InWork | PushError::TooManyStreams => IngestRefusal::Conflict(text),
        _ => IngestRefusal::Busy(text),
    }
}
