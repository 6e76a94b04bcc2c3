//! How many of many posts are negative, neutral and positive: by adjusted counting, with an error bar.
//!
//! Counting labels is wrong, and the more so the further a day is from the mix that the labels were learnt from: an answer
//! that is right six times of ten turns a day of nothing but anger into one of sixty per cent. So posts are only counted into
//! [`CELLS`] (which class, how sure), and the shares are those under which the counts are likeliest, given how often posts of
//! each class fall into each cell. That was measured, by language, on posts that the weights had not seen
//! (`measured.rs`). The error bar holds both errors: that of having so many posts, and that of having measured on so few.
//!
//! What it does not hold: that posts of another time or platform may be misread at other rates than those measured, and that
//! copies of one post are one opinion. See `docs/methods/tone.md`.

use crate::{
    languages::{LANGUAGES, Language},
    measured::ERRORS,
    post::Tone,
};

/// Which class is likeliest (three), and whether its probability is below a half, below .65, or above (three).
pub const CELLS: usize = 9;

/// Fewer posts than this in a language have no share: the bar would be as wide as the answer.
pub const POSTS_MIN: u64 = 100;

impl Language {
    /// Whether shares are told of posts in it. Hindi is read so little better than by chance that its shares are noise, whatever their
    /// bar says: with it, shares over all languages were within five points in 75 of 180 mixes, and without it in 166.
    pub fn is_told(self) -> bool {
        self != Self::Hi
    }
}

/// Standard errors to each side: 95 % of a normal distribution.
const WIDTH: f64 = 1.96;

/// Steps of the search for the likeliest shares.
const STEPS_MAX: u32 = 500;
/// Shares that move less than this have been found.
const STILL: f64 = 1e-7;

/// The cell of a post.
pub fn cell(tone: Tone) -> usize {
    let label = tone.label() as usize;
    let sure = tone.probabilities[label];
    label * 3 + usize::from(sure >= 0.5) + usize::from(sure >= 0.65)
}

/// Posts by language and cell: whole numbers that add up, and all that is kept of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [[u64; CELLS]; LANGUAGES],
}

/// A share and its error bar, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The likeliest.
    pub share: f64,
    /// The bar's lower end.
    pub low: f64,
    /// The bar's upper end.
    pub high: f64,
}

/// What many posts are in sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prevalence {
    /// Negative, neutral and positive. Shares add up to one.
    pub shares: [Share; 3],
    /// Posts that this is of.
    pub posts: u64,
}

impl Prevalence {
    /// Of posts in one language that somebody has counted, in the order of [`cell`]. `noise`: each count was changed at random before,
    /// by so much (the deviation squared), which the bar then holds too. `None` as of [`Tally::prevalence`].
    pub fn of_counts(language: Language, counts: &[u64; CELLS], noise: f64) -> Option<Self> {
        let posts = total(counts);
        let tells = posts >= POSTS_MIN && language.is_told();
        tells.then(|| adjust(counts, &ERRORS[language as usize], noise).prevalence(posts))
    }
}

impl Tally {
    /// Counts one post.
    pub fn add(&mut self, language: Language, tone: Tone) {
        let count = &mut self.counts[language as usize][cell(tone)];
        *count = count.saturating_add(1);
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.as_flattened_mut().iter_mut().zip(other.counts.as_flattened()) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    /// Posts of one language; `None` for fewer than [`POSTS_MIN`], and for Hindi, which is read too badly.
    pub fn prevalence(&self, language: Language) -> Option<Prevalence> {
        Prevalence::of_counts(language, &self.counts[language as usize], 0.0)
    }

    /// Posts of all languages that have enough of them and are read well enough, each language adjusted by its own errors; `None` if none has.
    pub fn over_languages(&self) -> Option<Prevalence> {
        let mut sum = Adjusted::default();
        let mut posts = 0;
        for language in Language::ALL.into_iter().filter(|language| language.is_told()) {
            let (counts, errors) = (&self.counts[language as usize], &ERRORS[language as usize]);
            if total(counts) < POSTS_MIN {
                continue;
            }
            let adjusted = adjust(counts, errors, 0.0);
            let weight = total(counts) as f64;
            posts += total(counts);
            for class in 0..3 {
                sum.shares[class] += weight * adjusted.shares[class];
                sum.variances[class] += weight * weight * adjusted.variances[class];
            }
        }
        let all = posts as f64;
        sum.shares = sum.shares.map(|share| share / all);
        sum.variances = sum.variances.map(|variance| variance / (all * all));
        (posts > 0).then(|| sum.prevalence(posts))
    }
}

fn total(counts: &[u64; CELLS]) -> u64 {
    counts.iter().sum()
}

#[derive(Clone, Copy, Debug, Default)]
struct Adjusted {
    shares: [f64; 3],
    variances: [f64; 3],
}

impl Adjusted {
    fn prevalence(self, posts: u64) -> Prevalence {
        let mut shares = [Share { share: 0.0, low: 0.0, high: 0.0 }; 3];
        for (class, share) in shares.iter_mut().enumerate() {
            let bar = WIDTH * self.variances[class].sqrt();
            let at = self.shares[class];
            *share = Share { share: at, low: (at - bar).max(0.0), high: (at + bar).min(1.0) };
        }
        Prevalence { shares, posts }
    }
}

/// The likeliest shares of the classes in these counts, and their variances, when posts of each class were measured to fall
/// into the cells so often.
fn adjust(counts: &[u64; CELLS], errors: &[[u32; CELLS]; 3], noise: f64) -> Adjusted {
    let posts = counts.iter().sum::<u64>() as f64;
    // Half a post in each cell keeps what was never measured from being impossible.
    let measured = errors.map(|row| row.map(|count| f64::from(count) + 0.5));
    let weights = measured.map(|row| row.iter().sum::<f64>());
    let mut rates = measured;
    for (row, weight) in rates.iter_mut().zip(weights) {
        row.iter_mut().for_each(|rate| *rate /= weight);
    }
    let expected = |shares: &[f64; 3], cell: usize| (0..3).map(|class| shares[class] * rates[class][cell]).sum::<f64>();
    // Expectation and maximisation: each step is likelier than the one before, and shares stay shares.
    let mut shares = [1.0 / 3.0; 3];
    for _ in 0..STEPS_MAX {
        let mut next = [0.0; 3];
        for cell in 0..CELLS {
            let by = counts[cell] as f64 / posts / expected(&shares, cell);
            (0..3).for_each(|class| next[class] += shares[class] * rates[class][cell] * by);
        }
        let moved = (0..3).map(|class| (next[class] - shares[class]).abs()).fold(0.0, f64::max);
        shares = next;
        if moved < STILL {
            break;
        }
    }
    Adjusted { shares, variances: variances(&shares, &rates, weights, posts, noise) }
}

/// By the delta method: the shares are, near the truth, a linear function of the cells' shares; these err by their number, and
/// what is expected of them errs by how often it was measured. A count that was changed moves its cell's share and those of all others.
fn variances(shares: &[f64; 3], rates: &[[f64; CELLS]; 3], weights: [f64; 3], posts: f64, noise: f64) -> [f64; 3] {
    let mut expected = [0.0; CELLS];
    for (cell, expected) in expected.iter_mut().enumerate() {
        *expected = (0..3).map(|class| shares[class] * rates[class][cell]).sum();
    }
    // The two free shares are negative and positive; neutral is the rest.
    let slope = |cell: usize| [rates[0][cell] - rates[1][cell], rates[2][cell] - rates[1][cell]];
    let mut information = [[0.0; 2]; 2];
    for (cell, expected) in expected.iter().enumerate() {
        let slope = slope(cell);
        for (row, slopes) in information.iter_mut().zip(slope) {
            (0..2).for_each(|at| row[at] += slopes * slope[at] / expected);
        }
    }
    let [[a, b], [_, d]] = information;
    let determinant = (a * d - b * b).max(f64::MIN_POSITIVE);
    let inverse = [[d / determinant, -b / determinant], [-b / determinant, a / determinant]];
    // How much each cell's share moves negative, neutral and positive.
    let mut moves = [[0.0; CELLS]; 3];
    for cell in 0..CELLS {
        let slope = slope(cell);
        let by = |row: [f64; 2]| (row[0] * slope[0] + row[1] * slope[1]) / expected[cell];
        let (negative, positive) = (by(inverse[0]), by(inverse[1]));
        (moves[0][cell], moves[1][cell], moves[2][cell]) = (negative, -negative - positive, positive);
    }
    moves.map(|moves| {
        // Of a multinomial with these shares, tried so often.
        let spread = |of: &[f64; CELLS], tried: f64| {
            let mean: f64 = of.iter().zip(moves).map(|(share, by)| share * by).sum();
            of.iter().zip(moves).map(|(share, by)| share * (by - mean) * (by - mean)).sum::<f64>() / tried
        };
        let measured: f64 =
            (0..3).map(|class| shares[class] * shares[class] * spread(&rates[class], weights[class])).sum();
        let mean: f64 = expected.iter().zip(moves).map(|(share, by)| share * by).sum();
        let changed: f64 = moves.iter().map(|by| (by - mean) * (by - mean)).sum::<f64>() * noise / (posts * posts);
        spread(&expected, posts) + measured + changed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERRORS: [[u32; CELLS]; 3] = [
        [40, 90, 150, 30, 30, 10, 25, 20, 5],
        [30, 30, 10, 60, 100, 90, 30, 30, 20],
        [20, 15, 5, 40, 40, 20, 40, 90, 130],
    ];

    /// Whole numbers without a generator of them: cells in proportion, so that nothing but the method can be off.
    fn counts(shares: [f64; 3], posts: f64) -> [u64; CELLS] {
        std::array::from_fn(|cell| {
            let share: f64 = (0..3)
                .map(|class| {
                    let all: f64 = ERRORS[class].iter().map(|&count| f64::from(count) + 0.5).sum();
                    shares[class] * (f64::from(ERRORS[class][cell]) + 0.5) / all
                })
                .sum();
            (share * posts).round() as u64
        })
    }

    #[test]
    fn any_mix_is_found_again() {
        for shares in [[0.1, 0.8, 0.1], [0.9, 0.05, 0.05], [0.3, 0.3, 0.4], [0.0, 0.0, 1.0], [0.5, 0.0, 0.5]] {
            let found = adjust(&counts(shares, 1e6), &ERRORS, 0.0);
            for class in 0..3 {
                assert!((found.shares[class] - shares[class]).abs() < 0.005, "{shares:?} {:?}", found.shares);
            }
        }
    }

    #[test]
    fn counting_labels_would_not_have_found_it() {
        let counts = counts([0.9, 0.05, 0.05], 1e6);
        let labelled = counts[..3].iter().sum::<u64>() as f64 / 1e6;
        assert!(labelled < 0.75, "{labelled}");
    }

    #[test]
    fn the_bar_shrinks_with_posts_but_not_below_what_was_measured() {
        let bar = |posts| adjust(&counts([0.4, 0.3, 0.3], posts), &ERRORS, 0.0).variances[0].sqrt();
        assert!(bar(200.0) > bar(2_000.0) && bar(2_000.0) > bar(1e9));
        // A table measured on a hundred times as many posts has a tenth of that.
        let often = ERRORS.map(|row| row.map(|count| count * 100));
        let better = adjust(&counts([0.4, 0.3, 0.3], 1e9), &often, 0.0).variances[0].sqrt();
        assert!(bar(1e9) > 0.01 && better < bar(1e9) / 5.0);
    }

    #[test]
    fn the_bar_holds_the_truth_nineteen_times_of_twenty() {
        // Posts and measurements are both drawn anew in each trial.
        let mut state = 7_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut draw = |class: usize| {
            let all: u32 = ERRORS[class].iter().sum();
            let mut at = random() * f64::from(all);
            ERRORS[class]
                .iter()
                .position(|&count| {
                    at -= f64::from(count);
                    at < 0.0
                })
                .unwrap_or(CELLS - 1)
        };
        let (truth, mut held) = ([0.5, 0.3, 0.2], 0);
        for _ in 0..200 {
            let mut measured = [[0; CELLS]; 3];
            (0..3).for_each(|class| (0..400).for_each(|_| measured[class][draw(class)] += 1));
            let mut counts = [0; CELLS];
            for (class, share) in truth.into_iter().enumerate() {
                (0..(share * 500.0) as u32).for_each(|_| counts[draw(class)] += 1);
            }
            let found = adjust(&counts, &measured, 0.0).prevalence(500).shares[0];
            held += u32::from(found.low <= truth[0] && truth[0] <= found.high);
        }
        assert!((180..=200).contains(&held), "{held} of 200");
    }

    #[test]
    fn the_bar_holds_the_truth_where_counts_were_changed_before() {
        // Each count is moved by -4 to 4 with the same chance, and what would be negative is nothing: what a gate does to few posts.
        let mut state = 11_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        for (posts, truth) in [(110, [0.5, 0.3, 0.2]), (110, [0.05, 0.05, 0.9]), (400, [0.9, 0.05, 0.05])] {
            let (mut held, mut without) = (0, 0);
            for _ in 0..300 {
                let mut counts = [0_u64; CELLS];
                for (class, share) in truth.into_iter().enumerate() {
                    let all: u32 = ERRORS[class].iter().sum();
                    for _ in 0..(share * f64::from(posts)).round() as u32 {
                        let mut at = random() * f64::from(all);
                        let cell = ERRORS[class].iter().position(|&count| {
                            at -= f64::from(count);
                            at < 0.0
                        });
                        counts[cell.unwrap_or(CELLS - 1)] += 1;
                    }
                }
                let changed = counts.map(|count| (count + (random() * 9.0) as u64).saturating_sub(4));
                let holds = |noise| {
                    let found = adjust(&changed, &ERRORS, noise).prevalence(u64::from(posts as u32));
                    found.shares.iter().zip(truth).all(|(bar, truth)| bar.low <= truth && truth <= bar.high)
                };
                held += u32::from(holds(20.0 / 3.0));
                without += u32::from(holds(0.0));
            }
            eprintln!(
                "{posts} posts of {truth:?}: the three bars hold in {held} of 300, in {without} without the noise"
            );
            assert!(held >= 270 && held >= without, "{posts} {truth:?}: {held}");
        }
    }

    #[test]
    fn shares_are_shares_for_any_counts() {
        for counts in [[u64::MAX / 16; CELLS], [1, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 1_000_000]] {
            let found = adjust(&counts, &ERRORS, 0.0).prevalence(1);
            assert!((found.shares.iter().map(|share| share.share).sum::<f64>() - 1.0).abs() < 1e-6);
            for share in found.shares {
                assert!((0.0..=1.0).contains(&share.low) && share.low <= share.share && share.share <= share.high);
            }
        }
    }

    #[test]
    fn few_posts_and_languages_that_are_not_measured_have_no_share() {
        let mut tally = Tally::default();
        let tone = Tone { probabilities: [0.8, 0.1, 0.1] };
        (1..POSTS_MIN).for_each(|_| tally.add(Language::En, tone));
        assert_eq!((tally.prevalence(Language::En), tally.over_languages()), (None, None));
        tally.add(Language::En, tone);
        assert!(tally.prevalence(Language::En).is_some_and(|found| found.posts == POSTS_MIN));
        assert_eq!(tally.prevalence(Language::De), None);
        let mut twice = tally.clone();
        twice.merge(&tally);
        assert!(twice.over_languages().is_some_and(|found| found.posts == 2 * POSTS_MIN));
        (0..POSTS_MIN).for_each(|_| tally.add(Language::Hi, tone));
        assert_eq!(tally.prevalence(Language::Hi), None);
        assert_eq!(Language::from_code("ja"), None);
    }
}
