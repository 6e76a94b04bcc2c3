//! Windows, mergeable counts and distinct counts: what many workers' counting adds up with.
//!
//! On a post's way: stands between the workers' logs (`detect`) and the gate. Each worker folds the posts of a closed minute
//! into a [`Summary`]; only summaries are exchanged; the owner of a shard merges them in a [`CellTable`] and rolls the
//! minute up into its hour and its day.
//!
//! Main types: [`Window`] and [`Step`]; [`Distinct`], a distinct count that is exact up to [`EXACT_MAX`] authors and a
//! HyperLogLog above; [`Cell`] with its [`CellKey`]; [`Summary`], flat and cheap to send; [`CellTable`], the mergeable map.
//!
//! This crate does not know which dimensions there are: a dimension is a number here, its meaning is `gate`'s.
//!
//! ```
//! use groundswell_sketch::{CellTable, Posts, Step, Summary, Window};
//!
//! let minute = Window::containing(Step::Minute, 1_474_588_830);
//! assert_eq!(minute.start_text().to_string(), "2016-09-23T00:00:00Z");
//!
//! // Two workers saw "flood", one author (token 7) posted at both.
//! let (mut one, mut two) = (Summary::new(), Summary::new());
//! one.push(0xf100d, 0, "flood", Posts::by([7, 7, 9]), &[7, 9]);
//! two.push(0xf100d, 0, "flood", Posts::by([7, 11]), &[7, 11]);
//! let mut table = CellTable::new();
//! table.merge(&one);
//! table.merge(&two);
//! let cell = table.get(0, 0xf100d).unwrap();
//! assert_eq!((cell.posts, cell.authors.count()), (5, 3));
//! ```
//!
//! Invariants:
//! - Merging is associative, commutative and, for distinct counts, idempotent: counts are the same at any worker count
//!   (`distinct::tests::merging_is_a_union`, `table::tests::merging_is_the_same_in_any_split`).
//! - A [`Distinct`] is a function of the set of tokens alone, never of their order or of how they came together.
//! - What a full table prunes depends on the content of each partition alone, not on how many tables share them
//!   (`table::tests::pruning_keeps_the_largest_of_each_partition_however_they_are_spread`).
//! - Values and tokens leave this crate only to workers of the same cluster; `Debug` prints neither.
//!
//! Sources: Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog" (2007); Ertl, "New cardinality estimation algorithms for
//! HyperLogLog sketches" (arXiv:1702.01284, 2017), algorithm 6, for the estimator; Fraser and Wooton, "A proposed method
//! for confidentialising tabular output to protect against differencing" (2005), for cell keys; Hinnant, "chrono-compatible low-level
//! date algorithms", for civil dates.

#![forbid(unsafe_code)]

mod cell;
mod cell_key;
mod distinct;
mod hyperloglog;
mod saved;
mod summary;
mod table;
mod text_bits;
mod window;

pub use cell::Cell;
pub use cell_key::CellKey;
pub use distinct::{Distinct, EXACT_MAX};
pub use saved::{Counts, SavedCell, SavedCells};
pub use summary::{Authors, Carried, CellRef, Posts, Summary, VALUE_BYTES_MAX};
pub use table::{CellTable, PARTITIONS, Pruned, partition_of};
pub use text_bits::TextBits;
pub use window::{Rfc3339, Step, Window, WindowError};
