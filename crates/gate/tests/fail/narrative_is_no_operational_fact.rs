use groundswell_gate::{NarrativeRow, Released};

fn forge(row: NarrativeRow) -> Released<NarrativeRow> {
    Released::operational(row)
}

fn main() {}
