use groundswell_gate::{Dimension, Outward, VolumeCandidate};
use groundswell_sketch::{Step, Window};

fn output(_thing: &impl Outward) {}

fn main() {
    let window = Window::containing(Step::Minute, 0);
    output(&VolumeCandidate { window, dimension: Dimension::Total, cells: Vec::new() });
}
