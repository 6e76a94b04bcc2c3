use groundswell_gate::Outward;
use groundswell_sketch::CellKey;

fn output(_thing: &impl Outward) {}

fn main() {
    output(&CellKey::default());
}
