use groundswell_gate::{AmplificationCandidate, Outward};

fn output(_thing: &impl Outward) {}

fn leak(candidate: &AmplificationCandidate) {
    output(candidate);
}

fn main() {}
