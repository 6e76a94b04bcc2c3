//! Volumes at the gate: what a detector would like to say, and what may be said.

use std::fmt;

use groundswell_sketch::{CellKey, Distinct, Window};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use crate::K;
use crate::narrative::NAME_PUBLISHERS;
use crate::operational::AtLeast;
use crate::perturb::{family, noisy, perturb};
use crate::released::{Released, sealed};

/// Distinct authors that a country must have.
pub const REGION_K: u64 = 50;

/// The value under which the cells of a breakdown that are too small each are released together. A real value of this name
/// (a source may be called so) always belongs to it.
pub const OTHER: &str = "other";

/// What a volume is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// All posts; its one value is `all`.
    Total,
    /// A watch, by name.
    Watch,
    /// ISO 639-1 or `und`.
    Language,
    /// Name of the origin.
    Source,
    /// `person` or `publisher`.
    Kind,
    /// `post`, `reply`, `repost`, `quote`.
    Relation,
    /// Country, ISO 3166-1 alpha-2.
    Region,
    /// Hashtag without `#`, normal form.
    Hashtag,
    /// Registrable domain of a link.
    Domain,
    /// A word or an emoji, normal form.
    Term,
    /// A part of a watch's query, in posts that the watch matches; its value holds both ([`clause_value`]).
    Clause,
    /// Country that a post talks about, ISO 3166-1 alpha-2. Never where its author is.
    Mentioned,
    /// How posts sound that a watch matches, by language and cell ([`crate::tone_value`]). Counted and never shown: what is shown is
    /// estimated from these cells all together ([`Gate::release_tone`]).
    Tone,
    /// The two languages of a post that is in two, the one of the larger part first ([`languages_value`]).
    Languages,
}

/// The value by which a post in two languages is counted: `pt+en`.
pub fn languages_value(first: &str, second: &str) -> String {
    format!("{first}+{second}")
}

/// Stands between a watch's name and its clause; neither can hold it.
const CLAUSE_JOIN: char = '\u{1f}';

/// The value by which a clause of a watch is counted.
pub fn clause_value(watch: &str, clause: &str) -> String {
    format!("{watch}{CLAUSE_JOIN}{clause}")
}

/// The watch and the clause of such a value.
pub fn clause_of_value(value: &str) -> (&str, &str) {
    value.split_once(CLAUSE_JOIN).unwrap_or((value, ""))
}

/// What happens to a cell that does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    /// It was asked for by name: a row says that it is held back.
    Suppressed,
    /// It is one of a few: it goes into "other".
    Folded,
    /// It is one of very many: it is absent.
    Absent,
    /// It is absent, and so is one that is not below.
    Hidden,
}

impl Dimension {
    /// All dimensions that are shown, in the order of their [`index`](Self::index).
    pub const ALL: [Self; 13] = [
        Self::Total,
        Self::Watch,
        Self::Language,
        Self::Source,
        Self::Kind,
        Self::Relation,
        Self::Region,
        Self::Hashtag,
        Self::Domain,
        Self::Term,
        Self::Clause,
        Self::Mentioned,
        Self::Languages,
    ];

    /// How many there are, with those that are counted and never shown: their indexes are below it.
    pub const COUNTED: usize = Self::ALL.len() + 1;

    /// The word used in commands and outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Watch => "watch",
            Self::Language => "language",
            Self::Source => "source",
            Self::Kind => "kind",
            Self::Relation => "relation",
            Self::Region => "region",
            Self::Hashtag => "hashtag",
            Self::Domain => "domain",
            Self::Term => "term",
            Self::Clause => "clause",
            Self::Mentioned => "mentioned",
            Self::Tone => "tone",
            Self::Languages => "languages",
        }
    }

    /// Reads the word used in commands and outputs; `None` for what is never shown.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.as_str() == word)
    }

    /// The number by which `sketch` and the store know it. Fixed: it is in stores.
    pub const fn index(self) -> u8 {
        self as u8
    }

    /// The dimension with this number.
    pub fn from_index(index: u8) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Tone]).find(|dimension| dimension.index() == index)
    }

    /// Whether it has values without end, or very many: cells that few wrote are not kept for long.
    pub const fn is_open_ended(self) -> bool {
        matches!(self, Self::Hashtag | Self::Domain | Self::Term | Self::Clause)
    }

    /// Whether small cells are put together, for which the gate needs the sets of their authors and not only the numbers.
    pub const fn is_folded(self) -> bool {
        matches!(self.below(), Below::Folded)
    }

    const fn below(self) -> Below {
        match self {
            Self::Total | Self::Watch => Below::Suppressed,
            Self::Language | Self::Source | Self::Kind | Self::Relation | Self::Region => Below::Folded,
            // A post may mention several countries, so what is shown of them does not add up to anything that is known; and most posts
            // are in one language.
            Self::Hashtag | Self::Domain | Self::Term | Self::Clause | Self::Mentioned | Self::Languages => {
                Below::Absent
            }
            Self::Tone => Below::Hidden,
        }
    }

    fn k(self, k: K) -> u64 {
        if self == Self::Region { k.get().max(REGION_K) } else { k.get() }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One cell as counted, before the gate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateCell {
    /// The value of the dimension.
    pub value: String,
    /// All posts.
    pub posts: u64,
    /// Those of them that are publishers' items.
    pub publisher_posts: u64,
    /// Which of them are persons' posts; how the shown numbers are changed depends on it.
    pub key: CellKey,
    /// Distinct authors among persons. Still a set where cells are folded together ([`Dimension::is_folded`]), which needs the
    /// union; elsewhere the number is enough ([`Distinct::of_number`]).
    pub authors: Distinct,
    /// Where the value looks like a person's name: how many publishers carried it in the seven days before the window's end, counted as
    /// far as [`NAME_PUBLISHERS`]. `None` for what does not look like one.
    pub name_publishers: Option<u32>,
}

impl CandidateCell {
    fn is_publisher_only(&self) -> bool {
        self.posts > 0 && self.posts == self.publisher_posts && self.authors.count() == 0
    }

    fn passes(&self, k: u64) -> bool {
        (self.authors.has_at_least(k) || self.is_publisher_only()) && may_be_named(self.name_publishers)
    }

    fn absorb(&mut self, other: &Self) {
        self.posts += other.posts;
        self.publisher_posts += other.publisher_posts;
        self.key.add(other.key);
        self.authors.merge(&other.authors);
    }
}

impl fmt::Debug for CandidateCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CandidateCell(redacted)")
    }
}

/// A whole table of one window as counted. An open-ended dimension may come in several parts, each value in one of them;
/// of such a dimension, cells that cannot pass may be left out. All others come whole. Watches list all that are asked
/// for, also those that matched nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeCandidate {
    /// The closed window.
    pub window: Window,
    /// What it is counted by.
    pub dimension: Dimension,
    /// The cells, sorted by value.
    pub cells: Vec<CandidateCell>,
}

/// The two numbers of a released cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Posts in the window, as shown.
    pub posts: u64,
    /// Distinct authors among persons in the window, as shown.
    pub authors: u64,
}

/// One row of the released table **volumes** (CONTRACT section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeRow {
    /// The closed window.
    pub window: Window,
    /// What it is counted by.
    pub dimension: Dimension,
    /// The value of the dimension.
    pub value: String,
    /// `None` says that the cell is held back: it may be zero or anything below k.
    pub figures: Option<Figures>,
    /// It rests on publishers' items only, so no k applies. Kept so that the row can be checked when it is read back.
    pub publisher_only: bool,
    /// Of what looks like a person's name: how many publishers carried it. Kept likewise.
    pub name_publishers: Option<u32>,
}

/// Whether what looks like a person's name is carried by enough publishers (PRIVACY section 4); everything else may be said.
pub(crate) fn may_be_named(publishers: Option<u32>) -> bool {
    publishers.is_none_or(|publishers| publishers >= NAME_PUBLISHERS)
}

impl sealed::Item for VolumeRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// `{"watch":"river-floods"}`, `{"watch":"river-floods","clause":"flood*"}`
        struct By<'a>(Dimension, &'a str);
        impl Serialize for By<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if self.0 == Dimension::Clause {
                    let (watch, clause) = clause_of_value(self.1);
                    return serializer.collect_map([(Dimension::Watch.as_str(), watch), (self.0.as_str(), clause)]);
                }
                serializer.collect_map([(self.0.as_str(), self.1)])
            }
        }
        let mut row = serializer.serialize_struct("VolumeRow", 4 + usize::from(self.figures.is_some()))?;
        row.serialize_field("start", &self.window.start_text())?;
        row.serialize_field("step", self.window.step.as_str())?;
        row.serialize_field("by", &By(self.dimension, &self.value))?;
        match self.figures {
            Some(figures) => {
                row.serialize_field("posts", &figures.posts)?;
                row.serialize_field("authors", &figures.authors)?;
            }
            None => row.serialize_field("suppressed", &true)?,
        }
        row.end()
    }
}

/// The gate: decides by k what may be said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    k: K,
    exact: bool,
}

impl Gate {
    /// A gate with this k.
    pub const fn new(k: K) -> Self {
        Self { k, exact: false }
    }

    /// A gate that shows true counts. For simulated data, in which there is nobody to protect; k holds all the same.
    pub const fn exact(k: K) -> Self {
        Self { k, exact: true }
    }

    /// Figures that passed, as they are shown.
    pub(crate) fn shown(self, figures: Figures, key: CellKey, family: u64, k: u64) -> Figures {
        if self.exact { figures } else { perturb(figures, key, family, k) }
    }

    /// A count from which something is estimated that is shown, itself never shown: changed by the draw of a family.
    pub(crate) fn changed(self, count: u64, key: CellKey, family: u64) -> u64 {
        if self.exact { count } else { noisy(count, key, family) }
    }

    /// A count that rests on no content as it may be told: rounded down to a multiple of k.
    pub const fn at_least(&self, count: u64) -> AtLeast {
        if self.exact { AtLeast::exactly(count) } else { AtLeast::rounded(count, self.k) }
    }

    /// Whether it shows true counts.
    pub const fn is_exact(&self) -> bool {
        self.exact
    }

    /// Its k.
    pub const fn k(&self) -> K {
        self.k
    }

    /// Says of a closed window what may be said. Rows are sorted by value, "other" last.
    pub fn release(&self, candidate: VolumeCandidate) -> Vec<Released<VolumeRow>> {
        let VolumeCandidate { window, dimension, cells } = candidate;
        let k = dimension.k(self.k);
        let row = |cell: CandidateCell| self.released(window, dimension, cell);
        match dimension.below() {
            Below::Absent => cells.into_iter().filter(|cell| cell.passes(k)).map(row).collect(),
            Below::Suppressed => cells
                .into_iter()
                .map(|cell| if cell.passes(k) { row(cell) } else { suppressed(window, dimension, cell.value) })
                .collect(),
            Below::Folded => fold(cells, k).into_iter().map(row).collect(),
            Below::Hidden => Vec::new(),
        }
    }

    fn released(self, window: Window, dimension: Dimension, cell: CandidateCell) -> Released<VolumeRow> {
        let k = dimension.k(self.k);
        let publisher_only = cell.is_publisher_only();
        let mut figures = Figures { posts: cell.posts, authors: cell.authors.count() };
        assert!(publisher_only || figures.authors >= k, "the gate was about to release a cell below k");
        let name_publishers = cell.name_publishers;
        assert!(may_be_named(name_publishers), "the gate was about to release a name that publishers do not carry");
        if !publisher_only {
            let family =
                family(&[dimension.as_str().as_bytes(), window.step.as_str().as_bytes(), cell.value.as_bytes()]);
            figures = self.shown(figures, cell.key, family, k);
        }
        let figures = Some(figures);
        Released::new(VolumeRow { window, dimension, value: cell.value, figures, publisher_only, name_publishers })
    }

    /// Says of a watch, or of all posts, that nothing can be said of a closed window. This holds whatever was counted, so
    /// it can be said without looking, and a reader may make up such rows for windows in which a watch has none.
    pub fn suppressed(window: Window, dimension: Dimension, value: String) -> Option<Released<VolumeRow>> {
        (dimension.below() == Below::Suppressed).then(|| suppressed(window, dimension, value))
    }
}

fn suppressed(window: Window, dimension: Dimension, value: String) -> Released<VolumeRow> {
    Released::new(VolumeRow { window, dimension, value, figures: None, publisher_only: false, name_publishers: None })
}

/// Puts cells that do not pass together as [`OTHER`]; where that still does not pass, the smallest of those that do joins.
fn fold(cells: Vec<CandidateCell>, k: u64) -> Vec<CandidateCell> {
    let (mut passing, failing): (Vec<_>, Vec<_>) =
        cells.into_iter().partition(|cell| cell.value != OTHER && cell.passes(k));
    let mut failing = failing.into_iter();
    let Some(mut other) = failing.next() else { return passing };
    OTHER.clone_into(&mut other.value);
    failing.for_each(|cell| other.absorb(&cell));
    while !other.passes(k) {
        // A publishers' cell would add no author. Ties go by value, so that the same cells always fold the same way.
        let smallest = (0..passing.len())
            .filter(|at| !passing[*at].is_publisher_only())
            .min_by_key(|at| (passing[*at].authors.count(), passing[*at].posts, &passing[*at].value));
        let Some(smallest) = smallest else { return passing };
        other.absorb(&passing.remove(smallest));
    }
    passing.push(other);
    passing
}

/// Why a row that was read back is not released again. Holds no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotReleasable {
    /// Its figures rest on fewer authors than k.
    #[error("a stored row of dimension {dimension} rests on fewer than {k} authors")]
    BelowK {
        /// What it is counted by.
        dimension: Dimension,
        /// What it would need.
        k: u64,
    },
    /// A narrative, or what happened to one, rests on fewer authors than k or was released by a lower k.
    #[error("a stored narrative was released by less than k = {k}")]
    NarrativeBelowK {
        /// What it would need.
        k: u64,
    },
    /// An amplification rests on fewer authors than k or was released by a lower k.
    #[error("a stored amplification was released by less than k = {k}")]
    AmplificationBelowK {
        /// What it would need.
        k: u64,
    },
    /// A detection rests on fewer authors than k or was released by a lower k.
    #[error("a stored detection was released by less than k = {k}")]
    DetectionBelowK {
        /// What it would need.
        k: u64,
    },
    /// It looks like a person's name, and nothing says that enough publishers carried it.
    #[error(
        "a stored row of dimension {dimension} looks like a name that fewer than {NAME_PUBLISHERS} publishers carried"
    )]
    NameNotCarried {
        /// What it is counted by.
        dimension: Dimension,
    },
    /// It is of a dimension that is counted and never shown.
    #[error("a stored row of dimension {dimension}, which is never shown")]
    Hidden {
        /// What it is counted by.
        dimension: Dimension,
    },
    /// The tone of a watch's hour rests on fewer authors than k or on too few posts, or is of no whole hour.
    #[error("a stored row of tone was not released by a k of {k}")]
    ToneBelowK {
        /// What it would need.
        k: u64,
    },
    /// It says "held back" of something that nobody asked for by name.
    #[error("a stored row of dimension {dimension} is marked as suppressed, which only total and watch can be")]
    NotNamed {
        /// What it is counted by.
        dimension: Dimension,
    },
    /// A burst rests on fewer authors than k, was released by a lower one, or is of a dimension that bursts are not told of.
    #[error("a stored burst was not released by a k of {k}")]
    BurstBelowK {
        /// What it would need.
        k: u64,
    },
    /// Its window does not start where windows of its step do.
    #[error("a stored row's window does not start at a whole {step}")]
    NotAligned {
        /// The step it claims.
        step: groundswell_sketch::Step,
    },
}

/// Takes back a row that was released and stored. Checks k again: the store is a file, and k may have been raised since.
pub fn readmit(row: VolumeRow, k: K) -> Result<Released<VolumeRow>, NotReleasable> {
    let VolumeRow { window, dimension, figures, publisher_only, name_publishers, .. } = &row;
    // Words are counted one by one, so a term of several is what looked like a name.
    let is_name = name_publishers.is_some() || *dimension == Dimension::Term && row.value.contains(' ');
    let may_be_named = !is_name || name_publishers.is_some_and(|publishers| publishers >= NAME_PUBLISHERS);
    let (dimension, k) = (*dimension, dimension.k(k));
    if window.start.rem_euclid(window.step.seconds()) != 0 {
        return Err(NotReleasable::NotAligned { step: window.step });
    }
    match figures {
        _ if dimension.below() == Below::Hidden => Err(NotReleasable::Hidden { dimension }),
        Some(_) if !may_be_named => Err(NotReleasable::NameNotCarried { dimension }),
        None if dimension.below() != Below::Suppressed => Err(NotReleasable::NotNamed { dimension }),
        Some(figures) if figures.authors < k && !(*publisher_only && figures.authors == 0) => {
            Err(NotReleasable::BelowK { dimension, k })
        }
        _ => Ok(Released::new(row)),
    }
}

#[cfg(test)]
mod tests;
