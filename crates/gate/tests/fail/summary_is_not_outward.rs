use groundswell_gate::Outward;
use groundswell_sketch::Summary;

fn output(_thing: &impl Outward) {}

fn main() {
    output(&Summary::new());
}
