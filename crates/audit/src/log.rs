//! [`Log`]: the log in its folder, for those who append to it.
//!
//! Several processes may: a service that runs, and a command beside it. Each append takes the lock, reads what others appended
//! since, writes its entries with one write, brings them to the disk, and signs a new head. So every entry is under a head as soon
//! as it is there, and whatever moment the power goes at, what is left is a whole log with at most one torn line at its end, or
//! entries that no head was signed over yet; both are mended at the next opening, and an entry says so.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::entry::{ENTRY_BYTES_MAX, Entry, EntryError, Marks};
use crate::key::{self, KeyFileError};
use crate::lines::{self, Line};
use crate::note::{NOTE_BYTES_MAX, Note, SignerKey, VerifierKey};
use crate::stored::{self, Stored};
use crate::{Act, Frontier, Hash, Time, Wording};

/// The log: one entry a line.
pub const LOG_FILE: &str = "log.ndjson";
/// The newest head, a signed note.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// The newest head that witnesses cosigned, where there is one.
pub const COSIGNED_FILE: &str = "cosigned";
/// The key that heads are signed with, where no other place is configured.
pub const KEY_FILE: &str = "key";
/// The public half of the key.
pub const PUBLIC_KEY_FILE: &str = "key.pub";
/// Locked by whoever appends, while it does.
pub const LOCK_FILE: &str = "lock";

/// How often the lock is tried before it is given up; another process holds it for milliseconds.
const LOCK_TRIES_MAX: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Entries of one append, at most: they are written at once, so this is also what an append may hold in memory.
pub const APPEND_ENTRIES_MAX: usize = 1_000;

/// Where a log is.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// Its folder.
    pub folder: PathBuf,
    /// The file of its key; `None`: [`KEY_FILE`] in the folder.
    pub key: Option<PathBuf>,
    /// The name that a new log gets; `None`: one made from its key. A log that has another name is refused.
    pub origin: Option<String>,
}

/// Why a log cannot be opened or appended to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The system refused.
    #[error("{}: cannot {action}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was wanted.
        action: &'static str,
        /// The system's answer.
        #[source]
        error: io::Error,
    },
    /// Another process holds the lock.
    #[error("{}: another process has held the lock for {} s", path.display(), u64::from(LOCK_TRIES_MAX) * LOCK_PAUSE.as_millis() as u64 / 1_000)]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The head is none, or not this log's.
    #[error("{}: {error}; `groundswell audit verify` says more, and nothing is appended to a log that was altered", path.display())]
    Head {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: CheckpointError,
    },
    /// The log is not the one that the head was signed over.
    #[error("{}: not the log that its head was signed over ({what}); `groundswell audit verify` says more, and nothing is appended to a log that was altered", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The log became shorter while this process had it open.
    #[error("{}: it became shorter while it was open", path.display())]
    Shorter {
        /// The file.
        path: PathBuf,
    },
    /// An entry would be longer than one may be.
    #[error("an entry of more than {ENTRY_BYTES_MAX} bytes")]
    TooLong,
    /// More entries at once than may be.
    #[error("more than {APPEND_ENTRIES_MAX} entries at once")]
    TooMany,
}

/// What was found and mended at an opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Entries that no head was signed over.
    pub unsigned: u64,
    /// Bytes of a torn entry that were cut off.
    pub cut_bytes: u64,
}

impl Found {
    fn act(self) -> Option<Act> {
        let Self { unsigned, cut_bytes } = self;
        (self != Self::default()).then_some(Act::Mended { unsigned, cut_bytes })
    }
}

/// Told of every entry that is read or written, whoever wrote it.
pub type Seen = Box<dyn FnMut(&Entry) + Send>;

/// A log that can be appended to.
pub struct Log {
    folder: PathBuf,
    key: SignerKey,
    frontier: Frontier,
    /// Hash of the last entry.
    last: Hash,
    /// Bytes of the log.
    bytes: u64,
    /// The log holds a head, so there was one.
    published: bool,
    seen: Seen,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("folder", &self.folder).field("size", &self.frontier.size()).finish_non_exhaustive()
    }
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> LogError {
    let path = path.to_owned();
    move |error| LogError::Io { path, action, error }
}

/// Waits for the lock; it is given back when the file is dropped.
fn lock(folder: &Path) -> Result<File, LogError> {
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .map_err(io_error(&path, "open the lock"))?;
    for _ in 0..LOCK_TRIES_MAX {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(io_error(&path, "lock it")(error)),
        }
    }
    Err(LogError::Locked { path })
}

/// Reads a file that may not be there, up to a bound.
pub(crate) fn read_small(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(NOTE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

impl Log {
    /// Opens the log, and makes it where there is none. The whole log is read and held against its head. `seen` is told of every
    /// entry now and later, also of those that other processes append; entries of a later version, which are not understood, are
    /// left out of that. What a crash left is mended, and an entry says so.
    pub fn open(options: &LogOptions, now: i64, seen: Seen) -> Result<(Self, Found), LogError> {
        let folder = &options.folder;
        std::fs::create_dir_all(folder).map_err(io_error(folder, "make the folder"))?;
        let _lock = lock(folder)?;
        let key_path = options.key.clone().unwrap_or_else(|| folder.join(KEY_FILE));
        let key = key::open(&key_path, options.origin.as_deref())?;
        let head_path = folder.join(CHECKPOINT_FILE);
        let head = read_small(&head_path).map_err(io_error(&head_path, "read the head"))?;
        let head = head
            .map(|bytes| Checkpoint::open(&bytes, key.public()))
            .transpose()
            .map_err(|error| LogError::Head { path: head_path, error })?
            .map(|(head, _)| head);
        let signed = head.as_ref().map_or(0, |head| head.size);
        let mut log = Self {
            folder: folder.clone(),
            key,
            frontier: Frontier::default(),
            last: Hash::NONE,
            bytes: 0,
            published: false,
            seen,
        };
        let mut root = (signed == 0).then(Hash::of_no_entries);
        let cut_bytes = log.read_on(|frontier| {
            if frontier.size() == signed {
                root = Some(frontier.root());
            }
        })?;
        if head.is_none() && log.published {
            // A crash never takes a head away: a new one is renamed over the one before.
            return Err(LogError::Altered { path: log.path(), what: "its head is gone".to_owned() });
        }
        let altered = |what: String| LogError::Altered { path: log.path(), what };
        if let Some(head) = head {
            match root {
                None => {
                    return Err(altered(format!("it has {} entries, the head {signed}", log.frontier.size())));
                }
                Some(root) if root != head.root => {
                    return Err(altered(format!("one of the first {signed} entries is another")));
                }
                Some(_) => {}
            }
        }
        let found = Found { unsigned: log.frontier.size() - signed, cut_bytes };
        log.write_public_key()?;
        if let Some(mended) = found.act() {
            log.write_and_sign(now, vec![(Wording::local(), mended)])?;
        }
        Ok((log, found))
    }

    fn path(&self) -> PathBuf {
        self.folder.join(LOG_FILE)
    }

    fn write_public_key(&self) -> Result<(), LogError> {
        let path = self.folder.join(PUBLIC_KEY_FILE);
        let line = format!("{}\n", self.key.public());
        if read_small(&path).is_ok_and(|found| found.as_deref() == Some(line.as_bytes())) {
            return Ok(());
        }
        stored::replace(&self.folder, PUBLIC_KEY_FILE, line.as_bytes()).map_err(io_error(&path, "write the public key"))
    }

    /// Reads what the log holds beyond what is known; cuts off a torn entry and says how many bytes it had. The lock is held.
    fn read_on(&mut self, mut at_size: impl FnMut(&Frontier)) -> Result<u64, LogError> {
        let path = self.path();
        let reading = io_error(&path, "read the log");
        let file = OpenOptions::new().create(true).read(true).append(true).open(&path);
        let mut file = file.map_err(io_error(&path, "open the log"))?;
        let mut work = || -> io::Result<Result<u64, LogError>> {
            if file.metadata()?.len() < self.bytes {
                return Ok(Err(LogError::Shorter { path: path.clone() }));
            }
            file.seek(SeekFrom::Start(self.bytes))?;
            let mut reader = BufReader::new(&file);
            let mut stored = Stored::open(&self.folder, self.frontier.size())?;
            let mut line = Vec::new();
            let mut cut = 0;
            while let Some((kind, bytes)) = lines::next(&mut reader, &mut line)? {
                let fault = match kind {
                    Line::Whole => self.take(&line, bytes, &mut stored)?,
                    Line::TooLong => Some(EntryError::TooLong),
                    Line::Torn => {
                        cut = bytes;
                        break;
                    }
                };
                if let Some(fault) = fault {
                    let what = format!("entry {}: {fault}", self.frontier.size());
                    return Ok(Err(LogError::Altered { path: path.clone(), what }));
                }
                at_size(&self.frontier);
            }
            stored.finish()?;
            if cut > 0 {
                file.set_len(self.bytes)?;
                file.sync_all()?;
            }
            Ok(Ok(cut))
        };
        work().map_err(reading)?
    }

    /// Takes one line that is in the log.
    fn take(&mut self, line: &[u8], bytes: u64, stored: &mut Stored) -> io::Result<Option<EntryError>> {
        match Entry::parse(line) {
            Ok(entry) => {
                self.published |= matches!(entry.act, Act::CheckpointPublished { .. });
                (self.seen)(&entry);
            }
            // Of a later version, or of somebody else: the tree and the head tell.
            Err(_) => {
                if let Err(fault) = Marks::parse(line) {
                    return Ok(Some(fault));
                }
            }
        }
        let mut failed = None;
        self.last = Hash::of_entry(line);
        self.frontier.push(self.last, |hash| failed = failed.take().or(stored.hash(hash).err()));
        self.bytes += bytes;
        stored.end(self.bytes)?;
        failed.map_or(Ok(None), Err)
    }

    /// Appends what was done, in this order, and signs a new head over it. What cannot be written whole, or not be signed, is not
    /// written at all.
    pub fn append(&mut self, now: i64, by: &Wording, acts: Vec<Act>) -> Result<(), LogError> {
        if acts.len() > APPEND_ENTRIES_MAX {
            return Err(LogError::TooMany);
        }
        let _lock = lock(&self.folder)?;
        let mended = self.catch_up()?.act().map(|act| (Wording::local(), act));
        let entries: Vec<_> = mended.into_iter().chain(acts.into_iter().map(|act| (by.clone(), act))).collect();
        if entries.is_empty() { Ok(()) } else { self.write_and_sign(now, entries) }
    }

    /// Publishes the head: an entry that holds it, so that a copy of the log can be held against all heads that there were.
    pub fn publish(&mut self, now: i64) -> Result<Note, LogError> {
        let _lock = lock(&self.folder)?;
        if let Some(mended) = self.catch_up()?.act() {
            self.write_and_sign(now, vec![(Wording::local(), mended)])?;
        }
        let head = self.head().signed(&self.key);
        let signature = head.signatures.first().map(crate::NoteSignature::encoded).unwrap_or_default();
        let act = Act::CheckpointPublished { size: self.frontier.size(), root: self.frontier.root(), signature };
        self.write_and_sign(now, vec![(Wording::local(), act)])?;
        Ok(self.head().signed(&self.key))
    }

    /// Reads what other processes appended; what one of them left that was killed in the middle. The lock is held.
    fn catch_up(&mut self) -> Result<Found, LogError> {
        let cut_bytes = self.read_on(|_| {})?;
        let path = self.folder.join(CHECKPOINT_FILE);
        let size = self.frontier.size();
        let signed = match read_small(&path).map_err(io_error(&path, "read the head"))? {
            None => 0,
            Some(bytes) => {
                let opened = Checkpoint::open(&bytes, self.key.public());
                let (head, _) = opened.map_err(|error| LogError::Head { path: path.clone(), error })?;
                if head.size > size || head.size == size && head.root != self.frontier.root() {
                    let what = format!("it has {size} entries, the head {}", head.size);
                    return Err(LogError::Altered { path: self.path(), what });
                }
                head.size
            }
        };
        Ok(Found { unsigned: size - signed, cut_bytes })
    }

    /// Writes entries behind those that are there and signs a head over them; or takes them back: no head was signed over them, and
    /// whoever tries again must not find them there. The lock is held and everything there is known.
    fn write_and_sign(&mut self, now: i64, entries: Vec<(Wording, Act)>) -> Result<(), LogError> {
        let (frontier, last, bytes) = (self.frontier.clone(), self.last, self.bytes);
        let done = self.write(now, entries).and_then(|()| self.sign());
        if done.is_err() {
            (self.frontier, self.last, self.bytes) = (frontier, last, bytes);
            // If this fails too, the next opening finds entries without a head, and says so.
            let _ = OpenOptions::new().write(true).open(self.path()).and_then(|file| file.set_len(bytes));
        }
        done
    }

    fn write(&mut self, now: i64, entries: Vec<(Wording, Act)>) -> Result<(), LogError> {
        let mut text = Vec::new();
        let mut last = self.last;
        for (number, (by, act)) in (self.frontier.size()..).zip(entries) {
            let entry = Entry { number, time: Time::from_unix(now), by, act: act.bounded(), prev: last };
            let line = entry.line();
            if line.len() > ENTRY_BYTES_MAX {
                return Err(LogError::TooLong);
            }
            last = Hash::of_entry(line.as_bytes());
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        let path = self.path();
        let file = OpenOptions::new().append(true).open(&path).map_err(io_error(&path, "open the log"))?;
        (&file).write_all(&text).and_then(|()| file.sync_data()).map_err(io_error(&path, "append to the log"))?;
        self.read_on(|_| {})?;
        Ok(())
    }

    /// The head over everything that is known.
    pub fn head(&self) -> Checkpoint {
        let origin = self.key.public().name().to_owned();
        Checkpoint { origin, size: self.frontier.size(), root: self.frontier.root() }
    }

    fn sign(&self) -> Result<(), LogError> {
        let note = self.head().signed(&self.key).to_string();
        let path = self.folder.join(CHECKPOINT_FILE);
        stored::replace(&self.folder, CHECKPOINT_FILE, note.as_bytes()).map_err(io_error(&path, "write the head"))
    }

    /// The key that heads are checked with.
    pub fn key(&self) -> &VerifierKey {
        self.key.public()
    }
}
