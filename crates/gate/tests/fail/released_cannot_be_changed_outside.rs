use groundswell_gate::{Figures, Released, VolumeRow};

fn forge(row: &mut Released<VolumeRow>) {
    row.figures = Some(Figures { posts: 1, authors: 1 });
}

fn main() {}
