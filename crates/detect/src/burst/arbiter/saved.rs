//! [`SavedArbiter`]: the bursts that are open, what was told of them, and how many the stream has had, in a checkpoint.

use std::fmt;

use groundswell_gate::{AuthorBits, BurstType};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Arbiter, BurstNews, Experience, Live};
use crate::packed::{Bytes, put, take};

/// Open bursts, each of which k authors carry. Without who wrote.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct SavedArbiter(Bytes);

impl<'de> Deserialize<'de> for SavedArbiter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = Self(Bytes::deserialize(deserializer)?);
        match saved.parts() {
            Some(_) => Ok(saved),
            None => Err(D::Error::custom("saved bursts are cut off or altered")),
        }
    }
}

impl fmt::Debug for SavedArbiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedArbiter({} bytes, redacted)", self.0.0.len())
    }
}

impl SavedArbiter {
    fn parts(&self) -> Option<(Vec<(u64, Live)>, Experience)> {
        let mut rest = self.0.0.as_slice();
        if rest.is_empty() {
            return Some((Vec::new(), Experience::new()));
        }
        let parts: (Vec<(u64, Live)>, Experience) = take(&mut rest)?;
        (rest.is_empty() && parts.1.is_whole()).then_some(parts)
    }
}

impl Arbiter {
    /// What it knows when all shards have told of all minutes that any has told of.
    pub fn save(&self) -> SavedArbiter {
        let live: Vec<(u64, Live)> = self
            .live
            .iter()
            .map(|(hash, live)| {
                let mut live = live.clone();
                live.news.bits = AuthorBits::default();
                (*hash, live)
            })
            .collect();
        let mut bytes = Vec::new();
        put(&mut bytes, &(live, &self.experience));
        SavedArbiter(Bytes(bytes.into()))
    }

    /// Takes back what was saved, before the first minute.
    pub fn restore(&mut self, saved: &SavedArbiter) {
        if let Some((live, experience)) = saved.parts() {
            // Narratives begin anew: of these nobody says any more when they end.
            let of_before = live.iter().filter(|(_, live)| live.news.kind == BurstType::Narrative);
            self.orphans.extend(of_before.map(|(_, live)| BurstNews { end: Some(live.news.to), ..live.news.clone() }));
            self.live.extend(live);
            self.experience = experience;
        }
    }
}
