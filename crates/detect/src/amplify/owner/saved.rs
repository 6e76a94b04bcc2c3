//! [`SavedAmplifications`]: the owner's families in a checkpoint.
//!
//! What a process has of a text is not written: it is a post's, and after a restart no deletion would find it. So it looks for copies
//! anew; what it finds of a text that is known here joins it, under the number it was told of before.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::super::judge::Minutes;
use super::super::owned::{Owned, SavedFamily};
use super::super::push::SavedPush;
use super::super::words::Token;
use super::{Amplifications, Slot, keys_for};
use crate::packed::{Bytes, put, take};

/// Families that k authors carry, with the words that k authors wrote, and numbers; links and hashtags that k authors wrote.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct SavedAmplifications(Bytes);

#[derive(Serialize, Deserialize)]
struct All {
    closed_before: i64,
    posts: Minutes,
    families: Vec<SavedFamily>,
    pushes: Vec<SavedPush>,
}

impl<'de> Deserialize<'de> for SavedAmplifications {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = Self(Bytes::deserialize(deserializer)?);
        match saved.read() {
            Some(_) => Ok(saved),
            None => Err(D::Error::custom("saved families are cut off or altered")),
        }
    }
}

impl fmt::Debug for SavedAmplifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedAmplifications({} bytes, redacted)", self.0.0.len())
    }
}

impl SavedAmplifications {
    fn read(&self) -> Option<All> {
        let mut rest = self.0.0.as_slice();
        let all = take(&mut rest)?;
        rest.is_empty().then_some(all)
    }
}

impl Amplifications {
    /// What it knows of minutes that are closed.
    pub fn save(&self) -> SavedAmplifications {
        let families = (0..)
            .zip(&self.families)
            .filter_map(|(at, family)| family.as_ref()?.save(self.k, self.waiting.contains(&at)));
        let all = All {
            closed_before: self.closed_before,
            posts: self.all.clone(),
            families: families.collect(),
            pushes: self.pushes.save(self.k),
        };
        let mut bytes = Vec::new();
        put(&mut bytes, &all);
        SavedAmplifications(Bytes(bytes.into()))
    }

    /// Takes back what was saved, before anything is merged.
    pub fn restore(&mut self, saved: &SavedAmplifications) {
        let Some(all) = saved.read() else { return };
        self.closed_before = self.closed_before.max(all.closed_before);
        self.all.take(&all.posts);
        self.pushes.restore(all.pushes);
        for saved in all.families {
            let (at, waiting) = (self.families.len(), saved.waiting);
            let family = Owned::from_saved(saved);
            let tokens: Vec<Token> = family.sequence().into_iter().map(|(_, token)| token).collect();
            for key in keys_for(&tokens) {
                self.index.note(key, Slot::single(at), 0);
            }
            if waiting {
                self.waiting.insert(at);
            }
            if family.id.is_some() {
                self.amplified.insert(at);
            }
            self.families.push(Some(family));
            self.measure(at);
        }
    }
}
