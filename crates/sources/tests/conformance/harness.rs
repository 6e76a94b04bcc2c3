//! The contract of docs/architecture/sources.md as tests. A source is put to it by a [`Subject`]: how its world (a file, a
//! server) is made to say a script, and what it promises beyond the common. [`conformance!`] makes one test a law.

use std::any::Any;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use groundswell_post::{DeleteTarget, EventTime, Record};
use groundswell_sources::{
    Block, BlockReceiver, DecodeOptions, DecodeScratch, Positions, Source, SourceIx, Stop, channel, decode,
};

/// A test that waits longer than this has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The wall clock of the tests: what the scripts' posts call now.
pub(crate) const NOW: EventTime = EventTime::from_unix(1_800_000_000);

/// What stands in every text and every id that a script holds, and must stand in no message, no name and no position.
pub(crate) const SECRET: &str = "zxqv";

/// One record of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A good post, told apart by its number: its text is [`text_of`], its time [`time_of`].
    Post(u64),
    /// A record that cannot be read, as bad as the source's format allows while it still is one record.
    Bad,
    /// A deletion of the post with this number.
    Delete(u64),
    /// A record of a kind that the source does not know, or that is no post: to be passed over without a word.
    Unknown,
}

/// The text of a post.
pub(crate) fn text_of(number: u64) -> String {
    format!("{SECRET} post number {number}")
}

/// The time of a post: a second apart, all before [`NOW`].
pub(crate) fn time_of(number: u64) -> EventTime {
    EventTime::from_unix(NOW.unix() - 3_600 + number as i64)
}

/// A source about to read a script.
pub(crate) struct Made {
    /// The source.
    pub(crate) source: Box<dyn Source>,
    /// How its records are decoded.
    pub(crate) decode: DecodeOptions,
    /// What must live as long as the source runs: a folder, a server.
    pub(crate) world: Box<dyn Any + Send>,
}

/// What comes again after a source goes on from a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// It cannot go back: it goes on with what is new.
    Never,
    /// Everything after the position, and a little of what was before (the edge knows repeats).
    Overlap,
    /// Everything after the position and nothing of what was before.
    Exact,
}

/// A source and its world.
pub(crate) trait Subject {
    /// Makes the world say the script and a source that reads it. Called again for a resumed source: the world is the same.
    fn make(&self, script: &[Item]) -> Made;

    /// Whether the source ends by itself when it has read the script; else it is stopped.
    fn ends(&self) -> bool;

    /// What it promises about going on.
    fn resume(&self) -> Resume;

    /// The number of the first line; an offset begins at 0.
    fn first_line(&self) -> u64 {
        1
    }

    /// Whether its format has deletions.
    fn deletes(&self) -> bool {
        true
    }

    /// Whether its format has records of kinds that are passed over.
    fn has_unknown(&self) -> bool {
        true
    }
}

/// What was told of the records of a run.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Texts of posts, in the order of each partition, partition by partition.
    pub(crate) posts: Vec<String>,
    /// How many deletions.
    pub(crate) deletions: usize,
    /// Why records were rejected.
    pub(crate) rejections: Vec<String>,
    /// The positions as of each block, in order of arrival, each with how many records had been told by then.
    pub(crate) positions: Vec<(Positions, usize)>,
}

impl Told {
    fn records(&self) -> usize {
        self.posts.len() + self.deletions + self.rejections.len()
    }

    /// The numbers of the posts told, sorted; each must be one of the script's.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let number = |text: &String| {
            let at = text.rfind("number ").unwrap_or_else(|| panic!("not a text of the script"));
            text[at + "number ".len()..].trim().parse().expect("a number")
        };
        let mut numbers: Vec<u64> = self.posts.iter().map(number).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// When a source that does not end by itself has told enough.
pub(crate) type Enough<'a> = &'a dyn Fn(&Told) -> bool;

/// Runs a source until it has ended, or has told enough (and everything in the blocks that held it).
pub(crate) fn run(subject: &dyn Subject, script: &[Item], resume: Option<&Positions>, enough: Enough<'_>) -> Told {
    let Made { mut source, decode: options, world } = subject.make(script);
    if let Some(positions) = resume {
        source.resume(positions);
    }
    let (feed, receiver) = channel(4, Duration::from_secs(30));
    let sender = feed.sender(SourceIx(3));
    drop(feed);
    let stop = Stop::default();
    let name = source.name().to_owned();
    let thread = thread::spawn({
        let stop = stop.clone();
        move || source.run(sender, stop)
    });
    let mut told = Told::default();
    let mut reading = Reading { first_line: subject.first_line(), ..Reading::default() };
    let since = Instant::now();
    loop {
        assert!(since.elapsed() < PATIENCE, "{name}: only {} records in time", told.records());
        match receiver.recv_timeout(Duration::from_millis(20)) {
            Ok(block) => reading.take(&block, &options, &receiver, &mut told),
            Err(error) if error.is_disconnected() => break,
            Err(_) => {}
        }
        if !subject.ends() && enough(&told) {
            stop.stop();
        }
    }
    let ended = thread.join().unwrap_or_else(|_| panic!("{name}: the source panicked"));
    assert!(ended.is_ok(), "{name}: {:?}", ended.err());
    assert!(receiver.clocks().all_done(), "{name}: a partition was not ended");
    drop(world);
    told
}

/// Checks what holds of every block.
#[derive(Default)]
struct Reading {
    first_line: u64,
    /// By partition: the next block's number and the least line that its first record may have.
    next: BTreeMap<u32, (u64, u64)>,
    positions: Positions,
}

impl Reading {
    fn take(&mut self, block: &Block, options: &DecodeOptions, receiver: &BlockReceiver, told: &mut Told) {
        assert_eq!(block.source, SourceIx(3), "a block names another source than its sender");
        assert!(!format!("{block:?}").contains(SECRET), "a block's Debug shows what it holds");
        let name = receiver.clocks().name(block.partition);
        assert!(!name.is_empty() && !name.contains(SECRET), "a partition's name is empty or holds something of a post");
        let (seq, line) = self.next.entry(block.partition).or_insert((0, self.first_line));
        assert_eq!(block.seq, *seq, "blocks of a partition are numbered from 0 without gaps");
        assert!(block.first_line >= *line, "lines of a partition go forward");
        let (mut last, mut newest) = (block.first_line, None);
        decode(block, options, NOW, &mut DecodeScratch::default(), &mut |line, record| {
            assert!(line >= last, "records are told in their order");
            last = line;
            match record {
                Ok(Record::Post(post)) => {
                    newest = newest.max(Some(post.time));
                    told.posts.push(post.text.trim().to_owned());
                }
                Ok(Record::Delete(deletion)) => {
                    let (DeleteTarget::Post(id) | DeleteTarget::Author(id)) = &deletion.target;
                    assert!(!id.is_empty(), "a deletion names nothing");
                    told.deletions += 1;
                }
                Err(rejection) => {
                    let rejection = rejection.to_string();
                    assert!(!rejection.contains(SECRET), "a rejection quotes a value");
                    told.rejections.push(rejection);
                }
            }
        });
        *seq += 1;
        *line = last;
        receiver.clocks().publish(block.partition, block.seq, newest);
        if let Some(position) = &block.position {
            assert!(!position.value.contains(SECRET), "a position holds something of a post");
            self.positions.insert(position.key.to_string(), position.value.to_string());
            told.positions.push((self.positions.clone(), told.records()));
        }
    }
}

/// A script of good posts with something bad, something unknown and a deletion among them.
pub(crate) fn mixed(subject: &dyn Subject, posts: u64) -> Vec<Item> {
    let mut script = Vec::new();
    for number in 0..posts {
        script.push(Item::Post(number));
        if number % 7 == 3 {
            script.push(Item::Bad);
        }
        if number % 5 == 2 && subject.has_unknown() {
            script.push(Item::Unknown);
        }
        if number % 11 == 5 && subject.deletes() {
            script.push(Item::Delete(number - 1));
        }
    }
    script
}

fn count(script: &[Item], what: impl Fn(&Item) -> bool) -> usize {
    script.iter().filter(|item| what(item)).count()
}

fn records(script: &[Item]) -> usize {
    count(script, |item| *item != Item::Unknown)
}

/// Every record is told exactly once, as a post, a deletion or a rejection; a bad one stops nothing; what is no post and no
/// deletion is passed over.
pub(crate) fn tells_every_record_once(subject: &dyn Subject) {
    let script = mixed(subject, 60);
    let told = run(subject, &script, None, &|told| told.records() >= records(&script));
    assert_eq!(told.numbers(), (0..60).collect::<Vec<_>>());
    assert_eq!(told.rejections.len(), count(&script, |item| *item == Item::Bad));
    assert_eq!(told.deletions, count(&script, |item| matches!(item, Item::Delete(_))));
}

/// Posts of a partition come in the order in which the world said them.
pub(crate) fn keeps_the_order(subject: &dyn Subject) {
    let script: Vec<Item> = (0..200).map(Item::Post).collect();
    let told = run(subject, &script, None, &|told| told.records() >= 200);
    assert_eq!(told.posts, (0..200).map(text_of).collect::<Vec<_>>());
}

/// An empty world is no error.
pub(crate) fn an_empty_world_is_no_error(subject: &dyn Subject) {
    let told = run(subject, &[], None, &|_| true);
    assert_eq!(told.records(), 0);
}

/// The name is there before it runs, and holds nothing of a post.
pub(crate) fn has_a_name(subject: &dyn Subject) {
    let made = subject.make(&[Item::Post(0)]);
    assert!(!made.source.name().is_empty() && !made.source.name().contains(SECRET));
}

/// A source that was asked to stop, or whose receiver is gone, ends soon and without an error, wherever it is: before it has
/// begun, while it waits for room in the channel, while it waits for its world.
pub(crate) fn stops_wherever_it_is(subject: &dyn Subject) {
    let script: Vec<Item> = (0..500).map(Item::Post).collect();
    // Stopped before it begins.
    let stop = Stop::default();
    stop.stop();
    let (feed, receiver) = channel(1, Duration::from_secs(30));
    ends(subject.make(&script), feed.sender(SourceIx(0)), stop, || {});
    drop((feed, receiver));
    // Nobody takes its blocks.
    let (feed, receiver) = channel(1, Duration::from_secs(30));
    let stop = Stop::default();
    ends(subject.make(&script), feed.sender(SourceIx(0)), stop.clone(), || {
        let since = Instant::now();
        while receiver.waiting() == 0 && since.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(2));
        }
        stop.stop();
    });
    drop((feed, receiver));
    // Its world has no more to say.
    let (feed, receiver) = channel(64, Duration::from_secs(30));
    let stop = Stop::default();
    ends(subject.make(&[Item::Post(0)]), feed.sender(SourceIx(0)), stop.clone(), || {
        assert!(receiver.recv_timeout(PATIENCE).is_ok());
        stop.stop();
    });
    // The other end is gone.
    let (feed, receiver) = channel(1, Duration::from_secs(30));
    drop(receiver);
    ends(subject.make(&script), feed.sender(SourceIx(0)), Stop::default(), || {});
}

fn ends(made: Made, sender: groundswell_sources::BlockSender, stop: Stop, meanwhile: impl FnOnce()) {
    let Made { source, world, .. } = made;
    let thread = thread::spawn(move || source.run(sender, stop));
    meanwhile();
    let since = Instant::now();
    while !thread.is_finished() {
        assert!(since.elapsed() < PATIENCE, "the source does not stop");
        thread::sleep(Duration::from_millis(2));
    }
    let ended = thread.join().expect("no panic");
    assert!(ended.is_ok(), "{:?}", ended.err());
    drop(world);
}

/// From the position of any block the rest comes: all of it, and of what was before only what [`Subject::resume`] allows.
pub(crate) fn goes_on_from_any_position(subject: &dyn Subject) {
    let script: Vec<Item> = (0..300).map(Item::Post).collect();
    let told = run(subject, &script, None, &|told| told.records() >= 300);
    if subject.resume() == Resume::Never {
        assert!(told.positions.is_empty(), "a source that cannot go on gives no position");
        return;
    }
    assert!(!told.positions.is_empty(), "a source that can go on says where");
    let step = told.positions.len().div_ceil(5);
    for (positions, before) in told.positions.iter().step_by(step) {
        let before = *before as u64;
        let rest = run(subject, &script, Some(positions), &|told| {
            let numbers = told.numbers();
            (before..300).all(|number| numbers.binary_search(&number).is_ok())
        });
        let numbers = rest.numbers();
        assert!(
            (before..300).all(|number| numbers.binary_search(&number).is_ok()),
            "after {before} something did not come"
        );
        if subject.resume() == Resume::Exact {
            assert_eq!(numbers, (before..300).collect::<Vec<_>>());
        }
    }
}

/// A position that makes no sense (of another version, of another world) is no error: the source begins anew.
pub(crate) fn nonsense_as_a_position_is_no_error(subject: &dyn Subject) {
    let script: Vec<Item> = (0..20).map(Item::Post).collect();
    let told = run(subject, &script, None, &|told| told.records() >= 20);
    let mut keys: Vec<String> = told.positions.iter().flat_map(|(positions, _)| positions.keys().cloned()).collect();
    keys.push("a key that nobody knows".to_owned());
    for value in ["", "-1", "99999999999999999999999999", "nonsense", "{}", "\u{0}\u{fffd}"] {
        let positions: Positions = keys.iter().map(|key| (key.clone(), value.to_owned())).collect();
        let told = run(subject, &script, Some(&positions), &|told| told.records() >= 20);
        assert_eq!(told.numbers(), (0..20).collect::<Vec<_>>(), "with {value:?}");
    }
}

/// One test a law.
macro_rules! conformance {
    ($subject:expr) => {
        $crate::harness::conformance!($subject; tells_every_record_once, keeps_the_order, an_empty_world_is_no_error, has_a_name,
            stops_wherever_it_is, goes_on_from_any_position, nonsense_as_a_position_is_no_error);
    };
    ($subject:expr; $($law:ident),*) => { $(
        #[test]
        fn $law() {
            $crate::harness::$law(&$subject);
        }
    )* };
}
pub(crate) use conformance;
