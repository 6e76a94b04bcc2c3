//! Windows, mergeable counts and distinct counts.
//! (Skeleton: the types below are fixed; the sketch helper writes the rest.)

mod window;

pub use window::{Step, Window};
