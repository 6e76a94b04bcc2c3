//! The numbers under which dimensions and steps stand in the database. They never change their meaning.

use groundswell_gate::Dimension;
use groundswell_sketch::Step;

pub(crate) fn dimension_code(dimension: Dimension) -> i64 {
    i64::from(dimension.index())
}

pub(crate) const fn step_code(step: Step) -> i64 {
    match step {
        Step::Minute => 0,
        Step::Hour => 1,
        Step::Day => 2,
    }
}
