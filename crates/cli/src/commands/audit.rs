//! `audit`: checks, shows and proves the tamper-evident log. All of it offline, and none of it needs the private key.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use groundswell_audit::{
    CHECKPOINT_FILE, Copy, ENTRIES_PAGE_MAX, HashFile, KeyKind, LOG_FILE, NOTE_BYTES_MAX, PUBLIC_KEY_FILE, Reader,
    Report, StoredHashes, VerifierKey,
};
use groundswell_gate::{AuditEntry, Outward as _, Released};

use crate::args::{Audit, AuditShow, AuditVerify, Common, ProofOf};
use crate::audit;
use crate::failure::{DONE, FAILED, Failure, Outcome};
use crate::{output, settings};

/// The file of stored hashes, beside the log.
const HASHES_FILE: &str = "hashes";

/// Checks, shows and proves.
pub(crate) fn audit(common: &Common, command: &Audit) -> Outcome {
    let folder = || -> Result<PathBuf, Failure> { Ok(audit::folder(&settings::load(common)?.settings)) };
    match command {
        Audit::Verify(arguments) => verify(&folder()?, arguments),
        Audit::Checkpoint { cosigned } => checkpoint(&Reader::new(&folder()?), *cosigned),
        Audit::Prove { of } => prove(&Reader::new(&folder()?), of),
        Audit::Show(arguments) => show(&Reader::new(&folder()?), arguments),
        Audit::Cosigned { note, witness } => cosigned(common, &Reader::new(&folder()?), note, witness),
    }
}

/// Reads a file of at most the size of a note; `-` is stdin.
fn note(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut read = |reader: &mut dyn std::io::Read| reader.take(NOTE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    let result = if path.as_os_str() == "-" {
        read(&mut std::io::stdin().lock())
    } else {
        File::open(path).and_then(|mut file| read(&mut file))
    };
    result.with_context(|| format!("{}: cannot be read", path.display()))?;
    Ok(bytes)
}

fn key(text: &str, place: &str) -> Result<VerifierKey, Failure> {
    VerifierKey::parse(text).map_err(|error| Failure::usage_text(format!("{place}: {error}")))
}

fn witnesses(texts: &[String]) -> Result<Vec<VerifierKey>, Failure> {
    let read = |text: &String| {
        let witness = key(text, "--witness")?;
        if witness.kind() == KeyKind::Witness {
            Ok(witness)
        } else {
            Err(Failure::usage_text("--witness: expected the key of a witness, found that of a log"))
        }
    };
    texts.iter().map(read).collect()
}

fn verify(folder: &Path, arguments: &AuditVerify) -> Outcome {
    let place = |given: &Option<PathBuf>, name: &str| given.clone().unwrap_or_else(|| folder.join(name));
    let log_path = place(&arguments.log, LOG_FILE);
    let key_path = place(&arguments.key, PUBLIC_KEY_FILE);
    let key = key(&String::from_utf8_lossy(&note(&key_path)?), &key_path.display().to_string())?;
    let checkpoint = note(&place(&arguments.checkpoint, CHECKPOINT_FILE))?;
    let earlier = arguments.earlier.iter().map(|path| note(path)).collect::<Result<Vec<_>, _>>()?;
    let witnesses = witnesses(&arguments.witness)?;
    let file = File::open(&log_path).with_context(|| format!("{}: cannot be read", log_path.display()))?;
    // Stored hashes name the entry where nothing else can. They are believed only where they lead to the signed root.
    let hashes = HashFile::open(&log_path.with_file_name(HASHES_FILE)).ok();
    let mut log: Box<dyn BufRead> = Box::new(BufReader::new(file));
    let report = groundswell_audit::verify(Copy {
        log: &mut *log,
        checkpoint: &checkpoint,
        key: &key,
        earlier: &earlier,
        witnesses: &witnesses,
        hashes: hashes.as_ref().map(|hashes| hashes as &dyn StoredHashes),
    })
    .with_context(|| format!("{}: cannot be read", log_path.display()))?;
    let enough = report.witnesses.len() >= arguments.quorum;
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string(&report)?)
    } else {
        readable(&report, &key, arguments)
    };
    output::write_stdout(text.as_bytes())?;
    Ok(if report.is_whole() && enough { DONE } else { FAILED })
}

fn readable(report: &Report, key: &VerifierKey, arguments: &AuditVerify) -> String {
    let mut text = String::new();
    let verdict = if report.is_whole() { "whole" } else { "ALTERED" };
    let _ = writeln!(text, "{verdict}: {} entries of {}", report.entries, report.origin);
    for damage in &report.damages {
        let _ = writeln!(text, "  {}", damage.words);
    }
    if report.more > 0 {
        let _ = writeln!(text, "  and {} more", report.more);
    }
    match report.signed {
        Some(size) => {
            let _ = writeln!(text, "head      over {size} entries, root {}", report.root);
        }
        None => {
            let _ = writeln!(text, "head      not to be believed; root of the copy {}", report.root);
        }
    }
    let _ = writeln!(text, "that fit  {} heads in the log, {} kept from earlier", report.heads, report.earlier);
    if !arguments.witness.is_empty() || arguments.quorum > 0 {
        let _ = writeln!(text, "witnesses {} of {} wanted", report.witnesses.len(), arguments.quorum);
        for cosigned in &report.witnesses {
            let _ = writeln!(text, "  {} at {}", cosigned.witness, cosigned.time);
        }
    }
    let _ = writeln!(text, "key       {key}");
    if arguments.key.is_none() {
        text.push_str("          taken from the copy itself: compare it with what its operator publishes elsewhere\n");
    }
    text
}

fn checkpoint(reader: &Reader, cosigned: bool) -> Outcome {
    let head = if cosigned {
        reader.cosigned()?.context("no witness has cosigned a head yet; `groundswell audit cosigned` keeps one")?
    } else {
        reader.head()?
    };
    output::write_stdout(audit::head(&head).note.as_bytes())?;
    Ok(DONE)
}

fn prove(reader: &Reader, of: &ProofOf) -> Outcome {
    let wrong = |error: groundswell_audit::ReadError| match &error {
        groundswell_audit::ReadError::Beyond { .. } => Failure::usage(error),
        _ => Failure::from(error),
    };
    let text = match of {
        ProofOf::Inclusion { entry, size } => audit::inclusion(reader, *entry, *size).map_err(wrong)?.to_json(),
        ProofOf::Consistency { earlier, size } => audit::consistency(reader, *earlier, *size).map_err(wrong)?.to_json(),
    };
    output::write_stdout(format!("{text}\n").as_bytes())?;
    Ok(DONE)
}

fn show(reader: &Reader, arguments: &AuditShow) -> Outcome {
    let size = reader.head()?.checkpoint.size;
    let mut next = if arguments.all { 0 } else { size.saturating_sub(arguments.last) };
    let mut out = output::open(None)?;
    while next < size {
        let lines = reader.entries(next, ENTRIES_PAGE_MAX)?;
        if lines.is_empty() {
            break;
        }
        for (number, line) in lines {
            next = number + 1;
            entry(&mut *out, &audit::entry(number, line), arguments.format == "jsonl").context("cannot write")?;
        }
    }
    out.flush().context("cannot write")?;
    Ok(DONE)
}

fn entry(out: &mut dyn Write, entry: &Released<AuditEntry>, json: bool) -> std::io::Result<()> {
    if json {
        entry.write_json(out)?;
        return out.write_all(b"\n");
    }
    writeln!(out, "{}\t{}\t{}\t{}", entry.number, entry.time, entry.account, entry.words)
}

fn cosigned(common: &Common, reader: &Reader, path: &Path, witness: &[String]) -> Outcome {
    let names = reader.keep_cosigned(&note(path)?, &witnesses(witness)?)?;
    output::note(common, &format!("the head is kept with the cosignatures of {}", names.join(", ")));
    Ok(DONE)
}
