//! What became of each file: for the progress bar, for messages, and for the exit code.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::compression::Compression;
use super::error::FileError;
use super::fingerprint::Fingerprint;
use super::open::Format;

/// How far a file is.
#[derive(Clone, Debug, Default)]
pub enum FileStatus {
    /// Not begun.
    #[default]
    Waiting,
    /// Begun; what a stop leaves behind.
    Reading,
    /// Read to its end.
    Read(Fingerprint),
    /// Given up; what was read before counts.
    Failed(Arc<FileError>),
}

/// One file of a set.
#[derive(Clone, Debug)]
pub struct FileState {
    /// As it was named.
    pub path: PathBuf,
    /// Its partition, once registered.
    pub partition: Option<u32>,
    /// What it turned out to be.
    pub format: Option<(Format, Compression)>,
    /// How far it is.
    pub status: FileStatus,
}

/// Shared between the reader's thread and whoever watches.
#[derive(Debug)]
pub struct FileReport {
    files: Mutex<Vec<FileState>>,
    pub(crate) bytes_read: Arc<AtomicU64>,
    bytes_total: AtomicU64,
    open_files_full: AtomicU64,
}

impl FileReport {
    pub(crate) fn new(paths: &[PathBuf]) -> Self {
        let files = paths
            .iter()
            .map(|path| FileState { path: path.clone(), partition: None, format: None, status: FileStatus::Waiting })
            .collect();
        let bytes_total = paths
            .iter()
            .filter(|path| path.as_os_str() != "-")
            .filter_map(|path| std::fs::metadata(path).ok())
            .filter(std::fs::Metadata::is_file)
            .map(|metadata| metadata.len())
            .sum();
        Self {
            files: Mutex::new(files),
            bytes_read: Arc::default(),
            bytes_total: AtomicU64::new(bytes_total),
            open_files_full: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<FileState>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn update(&self, index: usize, change: impl FnOnce(&mut FileState)) {
        change(&mut self.lock()[index]);
    }

    pub(crate) fn fail(&self, index: usize, error: FileError) {
        tracing::error!(target: "groundswell_sources::file", "{}", with_causes(&error));
        self.update(index, |file| file.status = FileStatus::Failed(Arc::new(error)));
    }

    pub(crate) fn count_open_files_full(&self) {
        self.open_files_full.fetch_add(1, Ordering::Relaxed);
    }

    /// The state of all files, in the order in which they were named.
    pub fn files(&self) -> Vec<FileState> {
        self.lock().clone()
    }

    /// The files that were given up, with the reason, as text. Any makes the exit code 1.
    pub fn failures(&self) -> Vec<(PathBuf, String)> {
        self.lock()
            .iter()
            .filter_map(|file| match &file.status {
                FileStatus::Failed(error) => Some((file.path.clone(), with_causes(error))),
                _ => None,
            })
            .collect()
    }

    /// The files that were read to their end. What they held is done only when the dataflow has ended in order, too.
    pub fn finished(&self) -> Vec<(PathBuf, Fingerprint)> {
        self.lock()
            .iter()
            .filter_map(|file| match &file.status {
                FileStatus::Read(fingerprint) => Some((file.path.clone(), *fingerprint)),
                _ => None,
            })
            .collect()
    }

    /// Bytes read and to be read, as they are on disk; stdin counts when it has been read.
    pub fn progress(&self) -> (u64, u64) {
        let read = self.bytes_read.load(Ordering::Relaxed);
        (read, self.bytes_total.load(Ordering::Relaxed).max(read))
    }

    /// How often a file had to wait because [`super::OPEN_FILES_MAX`] others were open.
    pub fn open_files_full(&self) -> u64 {
        self.open_files_full.load(Ordering::Relaxed)
    }
}

/// An error and its causes in one line.
fn with_causes(error: &FileError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
