//! How a watch's posts sound, on the wire.

use std::collections::BTreeSet;

use groundswell_gate::{Released, ToneRow, VolumeRow};
use groundswell_sketch::{Rfc3339, Window};
use serde::Serialize;
use utoipa::ToSchema;

use super::StepName;

/// Languages of which it is measured how often the reader of tone errs, and that it reads well enough; posts in others have no tone.
pub const TONE_LANGUAGES: [&str; 7] = ["ar", "de", "en", "es", "fr", "it", "pt"];

/// A share of an hour's posts, and its error bar (95 %): that of having so few posts, and that of the reader, as far as it was measured.
#[derive(ToSchema)]
#[schema(as = ToneShare)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct ShareSchema {
    /// From 0 to 1, in hundredths; the three add up to one.
    #[schema(example = 0.42)]
    share: f64,
    /// The bar's lower end.
    #[schema(example = 0.33)]
    low: f64,
    /// The bar's upper end.
    #[schema(example = 0.52)]
    high: f64,
}

/// A row of the released table **tone**: a watch's posts of one closed hour in one language; or, with `suppressed` in place of all else,
/// an hour of which nothing can be said in any language. The gate's crate writes it; this describes it.
#[derive(ToSchema)]
#[schema(as = ToneRow)]
#[allow(dead_code, reason = "describes what the gate writes; a test compares the two")]
pub(crate) struct ToneRowSchema {
    /// First moment of the hour, inclusive.
    #[schema(value_type = String, format = DateTime)]
    start: String,
    step: StepName,
    watch: String,
    /// ISO 639-1.
    #[schema(required = false, nullable = false, value_type = String, example = "en")]
    language: Option<String>,
    /// Posts of people in this language.
    #[schema(required = false, nullable = false, value_type = u64)]
    posts: Option<u64>,
    /// Their authors.
    #[schema(required = false, nullable = false, value_type = u64)]
    authors: Option<u64>,
    #[schema(required = false, nullable = false, value_type = ShareSchema)]
    negative: Option<ShareSchema>,
    /// Neither, or both.
    #[schema(required = false, nullable = false, value_type = ShareSchema)]
    neutral: Option<ShareSchema>,
    #[schema(required = false, nullable = false, value_type = ShareSchema)]
    positive: Option<ShareSchema>,
    /// `true`: no language has k authors and a hundred posts in this hour, or there was none at all.
    #[schema(required = false, nullable = false, value_type = bool)]
    suppressed: Option<bool>,
}

/// A row, or that there is none.
#[derive(Serialize)]
#[serde(untagged)]
enum ToneItem {
    Row(Released<ToneRow>),
    HeldBack { start: Rfc3339, step: &'static str, watch: String, suppressed: bool },
}

/// How a watch's posts sound.
#[derive(Serialize, ToSchema)]
#[schema(as = ToneList)]
pub(crate) struct ToneListWire {
    watch: String,
    /// Hours from here on.
    #[schema(value_type = String, format = DateTime)]
    from: Rfc3339,
    /// Hours before this.
    #[schema(value_type = String, format = DateTime)]
    to: Rfc3339,
    /// Languages that are read; of posts in others nothing is said: not measured for this language.
    measured: [&'static str; TONE_LANGUAGES.len()],
    /// By hour and language.
    #[schema(value_type = Vec<ToneRowSchema>)]
    items: Vec<ToneItem>,
    /// `SIMULATED DATA` where the data are made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

impl ToneListWire {
    /// `hours`: rows of the watch's volumes, which say that an hour is closed in which it was asked for.
    pub(crate) fn new(
        watch: &str,
        (from, to): (i64, i64),
        hours: &[Released<VolumeRow>],
        rows: Vec<Released<ToneRow>>,
        notice: Option<&'static str>,
    ) -> Self {
        let told: BTreeSet<Window> = rows.iter().map(|row| row.window).collect();
        let held_back = hours.iter().map(|row| row.window).filter(|hour| !told.contains(hour));
        let mut items: Vec<(Window, ToneItem)> = rows.into_iter().map(|row| (row.window, ToneItem::Row(row))).collect();
        items.extend(held_back.map(|hour| {
            let (start, step) = (Rfc3339(hour.start), hour.step.as_str());
            (hour, ToneItem::HeldBack { start, step, watch: watch.to_owned(), suppressed: true })
        }));
        // Stable: languages of an hour stay as they come.
        items.sort_by_key(|(hour, _)| hour.start);
        Self {
            watch: watch.to_owned(),
            from: Rfc3339(from),
            to: Rfc3339(to),
            measured: TONE_LANGUAGES,
            items: items.into_iter().map(|(_, item)| item).collect(),
            notice,
        }
    }
}
