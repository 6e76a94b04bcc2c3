//! `eval`: the engine's own code with its default settings over labelled posts (CONTRACT section 6).

mod clustering;
mod detections;
mod tone;

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use groundswell_edge::EdgePost;
use groundswell_edge::scrub::eval::{Evaluation as ScrubEvaluation, LabelledSpan};
use groundswell_text::language::eval::{Evaluation as LanguageEvaluation, two_of_label};
use groundswell_text::{Analysis, Analyzer, TWO_WORDS_MIN, detect_language};
use serde::Deserialize;

use crate::args::{Common, Eval, EvalArgs};
use crate::failure::{DONE, Failure, Outcome};
use crate::{labelled, output};

/// A labelled post: only what the evaluations read.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    label: Option<String>,
    kind: Option<String>,
    lang: Option<String>,
    #[serde(default)]
    spans: Vec<Span>,
}

/// Where personal data stands, in characters.
#[derive(Deserialize)]
struct Span {
    #[serde(rename = "type")]
    kind: String,
    start: usize,
    end: usize,
}

/// Evaluates against labelled data.
pub(crate) fn eval(common: &Common, eval: &Eval) -> Outcome {
    match eval {
        Eval::Language(arguments) => language(arguments),
        Eval::Tone(arguments) => tone::tone(arguments),
        Eval::Scrub(arguments) => scrub(arguments),
        Eval::Clustering(arguments) => clustering::clustering(arguments),
        Eval::Detections(arguments) => detections::detections(common, arguments),
    }
}

fn read(path: &Path) -> Result<Vec<Labelled>, Failure> {
    let bytes = labelled::read(path, u64::MAX)?;
    let mut posts = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        // The error is not passed on: it could quote a post.
        let post = serde_json::from_slice(line)
            .map_err(|_| anyhow::anyhow!("{}:{}: expected a labelled post", path.display(), number + 1))?;
        posts.push(post);
    }
    if posts.is_empty() {
        return Err(anyhow::anyhow!("{}: no posts", path.display()).into());
    }
    Ok(posts)
}

fn language(arguments: &EvalArgs) -> Outcome {
    let posts = read(&arguments.file)?;
    if let Some(at) = posts.iter().position(|post| post.label.is_none()) {
        return Err(anyhow::anyhow!("{}:{}: label: missing", arguments.file.display(), at + 1).into());
    }
    let mut out = csv_out(arguments.out.as_deref(), "predicted")?;
    let began = Instant::now();
    let predicted: Vec<_> = posts.iter().map(|post| detect_language(&post.text)).collect();
    let seconds = began.elapsed().as_secs_f64();
    let mut evaluation = LanguageEvaluation::new();
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    for (row, (post, language)) in posts.iter().zip(&predicted).enumerate() {
        let label = post.label.as_deref().unwrap_or("und");
        if two_of_label(label).is_none() {
            evaluation.add(label, post.kind.as_deref(), *language);
        }
        analyzer.analyze(&EdgePost { text: post.text.clone(), ..EdgePost::default() }, &mut analysis);
        evaluation.add_two(label, analysis.words.len() >= TWO_WORDS_MIN, analysis.languages);
        if let Some(out) = &mut out {
            out.write_record([&(row + 1).to_string(), language.as_str()])?;
        }
    }
    finish(out, serde_json::to_value(evaluation.report())?, posts.len(), seconds)
}

fn scrub(arguments: &EvalArgs) -> Outcome {
    let posts = read(&arguments.file)?;
    let mut out = csv_out(arguments.out.as_deref(), "scrubbed")?;
    let mut evaluation = ScrubEvaluation::new();
    let began = Instant::now();
    for (row, post) in posts.iter().enumerate() {
        let spans: Vec<LabelledSpan> = post
            .spans
            .iter()
            .map(|span| LabelledSpan { kind: span.kind.clone(), start: span.start, end: span.end })
            .collect();
        let scrubbed = evaluation.add(&post.text, &spans);
        if let Some(out) = &mut out {
            out.write_record([&(row + 1).to_string(), &scrubbed])?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    finish(out, serde_json::to_value(evaluation.finish())?, posts.len(), seconds)
}

type Rows = csv::Writer<Box<dyn std::io::Write + Send>>;

fn csv_out(path: Option<&Path>, column: &str) -> Result<Option<Rows>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let mut writer = csv::Writer::from_writer(output::open(Some(path))?);
    writer.write_record(["row", column])?;
    Ok(Some(writer))
}

fn finish(out: Option<Rows>, mut report: serde_json::Value, posts: usize, seconds: f64) -> Outcome {
    if let Some(mut out) = out {
        out.flush().context("cannot write the predictions")?;
    }
    if let Some(object) = report.as_object_mut() {
        object.insert("posts".to_owned(), posts.into());
        object.insert("posts_per_second".to_owned(), (posts as f64 / seconds.max(1e-9)).round().into());
    }
    output::write_stdout(format!("{report}\n").as_bytes())?;
    Ok(DONE)
}
