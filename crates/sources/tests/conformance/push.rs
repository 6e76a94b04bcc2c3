//! The push door: a sender that pushes the script in batches, and all of it again after a restart, as one does that was told
//! nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use groundswell_sources::push::{Packing, PushConfig, PushDoor, PushError, push};
use groundswell_sources::{DecodeOptions, LiveState, ManualClock};

use crate::harness::{Item, Made, NOW, Resume, SECRET, Subject, conformance, text_of, time_of};

/// Records of a batch.
const BATCH: usize = 7;

struct Pushed;

fn line(item: Item) -> String {
    match item {
        Item::Post(number) => format!(
            r#"{{"id":"{SECRET}-{number}","author":"{SECRET}","time":{},"text":"{}"}}"#,
            time_of(number).unix(),
            text_of(number)
        ),
        Item::Bad => format!(r#"{{"id":"{SECRET}","text":"{SECRET}","time":"{SECRET}"}}"#),
        Item::Delete(number) => format!(r#"{{"delete":true,"id":"{SECRET}-{number}"}}"#),
        Item::Unknown => "  ".to_owned(),
    }
}

/// Pushes batches one after the other; told to go when it is dropped.
struct Sender {
    gone: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sender {
    fn start(door: PushDoor, batches: Vec<Vec<u8>>) -> Self {
        let gone = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&gone);
        let thread = thread::spawn(move || {
            let wait = || {
                thread::sleep(Duration::from_millis(1));
                told.load(Ordering::Acquire)
            };
            // A door opens when its source runs: by then it knows what was counted before.
            while door.status().state() != LiveState::Connected {
                if wait() {
                    return;
                }
            }
            for (number, batch) in batches.into_iter().enumerate() {
                let key = format!("stream/{number}").parse().unwrap();
                loop {
                    match door.take(Some(&key), batch.clone(), Packing::Plain, Duration::from_millis(20)) {
                        Ok(_) => break,
                        Err(PushError::Full) if !told.load(Ordering::Acquire) => {}
                        Err(_) => return,
                    }
                }
            }
            // The door stays open for what may come.
            while !wait() {}
        });
        Self { gone, thread: Some(thread) }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Subject for Pushed {
    fn make(&self, script: &[Item]) -> Made {
        let (door, source) = push(PushConfig::default(), Arc::new(ManualClock::at(NOW)));
        let batch = |items: &[Item]| {
            items.iter().fold(Vec::new(), |bytes, item| [bytes, line(*item).into(), vec![b'\n']].concat())
        };
        let sender = Sender::start(door, script.chunks(BATCH).map(batch).collect());
        Made { source: Box::new(source), decode: DecodeOptions::default(), world: Box::new(sender) }
    }

    fn ends(&self) -> bool {
        false
    }

    fn resume(&self) -> Resume {
        Resume::Exact
    }
}

conformance!(Pushed);
