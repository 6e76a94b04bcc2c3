//! Reading labelled posts for `eval`, and a file's first bytes for `bench`: plain, gzip or zstd.

use std::fs::File;
use std::io::{BufReader, Read, Seek as _};
use std::path::Path;

use anyhow::Context as _;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The decompressed content, or its first `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> anyhow::Result<Vec<u8>> {
    let named = || format!("{}: cannot be read", path.display());
    let mut file = File::open(path).with_context(named)?;
    let mut magic = [0; 4];
    let known = file.read(&mut magic).with_context(named)?;
    file.rewind().with_context(named)?;
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> = if magic[..known].starts_with(&GZIP) {
        Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file)))
    } else if magic[..known] == ZSTD {
        Box::new(zstd::Decoder::new(file).with_context(named)?)
    } else {
        Box::new(file)
    };
    reader.take(max).read_to_end(&mut bytes).with_context(named)?;
    Ok(bytes)
}
