//! The `groundswell` binary.
fn main() {}
