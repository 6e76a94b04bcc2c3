//! Unpacks the table of weights and makes the table of letters, so that the program has nothing to do when it starts.

use std::path::PathBuf;
use std::{env, fs};

use unicode_normalization::UnicodeNormalization;

/// Characters below this have an entry in the table of letters.
const LETTERS: u32 = 0x2000;
/// In an entry: the kind above twelve bits of code.
const KIND_SHIFT: u32 = 12;
/// Kinds 0 to 3 are the scripts that several languages share, as in `script.rs`; then these.
const KIND_MARK: u16 = 13;
const KIND_OTHER_LETTER: u16 = 14;
const KIND_GAP: u16 = 15;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=data/table.zst");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let packed = fs::read(manifest.join("data/table.zst")).expect("data/table.zst is in the repository");
    let table = zstd::decode_all(packed.as_slice()).expect("data/table.zst is a zstd file");
    fs::write(out.join("table.bin"), table).expect("OUT_DIR can be written");
    let letters: Vec<u8> = (0..LETTERS).flat_map(|code| entry(code).to_le_bytes()).collect();
    fs::write(out.join("letters.bin"), letters).expect("OUT_DIR can be written");
    fs::write(out.join("composed.bin"), composed()).expect("OUT_DIR can be written");
    let forms = FORMS.into_iter().flatten().flat_map(form).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    fs::write(out.join("forms.bin"), forms).expect("OUT_DIR can be written");
}

/// Letters of Arabic as they look at a place in a word, and ligatures.
const FORMS: [std::ops::RangeInclusive<u32>; 2] = [0xfb50..=0xfdff, 0xfe70..=0xfefc];

/// The letters that such a form stands for: the first two, 0 where there is none.
fn form(point: u32) -> [u16; 2] {
    let Some(c) = char::from_u32(point) else { return [0; 2] };
    let mut letters = c.nfkc().map(|c| entry(u32::from(c))).filter(|entry| entry >> KIND_SHIFT < 4);
    [letters.next().unwrap_or(0), letters.next().unwrap_or(0)]
}

/// Letter, mark, composed letter: for text that writes accents apart. In order, for binary search.
fn composed() -> Vec<u8> {
    let mut rows = Vec::new();
    for point in 0..LETTERS {
        let Some(c) = char::from_u32(point).filter(|c| entry(u32::from(*c)) >> KIND_SHIFT < 4) else { continue };
        let mut parts = Vec::new();
        unicode_normalization::char::decompose_canonical(c, |part| parts.push(part));
        let Some(mark) = parts.pop().filter(|_| !parts.is_empty() && c.to_lowercase().eq([c])) else { continue };
        let base =
            parts.into_iter().reduce(|base, mark| unicode_normalization::char::compose(base, mark).unwrap_or(base));
        if let Some(base) = base
            // Unicode composes none of the letters with a dot below of Devanagari again.
            && (mark == '\u{93c}' || unicode_normalization::char::compose(base, mark) == Some(c))
        {
            rows.push([code(base), u32::from(mark) as u16, code(c)]);
        }
    }
    rows.sort_unstable();
    rows.into_iter().flatten().flat_map(u16::to_le_bytes).collect()
}

fn entry(point: u32) -> u16 {
    let Some(c) = char::from_u32(point) else { return KIND_GAP << KIND_SHIFT };
    if matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{93c}' | '\u{ad}')
    {
        return KIND_MARK << KIND_SHIFT;
    }
    // The vowel signs of Devanagari are letters here: they tell Hindi from Marathi.
    let sign = matches!(c, '\u{900}'..='\u{903}' | '\u{93a}'..='\u{93b}' | '\u{93e}'..='\u{94f}' | '\u{955}'..='\u{957}' | '\u{962}'..='\u{963}');
    if !c.is_alphabetic() && !sign {
        return KIND_GAP << KIND_SHIFT;
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    let script = match lower {
        '\0'..='\u{2af}' | '\u{1e00}'..='\u{1eff}' => 0,
        '\u{400}'..='\u{52f}' => 1,
        '\u{600}'..='\u{6ff}' => 2,
        '\u{900}'..='\u{97f}' => 3,
        _ => return KIND_OTHER_LETTER << KIND_SHIFT,
    };
    (script << KIND_SHIFT) | code(lower)
}

/// Twelve bits tell the letters of the shared scripts apart: Latin's second block moves where none of them is.
fn code(lower: char) -> u16 {
    let point = u32::from(lower) as u16;
    if point >= 0x1e00 { point - 0x1e00 + 0xe00 } else { point }
}
