//! `release`: the gate stands here, after the merge, on one worker. What it lets through goes to the sink in the order in
//! which windows close.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use crossbeam_channel::Sender;
use groundswell_detect::anomaly::{Anomalies, AnomalyCandidate, AnomalyCounters, HeardHour, SavedAnomalies};
use groundswell_detect::burst::{Arbiter, SavedArbiter, ShardMinute};
use groundswell_detect::tone::shares;
use groundswell_gate::{Dimension, Gate, NarrativeEventKind, VolumeCandidate};
use groundswell_sketch::{Step, Window};
use groundswell_sources::Stop;
use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::{Capability, Operator};

use super::merge::open_minute;
use super::{Minute, Proposal};
use crate::counters::Counters;
use crate::sink::{Closed, ToSink};

/// Gates candidates on worker 0 and hands what is released to the sink's thread; waits when that thread is behind. Its output
/// is empty: it says by its frontier what has reached the sink.
pub(crate) fn release(
    proposals: StreamVec<'_, Minute, Proposal>,
    gate: Gate,
    bursts: Rc<RefCell<OpenBursts>>,
    closed: Sender<ToSink>,
    stop: Stop,
    halt: Stop,
    counters: Arc<Counters>,
) -> StreamVec<'_, Minute, ()> {
    let mut waiting: BTreeMap<Minute, (Capability<Minute>, Vec<Proposal>)> = BTreeMap::new();
    let by = Exchange::new(|_: &Proposal| 0);
    proposals.unary_frontier::<CapacityContainerBuilder<Vec<()>>, _, _, _>(by, "Release", move |_capability, _info| {
        move |(input, frontier), _output| {
            input.for_each(|capability, data| {
                // All that is exchanged has a time.
                let Some(held) = capability.retain_least(0) else { return };
                waiting.entry(*held.time()).or_insert_with(|| (held, Vec::new())).1.append(data);
            });
            let open = open_minute(frontier);
            // Everything that is complete goes at once: a replay closes many minutes at a time.
            let later = open.map_or_else(BTreeMap::new, |open| waiting.split_off(&open));
            let complete = std::mem::replace(&mut waiting, later);
            if !complete.is_empty() {
                let (_held, proposals): (Vec<_>, Vec<_>) = complete.into_values().unzip();
                let proposals = proposals.into_iter().flatten().collect();
                let batch = gated(gate, proposals, &mut bursts.borrow_mut(), &counters);
                if closed.send(ToSink::Closed(batch)).is_err() {
                    // The sink has failed and says why itself; nothing more can be kept.
                    stop.stop();
                    halt.stop();
                    waiting.clear();
                }
            }
        }
    })
}

/// What is known of bursts and anomalies where the gate is.
pub(crate) struct OpenBursts {
    arbiter: Option<Arbiter>,
    /// Ids of those that are told of and not over.
    told: BTreeSet<String>,
    anomalies: Option<Anomalies>,
    anomalies_told: AnomalyCounters,
}

fn gated(gate: Gate, proposals: Vec<Proposal>, bursts: &mut OpenBursts, counters: &Counters) -> Closed {
    let mut closed = Closed::default();
    let mut volumes = Vec::new();
    let (mut minutes, mut hours) = (Vec::new(), Vec::new());
    let (mut suppressed, mut held_back) = (0, 0);
    for proposal in proposals {
        match proposal {
            Proposal::Volume(candidate) => volumes.push(candidate),
            Proposal::Narrative(candidate) => match gate.release_narrative(candidate) {
                Some(row) => closed.narratives.push(row),
                None => suppressed += 1,
            },
            Proposal::Bursts(minute) => minutes.push(minute),
            Proposal::Hour(hour) => hours.push(hour),
            Proposal::NarrativeEvent(candidate) => {
                closed.narrative_events.extend(gate.release_narrative_event(&candidate));
            }
            Proposal::Amplification(candidate) => match gate.release_amplification(candidate) {
                Some(row) => closed.amplifications.push(row),
                None => held_back += 1,
            },
        }
    }
    bursts.decide(gate, minutes, &mut closed, counters);
    let births = closed.narrative_events.iter().filter(|event| event.event == NarrativeEventKind::Birth).count();
    counters.add_released_narratives(births as u64, suppressed);
    counters.add_released_amplifications(&closed.amplifications, held_back);
    // Shards arrive in any order; the order of what is released must not depend on it.
    volumes.sort_by(|a, b| (a.window, a.dimension, first_value(a)).cmp(&(b.window, b.dimension, first_value(b))));
    closed.windows = volumes.iter().map(|candidate| candidate.window).collect();
    closed.windows.dedup();
    for candidate in volumes {
        if candidate.dimension == Dimension::Tone {
            closed.tones.extend(gate.release_tone(candidate, shares));
            continue;
        }
        let before = closed.rows.len();
        let cells = candidate.cells.len();
        closed.rows.extend(gate.release(candidate));
        counters.add_released(&closed.rows[before..], cells);
    }
    bursts.compare(gate, hours, &mut closed, counters);
    closed
}

/// [`OpenBursts`] in a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedBudget {
    arbiter: SavedArbiter,
    told: BTreeSet<String>,
    anomalies: SavedAnomalies,
}

impl OpenBursts {
    pub(crate) fn new(arbiter: Option<Arbiter>, anomalies: Option<Anomalies>) -> Self {
        Self { arbiter, told: BTreeSet::new(), anomalies, anomalies_told: AnomalyCounters::default() }
    }

    pub(crate) fn save(&self) -> Option<SavedBudget> {
        let arbiter = self.arbiter.as_ref()?.save();
        let anomalies = self.anomalies.as_ref().map(Anomalies::save).unwrap_or_default();
        Some(SavedBudget { arbiter, told: self.told.clone(), anomalies })
    }

    pub(crate) fn restore(&mut self, saved: &SavedBudget) {
        if let Some(arbiter) = &mut self.arbiter {
            arbiter.restore(&saved.arbiter);
            self.told.clone_from(&saved.told);
        }
        if let Some(anomalies) = &mut self.anomalies {
            anomalies.restore(&saved.anomalies);
        }
    }

    /// Looks for what is otherwise in the hours that are over, all of whose volumes have been released by now.
    fn compare(&mut self, gate: Gate, mut hours: Vec<HeardHour>, closed: &mut Closed, counters: &Counters) {
        let Some(anomalies) = &mut self.anomalies else { return };
        hours.sort_by_key(|hour| hour.start);
        for hour in hours {
            let of_hour = Window { step: Step::Hour, start: hour.start };
            closed.rows.iter().filter(|row| row.window == of_hour).for_each(|row| anomalies.observe(row));
            closed.tones.iter().filter(|row| row.window == of_hour).for_each(|row| anomalies.observe_tone(row));
            anomalies.end(hour, &mut |candidate| {
                closed.anomalies.extend(match candidate {
                    AnomalyCandidate::Silence(silence) => gate.release_silence(silence),
                    AnomalyCandidate::Mix(mix) => gate.release_mix(mix),
                    AnomalyCandidate::Tone(tone) => gate.release_tone_shift(tone),
                });
            });
        }
        let now = anomalies.counters();
        counters.add_anomalies(now.since(&self.anomalies_told));
        self.anomalies_told = now;
    }

    fn decide(&mut self, gate: Gate, mut minutes: Vec<ShardMinute>, closed: &mut Closed, counters: &Counters) {
        let Some(arbiter) = &mut self.arbiter else { return };
        minutes.sort_by_key(|told| told.minute);
        let (mut begun, mut suppressed) = (0, 0);
        for told in minutes {
            arbiter.take(told, &mut |candidate| match gate.release_burst(candidate) {
                Some(row) => {
                    begun += u64::from(self.told.insert(row.id.clone()));
                    if row.end.is_some() {
                        self.told.remove(&row.id);
                    }
                    closed.bursts.push(row);
                }
                None => suppressed += 1,
            });
        }
        counters.add_released_bursts(begun, suppressed);
    }
}

fn first_value(candidate: &VolumeCandidate) -> &str {
    candidate.cells.first().map_or("", |cell| &cell.value)
}
