//! From sums to probabilities that mean what they say.

use crate::{languages::Language, measured::FITTED, table::STEPS};

/// A sum grows with a post, what it tells with the root of that.
#[inline]
pub(crate) fn length(read: u32) -> f32 {
    1.0 / (read as f32 + 1.0).sqrt()
}

#[inline]
pub(crate) fn probabilities(sums: [i32; 2], read: u32, language: Language) -> [f32; 3] {
    let [warmth, negative, positive] = FITTED[language as usize];
    let scale = warmth * length(read) / STEPS;
    softmax([sums[0] as f32 * scale + negative, 0.0, sums[1] as f32 * scale + positive])
}

#[inline]
pub(crate) fn softmax(scores: [f32; 3]) -> [f32; 3] {
    let most = scores[0].max(scores[1]).max(scores[2]);
    let parts = scores.map(|score| (score - most).exp());
    let total: f32 = parts.iter().sum();
    parts.map(|part| part / total)
}
