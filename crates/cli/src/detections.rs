//! What is told of what closed: detections, made of released rows alone and committed with them.

use groundswell_detect::narrative::GROWTH_MINUTES;
use groundswell_engine::Closed;
use groundswell_gate::{DetectionRow, Released};

/// The detections of what closed.
pub(crate) fn of(closed: &Closed) -> Vec<Released<DetectionRow>> {
    let narratives = closed.narratives.iter().filter_map(|row| Released::from_narrative(row, GROWTH_MINUTES));
    let bursts = closed.bursts.iter().map(Released::from_burst);
    let amplifications = closed.amplifications.iter().map(Released::from_amplification);
    let anomalies = closed.anomalies.iter().cloned();
    narratives.chain(bursts).chain(amplifications).chain(anomalies).collect()
}
