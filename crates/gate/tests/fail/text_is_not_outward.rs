use groundswell_edge::EdgePost;
use groundswell_gate::Outward;

fn output(_thing: &impl Outward) {}

fn main() {
    output(&EdgePost::default().text);
}
