//! The table is the one that its provenance is recorded for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[test]
fn the_checksum_is_as_recorded() {
    let packed = include_bytes!("../data/table.zst").as_slice();
    assert!(packed.len() <= 2_000_000);
    let checksum = blake3::hash(&zstd::decode_all(packed).unwrap()).to_hex();
    assert!(include_str!("../data/README.md").contains(checksum.as_str()), "the table's checksum is {checksum}");
}
