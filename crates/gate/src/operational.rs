//! What may be shown because it rests on no post's content: the state of sources, the register of watches, counters.

use std::collections::BTreeMap;

use groundswell_sketch::{Step, Window};
use serde::{Serialize, Serializer};

use crate::released::sealed::{Item, Sealed};

/// Marks things that rest on no post's content. Sealed: a new one is a change to this crate, and is reviewed as one.
#[diagnostic::on_unimplemented(message = "`{Self}` is no operational fact", note = "it must pass the gate")]
pub trait Operational: Sealed {}

/// A time to the minute: finer ones could be one person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(i64);

impl Minute {
    /// The minute that holds a Unix second.
    pub const fn containing(unix: i64) -> Self {
        Self(Window::containing(Step::Minute, unix).start)
    }

    /// Its first second, Unix time.
    pub const fn unix(self) -> i64 {
        self.0
    }
}

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        groundswell_sketch::Rfc3339(self.0).serialize(serializer)
    }
}

macro_rules! operational {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl Item for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let fields = [$(stringify!($field),)*].len();
                let mut out = serializer.serialize_struct(stringify!($name), fields)?;
                $(out.serialize_field(stringify!($field), &self.$field)?;)*
                out.end()
            }
        }
        impl Sealed for $name {}
        impl Operational for $name {}
    };
}

operational! {
    /// One configured source.
    SourceStatus {
        /// Its configured name.
        name: String,
        /// Which kind of source: `jetstream`, `file`, `simulator`, …
        kind: String,
        /// `connecting`, `live`, `waiting`, `done`, `failed`, …
        state: String,
        /// What an operator should know, in a sentence; holds nothing of any post.
        detail: Option<String>,
        /// Posts read.
        posts: u64,
        /// Records that could not be read.
        rejected: u64,
        /// How often it had to connect anew.
        reconnects: u64,
        /// The newest event time seen, to the minute.
        last_event: Option<Minute>,
        /// Posts a second, lately.
        rate: f64,
    }
}

operational! {
    /// One watch, as everyone who can read any output can read it (PRIVACY section 7).
    WatchEntry {
        /// Its name.
        name: String,
        /// The query as written.
        query: String,
        /// The query as understood.
        parenthesised: String,
        /// The purpose's category.
        category: String,
        /// The purpose's sentence.
        sentence: String,
        /// When it was made, RFC 3339 or a date.
        created: String,
        /// When it ends.
        sunset: String,
        /// `active` or `ended`.
        state: String,
    }
}

operational! {
    /// The running engine.
    EngineStatus {
        /// Its version.
        version: String,
        /// Whether any of its posts are made up.
        simulated: bool,
        /// The gate's k.
        k: u64,
        /// Workers in the cluster.
        workers: usize,
        /// Before this minute everything is closed.
        watermark: Option<Minute>,
        /// Named counters.
        counters: BTreeMap<String, u64>,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{EngineStatus, Minute, SourceStatus};
    use crate::{Outward, Released};

    #[test]
    fn facts_are_shown_to_the_minute() {
        let source = SourceStatus {
            name: "bluesky".to_owned(),
            kind: "jetstream".to_owned(),
            state: "live".to_owned(),
            detail: None,
            posts: 12,
            rejected: 1,
            reconnects: 2,
            last_event: Some(Minute::containing(1_474_588_859)),
            rate: 1.5,
        };
        insta::assert_snapshot!(Released::operational(source).to_json(), @r#"{"name":"bluesky","kind":"jetstream","state":"live","detail":null,"posts":12,"rejected":1,"reconnects":2,"last_event":"2016-09-23T00:00:00Z","rate":1.5}"#);
        let engine = EngineStatus {
            version: "0.1.0".to_owned(),
            simulated: true,
            k: 10,
            workers: 2,
            watermark: None,
            counters: BTreeMap::from([("late".to_owned(), 3)]),
        };
        insta::assert_snapshot!(Released::operational(engine).to_json(), @r#"{"version":"0.1.0","simulated":true,"k":10,"workers":2,"watermark":null,"counters":{"late":3}}"#);
    }
}
