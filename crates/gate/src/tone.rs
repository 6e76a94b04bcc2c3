//! Tone at the gate: how negative, neutral and positive the posts of a watch's hour are in sum, by language.
//!
//! What is counted are posts in ten cells of [`Dimension::Tone`]: all that a watch matched in a language, and how each of them was read
//! in [`TONE_CELLS`] cells. None of these counts is ever shown. The nine are changed by the keys of the posts ([`crate::perturb`]), and
//! only then the shares are estimated from them, by whoever knows how; so shares tell no more of one person than nine changed counts do,
//! of which the person's post is in one.

use groundswell_sketch::{CellKey, Step, Window};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::K;
use crate::perturb::{NOISE, family};
use crate::released::{Released, sealed};
use crate::volume::{CandidateCell, Dimension, Figures, Gate, NotReleasable, VolumeCandidate};

/// Ways in which a post may have been read: which class is likeliest, and how sure that is.
pub const TONE_CELLS: usize = 9;

/// Fewer posts than this, as shown, have no tone: the error bar would be as wide as the answer.
pub const TONE_POSTS_MIN: u64 = 100;

/// Stands between the parts of a value; none of them can hold it.
const JOIN: char = '\u{1f}';

/// The value by which a watch's posts in a language are counted: all of them, or those of one cell.
pub fn tone_value(watch: &str, language: &str, cell: Option<usize>) -> String {
    match cell {
        Some(cell) => format!("{watch}{JOIN}{language}{JOIN}{cell}"),
        None => format!("{watch}{JOIN}{language}"),
    }
}

/// The watch, the language and the cell of such a value.
pub fn tone_of_value(value: &str) -> (&str, &str, Option<usize>) {
    let mut parts = value.split(JOIN);
    let (watch, language) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    (watch, language, parts.next().and_then(|cell| cell.parse().ok()).filter(|cell| *cell < TONE_CELLS))
}

/// From what shares are estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToneCounts {
    /// Posts by cell, as they were changed.
    pub posts: [u64; TONE_CELLS],
    /// By how much each was changed: the deviation squared. The error bar must hold it.
    pub noise: f64,
}

/// A share and its error bar, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToneShare {
    /// The likeliest.
    pub share: u8,
    /// The bar's lower end.
    pub low: u8,
    /// The bar's upper end.
    pub high: u8,
}

/// One row of the released table **tone**: a watch's posts of one hour in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToneRow {
    /// The closed hour.
    pub window: Window,
    /// The watch.
    pub watch: String,
    /// ISO 639-1.
    pub language: String,
    /// Posts that were read, and their authors, as shown.
    pub figures: Figures,
    /// Negative, neutral and positive; they add up to a hundred.
    pub shares: [ToneShare; 3],
}

impl sealed::Item for ToneRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Bar {
            share: f64,
            low: f64,
            high: f64,
        }
        let mut row = serializer.serialize_struct("ToneRow", 9)?;
        row.serialize_field("start", &self.window.start_text())?;
        row.serialize_field("step", self.window.step.as_str())?;
        row.serialize_field("watch", &self.watch)?;
        row.serialize_field("language", &self.language)?;
        row.serialize_field("posts", &self.figures.posts)?;
        row.serialize_field("authors", &self.figures.authors)?;
        for (name, ToneShare { share, low, high }) in ["negative", "neutral", "positive"].into_iter().zip(self.shares) {
            let [share, low, high] = [share, low, high].map(|hundredths| f64::from(hundredths) / 100.0);
            row.serialize_field(name, &Bar { share, low, high })?;
        }
        row.end()
    }
}

impl Gate {
    /// Says of a closed hour how the posts of watches sound, from cells of [`Dimension::Tone`] sorted by value. `estimate` is asked of a
    /// language and of counts that have been changed, and gives share, lower and upper end of negative, neutral and positive.
    ///
    /// # Panics
    /// If the cells are of another dimension.
    pub fn release_tone(
        &self,
        candidate: VolumeCandidate,
        estimate: impl Fn(&str, &ToneCounts) -> Option<[[f64; 3]; 3]>,
    ) -> Vec<Released<ToneRow>> {
        let VolumeCandidate { window, dimension, cells } = candidate;
        assert_eq!(dimension, Dimension::Tone, "the gate was about to show cells as tone that are none");
        if window.step != Step::Hour {
            return Vec::new();
        }
        let of = |cell: &CandidateCell| {
            let (watch, language, _) = tone_of_value(&cell.value);
            (watch.to_owned(), language.to_owned())
        };
        let mut rows = Vec::new();
        for cells in cells.chunk_by(|a, b| of(a) == of(b)) {
            let (watch, language) = of(&cells[0]);
            let Some(all) = cells.iter().find(|cell| cell.value == tone_value(&watch, &language, None)) else {
                continue;
            };
            let k = self.k().get();
            if !all.authors.has_at_least(k) {
                continue;
            }
            let figures = Figures { posts: all.posts, authors: all.authors.count() };
            let figures = self.shown(figures, all.key, family_of(window, &all.value), k);
            // By what is shown, so that the hundredth post is hidden as any other is.
            if figures.posts < TONE_POSTS_MIN {
                continue;
            }
            let counts = self.tone_counts(window, (&watch, &language), all.key, cells);
            let shares = estimate(&language, &counts).and_then(rounded);
            rows.extend(shares.map(|shares| Released::new(ToneRow { window, watch, language, figures, shares })));
        }
        rows
    }

    /// The nine counts, each changed by a draw of its own. Draws are by the key of all posts: that of a cell which is empty, or whose
    /// posts are all known, would be known too, and with it by how much it was changed.
    fn tone_counts(
        self,
        window: Window,
        (watch, language): (&str, &str),
        key: CellKey,
        cells: &[CandidateCell],
    ) -> ToneCounts {
        let mut posts = [0; TONE_CELLS];
        for cell in cells {
            if let (.., Some(nth)) = tone_of_value(&cell.value) {
                posts[nth] = cell.posts;
            }
        }
        for (nth, posts) in posts.iter_mut().enumerate() {
            *posts = self.changed(*posts, key, family_of(window, &tone_value(watch, language, Some(nth))));
        }
        ToneCounts { posts, noise: if self.is_exact() { 0.0 } else { NOISE } }
    }
}

fn family_of(window: Window, value: &str) -> u64 {
    family(&[Dimension::Tone.as_str().as_bytes(), window.step.as_str().as_bytes(), value.as_bytes()])
}

/// Shares in hundredths that add up to a hundred: the rest goes where rounding down took most. Bars are rounded outwards. `None` for what
/// is no share.
fn rounded(shares: [[f64; 3]; 3]) -> Option<[ToneShare; 3]> {
    let sum: f64 = shares.iter().map(|[share, ..]| share).sum();
    let are_shares = shares.iter().flatten().all(|share| (0.0..=1.0).contains(share)) && (sum - 1.0).abs() < 0.01;
    if !are_shares {
        return None;
    }
    let mut whole = shares.map(|[share, ..]| (share / sum * 100.0) as u8);
    let mut order = [0, 1, 2];
    order.sort_by(|a, b| {
        let lost = |at: &usize| shares[*at][0] / sum * 100.0 - f64::from(whole[*at]);
        lost(b).total_cmp(&lost(a))
    });
    let left = 100_u8.saturating_sub(whole.iter().sum());
    order.into_iter().take(usize::from(left)).for_each(|at| whole[at] += 1);
    let mut bars = [ToneShare { share: 0, low: 0, high: 0 }; 3];
    for ((bar, share), [_, low, high]) in bars.iter_mut().zip(whole).zip(shares) {
        let (low, high) = ((low * 100.0).floor() as u8, (high * 100.0).ceil() as u8);
        *bar = ToneShare { share, low: low.min(share), high: high.max(share) };
    }
    Some(bars)
}

/// Takes back a row that was released and stored. Checks again: the store is a file, and k may have been raised since.
pub fn readmit_tone(row: ToneRow, k: K) -> Result<Released<ToneRow>, NotReleasable> {
    let ToneRow { window, figures, shares, .. } = &row;
    let (step, k) = (window.step, k.get());
    if window.start.rem_euclid(step.seconds()) != 0 {
        return Err(NotReleasable::NotAligned { step });
    }
    let whole = shares.iter().map(|bar| u32::from(bar.share)).sum::<u32>() == 100
        && shares.iter().all(|bar| bar.low <= bar.share && bar.share <= bar.high && bar.high <= 100);
    if step != Step::Hour || figures.authors < k || figures.posts < TONE_POSTS_MIN || !whole {
        return Err(NotReleasable::ToneBelowK { k });
    }
    Ok(Released::new(row))
}

#[cfg(test)]
mod tests {
    use groundswell_sketch::Distinct;
    use proptest::prelude::*;

    use super::*;

    const HOUR: Window = Window { step: Step::Hour, start: 1_474_588_800 };

    fn cell(value: String, posts: u64, authors: u64) -> CandidateCell {
        let mut key = CellKey::default();
        (0..authors).for_each(|author| key.add(CellKey::of_author(author)));
        let authors = Distinct::of_number(authors);
        CandidateCell { value, posts, publisher_posts: 0, key, authors, name_publishers: None }
    }

    fn candidate(watch: &str, authors: u64, posts: [u64; TONE_CELLS]) -> VolumeCandidate {
        let mut cells = vec![cell(tone_value(watch, "en", None), posts.iter().sum(), authors)];
        for (nth, posts) in posts.into_iter().enumerate().filter(|(_, posts)| *posts > 0) {
            cells.push(cell(tone_value(watch, "en", Some(nth)), posts, authors.min(posts)));
        }
        VolumeCandidate { window: HOUR, dimension: Dimension::Tone, cells }
    }

    /// Labels counted, which is wrong and will do here.
    fn labels(_: &str, counts: &ToneCounts) -> Option<[[f64; 3]; 3]> {
        let all = counts.posts.iter().sum::<u64>() as f64;
        let share = |class: usize| counts.posts[class * 3..][..3].iter().sum::<u64>() as f64 / all;
        (all > 0.0).then(|| [0, 1, 2].map(|class| [share(class), share(class) / 2.0, f64::midpoint(share(class), 1.0)]))
    }

    #[test]
    fn a_row_says_shares_with_their_bars() {
        let rows =
            Gate::exact(K::DEFAULT).release_tone(candidate("floods", 60, [10, 20, 10, 20, 0, 0, 30, 0, 30]), labels);
        let rows: Vec<String> = rows.iter().map(crate::Outward::to_json).collect();
        assert_eq!(
            rows,
            [concat!(
                r#"{"start":"2016-09-23T00:00:00Z","step":"hour","watch":"floods","language":"en","posts":120,"authors":60,"#,
                r#""negative":{"share":0.33,"low":0.16,"high":0.67},"neutral":{"share":0.17,"low":0.08,"high":0.59},"#,
                r#""positive":{"share":0.5,"low":0.25,"high":0.75}}"#
            )]
        );
    }

    #[test]
    fn values_come_back() {
        assert_eq!(tone_of_value(&tone_value("floods", "en", Some(8))), ("floods", "en", Some(8)));
        assert_eq!(tone_of_value(&tone_value("floods", "en", None)), ("floods", "en", None));
        assert_eq!(tone_of_value("floods\u{1f}en\u{1f}9"), ("floods", "en", None));
    }

    #[test]
    fn other_windows_than_hours_and_other_languages_have_none() {
        let gate = Gate::exact(K::DEFAULT);
        let posts = [40, 0, 0, 40, 0, 0, 40, 0, 0];
        for step in [Step::Minute, Step::Day] {
            let window = Window { step, ..HOUR };
            assert!(gate.release_tone(VolumeCandidate { window, ..candidate("floods", 60, posts) }, labels).is_empty());
        }
        assert!(gate.release_tone(candidate("floods", 60, posts), |_, _| None).is_empty());
        assert_eq!(gate.release_tone(candidate("floods", 60, posts), labels).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_rests_on_fewer_than_k_authors_or_a_hundred_posts_as_shown(
            authors in 0_u64..40, posts in proptest::array::uniform9(0_u64..40), k in 5_u32..30, exact in any::<bool>()
        ) {
            let k = K::new(k).unwrap();
            let gate = if exact { Gate::exact(k) } else { Gate::new(k) };
            let all: u64 = posts.iter().sum();
            let authors = authors.min(all);
            let rows = gate.release_tone(candidate("floods", authors, posts), labels);
            if authors < k.get() || all + 4 < TONE_POSTS_MIN {
                prop_assert!(rows.is_empty());
            }
            if authors >= k.get() && all >= TONE_POSTS_MIN + 4 {
                prop_assert_eq!(rows.len(), 1);
            }
            for row in rows {
                prop_assert!(row.figures.posts >= TONE_POSTS_MIN && row.figures.authors >= k.get());
                prop_assert_eq!(row.shares.iter().map(|bar| u32::from(bar.share)).sum::<u32>(), 100);
                // What was released is taken back, and not by a k that it does not have.
                prop_assert!(readmit_tone((*row).clone(), k).is_ok());
                let more = K::new(row.figures.authors as u32 + 1).unwrap();
                let held_back = Err(NotReleasable::ToneBelowK { k: more.get() });
                prop_assert_eq!(readmit_tone(row.into_inner(), more), held_back);
            }
        }

        #[test]
        fn counts_that_are_estimated_from_are_at_most_four_away_and_always_the_same(posts in proptest::array::uniform9(0_u64..60)) {
            let counts = |gate: Gate| {
                let found = std::cell::RefCell::new(Vec::new());
                gate.release_tone(candidate("floods", 50, posts), |_, counts| {
                    found.borrow_mut().push(*counts);
                    None
                });
                found.into_inner()
            };
            let (once, again) = (counts(Gate::new(K::DEFAULT)), counts(Gate::new(K::DEFAULT)));
            prop_assert_eq!(&once, &again);
            for counts in once {
                prop_assert!(counts.posts.iter().zip(posts).all(|(changed, count)| changed.abs_diff(count) <= 4));
                prop_assert!(counts.noise > 6.0);
            }
            for counts in counts(Gate::exact(K::DEFAULT)) {
                prop_assert_eq!(counts, ToneCounts { posts, noise: 0.0 });
            }
        }
    }

    #[test]
    fn a_store_that_was_altered_gives_no_tone_back() {
        let rows = Gate::exact(K::DEFAULT).release_tone(candidate("floods", 60, [40; TONE_CELLS]), labels);
        let row = rows.into_iter().next().unwrap().into_inner();
        let below = Err(NotReleasable::ToneBelowK { k: 10 });
        let with = |change: &dyn Fn(&mut ToneRow)| {
            let mut row = row.clone();
            change(&mut row);
            readmit_tone(row, K::DEFAULT)
        };
        assert!(with(&|_| {}).is_ok());
        assert_eq!(with(&|row| row.figures.authors = 9), below);
        assert_eq!(with(&|row| row.figures.posts = 99), below);
        assert_eq!(with(&|row| row.shares[0].share += 1), below);
        assert_eq!(with(&|row| row.shares[0].low = 90), below);
        assert_eq!(with(&|row| row.window.step = Step::Minute), below);
        assert_eq!(with(&|row| row.window.start += 1), Err(NotReleasable::NotAligned { step: Step::Hour }));
    }
}
