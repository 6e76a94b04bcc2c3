use groundswell_gate::Outward;

#[derive(serde::Serialize)]
struct Post {
    text: String,
}

impl Outward for Post {}

fn main() {}
