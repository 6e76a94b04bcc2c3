use groundswell_gate::{Dimension, Figures, Outward, VolumeRow};
use groundswell_sketch::{Step, Window};

fn output(_thing: &impl Outward) {}

fn main() {
    output(&VolumeRow {
        window: Window::containing(Step::Minute, 0),
        dimension: Dimension::Total,
        value: String::new(),
        figures: Some(Figures { posts: 1, authors: 1 }),
        publisher_only: false,
        name_publishers: None,
    });
}
