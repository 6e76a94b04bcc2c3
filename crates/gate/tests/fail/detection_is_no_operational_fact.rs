use groundswell_gate::{DetectionRow, Released};

fn forge(row: DetectionRow) -> Released<DetectionRow> {
    Released::operational(row)
}

fn main() {}
