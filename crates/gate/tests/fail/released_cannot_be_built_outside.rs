use groundswell_gate::{Released, VolumeRow};

fn forge(row: VolumeRow) -> Released<VolumeRow> {
    Released(row)
}

fn forge_by_function(row: VolumeRow) -> Released<VolumeRow> {
    Released::new(row)
}

fn main() {}
