use groundswell_edge::AuthorToken;
use groundswell_gate::Outward;

fn output(_thing: &impl Outward) {}

fn main() {
    output(&AuthorToken::from_bits(7));
}
