//! The scrubber on real posts.
fn main() {}
