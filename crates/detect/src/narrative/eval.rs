//! How well clusters agree with labels: the measures of `eval clustering`, each as published.
//!
//! AMI: Vinh, Epps, Bailey, "Information theoretic measures for clusterings comparison" (JMLR 2010), with the arithmetic
//! mean, and the expectation under the hypergeometric model exactly. ARI: Hubert and Arabie (1985). Homogeneity and
//! completeness: Rosenberg and Hirschberg (2007). B-cubed: Bagga and Baldwin (1998), over posts. Same figures as
//! scikit-learn 1.9 on `clustering/tweets`.

use std::collections::BTreeMap;

use serde::Serialize;

/// The measures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Clusters.
    pub clusters: usize,
    /// Labels.
    pub labels: usize,
    /// Adjusted mutual information.
    pub ami: f64,
    /// Adjusted Rand index.
    pub ari: f64,
    /// Mutual information over the geometric mean of both entropies.
    pub nmi_geometric: f64,
    /// Mutual information over the arithmetic mean: V-measure.
    pub nmi_arithmetic: f64,
    /// Whether clusters hold one label each.
    pub homogeneity: f64,
    /// Whether labels lie in one cluster each.
    pub completeness: f64,
    /// Harmonic mean of B-cubed precision and recall.
    pub bcubed_f1: f64,
    /// Clusters of at least five posts.
    pub clusters_of_five: usize,
    /// Labels of at least five posts.
    pub labels_of_five: usize,
}

/// Compares clusters with labels, post by post; both are numbers that mean nothing else.
pub fn compare(labels: &[u32], clusters: &[u64]) -> Report {
    let posts = labels.len().min(clusters.len());
    let n = posts as f64;
    let mut cells: BTreeMap<(u32, u64), u64> = BTreeMap::new();
    let mut rows: BTreeMap<u32, u64> = BTreeMap::new();
    let mut columns: BTreeMap<u64, u64> = BTreeMap::new();
    for (label, cluster) in labels.iter().zip(clusters) {
        *cells.entry((*label, *cluster)).or_default() += 1;
        *rows.entry(*label).or_default() += 1;
        *columns.entry(*cluster).or_default() += 1;
    }
    let entropy = |sizes: &mut dyn Iterator<Item = &u64>| -> f64 {
        sizes.map(|size| *size as f64 / n).map(|part| -part * part.ln()).sum()
    };
    let (of_labels, of_clusters) = (entropy(&mut rows.values()), entropy(&mut columns.values()));
    let (mut mutual, mut precision, mut recall, mut pairs) = (0.0, 0.0, 0.0, 0.0);
    for ((label, cluster), both) in &cells {
        let (both, row, column) = (*both as f64, rows[label] as f64, columns[cluster] as f64);
        mutual += both / n * (n * both / (row * column)).ln();
        precision += both * both / column / n;
        recall += both * both / row / n;
        pairs += both * (both - 1.0) / 2.0;
    }
    let pairs_of = |sizes: &mut dyn Iterator<Item = &u64>| -> f64 {
        sizes.map(|size| *size as f64).map(|size| size * (size - 1.0) / 2.0).sum()
    };
    let (row_pairs, column_pairs) = (pairs_of(&mut rows.values()), pairs_of(&mut columns.values()));
    let expected_pairs = row_pairs * column_pairs / (n * (n - 1.0) / 2.0);
    let expected = expected_mutual(posts, &sizes(rows.values()), &sizes(columns.values()));
    Report {
        clusters: columns.len(),
        labels: rows.len(),
        ami: ratio(mutual - expected, f64::midpoint(of_labels, of_clusters) - expected),
        ari: ratio(pairs - expected_pairs, f64::midpoint(row_pairs, column_pairs) - expected_pairs),
        nmi_geometric: ratio(mutual, (of_labels * of_clusters).sqrt()),
        nmi_arithmetic: ratio(mutual, f64::midpoint(of_labels, of_clusters)),
        homogeneity: ratio(mutual, of_labels),
        completeness: ratio(mutual, of_clusters),
        bcubed_f1: ratio(2.0 * precision * recall, precision + recall),
        clusters_of_five: columns.values().filter(|size| **size >= 5).count(),
        labels_of_five: rows.values().filter(|size| **size >= 5).count(),
    }
}

/// Where both are nothing (one label and one cluster), the agreement is perfect.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole.abs() < 1e-12 { 1.0 } else { part / whole }
}

/// How often each size occurs: there are far fewer sizes than clusters.
fn sizes<'a>(of: impl Iterator<Item = &'a u64>) -> BTreeMap<usize, f64> {
    let mut sizes = BTreeMap::new();
    for size in of {
        *sizes.entry(*size as usize).or_insert(0.0) += 1.0;
    }
    sizes
}

/// The mutual information of two random clusterings with these sizes.
fn expected_mutual(posts: usize, rows: &BTreeMap<usize, f64>, columns: &BTreeMap<usize, f64>) -> f64 {
    let mut ln_factorial = vec![0.0; posts + 1];
    for k in 1..=posts {
        ln_factorial[k] = ln_factorial[k - 1] + (k as f64).ln();
    }
    let n = posts as f64;
    let mut expected = 0.0;
    for (&row, row_times) in rows {
        for (&column, column_times) in columns {
            let base =
                ln_factorial[row] + ln_factorial[column] + ln_factorial[posts - row] + ln_factorial[posts - column]
                    - ln_factorial[posts];
            let mut sum = 0.0;
            for both in (row + column).saturating_sub(posts).max(1)..=row.min(column) {
                let chance = base
                    - ln_factorial[both]
                    - ln_factorial[row - both]
                    - ln_factorial[column - both]
                    - ln_factorial[posts + both - row - column];
                let k = both as f64;
                sum += k / n * (n * k / (row as f64 * column as f64)).ln() * chance.exp();
            }
            expected += sum * row_times * column_times;
        }
    }
    expected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn figures_are_those_of_scikit_learn() {
        // sklearn.metrics 1.9.1 of the same lists.
        let report = compare(&[0, 0, 0, 1, 1, 1, 2, 2, 2, 2], &[5, 5, 6, 6, 7, 7, 8, 8, 8, 9]);
        let expected = [
            0.510_900_790_481,
            0.459_459_459_459,
            0.729_782_075_601,
            0.718_265_944_175,
            0.872_688_548_764,
            0.610_277_147_125,
        ];
        let found = [
            report.ami,
            report.ari,
            report.nmi_geometric,
            report.nmi_arithmetic,
            report.homogeneity,
            report.completeness,
        ];
        assert!(found.iter().zip(expected).all(|(a, b)| close(*a, b)), "{found:?}");
        assert_eq!((report.clusters, report.labels, report.clusters_of_five), (5, 3, 0));
    }

    #[test]
    fn bcubed_by_hand() {
        // Precision: (1 + 1 + .5 + .5)/4; recall: (2/3 + 2/3 + 1/3 + 1)/4.
        let report = compare(&[0, 0, 0, 1], &[0, 0, 1, 1]);
        let (precision, recall) = (0.75, 8.0 / 12.0);
        assert!(close(report.bcubed_f1, 2.0 * precision * recall / (precision + recall)));
    }

    #[test]
    fn perfect_is_one_and_chance_is_nothing() {
        let labels: Vec<u32> = (0..1_000).map(|post| post % 10).collect();
        let same: Vec<u64> = labels.iter().map(|label| u64::from(*label) + 77).collect();
        let report = compare(&labels, &same);
        assert!(close(report.ami, 1.0) && close(report.ari, 1.0) && close(report.bcubed_f1, 1.0));
        let other: Vec<u64> = (0..1_000).map(|post| post / 10 % 10).collect();
        let report = compare(&labels, &other);
        assert!(report.ami.abs() < 0.02 && report.ari.abs() < 0.02, "{report:?}");
        let one = compare(&[0, 0], &[1, 1]);
        assert!(close(one.ami, 1.0) && close(one.homogeneity, 1.0));
    }
}
