//! Words of scripts that are written without spaces: ICU4X's dictionaries for Chinese and Japanese, Thai and Lao in a form that is
//! read several times faster, with the same words found.
//!
//! ICU's tries are small on disk and slow to walk: the first letter of each word is looked for among thousands of branches by steps
//! of a few bytes, and each letter goes through the grapheme rules and two more iterators. Here a trie is two flat lists in breadth-first order, in
//! which the children of a node stand side by side, sorted, and the first letter is looked up in a table; for Thai and Lao, whose letters fit, a
//! mask of 128 bits says which letters lead on.
//! The lists are made from ICU's at a script's first stretch in a process, so the words are always those of the
//! version in the lock file. Burmese and Khmer, whose clusters of letters depend on more than one letter, are left to ICU.

use std::fmt;
use std::sync::OnceLock;

use icu_provider::{DataIdentifierBorrowed, DataMarkerAttributes, DataProvider, DataRequest, DynamicDataMarker};
use icu_segmenter::provider::{Baked, DictionaryBreakData, SegmenterDictionaryAutoV2, SegmenterDictionaryExtendedV2};

use crate::chars::Info;

/// A letter of a stretch that is cut by dictionary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter {
    pub(crate) value: char,
    pub(crate) info: Info,
    pub(crate) script: Option<Script>,
    /// Where it stands in the text, in bytes.
    pub(crate) at: u32,
}

/// The scripts that have a dictionary here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    ChineseOrJapanese,
    Thai,
    Lao,
}

/// The script of a letter as ICU's segmenter parts stretches, and `None` where cutting is left to ICU.
#[inline]
pub(crate) const fn script(letter: char) -> Option<Script> {
    match letter {
        '\u{4e00}'..='\u{9fff}'
        | '\u{3041}'..='\u{3096}'
        | '\u{309d}'..='\u{309f}'
        | '\u{2e80}'..='\u{2e99}'
        | '\u{2e9b}'..='\u{2ef3}'
        | '\u{2f00}'..='\u{2fd5}'
        | '\u{3005}'
        | '\u{3007}'
        | '\u{3021}'..='\u{3029}'
        | '\u{3038}'..='\u{303b}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{f900}'..='\u{fa6d}'
        | '\u{fa70}'..='\u{fad9}'
        | '\u{20000}'..='\u{2a6df}' => Some(Script::ChineseOrJapanese),
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' => Some(Script::Thai),
        '\u{e81}'
        | '\u{e82}'
        | '\u{e84}'
        | '\u{e86}'..='\u{e8a}'
        | '\u{e8c}'..='\u{ea2}'
        | '\u{ea5}'
        | '\u{ea7}'..='\u{ebd}'
        | '\u{ec0}'..='\u{ec4}'
        | '\u{ec6}'
        | '\u{ec8}'..='\u{ece}'
        | '\u{edc}'..='\u{edf}' => Some(Script::Lao),
        _ => None,
    }
}

/// Whether a letter of these scripts is one cluster with what stands before it (UAX 29, `Extend` and `SpacingMark`).
#[inline]
const fn joins(letter: char) -> bool {
    matches!(
        letter,
        '\u{e31}' | '\u{e33}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}' | '\u{eb1}' | '\u{eb3}'..='\u{ebc}' | '\u{ec8}'..='\u{ece}'
    )
}

/// A word ends at this node.
const WORD: u32 = 1;
/// No word goes on here.
const LEAF: u32 = 2;
const SHIFT: u32 = 2;

/// The words of a script.
pub(crate) struct Dictionary {
    /// Of each node, the UTF-16 unit that leads to it.
    units: Box<[u16]>,
    /// Of each node, its first child, shifted, and [`WORD`] and [`LEAF`]. The children end where those of the next node begin; one more
    /// entry ends those of the last.
    nodes: Box<[u32]>,
    /// Of each node, which letters lead on, by their distance from the lowest letter of the script; empty for a script of more.
    masks: Box<[u128]>,
    lowest: u16,
    /// Of each unit, the node that it leads to from the root, 0 where none begins with it; empty where there are masks.
    first: Box<[u32]>,
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dictionary({} nodes)", self.units.len())
    }
}

impl Dictionary {
    /// The one of the process.
    pub(crate) fn of(script: Script) -> &'static Self {
        static DICTIONARIES: [OnceLock<Dictionary>; 3] = [const { OnceLock::new() }; 3];
        DICTIONARIES[script as usize].get_or_init(|| match script {
            Script::ChineseOrJapanese => Self::load::<SegmenterDictionaryAutoV2>("cjdict"),
            Script::Thai => Self::load::<SegmenterDictionaryExtendedV2>("thaidict"),
            Script::Lao => Self::load::<SegmenterDictionaryExtendedV2>("laodict"),
        })
    }

    fn load<M>(name: &'static str) -> Self
    where
        M: icu_provider::DataMarker + DynamicDataMarker<DataStruct = DictionaryBreakData<'static>>,
        Baked: DataProvider<M>,
    {
        let id = DataIdentifierBorrowed::for_marker_attributes(DataMarkerAttributes::from_str_or_panic(name));
        let response = Baked.load(DataRequest { id, ..DataRequest::default() });
        let words = match response.expect("compiled in with icu_segmenter").payload.get() {
            DictionaryBreakData::Char16Trie(trie) => Words::of(trie.iter2().map(|(word, _)| word)),
            DictionaryBreakData::ZeroTrie { alphabet, trie } => {
                let alphabet: Vec<char> = alphabet.iter_chars().collect();
                let mut words = Words::default();
                // Depth first, as `iter2` goes: what was met on the way down, and which child comes next.
                let mut word = String::new();
                let mut path = vec![(trie.cursor(), 0)];
                while let Some((cursor, child)) = path.last_mut() {
                    if *child == 0 && cursor.take_value().is_some() {
                        words.push(&word);
                    }
                    let mut below = cursor.clone();
                    if let Some(found) = below.probe(*child) {
                        *child += 1;
                        word.push(alphabet[usize::from(found.byte)]);
                        path.push((below, 0));
                    } else {
                        word.pop();
                        path.pop();
                    }
                }
                words
            }
        };
        Self::new(&words)
    }

    fn new(words: &Words) -> Self {
        // Breadth first: of each node, the words below it and how long they are here.
        let mut below = vec![(0, words.ends.len(), 0)];
        let (mut units, mut nodes) = (vec![0], Vec::new());
        while let Some(&(mut from, to, len)) = below.get(nodes.len()) {
            let is_word = from < to && words.get(from).len() == len;
            from += usize::from(is_word);
            let flags = if is_word { WORD } else { 0 } | if from == to { LEAF } else { 0 };
            nodes.push((below.len() as u32) << SHIFT | flags);
            while from < to {
                let unit = words.get(from)[len];
                let same = (from..to).take_while(|&word| words.get(word)[len] == unit).count();
                units.push(unit);
                below.push((from, from + same, len + 1));
                from += same;
            }
        }
        nodes.push((below.len() as u32) << SHIFT);
        let children = |node: usize| nodes[node] as usize >> SHIFT..nodes[node + 1] as usize >> SHIFT;
        let (lowest, highest) =
            units[1..].iter().fold((u16::MAX, 0), |(low, high), &unit| (low.min(unit), high.max(unit)));
        let mut first = Vec::new();
        let masks = if u32::from(highest.saturating_sub(lowest)) < u128::BITS {
            let mask = |node| children(node).fold(0, |mask, child| mask | 1 << (units[child] - lowest));
            (0..units.len()).map(mask).collect()
        } else {
            first.resize(1 << 16, 0);
            children(0).for_each(|node| first[usize::from(units[node])] = node as u32);
            Box::default()
        };
        Self { units: units.into(), nodes: nodes.into(), masks, lowest, first: first.into() }
    }

    /// The node that a letter leads to.
    #[inline]
    fn step(&self, node: u32, letter: char) -> Option<u32> {
        if let Ok(unit) = u16::try_from(u32::from(letter)) {
            return self.step_unit(node, unit);
        }
        let mut units = [0; 2];
        letter.encode_utf16(&mut units).iter().try_fold(node, |node, &unit| self.step_unit(node, unit))
    }

    #[inline]
    fn step_unit(&self, node: u32, unit: u16) -> Option<u32> {
        if let Some(mask) = self.masks.get(node as usize) {
            let bit = u32::from(unit.wrapping_sub(self.lowest));
            return (bit < u128::BITS && mask >> bit & 1 != 0)
                .then(|| self.child(node) + (mask & ((1 << bit) - 1)).count_ones());
        }
        if node == 0 {
            return Some(self.first[usize::from(unit)]).filter(|&child| child != 0);
        }
        let (from, to) = (self.child(node), self.child(node + 1));
        let at = self.units[from as usize..to as usize].binary_search(&unit).ok()?;
        Some(from + at as u32)
    }

    /// A node's first child.
    #[inline]
    fn child(&self, node: u32) -> u32 {
        self.nodes[node as usize] >> SHIFT
    }

    /// Of letters of one script, how many are the first segment: the longest word that they begin with, if it ends where a cluster does;
    /// where no word fits, all that was looked at, as ICU has it.
    pub(crate) fn segment(&self, letters: &[Letter]) -> usize {
        let is_boundary = |at: usize| letters.get(at).is_none_or(|next| !joins(next.value));
        let (mut node, mut longest) = (0, None);
        for (at, letter) in letters.iter().enumerate() {
            let end = at + 1;
            let flags = match self.step(node, letter.value) {
                Some(below) => {
                    node = below;
                    self.nodes[below as usize]
                }
                None => LEAF,
            };
            if flags & WORD != 0 && is_boundary(end) {
                longest = Some(end);
            }
            if flags & LEAF != 0 {
                let whole = || (end..letters.len()).find(|&end| is_boundary(end)).unwrap_or(letters.len());
                return longest.unwrap_or_else(whole);
            }
        }
        longest.unwrap_or(letters.len())
    }
}

/// Words in UTF-16, sorted, one behind the other.
#[derive(Default)]
struct Words {
    units: Vec<u16>,
    ends: Vec<u32>,
}

impl Words {
    fn of(words: impl Iterator<Item = String>) -> Self {
        let mut all = Self::default();
        words.for_each(|word| all.push(&word));
        all
    }

    fn push(&mut self, word: &str) {
        self.units.extend(word.encode_utf16());
        self.ends.push(self.units.len() as u32);
    }

    fn get(&self, word: usize) -> &[u16] {
        let from = word.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.units[from as usize..self.ends[word] as usize]
    }
}
