use groundswell_gate::{AmplificationRow, Outward};

fn output(_thing: &impl Outward) {}

fn leak(row: &AmplificationRow) {
    output(row);
}

fn main() {}
