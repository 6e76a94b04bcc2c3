use proptest::prelude::*;

use super::*;
use crate::{NAME_PUBLISHERS, Outward, PERTURBATION_MAX};

const START: i64 = 1_474_588_800;

fn subject(kind: BurstType, value: &str, authors: u64) -> BurstSubject {
    BurstSubject { kind, value: value.to_owned(), authors, name_publishers: None }
}

fn candidate() -> BurstCandidate {
    BurstCandidate {
        id: BurstId::of(BurstType::Term, "dam", START),
        detected_at: START + 600,
        as_of: START + 600,
        subject: subject(BurstType::Term, "dam", 41),
        start: START + 60,
        peak: START + 420,
        end: None,
        scale: BurstScale::Minutes,
        from: START + 300,
        to: START + 600,
        posts: 57,
        key: CellKey::of_author(7),
        expected: 3.1234,
        expected_of_one: 0.01,
        shape: 8.0,
        method: BurstMethod::Seasonal,
        windows: 120,
        log10_q: -4.4,
        log10_q_of_one: -0.4,
        experience: BurstExperience::default(),
        coverage: 1.0,
        related: vec![subject(BurstType::Hashtag, "damfailure", 12), subject(BurstType::Term, "few", 9)],
    }
}

fn release(candidate: BurstCandidate) -> Option<Released<BurstRow>> {
    Gate::exact(K::DEFAULT).release_burst(candidate)
}

#[test]
fn says_what_k_authors_wrote_of_and_nothing_else() {
    insta::assert_snapshot!(release(candidate()).unwrap().to_json());
}

#[test]
fn a_burst_below_k_is_not_spoken_of() {
    let mut few = candidate();
    few.subject.authors = 9;
    assert_eq!(release(few), None);
}

#[test]
fn countries_and_what_is_folded_cannot_burst() {
    for dimension in Dimension::ALL {
        let kind = BurstType::of(dimension);
        assert!(kind.is_none_or(|kind| kind.as_str() == dimension.as_str()), "{dimension:?}");
    }
    for dimension in [Dimension::Region, Dimension::Source, Dimension::Kind, Dimension::Relation, Dimension::Tone] {
        assert_eq!(BurstType::of(dimension), None, "{dimension:?}");
    }
    for (index, kind) in BurstType::ALL.into_iter().enumerate() {
        assert_eq!((kind.index(), BurstType::parse(kind.as_str())), (index as u8, Some(kind)));
    }
}

#[test]
fn a_name_needs_publishers_however_many_repeat_it() {
    let mut named = candidate();
    named.subject.name_publishers = Some(NAME_PUBLISHERS - 1);
    assert_eq!(release(named.clone()), None);
    named.subject.name_publishers = Some(NAME_PUBLISHERS);
    named.related[0].name_publishers = Some(0);
    assert!(release(named).unwrap().related.is_empty());
}

#[test]
fn an_open_window_is_not_spoken_of() {
    assert_eq!(release(BurstCandidate { to: START + 601, ..candidate() }), None);
}

#[test]
fn an_hour_of_the_volumes_is_changed_alike() {
    let hour = BurstCandidate {
        scale: BurstScale::Hour,
        from: START,
        to: START + 3_600,
        as_of: START + 3_600,
        posts: 200,
        subject: subject(BurstType::Term, "dam", 100),
        ..candidate()
    };
    let gate = Gate::new(K::DEFAULT);
    let cell = crate::CandidateCell {
        value: "dam".to_owned(),
        posts: 200,
        publisher_posts: 0,
        key: hour.key,
        authors: groundswell_sketch::Distinct::of_number(100),
        name_publishers: None,
    };
    let window = Window::containing(Step::Hour, START);
    let rows = gate.release(crate::VolumeCandidate { window, dimension: Dimension::Term, cells: vec![cell] });
    let burst = gate.release_burst(hour).unwrap();
    assert_eq!(rows[0].figures, Some(Figures { posts: burst.observed, authors: burst.authors }));
}

#[test]
fn what_is_expected_rests_on_k_posts_at_least() {
    // One post or nine in the baseline: the same is shown.
    let shown = |posts: f64| {
        let unit = candidate().expected_of_one;
        release(BurstCandidate { expected: posts * unit, ..candidate() }).unwrap().expected
    };
    assert!((shown(1.0) - shown(9.0)).abs() < 1e-9);
    assert!(shown(30.0) > shown(9.0));
}

#[test]
fn a_raised_k_holds_back_what_was_stored() {
    let row = release(candidate()).unwrap().into_inner();
    assert!(readmit_burst(row.clone(), 10, K::DEFAULT).is_ok());
    assert!(readmit_burst(row, 10, K::new(11).unwrap()).is_err());
}

#[test]
fn comes_back_from_its_own_form() {
    let row = release(candidate()).unwrap();
    assert_eq!(serde_json::from_str::<BurstRow>(&row.to_json()).unwrap(), row.into_inner());
}

proptest! {
    #[test]
    fn no_shown_number_tells_more_than_the_perturbed_count(posts in 20_u64..400, key in any::<u64>()) {
        let gate = Gate::new(K::DEFAULT);
        let with = |posts: u64| BurstCandidate {
            posts,
            // As the detector works it out: so much a post.
            log10_q: -0.4 * posts as f64,
            experience: BurstExperience::new(vec![[-100.0, -1.0], [-60.0, 0.5], [-10.0, 1.0], [1.3, 2.0]]),
            key: CellKey::of_author(key),
            ..candidate()
        };
        let row = gate.release_burst(with(posts)).unwrap();
        prop_assert!(row.observed.abs_diff(posts) <= PERTURBATION_MAX && row.authors >= 10);
        prop_assert!(row.authors.abs_diff(41) <= PERTURBATION_MAX);
        // Another true count that is shown as the same one shows the same score and q.
        for other in posts.saturating_sub(8).max(20)..posts + 8 {
            let twin = gate.release_burst(with(other)).unwrap();
            if twin.observed == row.observed {
                prop_assert_eq!((twin.score, twin.q), (row.score, row.q));
            }
        }
    }

    #[test]
    fn nothing_rests_on_fewer_than_k(authors in 0_u64..30, related in 0_u64..30) {
        let mut some = candidate();
        some.subject.authors = authors;
        some.related = vec![subject(BurstType::Term, "other", related)];
        let row = Gate::new(K::DEFAULT).release_burst(some);
        prop_assert_eq!(row.is_some(), authors >= 10);
        if let Some(row) = row {
            prop_assert_eq!(row.related.len(), usize::from(related >= 10));
        }
    }

    #[test]
    fn what_is_less_likely_is_never_told_to_come_more_often(
        mut at in proptest::collection::btree_set(-300_i32..2, 0..9),
        models in [-310.0_f64..3.0, -310.0_f64..3.0],
    ) {
        let mut often = -2.0;
        let points = std::mem::take(&mut at).into_iter().map(|at| {
            often += 0.3;
            [at as f32, often]
        });
        let experience = BurstExperience::new(points.collect());
        let [one, other] = models.map(|model| experience.log10_q(model));
        prop_assert!(one >= models[0] && other >= models[1], "never below the model");
        prop_assert!((models[0] <= models[1]) == (one <= other) || (one - other).abs() < 1e-9);
    }

    #[test]
    fn q_is_stepped_up_and_never_down(log10 in -12.0_f64..2.0) {
        let q = step_up(log10);
        prop_assert!(q >= 10_f64.powf(log10) * 0.999_999 && q <= (10_f64.powf(log10) * 2.6).max(1.1e-9), "{}", q);
    }
}
