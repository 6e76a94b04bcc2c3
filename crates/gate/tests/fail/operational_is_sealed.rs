use groundswell_gate::Operational;

struct Post;

impl Operational for Post {}

fn main() {}
