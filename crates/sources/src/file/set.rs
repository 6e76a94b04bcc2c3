//! Many files as one source, read side by side in event time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use groundswell_post::EventTime;
use serde::{Deserialize, Serialize};

use super::error::FileError;
use super::open::OpenFile;
use super::report::{FileReport, FileStatus};
use crate::block::{Position, Positions};
use crate::channel::{BlockSender, PartitionHandle, PartitionSpec, Stop};
use crate::clock::Clock;
use crate::decode::DecodeOptions;
use crate::map::FieldMap;
use crate::source::{Source, SourceError};

/// How many files are open at once. When more overlap in time, the others wait: windows stay open longer and need more memory,
/// counts stay the same. Counted in [`FileReport::open_files_full`].
pub const OPEN_FILES_MAX: usize = 512;

/// Up to this many files stay open, with their first block, after their first record was looked at.
const KEPT_OPEN_MAX: usize = 16;

/// How much of a file tells it from another one at the same path, in bytes.
const HEAD_BYTES: u64 = 64 << 10;

/// Where a file is gone on with: a [`Position`]'s value. Its key is [`key_of`] its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The line (in Parquet the row) of the first record that is not counted yet.
    line: u64,
    /// The byte at which that line begins, where it can be gone to without reading what is before it: in plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    byte: Option<u64>,
    /// Size of the file.
    bytes: u64,
    /// BLAKE3 of its first [`HEAD_BYTES`].
    head: String,
}

impl Place {
    /// The beginning of a file; `None` where it cannot be read twice.
    pub(super) fn start_of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let mut head = Vec::new();
        File::open(path).ok()?.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
        Some(Self { line: 1, byte: None, bytes: metadata.len(), head: blake3::hash(&head).to_hex().to_string() })
    }

    pub(super) fn value(&self) -> String {
        serde_json::to_string(self).expect("numbers and a hash can be written")
    }
}

/// Which files are this process's share: each `index`-th of `count`, whole files round robin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// This process, from 0.
    pub index: usize,
    /// How many processes there are.
    pub count: usize,
}

/// What a set of files is.
#[derive(Clone, Debug)]
pub struct FileSetConfig {
    /// The source's name; `file` unless configured otherwise.
    pub name: String,
    /// The files, in any order; `-` is stdin.
    pub files: Vec<PathBuf>,
    /// Names of the fields.
    pub map: FieldMap,
    /// How far out of order a post may be within its file.
    pub lateness: Duration,
    /// Which of the files to read; `None`: all.
    pub share: Option<Share>,
}

impl FileSetConfig {
    /// These files, with the defaults: named `file`, the contract's field names, ten minutes of lateness, all of them.
    pub fn new(files: Vec<PathBuf>) -> Self {
        let lateness = Duration::from_mins(10);
        Self { name: "file".to_owned(), files, map: FieldMap::default(), lateness, share: None }
    }
}

/// The source.
///
/// Each file is a partition. Files are read side by side: next comes always the file whose clock (the newest event time
/// that workers have published, before that the time of its first record) is lowest, so files given in any order come in
/// event time and windows close early.
#[derive(Debug)]
pub struct FileSet {
    config: FileSetConfig,
    files: Vec<PathBuf>,
    clock: Arc<dyn Clock>,
    report: Arc<FileReport>,
    /// Where to go on, by path.
    resumed: BTreeMap<String, Place>,
}

impl FileSet {
    /// A set of files. Nothing is opened before [`Source::run`].
    pub fn new(config: FileSetConfig, clock: Arc<dyn Clock>) -> Self {
        let Share { index, count } = config.share.unwrap_or(Share { index: 0, count: 1 });
        let files: Vec<PathBuf> = config.files.iter().skip(index).step_by(count.max(1)).cloned().collect();
        let report = Arc::new(FileReport::new(&files));
        Self { config, files, clock, report, resumed: BTreeMap::new() }
    }

    /// Whether these positions, of an earlier run, are of these files, and none of them has changed since. Only then may they
    /// be gone on with: what was counted of other files would be mixed up with them.
    pub fn can_resume(&self, positions: &Positions) -> bool {
        let names: BTreeSet<String> = self.files.iter().map(|path| key_of(path)).collect();
        !positions.is_empty()
            && positions.iter().all(|(key, value)| {
                let saved = serde_json::from_str::<Place>(value).ok();
                let now = Place::start_of(Path::new(key));
                let unchanged = |(saved, now): (Place, Place)| (saved.bytes, saved.head) == (now.bytes, now.head);
                names.contains(key) && saved.zip(now).is_some_and(unchanged)
            })
    }

    /// What becomes of each file.
    pub fn report(&self) -> Arc<FileReport> {
        Arc::clone(&self.report)
    }
}

/// A file's name among positions: the same one however the path was written, and from wherever the program was started.
pub(super) fn key_of(path: &Path) -> String {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// A file with a partition.
struct Reading {
    index: usize,
    handle: PartitionHandle,
    open: Option<OpenFile>,
    key: Arc<str>,
    /// Where it is; `None` where it cannot be read twice.
    place: Option<Place>,
}

impl Source for FileSet {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn resume(&mut self, positions: &Positions) {
        let places = positions.iter().filter_map(|(key, value)| Some((key.clone(), serde_json::from_str(value).ok()?)));
        self.resumed = places.collect();
    }

    fn run(self: Box<Self>, mut out: BlockSender, stop: Stop) -> Result<(), SourceError> {
        let options = DecodeOptions { map: self.config.map.clone() };
        let mut readings = self.look_at_all(&options, &mut out, &stop);
        let clocks = Arc::clone(out.clocks());
        let mut open = readings.iter().filter(|reading| reading.open.is_some()).count();
        while !readings.is_empty() && !stop.stopped() {
            // Nothing is known of a file without a good first record: read it first, it may be the oldest.
            let clock_of = |reading: &Reading| -> (Option<EventTime>, u64, usize) {
                (clocks.newest(reading.handle.partition()), reading.handle.sent(), reading.index)
            };
            let lowest = |only_open: bool| {
                (0..readings.len())
                    .filter(|&at| !only_open || readings[at].open.is_some())
                    .min_by_key(|&at| clock_of(&readings[at]))
            };
            let Some(mut at) = lowest(false) else { break };
            if readings[at].open.is_none() && open >= OPEN_FILES_MAX {
                self.report.count_open_files_full();
                at = lowest(true).unwrap_or(at);
            }
            let reading = &mut readings[at];
            if reading.open.is_none() {
                match self.open(reading.index, &stop) {
                    Ok(file) => {
                        reading.open = Some(file);
                        open += 1;
                    }
                    Err(_) if stop.stopped() => return Ok(()),
                    Err(error) => {
                        self.report.fail(reading.index, error);
                        readings.swap_remove(at);
                        continue;
                    }
                }
            }
            let Some(file) = &mut reading.open else { continue };
            match file.next() {
                Ok(Some((first_line, payload))) => {
                    if reading.handle.sent() == 0 {
                        self.report.update(reading.index, |state| state.status = FileStatus::Reading);
                    }
                    let position = reading.place.as_mut().map(|place| {
                        place.line = first_line + payload.lines();
                        place.byte = file.byte();
                        Position::new(&reading.key, place.value())
                    });
                    if reading.handle.send_at(first_line, payload, position).is_err() {
                        return Ok(());
                    }
                }
                Ok(None) => {
                    match file.fingerprint() {
                        Ok(fingerprint) => {
                            self.report.update(reading.index, |state| state.status = FileStatus::Read(fingerprint));
                        }
                        Err(error) => self.report.fail(reading.index, error),
                    }
                    open -= 1;
                    readings.swap_remove(at);
                }
                Err(_) if stop.stopped() => return Ok(()),
                Err(error) => {
                    self.report.fail(reading.index, error);
                    open -= 1;
                    readings.swap_remove(at);
                }
            }
        }
        Ok(())
    }
}

impl FileSet {
    fn open(&self, index: usize, stop: &Stop) -> Result<OpenFile, FileError> {
        let path = &self.files[index];
        let mut file = OpenFile::open(path, &self.config.map, &self.report.bytes_read, stop)?;
        if let Some(place) = self.resumed.get(&key_of(path)) {
            match place.byte {
                Some(byte) => file.seek_to(byte, place.line)?,
                None => file.skip_to(place.line)?,
            }
        }
        self.report.update(index, |state| state.format = Some(file.format()));
        Ok(file)
    }

    /// Opens each file for its first record's time and registers all good ones at once.
    fn look_at_all(&self, options: &DecodeOptions, out: &mut BlockSender, stop: &Stop) -> Vec<Reading> {
        let (mut found, mut specs) = (Vec::new(), Vec::new());
        for (index, path) in self.files.iter().enumerate() {
            if stop.stopped() {
                break;
            }
            let before = self.report.bytes_read.load(std::sync::atomic::Ordering::Relaxed);
            let looked = self.open(index, stop).and_then(|mut file| {
                let head = file.head_time(options, self.clock.now())?;
                Ok((file, head))
            });
            let (file, head_time) = match looked {
                Ok(looked) => looked,
                // It was stopped while it waited for a pipe.
                Err(_) if stop.stopped() => break,
                Err(error) => {
                    self.report.fail(index, error);
                    continue;
                }
            };
            let is_stdin = path.as_os_str() == "-";
            let keep = is_stdin || found.len() < KEPT_OPEN_MAX;
            if !keep {
                // It will be read again from its start.
                self.report.bytes_read.store(before, std::sync::atomic::Ordering::Relaxed);
            }
            found.push((index, keep.then_some(file)));
            specs.push(PartitionSpec {
                name: if is_stdin { "stdin".to_owned() } else { path.display().to_string() },
                head_time,
                live: false,
                lateness: self.config.lateness,
            });
        }
        let handles = out.partitions(&specs, stop);
        let reading = |((index, open), handle): ((usize, Option<OpenFile>), PartitionHandle)| {
            self.report.update(index, |state| state.partition = Some(handle.partition()));
            let path = &self.files[index];
            Reading { index, handle, open, key: key_of(path).into(), place: Place::start_of(path) }
        };
        found.into_iter().zip(handles).map(reading).collect()
    }
}
