//! [`perturb`]: what is done to a count before it is shown, so that subtracting two counts isolates nobody.
//!
//! The cell-key method (Fraser and Wooton 2005; the Australian Bureau of Statistics' TableBuilder): a table picks the change
//! from the cell's key, so a cell always shows the same number, and two cells show numbers whose changes have nothing to do
//! with each other.

use groundswell_sketch::CellKey;

use crate::Figures;

/// The furthest that a shown count is from the true one.
pub const PERTURBATION_MAX: u64 = 4;

/// Changes that a count may get: from minus four to four.
const CHANGES: usize = 2 * PERTURBATION_MAX as usize + 1;

/// Posts that stand so far above authors may be changed by a number of their own without falling below them.
const APART: u64 = 2 * PERTURBATION_MAX;

/// How often each change is drawn, in units of 2^-32, by how far the count stands above k (the last row: four and more). Column
/// 0 is minus four.
///
/// Each row is the distribution of greatest entropy with mean zero among those that lead no count below k: proportional to
/// q^change, where q makes the mean zero. Four and more above k this is the uniform one, which hides one person best: two
/// counts that differ by one are told apart with an advantage of 1/9 over guessing.
const TABLE: [[u32; CHANGES]; PERTURBATION_MAX as usize + 1] = table();

/// Row by row the change nearest below the drawn number; see the test that solves for the table anew.
const fn table() -> [[u32; CHANGES]; PERTURBATION_MAX as usize + 1] {
    let mut rows = [[0; CHANGES]; PERTURBATION_MAX as usize + 1];
    let mut above = 0;
    while above < rows.len() {
        let first = CHANGES / 2 - above;
        // The mean grows with q, and q lies between 0 (all on the lowest change) and 1 (uniform).
        let (mut low, mut high) = (0.0, 1.0);
        let mut halvings = 0;
        while halvings < 100 && above + 1 < rows.len() {
            let q = f64::midpoint(low, high);
            if mean(first, q) > 0.0 {
                high = q;
            } else {
                low = q;
            }
            halvings += 1;
        }
        if above + 1 == rows.len() {
            low = 1.0;
        }
        let (mut sum, mut column, mut weight) = (0.0, first, 1.0);
        while column < CHANGES {
            sum += weight;
            weight *= low;
            column += 1;
        }
        (column, weight) = (first, 1.0);
        while column < CHANGES {
            // Saturates at 2^32 - 1 where the row has one change only.
            rows[above][column] = (weight / sum * 4_294_967_296.0) as u32;
            weight *= low;
            column += 1;
        }
        above += 1;
    }
    rows
}

/// The mean change, times what is positive, where weights fall by `q` from the column `first` on.
const fn mean(first: usize, q: f64) -> f64 {
    let (mut sum, mut column, mut weight) = (0.0, first, 1.0);
    while column < CHANGES {
        sum += weight * (column as f64 - (CHANGES / 2) as f64);
        weight *= q;
        column += 1;
    }
    sum
}

/// A count of at least `k` as it is shown: at most [`PERTURBATION_MAX`] away, never below `k`, right on average.
pub(crate) fn shown(count: u64, k: u64, draw: u32) -> u64 {
    let above = count.saturating_sub(k);
    let row = &TABLE[above.min(PERTURBATION_MAX) as usize];
    let mut left = draw;
    let mut column = 0;
    while column + 1 < CHANGES && left >= row[column] {
        left -= row[column];
        column += 1;
    }
    // Rounding leaves a few draws of 2^32 to the last column.
    (count + column as u64).saturating_sub(PERTURBATION_MAX).max(k)
}

/// Names a family of cells: FNV-1a over the parts of its address, each with its length.
///
/// A family is one cell through time: a value of a dimension at a step, a narrative. Were it a whole dimension, two watches that
/// hold the same posts would show the same numbers, and two numbers that differ would say that somebody stands between them: an
/// attacker in the tests of `engine` told with one pair of watches whether a person took part.
pub(crate) fn family(parts: &[&[u8]]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let add = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    parts.iter().fold(0xcbf2_9ce4_8422_2325, |hash, part| {
        let length = (part.len() as u64).to_le_bytes();
        part.iter().chain(&length).fold(hash, add)
    })
}

/// The two numbers of a cell of a [`family`] as they are shown. `figures.authors` is at least `k`. Shown authors are never more than shown
/// posts: where the two are near each other they are changed by the same draw, and a higher count by one draw is never shown
/// below a lower one.
pub(crate) fn perturb(figures: Figures, key: CellKey, family: u64, k: u64) -> Figures {
    let Figures { posts, authors } = figures;
    let [of_authors, of_posts] = key.draw(family);
    let of_posts = if posts.saturating_sub(authors) < APART { of_authors } else { of_posts };
    Figures { posts: shown(posts, k, of_posts), authors: shown(authors, k, of_authors) }
}

/// Deviation squared of a count that [`noisy`] has changed.
pub(crate) const NOISE: f64 = {
    let most = PERTURBATION_MAX as f64;
    most * (most + 1.0) / 3.0
};

/// A count that is not shown but estimated from: changed by the uniform row whatever it is, nothing included, since no k stands below
/// it. What would be negative is nothing, so an empty cell counts a good post on average.
pub(crate) fn noisy(count: u64, key: CellKey, family: u64) -> u64 {
    let [draw, _] = key.draw(family);
    let change = (u64::from(draw) * CHANGES as u64) >> 32;
    (count + change).saturating_sub(PERTURBATION_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DRAWS: f64 = 4_294_967_296.0;

    #[test]
    fn the_table_has_mean_zero_and_leads_nothing_below_k() {
        for (above, row) in TABLE.iter().enumerate() {
            let weight = |column: usize| f64::from(row[column]) / DRAWS;
            let sum: f64 = (0..CHANGES).map(weight).sum();
            let mean: f64 = (0..CHANGES).map(|column| weight(column) * (column as f64 - 4.0)).sum();
            assert!((sum - 1.0).abs() < 1e-8 && mean.abs() < 1e-8, "{above}: {sum} {mean}");
            assert!(row[..CHANGES / 2 - above].iter().all(|draws| *draws == 0));
        }
        // As solved by hand for the row of one above k, and the uniform row.
        let near = |draws: u32, share: f64| (f64::from(draws) / DRAWS - share).abs() < 1e-4;
        assert!(near(TABLE[1][3], 0.4781) && near(TABLE[1][4], 0.2548) && near(TABLE[1][8], 0.0205));
        assert!(TABLE[4].iter().all(|draws| near(*draws, 1.0 / 9.0)));
    }

    #[test]
    fn one_person_more_is_hard_to_see() {
        // The advantage of the best guesser who sees one shown count and must say whether one person is in it: half the
        // distance of the two distributions. What the documents print.
        let share = |above: u64, shown: i64| {
            let column = shown - above as i64 + 4;
            usize::try_from(column)
                .ok()
                .and_then(|column| TABLE[above.min(4) as usize].get(column))
                .map_or(0.0, |draws| f64::from(*draws) / DRAWS)
        };
        let advantage =
            |above| (-1..20).map(|shown| (share(above, shown) - share(above + 1, shown)).abs()).sum::<f64>() / 2.0;
        let printed: Vec<String> = (0..7).map(|above| format!("{:.3}", advantage(above))).collect();
        assert_eq!(printed, ["0.522", "0.246", "0.183", "0.156", "0.111", "0.111", "0.111"]);
    }

    proptest! {
        #[test]
        fn is_bounded_keeps_k_and_the_order_of_posts_and_authors(
            k in 5_u64..60, above in 0_u64..30, more in 0_u64..40, key in any::<u64>(), family in any::<u64>()
        ) {
            let figures = Figures { authors: k + above, posts: k + above + more };
            let once = perturb(figures, CellKey::of_author(key), family, k);
            prop_assert_eq!(once, perturb(figures, CellKey::of_author(key), family, k));
            prop_assert!(once.authors >= k && once.posts >= once.authors);
            prop_assert!(once.authors.abs_diff(figures.authors) <= PERTURBATION_MAX);
            prop_assert!(once.posts.abs_diff(figures.posts) <= PERTURBATION_MAX);
        }

        #[test]
        fn a_higher_count_is_never_shown_below_a_lower_one_by_the_same_draw(count in 0_u64..40, draw in any::<u32>()) {
            prop_assert!(shown(10 + count, 10, draw) <= shown(11 + count, 10, draw));
        }
    }

    #[test]
    fn one_post_more_is_hard_to_see_in_a_count_that_is_estimated_from() {
        // By how much the shown counts of 0 and 1, 1 and 2, ... differ: half the distance of the two distributions.
        const CELLS: u64 = 90_000;
        let shares = |count: u64| {
            let mut shares = [0.0; 20];
            for nth in 0..CELLS {
                shares[noisy(count, CellKey::of_author(nth), 7) as usize] += 1.0 / CELLS as f64;
            }
            shares
        };
        for count in 0..8 {
            let (one, other) = (shares(count), shares(count + 1));
            let distance: f64 = one.iter().zip(other).map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0;
            assert!((distance - 1.0 / 9.0).abs() < 0.01, "{count}: {distance}");
            let mean: f64 = (0..20).map(|shown| f64::from(shown) * one[shown as usize]).sum();
            let spread: f64 = (0..20).map(|shown| (f64::from(shown) - mean).powi(2) * one[shown as usize]).sum();
            assert!(count < 4 || (mean - count as f64).abs() < 0.05 && (spread - NOISE).abs() < 0.1, "{mean} {spread}");
        }
    }

    #[test]
    fn is_right_on_average() {
        const CELLS: u64 = 200_000;
        for above in 0..6 {
            let total: u64 = (0..CELLS).map(|nth| shown(10 + above, 10, CellKey::of_author(nth).draw(1)[0])).sum();
            let error = total as f64 / CELLS as f64 - (10 + above) as f64;
            // Five standard errors of the widest row.
            assert!(error.abs() < 5.0 * (20.0 / 3.0 / CELLS as f64).sqrt(), "{above}: {error}");
        }
    }
}
