//! Words that are written, by the word lists of Tesseract's language data (`tessdata_fast`, Apache-2.0).
//!
//! A `.traineddata` file is a number of components, a place each (-1: there is none), and the components. Two are read: which
//! characters there are, a line each, and a graph of words as a flat list of edges (`SquishedDawg` in Tesseract): an edge holds
//! a character, three flags (the last one of its node, backwards, a word may end here) and the node that it leads to.

use std::path::Path;

use groundswell_langid::training::letter;

const CHARACTERS: usize = 21;
const WORDS: usize = 19;

const LAST: u64 = 1;
const BACKWARDS: u64 = 2;
const WORD_ENDS: u64 = 4;
const FLAGS: u32 = 3;

/// The words of a list that are letters of one script alone, in small letters, in order, each once.
pub fn read(path: &Path, script: u16) -> Vec<Vec<u16>> {
    let file = std::fs::read(path).expect("Tesseract's data is installed, or --tesseract names where it is");
    let number = |at: usize, bytes: usize| -> i64 {
        let mut all = [0; 8];
        all[..bytes].copy_from_slice(&file[at..at + bytes]);
        i64::from_le_bytes(all)
    };
    let places: Vec<i64> = (0..number(0, 4)).map(|component| number(4 + component as usize * 8, 8)).collect();
    let component = |which: usize| -> &[u8] {
        let from = places[which];
        let to = places.iter().copied().filter(|place| *place > from).min().map_or(file.len(), |to| to as usize);
        &file[usize::try_from(from).expect("the component is there")..to]
    };
    let characters = std::str::from_utf8(component(CHARACTERS)).expect("characters are text");
    let mut lines = characters.lines();
    let count: usize = lines.next().and_then(|line| line.parse().ok()).expect("the number of characters");
    let characters: Vec<&str> = lines.take(count).map(|line| line.split(' ').next().unwrap_or_default()).collect();

    let graph = component(WORDS);
    // A magic number of two bytes, how many characters, how many edges.
    let known = u32::from_le_bytes(graph[2..6].try_into().expect("four bytes"));
    let (edges, _) = graph[10..].as_chunks::<8>();
    let bits = (u64::from(known) + 1).next_power_of_two().trailing_zeros();
    let mut words = Vec::new();
    let mut paths = vec![(0_usize, String::new())];
    while let Some((node, path)) = paths.pop() {
        for &edge in &edges[node..] {
            let edge = u64::from_le_bytes(edge);
            let flags = edge >> bits;
            if flags & BACKWARDS != 0 {
                break;
            }
            let word = format!("{path}{}", characters[(edge & ((1 << bits) - 1)) as usize]);
            let next = (edge >> (bits + FLAGS)) as usize;
            if flags & WORD_ENDS != 0 {
                words.extend(letters(&word, script));
            }
            if next != 0 {
                paths.push((next, word));
            }
            if flags & LAST != 0 {
                break;
            }
        }
    }
    words.sort_unstable();
    words.dedup();
    words
}

fn letters(word: &str, script: u16) -> Option<Vec<u16>> {
    let word = word.to_lowercase();
    word.chars().map(|c| letter(c).filter(|code| code >> 12 == script)).collect()
}
