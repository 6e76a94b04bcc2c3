//! Placeholder main, replaced below.
fn main() {}
