//! The counterpart: the same output takes what was released, so that the failures beside fail for the right reason.

use groundswell_gate::{Dimension, Gate, K, Outward, VolumeCandidate};
use groundswell_sketch::{Step, Window};

fn output(thing: &impl Outward) -> String {
    thing.to_json()
}

fn main() {
    let window = Window::containing(Step::Minute, 0);
    let rows = Gate::new(K::DEFAULT).release(VolumeCandidate { window, dimension: Dimension::Total, cells: Vec::new() });
    assert_eq!(output(&rows), "[]");
}
