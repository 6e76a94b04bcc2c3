use groundswell_gate::{DetectionRow, Outward};

fn leak(row: &DetectionRow) -> String {
    Outward::to_json(row)
}

fn main() {}
