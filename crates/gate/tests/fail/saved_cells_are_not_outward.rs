use groundswell_gate::Outward;
use groundswell_sketch::SavedCells;

fn output(_thing: &impl Outward) {}

fn main() {
    output(&SavedCells::default());
}
