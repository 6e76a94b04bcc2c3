use groundswell_gate::{NarrativeCandidate, Outward};

fn output(_thing: &impl Outward) {}

fn leak(candidate: &NarrativeCandidate) {
    output(candidate);
}

fn main() {}
