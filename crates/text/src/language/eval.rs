//! How often detection is right on labelled posts: what `eval language` prints.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Language;

/// Adds up predictions against labels.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    posts: u64,
    right: u64,
    /// Kind → language → (posts, right).
    kinds: BTreeMap<String, BTreeMap<String, (u64, u64)>>,
    /// Language → (labelled, predicted, both).
    classes: BTreeMap<String, (u64, u64, u64)>,
    two: TwoReport,
}

/// How often posts are said to be in two languages. Shorter posts than [`TWO_WORDS_MIN`](crate::TWO_WORDS_MIN) words never are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TwoReport {
    /// Posts that are labelled with one language and long enough.
    pub in_one: u64,
    /// Those of them that are said to be in two.
    pub in_one_told: u64,
    /// Posts that are labelled with two languages (`pt+en`).
    pub in_two: u64,
    /// Those of them that are said to be in two.
    pub in_two_told: u64,
    /// Those of these of which both are right.
    pub in_two_right: u64,
}

/// The figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Labelled posts.
    pub posts: u64,
    /// Share of posts whose language was found.
    pub accuracy: f64,
    /// For each kind of text the share found, as the mean over languages, so that each language counts the same.
    pub accuracy_by_kind: BTreeMap<String, f64>,
    /// F1 as the mean over the languages that occur as labels. `und` is an answer that is never right unless labelled.
    pub macro_f1: f64,
    /// Two languages in one post.
    pub two: TwoReport,
}

/// The two languages of a label such as `pt+en`.
pub fn two_of_label(label: &str) -> Option<[&str; 2]> {
    label.split_once('+').map(|(first, second)| [first, second])
}

impl Evaluation {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One post: its label (ISO 639-1 or `und`), its kind where the set names one, and what was detected.
    pub fn add(&mut self, label: &str, kind: Option<&str>, predicted: Language) {
        let right = label == predicted.as_str();
        self.posts += 1;
        self.right += u64::from(right);
        let by_language = self.kinds.entry(kind.unwrap_or("all").to_owned()).or_default();
        let cell = by_language.entry(label.to_owned()).or_default();
        cell.0 += 1;
        cell.1 += u64::from(right);
        self.classes.entry(label.to_owned()).or_default().0 += 1;
        let class = self.classes.entry(predicted.as_str().to_owned()).or_default();
        class.1 += 1;
        class.2 += u64::from(right);
    }

    /// One post: its label, whether it is long enough, and which two languages were found in it.
    pub fn add_two(&mut self, label: &str, is_long: bool, found: Option<[Language; 2]>) {
        let told = u64::from(found.is_some());
        if let Some(labelled) = two_of_label(label) {
            let is_right =
                |found: [Language; 2]| labelled.iter().all(|one| found.iter().any(|two| two.as_str() == *one));
            self.two.in_two += 1;
            self.two.in_two_told += told;
            self.two.in_two_right += u64::from(found.is_some_and(is_right));
        } else if is_long {
            self.two.in_one += 1;
            self.two.in_one_told += told;
        }
    }

    /// The figures so far.
    pub fn report(&self) -> Report {
        let mean =
            |values: Vec<f64>| if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 };
        let share = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 / of as f64 };
        let accuracy_by_kind = self
            .kinds
            .iter()
            .map(|(kind, languages)| {
                (kind.clone(), mean(languages.values().map(|&(posts, right)| share(right, posts)).collect()))
            })
            .collect();
        let f1 = self
            .classes
            .values()
            .filter(|class| class.0 > 0)
            .map(|&(labelled, predicted, both)| share(2 * both, labelled + predicted))
            .collect();
        Report {
            posts: self.posts,
            accuracy: share(self.right, self.posts),
            accuracy_by_kind,
            macro_f1: mean(f1),
            two: self.two,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_counted_by_hand() {
        let mut evaluation = Evaluation::new();
        let (en, de) = (Language::from_code(*b"en"), Language::from_code(*b"de"));
        for (label, kind, predicted) in [
            ("en", "short", en),
            ("en", "short", en),
            ("en", "short", de),
            ("en", "short", en),
            ("de", "short", de),
            ("de", "long", Language::UND),
        ] {
            evaluation.add(label, Some(kind), predicted);
        }
        let report = evaluation.report();
        assert_eq!(report.posts, 6);
        assert!((report.accuracy - 4.0 / 6.0).abs() < 1e-12);
        assert!((report.accuracy_by_kind["short"] - f64::midpoint(0.75, 1.0)).abs() < 1e-12);
        assert!(report.accuracy_by_kind["long"].abs() < 1e-12);
        // English: 3 of 3 predicted, 3 of 4 labelled: 6/7. German: 1 of 2 and 1 of 2: 1/2.
        assert!((report.macro_f1 - f64::midpoint(6.0 / 7.0, 0.5)).abs() < 1e-12);
    }

    #[test]
    fn two_languages_are_counted_apart() {
        let mut evaluation = Evaluation::new();
        let [en, pt, es] = [*b"en", *b"pt", *b"es"].map(Language::from_code);
        for (label, is_long, found) in [
            ("en", true, None),
            ("en", true, Some([en, pt])),
            ("en", false, None),
            ("pt+en", true, Some([en, pt])),
            ("pt+en", true, Some([en, es])),
            ("pt+en", false, None),
        ] {
            evaluation.add_two(label, is_long, found);
        }
        let TwoReport { in_one, in_one_told, in_two, in_two_told, in_two_right } = evaluation.report().two;
        assert_eq!((in_one, in_one_told, in_two, in_two_told, in_two_right), (2, 1, 3, 2, 1));
    }

    #[test]
    fn nothing_is_no_division_by_zero() {
        let report = Evaluation::new().report();
        assert!(report.accuracy.abs() < 1e-12 && report.macro_f1.abs() < 1e-12);
    }
}
