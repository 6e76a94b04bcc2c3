use groundswell_edge::PostKey;

fn main() {
    let _ = serde_json::to_string(&PostKey::from_bits(7));
}
