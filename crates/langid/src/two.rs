//! Texts in two languages: one behind the other, or each in a script of its own.

use crate::{
    Identified, Language, PROBABILITY_MIN, features,
    languages::{GROUPS, Group},
    letters::{CHARS_MAX, EDGE, Letters, room},
    of_script,
    script::Script,
    script_of,
    sum::{LANES_MAX, Sum},
    table,
};

/// What a text is in, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Two {
    /// The language of the larger part, or [`Language::UND`].
    pub first: Identified,
    /// That of the smaller part; [`Language::UND`] where there is but one.
    pub second: Identified,
    /// The larger part's share of the letters; 1 where there is but one language.
    pub share: f32,
}

impl Two {
    const fn one(first: Identified) -> Self {
        Self { first, second: Identified::UND, share: 1.0 }
    }

    /// `None` where the parts are no two languages.
    fn of(one: (Identified, u32), other: (Identified, u32)) -> Option<Self> {
        let ((first, letters), (second, fewer)) = if one.1 >= other.1 { (one, other) } else { (other, one) };
        let told = |found: Identified| found.language != Language::UND && found.probability >= PROBABILITY_MIN;
        let two = told(first) && told(second) && first.language != second.language && fewer >= PART_LETTERS_MIN;
        two.then(|| Self { first, second, share: letters as f32 / (letters + fewer) as f32 })
    }
}

/// Fewer letters than this are a name or a loan, and no second language.
const PART_LETTERS_MIN: u32 = 12;

/// By how many steps of a score two languages must explain a text better than one does. Chosen on the labelled sentences that
/// were looked at, glued (`tests/two.rs`).
const GAIN_MIN: i32 = 60;

/// The two languages of a text that is in two, one behind the other or each in a script of its own; else the one that
/// [`identify`](crate::identify) says. A text that goes to and fro between languages of one script is cut once, where that
/// explains most.
///
/// ```
/// use groundswell_langid::identify_two;
///
/// let two = identify_two("The river is rising and nobody came. Niemand weiß, wann das Wasser wieder fällt.");
/// assert_eq!((two.first.language.code(), two.second.language.code()), ("de", "en"));
/// assert!(two.share > 0.5 && two.share < 0.6);
/// ```
pub fn identify_two(text: &str) -> Two {
    let mut buffer = [EDGE; room(CHARS_MAX)];
    let letters = Letters::of(text, &mut buffer);
    let found = in_scripts(&letters).or_else(|| one_behind_the_other(&letters));
    found.unwrap_or_else(|| Two::one(crate::identify(text)))
}

/// The two scripts of most letters, if they are of two languages.
fn in_scripts(letters: &Letters<'_>) -> Option<Two> {
    let first = script_of(letters)?;
    // Japanese has three scripts.
    let eastern = |script| matches!(script, Script::Han | Script::Kana);
    let others = Script::ALL.into_iter().filter(|&script| script != first && !(eastern(first) && eastern(script)));
    let second = others.max_by_key(|&script| letters.counts[script as usize])?;
    let part = |script: Script| (of_script(script, letters, Sum::new), letters.counts[script as usize]);
    Two::of(part(first), part(second))
}

/// The cut between two words that explains a text of one script best.
fn one_behind_the_other(letters: &Letters<'_>) -> Option<Two> {
    let place = script_of(letters)? as usize;
    let group = GROUPS.get(place)?;
    let languages = group.languages.len();
    let mut ends = Vec::new();
    let mut behind = vec![[0; LANES_MAX]];
    let symbols = letters.symbols();
    let mut began = 0;
    for (at, _) in symbols.iter().enumerate().skip(1).filter(|&(_, &symbol)| symbol == EDGE) {
        let scores = scores(group, place, &symbols[began..=at]).0;
        let last = behind[behind.len() - 1];
        behind.push(std::array::from_fn(|lane| last[lane] + scores[lane]));
        ends.push(at);
        began = at;
    }
    let total = behind[behind.len() - 1];
    let most = |scores: &dyn Fn(usize) -> i32| (0..languages).map(scores).max().unwrap_or(0);
    let alone = most(&|lane| total[lane]);
    let (gain, end) = ends
        .iter()
        .zip(&behind[1..])
        .map(|(&end, before)| (most(&|lane| before[lane]) + most(&|lane| total[lane] - before[lane]) - alone, end))
        .max_by_key(|&(gain, end)| (gain, std::cmp::Reverse(end)))?;
    if gain < GAIN_MIN {
        return None;
    }
    let part = |symbols: &[u16]| {
        let (scores, rows) = scores(group, place, symbols);
        let (lane, probability) = crate::confidence::likeliest(&scores, languages + 1, rows);
        let found = group.languages.get(lane).map_or(Identified::UND, |&language| Identified { language, probability });
        (found, symbols.iter().filter(|&&symbol| symbol != EDGE).count() as u32)
    };
    Two::of(part(&symbols[..=end]), part(&symbols[end..]))
}

fn scores(group: &Group, place: usize, symbols: &[u16]) -> ([i32; LANES_MAX], u32) {
    let mut sum = Sum::new(group, table::part(place));
    features::rows(group, symbols, |_| (), |rows| sum.add(rows));
    sum.finish()
}
