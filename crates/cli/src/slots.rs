//! The sources of a running dataflow, each in a place of its own: there one can be stopped and another one begun, while the others
//! and the dataflow go on.
//!
//! What a source has put into the channel will be counted, so the one that follows it goes on from the positions that it sent last:
//! nothing is lost by the exchange and nothing counted twice, as far as the source's own promise goes
//! (docs/architecture/sources.md).

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use groundswell_sources::{BlockFeed, BlockSender, Positions, SentPositions, Source, SourceError, SourceIx, Stop};

use crate::failure::Failure;

/// How long the end waits for sources that were asked to stop. One that hangs (a name server that does not answer, a pipe in which
/// nothing comes) is left behind: what it has not sent is not lost, its position is not saved either.
const STOP_WAIT_MAX: Duration = Duration::from_secs(2);

/// How often it is looked meanwhile.
const STOP_LOOK: Duration = Duration::from_millis(5);

/// All places.
pub(crate) struct Slots {
    /// Where further senders come from. While it is there, the dataflow does not end with its sources.
    feed: Option<BlockFeed>,
    stop: Stop,
    places: Vec<Slot>,
}

struct Slot {
    name: String,
    running: Option<Running>,
    /// What comes when the one that runs has ended.
    next: Option<Box<dyn Source>>,
    /// Where the sources that ran here before had come to.
    positions: Positions,
    /// What ran here last ended without being asked to.
    died: bool,
}

struct Running {
    stop: Stop,
    sent: SentPositions,
    thread: JoinHandle<Result<(), SourceError>>,
}

impl Slots {
    /// Places for sources of these names, each with the positions that an earlier run left of it.
    pub(crate) fn new(feed: BlockFeed, stop: Stop, places: Vec<(String, Positions)>) -> Self {
        let places = places
            .into_iter()
            .map(|(name, positions)| Slot { name, running: None, next: None, positions, died: false })
            .collect();
        Self { feed: Some(feed), stop, places }
    }

    /// Begins the sources that are there from the start, place by place. Until each has named its partitions there is no watermark,
    /// so all senders exist before any of them runs.
    pub(crate) fn begin(&mut self, sources: Vec<Box<dyn Source>>) -> Result<(), Failure> {
        let Some(feed) = &self.feed else { return Ok(()) };
        let senders: Vec<BlockSender> = (0..sources.len()).map(|index| feed.sender(SourceIx(index as u16))).collect();
        for (slot, (source, sender)) in self.places.iter_mut().zip(sources.into_iter().zip(senders)) {
            slot.begin(source, sender, &self.stop)?;
        }
        Ok(())
    }

    /// No source is begun any more: the dataflow ends with those that run.
    pub(crate) fn close(&mut self) {
        self.feed = None;
    }

    /// The place of a source.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places.iter().position(|slot| slot.name == name)
    }

    /// Stops what runs in a place and begins another source there, or none, as soon as it has ended.
    pub(crate) fn exchange(&mut self, index: usize, next: Option<Box<dyn Source>>) {
        let Some(slot) = self.places.get_mut(index) else { return };
        if let Some(running) = &slot.running {
            running.stop.stop();
        }
        slot.next = next;
    }

    /// Looks after the places: begins what waits, and says what has ended by itself. Returns the places in which another source
    /// has begun.
    pub(crate) fn look(&mut self) -> Result<Vec<usize>, Failure> {
        let mut begun = Vec::new();
        for (index, slot) in (0..).zip(&mut self.places) {
            if let Some(running) = slot.running.take_if(|running| running.thread.is_finished()) {
                let sent = running.sent.now();
                slot.died = !running.stop.stopped();
                if let Some(error) = ended(&slot.name, running.thread) {
                    tracing::error!(target: "groundswell", "{error}; the other sources go on");
                }
                slot.positions.extend(sent);
            }
            if slot.running.is_none()
                && let (Some(feed), Some(source)) = (&self.feed, slot.next.take())
            {
                slot.begin(source, feed.sender(SourceIx(index)), &self.stop)?;
                begun.push(usize::from(index));
            }
        }
        // When the last one has ended by itself there is nothing left to wait for.
        let none = self.places.iter().all(|slot| slot.running.is_none() && slot.next.is_none());
        if none && self.places.iter().any(|slot| slot.died) {
            self.close();
        }
        Ok(begun)
    }

    /// Waits for the sources, which have been asked to stop or have ended; says what was wrong with them.
    pub(crate) fn join(self) -> Vec<String> {
        let began = Instant::now();
        let mut errors = Vec::new();
        for slot in self.places {
            let Some(running) = slot.running else { continue };
            while !running.thread.is_finished() && began.elapsed() < STOP_WAIT_MAX {
                std::thread::sleep(STOP_LOOK);
            }
            if running.thread.is_finished() {
                errors.extend(ended(&slot.name, running.thread));
            } else {
                tracing::warn!(target: "groundswell", "{}: the source hangs; it is not waited for any longer", slot.name);
            }
        }
        errors
    }
}

fn ended(name: &str, thread: JoinHandle<Result<(), SourceError>>) -> Option<String> {
    match thread.join() {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{name}: {:#}", anyhow::Error::from(error))),
        Err(_) => Some(format!("{name}: the source panicked")),
    }
}

impl Slot {
    fn begin(&mut self, mut source: Box<dyn Source>, sender: BlockSender, stop: &Stop) -> Result<(), Failure> {
        if !self.positions.is_empty() {
            source.resume(&self.positions);
        }
        let (stop, sent) = (stop.part(), sender.sent());
        let for_source = stop.clone();
        let thread = std::thread::Builder::new()
            .name(format!("source {}", self.name))
            .spawn(move || source.run(sender, for_source))
            .context("cannot start a thread")?;
        self.running = Some(Running { stop, sent, thread });
        self.died = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use groundswell_sources::{PartitionSpec, Payload, Position, channel};

    use super::*;

    /// Sends the numbers from its position on, one a block, until it is stopped.
    struct Numbers {
        next: u64,
        /// Ends by itself before this number.
        end: u64,
    }

    impl Source for Numbers {
        fn name(&self) -> &'static str {
            "numbers"
        }

        fn resume(&mut self, positions: &Positions) {
            self.next = positions["n"].parse::<u64>().unwrap() + 1;
        }

        fn run(self: Box<Self>, mut out: BlockSender, stop: Stop) -> Result<(), SourceError> {
            let spec = PartitionSpec { name: "n".to_owned(), head_time: None, live: true, lateness: Duration::ZERO };
            let mut partition = out.partition(spec, &stop);
            let key = Arc::from("n");
            for number in self.next..self.end {
                let payload = Payload::Ndjson(number.to_string().into_bytes());
                if partition.send_at(1, payload, Some(Position::new(&key, number.to_string()))).is_err() {
                    return Ok(());
                }
            }
            Err(SourceError::Config("at the end".to_owned()))
        }
    }

    fn numbers(end: u64) -> Box<dyn Source> {
        Box::new(Numbers { next: 0, end })
    }

    #[test]
    fn an_exchange_loses_nothing_and_repeats_nothing() {
        let stop = Stop::default();
        let (feed, receiver) = channel(2, Duration::from_secs(30));
        let mut slots = Slots::new(feed, stop.clone(), vec![("numbers".to_owned(), Positions::new())]);
        slots.begin(vec![numbers(u64::MAX)]).unwrap();
        let (mut came, mut begun) = (Vec::new(), 0);
        while begun < 20 {
            begun += slots.look().unwrap().len();
            let Ok(block) = receiver.recv_timeout(Duration::from_millis(5)) else { continue };
            let Payload::Ndjson(bytes) = block.payload else { panic!("numbers only") };
            came.push(String::from_utf8(bytes).unwrap().parse::<u64>().unwrap());
            if came.len().is_multiple_of(10) {
                slots.exchange(slots.place("numbers").unwrap(), Some(numbers(u64::MAX)));
            }
        }
        assert_eq!(came, (0..came.len() as u64).collect::<Vec<_>>());
        stop.stop();
        assert_eq!(slots.join(), Vec::<String>::new());
    }

    #[test]
    fn the_dataflow_ends_when_its_sources_end_by_themselves_and_not_when_they_are_taken_away() {
        let stop = Stop::default();
        let (feed, receiver) = channel(64, Duration::from_secs(30));
        let mut slots = Slots::new(feed, stop, vec![("numbers".to_owned(), Positions::new())]);
        slots.begin(vec![numbers(u64::MAX)]).unwrap();
        receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        slots.exchange(0, None);
        while slots.places[0].running.is_some() {
            slots.look().unwrap();
        }
        while receiver.try_recv().is_ok() {}
        assert!(slots.feed.is_some() && !slots.places[0].died, "another one may come");
        slots.exchange(0, Some(numbers(0)));
        while slots.feed.is_some() {
            slots.look().unwrap();
        }
        assert!(slots.places[0].died);
    }
}
