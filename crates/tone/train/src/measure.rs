//! What is measured on posts that the weights have not seen: temperatures by language, and how posts fall into cells.

use groundswell_tone::{CELLS, LANGUAGES, Language, Tone, cell};

use crate::learn::softmax;

/// A post's scores against neutral without any bias, its label, and how much it counts.
#[derive(Clone, Copy)]
pub struct Unseen {
    pub language: Language,
    pub label: usize,
    pub scores: [f32; 2],
    pub weight: f32,
}

pub type Fitted = [[f32; 3]; LANGUAGES];

pub fn probabilities(fitted: &Fitted, language: Language, scores: [f32; 2]) -> [f32; 3] {
    let [warmth, negative, positive] = fitted[language as usize];
    softmax([scores[0] * warmth + negative, 0.0, scores[1] * warmth + positive])
}

/// By descent on the logarithmic loss, which has one valley.
pub fn fit(unseen: &[Unseen]) -> Fitted {
    let mut fitted = [[1.0, 0.0, 0.0]; LANGUAGES];
    for language in Language::ALL {
        let own: Vec<&Unseen> = unseen.iter().filter(|post| post.language == language).collect();
        let all: f32 = own.iter().map(|post| post.weight).sum::<f32>().max(1.0);
        for _ in 0..400 {
            let mut gradient = [0.0_f32; 3];
            for post in &own {
                let mut errors = probabilities(&fitted, language, post.scores);
                errors[post.label] -= 1.0;
                gradient[0] += post.weight * (errors[0] * post.scores[0] + errors[2] * post.scores[1]);
                gradient[1] += post.weight * errors[0];
                gradient[2] += post.weight * errors[2];
            }
            for (value, gradient) in fitted[language as usize].iter_mut().zip(gradient) {
                *value -= gradient / all;
            }
        }
    }
    fitted
}

/// `src/measured.rs`.
pub fn source(fitted: &Fitted, unseen: &[Unseen]) -> String {
    let mut errors = [[[0_u32; CELLS]; 3]; LANGUAGES];
    for post in unseen {
        let tone = Tone { probabilities: probabilities(fitted, post.language, post.scores) };
        errors[post.language as usize][post.label][cell(tone)] += 1;
    }
    let fitted: Vec<String> =
        fitted.iter().map(|row| format!("    [{:.4}, {:.4}, {:.4}],\n", row[0], row[1], row[2])).collect();
    let errors: Vec<String> = errors
        .iter()
        .map(|rows| {
            let rows: Vec<String> = rows.iter().map(|row| format!("        {row:?},\n")).collect();
            format!("    [\n{}    ],\n", rows.concat())
        })
        .collect();
    format!(
        "//! What training measured on posts that the weights had not seen, by language in the order of\n\
         //! [`Language::ALL`](crate::Language::ALL). Written by `train`.\n\n\
         use crate::{{languages::LANGUAGES, prevalence::CELLS}};\n\n\
         /// What a sum is multiplied by (the inverse of a temperature), and what is added for negative and for positive.\n\
         pub(crate) const FITTED: [[f32; 3]; LANGUAGES] = [\n{}];\n\n\
         /// How many posts of each class (rows) fell into each cell.\n\
         pub(crate) const ERRORS: [[[u32; CELLS]; 3]; LANGUAGES] = [\n{}];\n",
        fitted.concat(),
        errors.concat()
    )
}
