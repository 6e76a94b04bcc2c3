//! Names of origins: scrubbed, at most 64 bytes, at most 1,000 different ones.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::scrub::{LinkSink, Scrubber};

/// The longest name of an origin, in bytes; what is longer is cut at a character.
pub const SOURCE_NAME_BYTES_MAX: usize = 64;

/// How many names of origins are told apart; later ones become [`OTHER_SOURCE`]. Counted in
/// [`crate::EdgeStats::source_names_folded`].
pub const SOURCE_NAMES_MAX: usize = 1_000;

/// What an origin beyond [`SOURCE_NAMES_MAX`] is called.
pub const OTHER_SOURCE: &str = "other";

/// Names by what the record said, shared by the workers of a process.
#[derive(Default)]
pub(crate) struct SourceNames {
    names: RwLock<HashMap<Box<str>, Arc<str>>>,
    folded: AtomicU64,
}

impl SourceNames {
    pub(crate) fn name(&self, raw: &str, scrubber: &mut Scrubber) -> Arc<str> {
        if let Some(name) = self.names.read().unwrap_or_else(PoisonError::into_inner).get(raw) {
            return Arc::clone(name);
        }
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= SOURCE_NAMES_MAX && !names.contains_key(raw) {
            self.folded.fetch_add(1, Ordering::Relaxed);
            return OTHER_SOURCE.into();
        }
        let name = names.entry(raw.into()).or_insert_with(|| tidy(raw, scrubber).into());
        Arc::clone(name)
    }

    pub(crate) fn folded(&self) -> u64 {
        self.folded.load(Ordering::Relaxed)
    }
}

fn tidy(raw: &str, scrubber: &mut Scrubber) -> String {
    let mut name = String::new();
    scrubber.scrub(raw.trim(), &mut name, &mut LinkSink::default());
    name.retain(|c| !c.is_control());
    if name.len() > SOURCE_NAME_BYTES_MAX {
        name.truncate(name.floor_char_boundary(SOURCE_NAME_BYTES_MAX));
        // A placeholder is kept whole or not at all.
        if let Some(open) = name.rfind('⟨')
            && !name[open..].contains('⟩')
        {
            name.truncate(open);
        }
    }
    if name.is_empty() { OTHER_SOURCE.to_owned() } else { name }
}
