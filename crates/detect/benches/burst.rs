//! How well bursts are found, on simulated counts whose true rates are known: against an oracle that is told them, and beside four
//! known methods. `cargo bench -p groundswell-detect --bench burst [-- SUBJECTS [DAYS [SEED]]]`; no divan, because it prints tables and not
//! times. `GROUNDSWELL_BURST_SERIES=quiet,calm,all` (some of these) makes a part of the tables, `GROUNDSWELL_BURST_PEERS=0`
//! leaves the peers out, and `GROUNDSWELL_BURST_SERIES=young` looks at the first days instead, without any history. [`world`] says what is simulated, [`peers`] what the others do. `docs/methods/bursts.md` keeps what it printed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints")]

#[path = "burst/peers.rs"]
mod peers;
#[path = "burst/world.rs"]
mod world;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use groundswell_detect::burst::{Arbiter, BurstConfig, Bursts, Counted, Reach};
use groundswell_gate::{BurstCandidate, BurstId, BurstType};
use groundswell_sketch::{CellKey, TextBits};
use world::{DAY, HISTORY_DAYS, Plan, Planted, World};

const BUDGETS: [f64; 3] = [1.0, 5.0, 20.0];
/// The gate's k: no burst of fewer authors is told of.
const K: u64 = 10;

/// What the oracle had before there were more: what is found by windows between these is then none of its finds.
const THREE: [Reach; 3] = [Reach::FiveMinutes, Reach::Hour, Reach::Day];

/// A burst that was told of, and when first within each budget.
struct Alarm {
    subject: usize,
    at: [Option<u32>; 3],
}

fn main() {
    let mut args = std::env::args().skip(1).filter_map(|arg| arg.parse::<usize>().ok());
    let subjects = args.next().unwrap_or(10_000);
    let days = args.next().unwrap_or(30) as u32;
    let seed = args.next().unwrap_or(11) as u64;
    let planted = 10 * days as usize;
    println!(
        "{subjects} subjects, {HISTORY_DAYS} days of history, {days} days, {planted} bursts planted, seed {seed}\n"
    );

    if std::env::var("GROUNDSWELL_BURST_SERIES").is_ok_and(|series| series == "young") {
        first_days(seed, subjects);
        return;
    }
    let series = std::env::var("GROUNDSWELL_BURST_SERIES").unwrap_or_else(|_| "quiet,calm,all".to_owned());
    let is_asked = |name: &str| series.split(',').any(|asked| asked == name);
    let plan = Plan { history: HISTORY_DAYS * DAY, days, bursts: planted, with_bursts: true, calm: false };
    let quiet = World::new(seed, subjects, Plan { with_bursts: false, ..plan });
    if is_asked("quiet") {
        println!(
            "## quiet: false alerts a day\n\n| budget | from the first day | after history |\n| --- | --- | --- |"
        );
        let alarms = ours(&quiet);
        let all_days = f64::from(HISTORY_DAYS + days);
        for (nth, budget) in BUDGETS.iter().enumerate() {
            let since =
                |day: u32| alarms.iter().filter(|alarm| alarm.at[nth].is_some_and(|at| at >= day * DAY)).count() as f64;
            println!("| {budget} | {:.2} | {:.2} |", since(0) / all_days, since(HISTORY_DAYS) / f64::from(days));
        }
        by_nature(&quiet, &alarms);
    }

    for (title, name) in
        [("planted on subjects that do not drift", "calm"), ("planted on subjects of all kinds", "all")]
    {
        if !is_asked(name) {
            continue;
        }
        let calm = name == "calm";
        let busy = World::new(seed, subjects, Plan { calm, ..plan });
        let alarms = ours(&busy);
        println!("\n## {title}\n");
        println!(
            "| budget | oracle finds | of those ours | precision | false a day | delay oracle | delay ours | ours finds in all |"
        );
        println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
        for (nth, budget) in BUDGETS.iter().enumerate() {
            let found = first_alarms(&busy, &alarms, nth);
            let told = told(&busy, &alarms, nth);
            let of_three = oracle(&busy, *budget, &THREE);
            let oracle = oracle(&busy, *budget, &Reach::ALL);
            report(&format!("{budget}"), &busy, &oracle, &found, told);
            report(&format!("{budget}, oracle of three windows"), &busy, &of_three, &found, told);
            if nth == 1 && calm {
                missed(&busy, &oracle, &found);
            }
        }
        if calm && std::env::var_os("GROUNDSWELL_BURST_PEERS").is_none_or(|peers| peers != "0") {
            println!("\npeers, each with the threshold that gives 5 false alerts a day on the quiet days\n");
            println!(
                "| method | oracle finds | of those | precision | false a day | delay oracle | delay | finds in all |"
            );
            println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
            let oracle = oracle(&busy, 5.0, &Reach::ALL);
            let found = first_alarms(&busy, &alarms, 1);
            report("ours", &busy, &oracle, &found, told(&busy, &alarms, 1));
            for peer in peers::ALL {
                let threshold = peers::calibrate(peer, &quiet, 5.0);
                let (found, told) = peers::run(peer, &busy, threshold);
                report(peer.name(), &busy, &oracle, &found, told);
            }
        }
    }
}

/// Worlds whose first days are looked at, and how many days.
const YOUNG_WORLDS: u64 = 12;
const YOUNG_DAYS: u32 = 4;
/// Nothing is found before this.
const YOUNG_HISTORY: u32 = 6 * 60;

/// How well bursts are found while there is no history yet, by day: several worlds, each from its first minute on.
fn first_days(seed: u64, subjects: usize) {
    let per_day = 10;
    let plan = Plan {
        history: YOUNG_HISTORY,
        days: YOUNG_DAYS,
        bursts: per_day * YOUNG_DAYS as usize,
        with_bursts: true,
        calm: true,
    };
    println!("## the first days: {YOUNG_WORLDS} worlds, {per_day} bursts planted a day from the sixth hour on\n");
    println!(
        "| budget | day | oracle finds | of those ours | delay oracle | delay ours | others a day | on quiet days |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let day_of = |minute: u32| (minute.saturating_sub(YOUNG_HISTORY) / DAY).min(YOUNG_DAYS - 1) as usize;
    let mut days: [[FirstDay; YOUNG_DAYS as usize]; BUDGETS.len()] = Default::default();
    for seed in seed..seed + YOUNG_WORLDS {
        let quiet = ours(&World::new(seed, subjects, Plan { with_bursts: false, ..plan }));
        let busy = World::new(seed, subjects, plan);
        let alarms = ours(&busy);
        for (nth, budget) in BUDGETS.iter().enumerate() {
            for at in quiet.iter().filter_map(|alarm| alarm.at[nth]) {
                days[nth][day_of(at)].quiet += 1;
            }
            for alarm in &alarms {
                let Some(at) = alarm.at[nth] else { continue };
                if !busy.planted.iter().any(|planted| planted.covers(alarm.subject, at)) {
                    days[nth][day_of(at)].others += 1;
                }
            }
            let found = first_alarms(&busy, &alarms, nth);
            let oracle = oracle(&busy, *budget, &Reach::ALL);
            for (day, sum) in days[nth].iter_mut().enumerate() {
                let of_day = |at: &Option<u32>, planted: &Planted| at.filter(|_| day_of(planted.start) == day);
                let of = |all: &[Option<u32>]| -> Vec<_> {
                    all.iter().zip(&busy.planted).map(|(at, planted)| of_day(at, planted)).collect()
                };
                sum.delays.extend(delays(&busy, &of(&oracle), &found));
                sum.oracle += of(&oracle).iter().flatten().count();
                if nth == 2 {
                    missed(&busy, &of(&oracle), &found);
                }
            }
        }
    }
    let worlds = YOUNG_WORLDS as f64;
    for (budget, days) in BUDGETS.iter().zip(days) {
        for (day, of_day) in days.into_iter().enumerate() {
            println!(
                "| {budget} | {} | {} | {:.3} | {} min | {} min | {:.2} | {:.2} |",
                day + 1,
                of_day.oracle,
                of_day.delays.len() as f64 / of_day.oracle.max(1) as f64,
                median(of_day.delays.iter().map(|(oracle, _)| *oracle).collect()),
                median(of_day.delays.iter().map(|(_, ours)| *ours).collect()),
                of_day.others as f64 / worlds,
                of_day.quiet as f64 / worlds,
            );
        }
    }
}

/// What became of one of the first days, in all worlds.
#[derive(Default)]
struct FirstDay {
    /// How many planted bursts the oracle finds.
    oracle: usize,
    /// Of those that we find as well, minutes from the start to its alarm and to ours.
    delays: Vec<(u32, u32)>,
    /// What else was told.
    others: usize,
    /// What was told where nothing is planted.
    quiet: usize,
}

/// Which kinds of subjects raise false alerts, on stderr.
fn by_nature(world: &World, alarms: &[Alarm]) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for alarm in alarms.iter().filter(|alarm| alarm.at[2].is_some()) {
        let nature = world.nature(alarm.subject);
        *counts.entry(format!("drift {} shape {}", nature.drift, nature.shape)).or_default() += 1;
        eprintln!("false: {:?} {nature:?}", alarm.at);
    }
    eprintln!("{counts:?}");
}

/// All that our own detector tells of, with the budget as large as it goes.
fn ours(world: &World) -> Vec<Alarm> {
    let config = BurstConfig { k: K, ..BurstConfig::default() };
    let (mut bursts, mut arbiter) = (Bursts::new(config.clone()), Arbiter::new(config, 1));
    let mut alarms: HashMap<(BurstId, usize), Alarm> = HashMap::new();
    let (mut cells, mut spent) = (0_u64, Duration::ZERO);
    let names: Vec<String> = (0..world.subjects()).map(|subject| format!("{subject:07}")).collect();
    let mut days = world.days_by_minute();
    while let Some(day) = days.next_day() {
        #[allow(clippy::disallowed_methods, reason = "a bench measures time")]
        let began = Instant::now();
        for (offset, seen) in day.minutes.iter().enumerate() {
            let minute = day.first + offset as u32;
            bursts.begin(i64::from(world::unix_minute(minute)) * 60, u64::from(day.totals[offset]), 1.0);
            cells += seen.len() as u64;
            for cell in seen {
                bursts.observe(&Counted {
                    hash: hash(u64::from(cell.subject)),
                    kind: BurstType::Term,
                    value: &names[cell.subject as usize],
                    posts: u64::from(cell.posts),
                    authors: u64::from(cell.authors),
                    bits: cell.bits,
                    key: CellKey::default(),
                    texts: own_texts(hash(u64::from(cell.subject)) ^ hash(u64::from(minute)), cell.posts),
                });
            }
            arbiter.take(bursts.end(&mut |_, _| None), &mut |candidate: BurstCandidate| {
                let q = 10_f64.powf(candidate.experience.log10_q(candidate.log10_q));
                for subject in std::iter::once(&candidate.subject).chain(&candidate.related) {
                    let subject = subject.value.parse::<usize>().unwrap_or(0);
                    let alarm = alarms.entry((candidate.id, subject)).or_insert(Alarm { subject, at: [None; 3] });
                    for (at, budget) in alarm.at.iter_mut().zip(BUDGETS) {
                        if q <= budget {
                            at.get_or_insert(minute + 1);
                        }
                    }
                }
            });
        }
        spent += began.elapsed();
    }
    eprintln!(
        "{cells} cells, {:.0} ns each, {} subjects, {:?}",
        spent.as_nanos() as f64 / cells.max(1) as f64,
        bursts.subjects(),
        bursts.counters()
    );
    let mut alarms: Vec<Alarm> = alarms.into_values().collect();
    alarms.sort_by_key(|alarm| (alarm.at, alarm.subject));
    alarms
}

/// What is written has a text of its own.
fn own_texts(seed: u64, posts: u32) -> TextBits {
    (0..u64::from(posts)).map(|nth| hash(seed.wrapping_add(nth))).take(8 * TextBits::BITS as usize).collect()
}

fn hash(subject: u64) -> u64 {
    let z = (subject + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ z >> 31
}

/// The looks a day that everybody's budget is divided by: what the detector itself counts, with the true rates.
fn looks_a_day(world: &World, reaches: &[Reach]) -> f64 {
    (0..world.subjects())
        .map(|subject| {
            let a_minute = world.nature(subject).rate;
            reaches
                .iter()
                .copied()
                .filter(|reach| a_minute * reach.minutes() >= 0.3)
                .map(Reach::looks_a_day)
                .sum::<f64>()
        })
        .sum()
}

/// When the oracle finds each planted burst: told all true rates and how they scatter, it looks through these windows every minute.
fn oracle(world: &World, budget: f64, reaches: &[Reach]) -> Vec<Option<u32>> {
    let p = budget / looks_a_day(world, reaches);
    world.planted.iter().map(|planted| oracle_of(world, planted, p, reaches)).collect()
}

fn oracle_of(world: &World, planted: &Planted, p: f64, reaches: &[Reach]) -> Option<u32> {
    let mut sums = vec![[0.0_f64; 4]];
    let mut life = world.life(planted.subject);
    let last = planted.end.min(world.end());
    let mut sum = [0.0; 4];
    for minute in 0..last {
        let seen = life.next();
        let usual = f64::from(seen.usual);
        let now = [f64::from(seen.posts), f64::from(seen.authors), usual, usual * usual * f64::from(seen.scatter)];
        sum.iter_mut().zip(now).for_each(|(sum, now)| *sum += now);
        sums.push(sum);
        if minute < planted.start || seen.posts == 0 {
            continue;
        }
        for length in reaches.iter().map(|reach| reach.minutes() as usize) {
            let end = minute as usize + 1;
            let [posts, authors, mean, variance] =
                std::array::from_fn(|at| sums[end][at] - sums[end.saturating_sub(length)][at]);
            if authors < K as f64 || posts <= mean {
                continue;
            }
            let shape = if variance > 0.0 { mean * mean / variance } else { 1e7 };
            if peers::tail(posts, mean, shape) <= p {
                return Some(minute + 1);
            }
        }
    }
    None
}

/// When each planted burst is first told of within a budget.
fn first_alarms(world: &World, alarms: &[Alarm], budget: usize) -> Vec<Option<u32>> {
    let first = |planted: &Planted| {
        let of = alarms.iter().filter(|alarm| alarm.subject == planted.subject).filter_map(|alarm| alarm.at[budget]);
        of.filter(|at| planted.covers(planted.subject, *at)).min()
    };
    world.planted.iter().map(first).collect()
}

/// How many planted bursts were told of, and how many others.
#[derive(Clone, Copy)]
struct Told {
    right: usize,
    wrong: usize,
}

impl Told {
    fn precision(self) -> f64 {
        self.right as f64 / (self.right + self.wrong).max(1) as f64
    }
}

/// Which alarms are of a planted burst; each subject's alarms of one planted burst count once.
fn told(world: &World, alarms: &[Alarm], budget: usize) -> Told {
    let (mut right, mut wrong) = (HashSet::new(), 0);
    for alarm in alarms {
        let Some(at) = alarm.at[budget].filter(|at| *at >= world.history()) else { continue };
        match world.planted.iter().position(|planted| planted.covers(alarm.subject, at)) {
            Some(planted) => {
                right.insert(planted);
            }
            None => wrong += 1,
        }
    }
    Told { right: right.len(), wrong }
}

/// Of each burst that both find, minutes from its start to the oracle's alarm and to ours.
fn delays(world: &World, oracle: &[Option<u32>], found: &[Option<u32>]) -> Vec<(u32, u32)> {
    let both = world.planted.iter().zip(oracle).zip(found);
    both.filter_map(|((planted, oracle), found)| Some(((*oracle)? - planted.start, (*found)? - planted.start)))
        .collect()
}

fn median(mut delays: Vec<u32>) -> u32 {
    delays.sort_unstable();
    delays.get(delays.len() / 2).copied().unwrap_or(0)
}

fn report(name: &str, world: &World, oracle: &[Option<u32>], found: &[Option<u32>], told: Told) {
    let of_oracle = oracle.iter().flatten().count();
    let both = delays(world, oracle, found);
    let of_the_oracle = median(both.iter().map(|(oracle, _)| *oracle).collect());
    let delay = median(both.iter().map(|(_, found)| *found).collect());
    println!(
        "| {name} | {of_oracle} of {} | {:.3} | {:.3} | {:.2} | {of_the_oracle} min | {delay} min | {} |",
        oracle.len(),
        both.len() as f64 / of_oracle.max(1) as f64,
        told.precision(),
        told.wrong as f64 / f64::from(world.days()),
        found.iter().flatten().count()
    );
}

/// What the oracle finds and we do not, on stderr: where to look next.
fn missed(world: &World, oracle: &[Option<u32>], found: &[Option<u32>]) {
    for ((planted, oracle), found) in world.planted.iter().zip(oracle).zip(found) {
        if let (Some(oracle), None) = (oracle, found) {
            eprintln!(
                "missed: {planted:?}, rate {:.3}, oracle after {} min",
                world.nature(planted.subject).rate,
                oracle - planted.start
            );
        }
    }
}
