//! Unpacks the table of weights, so that the program has nothing to do when it starts.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=data/table.zst");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let packed = fs::read(manifest.join("data/table.zst")).expect("data/table.zst is in the repository");
    let table = zstd::decode_all(packed.as_slice()).expect("data/table.zst is a zstd file");
    fs::write(out.join("table.bin"), table).expect("OUT_DIR can be written");
}
