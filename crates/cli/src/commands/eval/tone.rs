//! `eval tone`: how often the tone of labelled posts is read as people did, and how far shares of many can be trusted.

use std::collections::BTreeMap;
use std::time::Instant;

use groundswell_tone::{Label, Language, Tone};
use serde::Serialize;
use serde_json::json;

use super::{csv_out, finish, read};
use crate::args::EvalArgs;
use crate::failure::Outcome;

/// Counts of one language: labelled (rows) against read (columns), in the order of [`Label::ALL`].
type Confusion = [[u64; 3]; 3];

/// The figures of one language, or of all.
#[derive(Serialize)]
struct Figures {
    macro_recall: f64,
    macro_f1: f64,
    posts: u64,
}

/// Predictions against labels. A post in a language that is not measured is counted by its language, and read as nothing.
pub(super) fn tone(arguments: &EvalArgs) -> Outcome {
    let posts = read(&arguments.file)?;
    let mut labels = Vec::with_capacity(posts.len());
    for (at, post) in posts.iter().enumerate() {
        let named = post.label.as_deref().unwrap_or_default();
        let Some(label) = Label::ALL.into_iter().find(|label| label.as_str() == named) else {
            let (file, line) = (arguments.file.display(), at + 1);
            return Err(anyhow::anyhow!("{file}:{line}: label: expected negative, neutral or positive").into());
        };
        labels.push(label);
    }
    let mut out = csv_out(arguments.out.as_deref(), "predicted")?;
    let began = Instant::now();
    let predicted: Vec<(String, Option<Label>)> = posts
        .iter()
        .map(|post| {
            let code =
                post.lang.clone().unwrap_or_else(|| groundswell_text::detect_language(&post.text).as_str().to_owned());
            let label = Language::from_code(&code).map(|language| Tone::of_text(&post.text, language).label());
            (code, label)
        })
        .collect();
    let seconds = began.elapsed().as_secs_f64();
    let mut languages: BTreeMap<&str, Confusion> = BTreeMap::new();
    let mut not_measured: BTreeMap<&str, u64> = BTreeMap::new();
    for (row, (label, (code, predicted))) in labels.into_iter().zip(&predicted).enumerate() {
        match predicted {
            Some(predicted) => languages.entry(code).or_default()[label as usize][*predicted as usize] += 1,
            None => *not_measured.entry(code).or_default() += 1,
        }
        if let Some(out) = &mut out {
            let predicted = predicted.map_or("not measured for this language", Label::as_str);
            out.write_record([(row + 1).to_string().as_str(), predicted])?;
        }
    }
    let by_language: BTreeMap<&str, Figures> =
        languages.iter().map(|(code, confusion)| (*code, figures(confusion))).collect();
    // As the sets to compare with do: each language counts the same.
    let mean = |of: fn(&Figures) -> f64| {
        let count = by_language.len().max(1) as f64;
        by_language.values().map(of).sum::<f64>() / count
    };
    let report = json!({
        "macro_recall": mean(|figures| figures.macro_recall),
        "macro_f1": mean(|figures| figures.macro_f1),
        "by_language": by_language,
        "not_measured": not_measured,
    });
    finish(out, report, posts.len(), seconds)
}

/// Recall and F1 as means over the classes that occur as labels.
fn figures(confusion: &Confusion) -> Figures {
    let (mut recall, mut f1, mut classes) = (0.0, 0.0, 0.0_f64);
    for class in 0..3 {
        let labelled: u64 = confusion[class].iter().sum();
        let read: u64 = confusion.iter().map(|row| row[class]).sum();
        if labelled > 0 {
            classes += 1.0;
            recall += confusion[class][class] as f64 / labelled as f64;
            f1 += 2.0 * confusion[class][class] as f64 / (labelled + read) as f64;
        }
    }
    let classes = classes.max(1.0);
    Figures { macro_recall: recall / classes, macro_f1: f1 / classes, posts: confusion.as_flattened().iter().sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_counted_by_hand() {
        let figures = figures(&[[3, 1, 0], [0, 0, 0], [1, 0, 1]]);
        assert_eq!(figures.posts, 6);
        // Recall 3/4 and 1/2; F1 6/8 and 2/3. No post is labelled neutral.
        assert!((figures.macro_recall - 0.625).abs() < 1e-12);
        assert!((figures.macro_f1 - f64::midpoint(0.75, 2.0 / 3.0)).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_no_division_by_zero() {
        let figures = figures(&[[0; 3]; 3]);
        assert!(figures.macro_recall.abs() < 1e-12 && figures.macro_f1.abs() < 1e-12);
    }
}
