//! Figures of predictions against labels.

use groundswell_tone::{LANGUAGES, Language};

/// Counts of (label, predicted).
pub type Confusion = [[u32; 3]; 3];

pub fn macro_f1(confusion: &Confusion) -> f64 {
    (0..3)
        .map(|class| {
            let labelled: u32 = confusion[class].iter().sum();
            let predicted: u32 = confusion.iter().map(|row| row[class]).sum();
            if labelled + predicted == 0 {
                0.0
            } else {
                2.0 * f64::from(confusion[class][class]) / f64::from(labelled + predicted)
            }
        })
        .sum::<f64>()
        / 3.0
}

pub fn macro_recall(confusion: &Confusion) -> f64 {
    (0..3)
        .map(|class| f64::from(confusion[class][class]) / f64::from(confusion[class].iter().sum::<u32>().max(1)))
        .sum::<f64>()
        / 3.0
}

#[derive(Default)]
pub struct Figures {
    pub confusions: [Confusion; LANGUAGES],
    bins: [[(f64, f64, f64); 10]; LANGUAGES],
}

impl Figures {
    pub fn add(&mut self, language: Language, label: usize, probabilities: [f32; 3]) {
        let best = (0..3).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b])).unwrap_or(0);
        self.confusions[language as usize][label][best] += 1;
        let sure = f64::from(probabilities[best]);
        let bin = &mut self.bins[language as usize][((sure * 10.0) as usize).min(9)];
        *bin = (bin.0 + 1.0, bin.1 + sure, bin.2 + f64::from(u8::from(best == label)));
    }

    pub fn print(&self, name: &str) {
        let present: Vec<Language> = Language::ALL
            .into_iter()
            .filter(|&language| self.confusions[language as usize].iter().flatten().sum::<u32>() > 0)
            .collect();
        let f1: Vec<f64> = present.iter().map(|&language| macro_f1(&self.confusions[language as usize])).collect();
        let recall: Vec<f64> =
            present.iter().map(|&language| macro_recall(&self.confusions[language as usize])).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (mut off, mut all) = (0.0, 0.0);
        for bin in 0..10 {
            let sum = self
                .bins
                .iter()
                .fold((0.0, 0.0, 0.0), |sum, bins| (sum.0 + bins[bin].0, sum.1 + bins[bin].1, sum.2 + bins[bin].2));
            off += (sum.1 - sum.2 as f64).abs();
            all += sum.0;
        }
        let by: Vec<String> =
            present.iter().zip(&f1).map(|(language, f1)| format!("{} {f1:.3}", language.code())).collect();
        println!("{name:>12}: F1 {:.4} recall {:.4} ECE {:.4}  {}", mean(&f1), mean(&recall), off / all, by.join(" "));
    }
}
