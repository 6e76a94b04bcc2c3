use groundswell_edge::AuthorToken;

fn main() {
    let _ = serde_json::to_string(&AuthorToken::from_bits(7));
}
