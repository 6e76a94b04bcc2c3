use groundswell_gate::{Released, VolumeRow};

fn forge(row: VolumeRow) -> Released<VolumeRow> {
    Released::operational(row)
}

fn main() {}
