//! Labelled posts, read and rid of what they must not have in common.

use std::{collections::HashSet, path::Path};

use groundswell_tone::Language;

#[derive(Clone)]
pub struct Row {
    pub language: Language,
    /// Place in `Label::ALL`.
    pub label: usize,
    pub text: String,
}

/// Rows of one split. What a label is, `class` says; a row without a class is left out.
pub fn read(path: &Path, split: &str, class: impl Fn(&str) -> Option<usize>) -> Vec<Row> {
    let file = std::fs::File::open(path).unwrap_or_else(|_| panic!("{} is readable", path.display()));
    let bytes = zstd::decode_all(file).expect("zstd");
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .filter_map(|line| {
            let row: serde_json::Value = serde_json::from_slice(line).expect("JSON");
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            if row["split"] != split {
                return None;
            }
            let language = Language::from_code(&text("lang"))?;
            Some(Row { language, label: class(&text("label"))?, text: text("text") })
        })
        .collect()
}

pub fn tone(label: &str) -> Option<usize> {
    ["negative", "neutral", "positive"].iter().position(|name| *name == label)
}

pub fn emotion(label: &str) -> Option<usize> {
    match label {
        "anger" | "sadness" => Some(0),
        "joy" | "optimism" => Some(2),
        _ => None,
    }
}

pub fn emoji(label: &str) -> Option<usize> {
    match label {
        "📷" | "📸" | "🇺🇸" => Some(1),
        "❤" | "😍" | "💕" | "💙" | "💜" | "😘" | "😊" => Some(2),
        _ => None,
    }
}

/// What two copies of a post have in common: letters and digits in lower case, without links and names of accounts.
pub fn essence(text: &str) -> String {
    text.split_whitespace()
        .filter(|word| !word.starts_with('@') && !word.starts_with("http") && *word != "RT")
        .flat_map(|word| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase))
        .collect()
}

/// Removes rows whose essence is among those of others, or came before.
pub fn without(rows: Vec<Row>, others: &[&[Row]]) -> Vec<Row> {
    let mut seen: HashSet<String> = others.iter().flat_map(|rows| rows.iter()).map(|row| essence(&row.text)).collect();
    rows.into_iter().filter(|row| seen.insert(essence(&row.text))).collect()
}
