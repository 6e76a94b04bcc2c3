//! `groundswell sources`: asks a running service how its sources stand, and what to do about those that do not do well.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;

use crate::args::{Common, Sources};
use crate::failure::{DONE, Failure, Outcome};
use crate::{kafka, output, settings};

/// How long the service may take to answer.
const WAIT: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 4_000_000;

#[derive(Deserialize)]
struct Answer {
    items: Vec<Source>,
    notice: Option<String>,
}

#[derive(Deserialize)]
struct Source {
    name: String,
    kind: String,
    state: String,
    detail: Option<String>,
    posts: u64,
    rejected: u64,
    rate: f64,
    lag_seconds: Option<u64>,
    last_event: Option<String>,
    last_error: Option<String>,
    advice: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    title: String,
    detail: Option<String>,
}

pub(crate) fn sources(common: &Common, arguments: &Sources) -> Outcome {
    let settings = settings::load(common)?.settings;
    let address = arguments.address.unwrap_or(settings.listen);
    let token = match &arguments.token_file {
        Some(path) => Some(kafka::secret("--token-file", path, &settings::Secret::default())?),
        None => None,
    };
    let body = ask(address, token.as_deref())?;
    if arguments.json {
        output::write_stdout(format!("{}\n", body.trim_end()).as_bytes())?;
        return Ok(DONE);
    }
    let answer: Answer = serde_json::from_str(&body).context("the service's answer cannot be read")?;
    output::write_stdout(table(&answer).as_bytes())?;
    Ok(DONE)
}

/// The body of the answer of a service that listens there.
fn ask(address: SocketAddr, token: Option<&str>) -> Result<String, Failure> {
    let connect = || {
        let mut stream = TcpStream::connect_timeout(&address, WAIT)?;
        stream.set_read_timeout(Some(WAIT))?;
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        write!(stream, "GET /api/v1/sources HTTP/1.0\r\nHost: localhost\r\n{bearer}\r\n")?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = connect().with_context(|| {
        format!(
            "{address}: no service answers there; name where it listens with --address (over TLS, ask it with curl)"
        )
    })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.0 200") {
        return Ok(body.to_owned());
    }
    let said = serde_json::from_str::<Problem>(body).map_or_else(
        |_| "what answers there is no groundswell, or speaks TLS".to_owned(),
        |problem| [Some(problem.title), problem.detail].into_iter().flatten().collect::<Vec<_>>().join(": "),
    );
    let hint = if head.contains(" 401") { "; name a file with an API token by --token-file" } else { "" };
    Err(anyhow::anyhow!("{address}: {said}{hint}").into())
}

/// One line a source, and what to know and to do below those that need it.
fn table(answer: &Answer) -> String {
    let mut rows = vec![["SOURCE", "KIND", "STATE", "POSTS", "REJECTED", "RATE", "LAG", "NEWEST"].map(str::to_owned)];
    for source in &answer.items {
        rows.push([
            source.name.clone(),
            source.kind.clone(),
            source.state.clone(),
            source.posts.to_string(),
            source.rejected.to_string(),
            format!("{:.1}/s", source.rate),
            source.lag_seconds.map_or_else(|| "-".to_owned(), |lag| format!("{} min", lag / 60)),
            source.last_event.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    if let Some(notice) = &answer.notice {
        let _ = writeln!(text, "{notice}");
    }
    for (number, row) in rows.iter().enumerate() {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
        let Some(source) = number.checked_sub(1).map(|at| &answer.items[at]) else { continue };
        for (what, said) in
            [("detail", &source.detail), ("last error", &source.last_error), ("what to do", &source.advice)]
        {
            if let Some(said) = said {
                let _ = writeln!(text, "  {what}: {said}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_line_with_what_to_do_below_it() {
        let answer = r#"{"items":[
            {"name":"bluesky","kind":"jetstream","state":"waiting","detail":null,"posts":120,"rejected":1,"reconnects":3,
             "last_event":"2026-11-25T14:02:00Z","rate":12.25,"lag_seconds":180,"last_error":"the connection broke",
             "advice":"wait, it is tried again by itself"},
            {"name":"push","kind":"push","state":"live","detail":null,"posts":0,"rejected":0,"reconnects":0,"last_event":null,
             "rate":0.0,"lag_seconds":null,"last_error":null,"advice":null}]}"#;
        insta::assert_snapshot!(table(&serde_json::from_str(answer).unwrap()));
    }
}
