use groundswell_gate::{BurstCandidate, Outward};

fn output(_thing: &impl Outward) {}

fn leak(candidate: &BurstCandidate) {
    output(candidate);
}

fn main() {}
