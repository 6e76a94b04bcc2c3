struct Leak(String);

impl groundswell_gate::released::sealed::Item for Leak {}

fn main() {}
