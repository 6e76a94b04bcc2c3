use std::collections::{BTreeMap, BTreeSet};

use groundswell_sketch::Step;
use proptest::prelude::*;

use super::*;
use crate::{Outward, PERTURBATION_MAX};

const EXACT: Gate = Gate::exact(K::DEFAULT);
const MINUTE: Window = Window::containing(Step::Minute, 1_474_588_800);

fn cell(value: &str, posts: u64, publisher_posts: u64, authors: impl IntoIterator<Item = u64>) -> CandidateCell {
    let tokens: BTreeSet<u64> = authors.into_iter().collect();
    let tokens: Vec<u64> = tokens.into_iter().collect();
    let mut key = CellKey::default();
    tokens.iter().for_each(|token| key.add(CellKey::of_author(*token)));
    CandidateCell {
        value: value.to_owned(),
        posts,
        publisher_posts,
        key,
        authors: Distinct::from_sorted_unique(&tokens),
        name_publishers: None,
    }
}

/// Gates a table at k = 10 and prints a row as `value posts authors`, or `value -` where held back.
fn gated(dimension: Dimension, cells: Vec<CandidateCell>) -> Vec<String> {
    Gate::exact(K::DEFAULT)
        .release(VolumeCandidate { window: MINUTE, dimension, cells })
        .iter()
        .map(|row| match row.figures {
            Some(figures) => format!("{} {} {}", row.value, figures.posts, figures.authors),
            None => format!("{} -", row.value),
        })
        .collect()
}

#[test]
fn terms_below_k_are_absent() {
    let cells = || {
        vec![
            cell("a", 30, 0, 0..9),
            cell("b", 12, 0, 0..10),
            cell("c", 3, 3, []),
            cell("d", 0, 0, []),
            cell("e", 40, 31, 0..9),
        ]
    };
    for dimension in [
        Dimension::Hashtag,
        Dimension::Domain,
        Dimension::Term,
        Dimension::Clause,
        Dimension::Mentioned,
        Dimension::Languages,
    ] {
        assert_eq!(gated(dimension, cells()), ["b 12 10", "c 3 0"]);
    }
}

#[test]
fn a_clause_is_told_with_its_watch_and_only_from_k_on() {
    let value = |clause: &str| clause_value("river-floods", clause);
    let cells = vec![cell(&value("flood*"), 14, 0, 0..12), cell(&value("\"heavy rain\""), 30, 0, 0..9)];
    let rows = EXACT.release(VolumeCandidate { window: MINUTE, dimension: Dimension::Clause, cells });
    let rows: Vec<String> = rows.iter().map(Outward::to_json).collect();
    assert_eq!(
        rows,
        [
            r#"{"start":"2016-09-23T00:00:00Z","step":"minute","by":{"watch":"river-floods","clause":"flood*"},"posts":14,"authors":12}"#
        ]
    );
}

#[test]
fn a_cell_with_a_person_in_it_is_no_publishers_cell() {
    // No detector should say so; if one did, it would not help.
    assert!(gated(Dimension::Term, vec![cell("a", 3, 3, 0..1)]).is_empty());
}

#[test]
fn a_name_passes_only_where_publishers_carry_it() {
    let named = |value: &str, publishers, authors| CandidateCell {
        name_publishers: Some(publishers),
        ..cell(value, 600, 0, 0..authors)
    };
    for dimension in [Dimension::Hashtag, Dimension::Term] {
        let cells = vec![
            named("jane doe", 0, 500),
            named("john roe", 2, 500),
            named("public figure", 3, 12),
            named("rare figure", 3, 9),
        ];
        assert_eq!(gated(dimension, cells), ["public figure 600 12"]);
        // One newspaper's private person is not everybody's.
        let press = CandidateCell { name_publishers: Some(1), ..cell("jane doe", 3, 3, []) };
        assert!(gated(dimension, vec![press]).is_empty());
    }
}

#[test]
fn a_stored_name_needs_its_proof() {
    let row = |value: &str, name_publishers| VolumeRow {
        window: MINUTE,
        dimension: Dimension::Term,
        value: value.to_owned(),
        figures: Some(Figures { posts: 600, authors: 500 }),
        publisher_only: false,
        name_publishers,
    };
    let refused = Err(NotReleasable::NameNotCarried { dimension: Dimension::Term });
    assert!(readmit(row("public figure", Some(3)), K::DEFAULT).is_ok());
    assert!(readmit(row("flood", None), K::DEFAULT).is_ok());
    for (value, publishers) in [("jane doe", Some(2)), ("jane doe", None), ("janedoe", Some(0))] {
        assert_eq!(readmit(row(value, publishers), K::DEFAULT), refused, "{value}");
    }
}

#[test]
fn what_is_asked_for_by_name_is_shown_as_held_back() {
    let cells =
        vec![cell("few", 9, 0, 0..9), cell("many", 11, 0, 0..11), cell("none", 0, 0, []), cell("press", 2, 2, [])];
    assert_eq!(gated(Dimension::Watch, cells), ["few -", "many 11 11", "none -", "press 2 0"]);
    assert_eq!(gated(Dimension::Total, vec![cell("all", 9, 0, 0..9)]), ["all -"]);
    assert_eq!(gated(Dimension::Total, vec![cell("all", 10, 0, 0..10)]), ["all 10 10"]);
}

#[test]
fn small_cells_of_a_breakdown_fold() {
    // The same person in two small cells counts once.
    let cells =
        vec![cell("de", 8, 0, 0..8), cell("en", 90, 0, 0..50), cell("fr", 5, 0, 5..10), cell("pt", 20, 0, 60..75)];
    assert_eq!(gated(Dimension::Language, cells), ["en 90 50", "pt 20 15", "other 13 10"]);
    // Still too small: the next smallest joins.
    let cells = vec![cell("de", 3, 0, 0..3), cell("en", 90, 0, 0..50), cell("pt", 20, 0, 60..75)];
    assert_eq!(gated(Dimension::Language, cells), ["en 90 50", "other 23 18"]);
    // Nothing left to join.
    assert!(gated(Dimension::Language, vec![cell("de", 3, 0, 0..3), cell("en", 4, 0, 0..4)]).is_empty());
    // Publishers pass by themselves, and cannot help persons to.
    let cells = vec![cell("person", 9, 0, 0..9), cell("publisher", 30, 30, [])];
    assert_eq!(gated(Dimension::Kind, cells), ["publisher 30 0"]);
    // Nothing to fold, no "other".
    assert_eq!(gated(Dimension::Relation, vec![cell("post", 12, 0, 0..12)]), ["post 12 12"]);
}

#[test]
fn a_real_value_named_other_belongs_to_other() {
    let cells = vec![cell("forum", 20, 0, 0..20), cell("other", 30, 0, 20..50), cell("small", 2, 0, 50..52)];
    assert_eq!(gated(Dimension::Source, cells), ["forum 20 20", "other 32 32"]);
    assert_eq!(gated(Dimension::Source, vec![cell("forum", 20, 0, 0..20), cell("other", 30, 0, 20..50)]).len(), 2);
}

#[test]
fn a_country_needs_fifty() {
    let cells = vec![cell("BR", 70, 0, 0..50), cell("DE", 60, 0, 60..109), cell("FR", 60, 0, 200..260)];
    assert_eq!(gated(Dimension::Region, cells), ["FR 60 60", "other 130 99"]);
    assert!(gated(Dimension::Region, vec![cell("DE", 60, 0, 60..109)]).is_empty());
}

#[test]
fn rows_look_as_the_contract_says() {
    let watches = vec![cell("river-floods", 14, 0, 0..12), cell("rare", 0, 0, [])];
    let rows = EXACT.release(VolumeCandidate { window: MINUTE, dimension: Dimension::Watch, cells: watches });
    insta::assert_snapshot!(rows.iter().map(Outward::to_json).collect::<Vec<_>>().join("\n"), @r#"
    {"start":"2016-09-23T00:00:00Z","step":"minute","by":{"watch":"river-floods"},"posts":14,"authors":12}
    {"start":"2016-09-23T00:00:00Z","step":"minute","by":{"watch":"rare"},"suppressed":true}
    "#);
    let day = Window::containing(Step::Day, 1_474_588_800);
    let total = vec![cell("all", 14, 0, 0..12)];
    let rows = EXACT.release(VolumeCandidate { window: day, dimension: Dimension::Total, cells: total });
    let mut bytes = Vec::new();
    rows[0].write_json(&mut bytes).unwrap();
    insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"{"start":"2016-09-23T00:00:00Z","step":"day","by":{"total":"all"},"posts":14,"authors":12}"#);
}

#[test]
fn what_is_read_back_is_checked_again() {
    let row = |dimension, figures, publisher_only| VolumeRow {
        window: MINUTE,
        dimension,
        value: "x".to_owned(),
        figures,
        publisher_only,
        name_publishers: None,
    };
    let figures = |authors| Some(Figures { posts: 60, authors });
    let ten = K::DEFAULT;
    assert!(readmit(row(Dimension::Term, figures(10), false), ten).is_ok());
    assert!(readmit(row(Dimension::Term, figures(0), true), ten).is_ok());
    assert!(readmit(row(Dimension::Watch, None, false), ten).is_ok());
    let below = |dimension, k| Err(NotReleasable::BelowK { dimension, k });
    assert_eq!(readmit(row(Dimension::Term, figures(9), false), ten), below(Dimension::Term, 10));
    assert_eq!(readmit(row(Dimension::Term, figures(9), true), ten), below(Dimension::Term, 10));
    assert_eq!(readmit(row(Dimension::Region, figures(49), false), ten), below(Dimension::Region, 50));
    assert_eq!(readmit(row(Dimension::Term, figures(10), false), K::new(11).unwrap()), below(Dimension::Term, 11));
    assert_eq!(
        readmit(row(Dimension::Term, None, false), ten),
        Err(NotReleasable::NotNamed { dimension: Dimension::Term })
    );
    let crooked = VolumeRow { window: Window { step: Step::Hour, start: 60 }, ..row(Dimension::Total, None, false) };
    assert_eq!(readmit(crooked, ten), Err(NotReleasable::NotAligned { step: Step::Hour }));
    insta::assert_snapshot!(NotReleasable::BelowK { dimension: Dimension::Term, k: 10 }, @"a stored row of dimension term rests on fewer than 10 authors");
}

#[test]
fn dimensions_have_one_name_and_one_number() {
    for dimension in Dimension::ALL {
        assert_eq!(Dimension::from_index(dimension.index()), Some(dimension));
        assert_eq!(Dimension::parse(dimension.as_str()), Some(dimension));
    }
    // They are in stores.
    let numbers = Dimension::ALL.map(Dimension::index);
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13]);
    assert_eq!((Dimension::from_index(14), Dimension::parse("author")), (None, None));
}

#[test]
fn what_is_counted_and_never_shown_has_a_number_and_no_word_that_is_read() {
    assert_eq!(Dimension::from_index(12), Some(Dimension::Tone));
    assert_eq!((Dimension::parse(Dimension::Tone.as_str()), Dimension::COUNTED), (None, 14));
    let cells = vec![cell("floods\u{1f}en", 500, 0, 0..400), cell("p", 7, 7, [])];
    assert!(gated(Dimension::Tone, cells).is_empty());
    assert!(Gate::suppressed(MINUTE, Dimension::Tone, "floods".to_owned()).is_none());
    let row = VolumeRow {
        window: MINUTE,
        dimension: Dimension::Tone,
        value: "floods\u{1f}en".to_owned(),
        figures: Some(Figures { posts: 500, authors: 400 }),
        publisher_only: false,
        name_publishers: None,
    };
    assert_eq!(readmit(row, K::DEFAULT), Err(NotReleasable::Hidden { dimension: Dimension::Tone }));
}

/// A post of a random stream: value, author (`None`: a publisher's item), worker.
type Post = (u8, Option<u64>, usize);

fn posts() -> impl Strategy<Value = Vec<Post>> {
    // Skewed, so that values lie on both sides of k.
    let value = (0_u8..8, 0_u8..8).prop_map(|(a, b)| a.min(b));
    proptest::collection::vec((value, proptest::option::weighted(0.9, 0_u64..40), 0_usize..4), 0..250)
}

type Counts = BTreeMap<String, (u64, u64, BTreeSet<u64>, CellKey)>;

fn counted<'a>(posts: impl IntoIterator<Item = &'a Post>) -> Counts {
    let mut counts = Counts::new();
    for (value, author, _) in posts {
        // One of the values bears the name that is the gate's own.
        let name = if *value == 5 { OTHER.to_owned() } else { format!("v{value}") };
        let (posts, publisher_posts, authors, key) = counts.entry(name).or_default();
        author.iter().for_each(|author| key.add(CellKey::of_author(*author)));
        *posts += 1;
        *publisher_posts += u64::from(author.is_none());
        authors.extend(author);
    }
    counts
}

fn cells(counts: &Counts) -> Vec<CandidateCell> {
    let cells = counts.iter().map(|(value, (posts, publisher, authors, key))| CandidateCell {
        key: *key,
        ..cell(value, *posts, *publisher, authors.clone())
    });
    cells.collect()
}

/// The cells of a stream that four workers counted, put together.
fn merged(posts: &[Post]) -> Vec<CandidateCell> {
    let mut merged = BTreeMap::<String, CandidateCell>::new();
    for worker in 0..4 {
        for part in cells(&counted(posts.iter().filter(|post| post.2 == worker))) {
            match merged.get_mut(&part.value) {
                Some(cell) => cell.absorb(&part),
                None => drop(merged.insert(part.value.clone(), part)),
            }
        }
    }
    merged.into_values().collect()
}

fn rows(dimension: Dimension, cells: Vec<CandidateCell>, k: K) -> Vec<VolumeRow> {
    let candidate = VolumeCandidate { window: MINUTE, dimension, cells };
    Gate::exact(k).release(candidate).into_iter().map(Released::into_inner).collect()
}

/// What a reader sees.
fn perturbed(dimension: Dimension, cells: Vec<CandidateCell>, k: K) -> Vec<VolumeRow> {
    let candidate = VolumeCandidate { window: MINUTE, dimension, cells };
    Gate::new(k).release(candidate).into_iter().map(Released::into_inner).collect()
}

proptest! {
    #[test]
    fn nothing_rests_on_fewer_than_k(posts in posts(), which in 0..Dimension::ALL.len(), k in 5_u32..14) {
        let (dimension, k) = (Dimension::ALL[which], K::new(k).unwrap());
        let folds = dimension.below() == Below::Folded;
        let counts = counted(&posts);
        let rows = rows(dimension, cells(&counts), k);
        // Looks from the posts, not from the cells: which persons can stand behind a row?
        for row in rows.iter().filter(|row| row.figures.is_some()) {
            let figures = row.figures.unwrap();
            let named: BTreeSet<&str> = rows.iter().map(|row| row.value.as_str()).collect();
            let behind = counts.iter().filter(|(value, _)| {
                **value == row.value || folds && row.value == OTHER && !named.contains(value.as_str())
            });
            let (mut posts, mut publisher_posts, mut authors) = (0, 0, BTreeSet::<u64>::new());
            for (_, (p, q, a, _)) in behind {
                posts += p;
                publisher_posts += q;
                authors.extend(a);
            }
            prop_assert_eq!((figures.posts, figures.authors), (posts, authors.len() as u64));
            prop_assert!(authors.len() as u64 >= dimension.k(k) || posts == publisher_posts);
            prop_assert!(readmit(row.clone(), k).is_ok());
        }
        // And nothing that may be said is kept back.
        for (value, (posts, publisher_posts, authors, _)) in &counts {
            let may = authors.len() as u64 >= dimension.k(k) || posts == publisher_posts;
            let shown = rows.iter().any(|row| row.value == *value && row.figures.is_some());
            if !folds {
                prop_assert_eq!(may, shown);
            }
        }
    }

    #[test]
    fn merging_then_gating_is_gating_the_merged(posts in posts(), which in 0_usize..10) {
        let dimension = Dimension::ALL[which];
        let split = rows(dimension, merged(&posts), K::DEFAULT);
        prop_assert_eq!(split, rows(dimension, cells(&counted(&posts)), K::DEFAULT));
    }

    #[test]
    fn one_author_changes_no_other_row(posts in posts(), author in 0_u64..40, which in 0_usize..10) {
        let dimension = Dimension::ALL[which];
        let k = dimension.k(K::DEFAULT);
        let with = rows(dimension, cells(&counted(&posts)), K::DEFAULT);
        let others = counted(posts.iter().filter(|post| post.1 != Some(author)));
        let without = rows(dimension, cells(&others), K::DEFAULT);
        let own = counted(posts.iter().filter(|post| post.1 == Some(author)));
        if dimension.below() == Below::Folded {
            // Which cells are folded may change with a cell that crosses k; all figures still rest on k.
            return Ok(());
        }
        let of = |rows: &[VolumeRow], value: &str| rows.iter().find(|row| row.value == value).and_then(|row| row.figures);
        for value in counted(&posts).keys() {
            match (of(&with, value), of(&without, value)) {
                (Some(a), Some(b)) => {
                    let theirs = own.get(value).map_or(0, |counts| counts.0);
                    prop_assert_eq!((a.posts - b.posts, a.authors - b.authors), (theirs, u64::from(theirs > 0)));
                }
                // Lost with this author: it stood exactly at k.
                (Some(a), None) => prop_assert!(own.contains_key(value) && a.authors == k),
                // Only publishers are left without this author: public speech stood beside one person.
                (None, Some(b)) => prop_assert!(own.contains_key(value) && b.authors == 0),
                (None, None) => {}
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_shown_is_what_passed_and_near_it(posts in posts(), which in 0..Dimension::ALL.len(), k in 5_u32..14) {
        let (dimension, k) = (Dimension::ALL[which], K::new(k).unwrap());
        let counts = counted(&posts);
        let (counted, shown) = (rows(dimension, cells(&counts), k), perturbed(dimension, cells(&counts), k));
        prop_assert_eq!(counted.len(), shown.len());
        for (counted, shown) in counted.iter().zip(&shown) {
            prop_assert_eq!((&counted.value, counted.publisher_only), (&shown.value, shown.publisher_only));
            let (Some(counted), Some(shown_figures)) = (counted.figures, shown.figures) else {
                prop_assert_eq!(counted.figures, shown.figures);
                continue;
            };
            if shown.publisher_only {
                prop_assert_eq!(counted, shown_figures, "public speech by institutions is shown as it is");
                continue;
            }
            prop_assert!(counted.posts.abs_diff(shown_figures.posts) <= PERTURBATION_MAX);
            prop_assert!(counted.authors.abs_diff(shown_figures.authors) <= PERTURBATION_MAX);
            prop_assert!(dimension.k(k) <= shown_figures.authors && shown_figures.authors <= shown_figures.posts);
            prop_assert!(readmit(shown.clone(), k).is_ok());
        }
    }

    #[test]
    fn what_is_shown_does_not_depend_on_how_posts_were_split(posts in posts(), which in 0_usize..10) {
        let dimension = Dimension::ALL[which];
        let split = perturbed(dimension, merged(&posts), K::DEFAULT);
        prop_assert_eq!(split, perturbed(dimension, cells(&counted(&posts)), K::DEFAULT));
    }
}

/// A small world: persons in cells of a breakdown, each person with one post in one cell, and the released total.
#[derive(Clone, Debug)]
struct World(Vec<u64>);

/// What a reader of everything can conclude from a world: which rows there are, and between which numbers each count behind
/// them lies.
type Reading = Vec<(String, Option<(u64, u64)>)>;

impl World {
    fn candidate(&self) -> Vec<CandidateCell> {
        let mut next = 0;
        let cells = (0..).zip(&self.0).filter(|(_, size)| **size > 0);
        cells
            .map(|(nth, size)| {
                let persons = next..next + size;
                next = persons.end;
                cell(&format!("v{nth}"), *size, 0, persons)
            })
            .collect()
    }

    fn total(&self) -> Vec<CandidateCell> {
        let all: u64 = self.0.iter().sum();
        vec![cell("all", all, 0, 0..all)]
    }

    /// Rows of the breakdown and of the total, as counted.
    fn rows(&self, dimension: Dimension) -> Vec<VolumeRow> {
        let mut all = rows(dimension, self.candidate(), K::DEFAULT);
        all.extend(rows(Dimension::Total, self.total(), K::DEFAULT));
        all
    }

    /// What is shown of it by these draws, and what that says of the counts.
    fn read(&self, dimension: Dimension, draws: &[u32]) -> Reading {
        let shown = self.rows(dimension).into_iter().zip(draws.iter().cycle()).map(|(row, draw)| {
            let between = row.figures.map(|figures| {
                let shown = crate::perturb::shown(figures.authors, 10, *draw);
                (shown.saturating_sub(PERTURBATION_MAX).max(10), shown + PERTURBATION_MAX)
            });
            (row.value, between)
        });
        shown.collect()
    }

    /// Whether everything that was shown could have been shown of this world, too.
    fn agrees(&self, dimension: Dimension, reading: &Reading) -> bool {
        let rows = self.rows(dimension);
        rows.len() == reading.len()
            && rows.iter().zip(reading).all(|(row, (value, between))| {
                row.value == *value
                    && match (row.figures, between) {
                        (None, None) => true,
                        (Some(figures), Some((low, high))) => (*low..=*high).contains(&figures.authors),
                        _ => false,
                    }
            })
    }

    /// Whether a shown number stands as far from the truth as it can. Then a hidden cell of k - 1 may be the only one that
    /// explains them: changes have a bound, and a bound has such corners (docs/methods/release.md).
    fn is_corner(&self, dimension: Dimension, reading: &Reading) -> bool {
        let at_an_end = |(row, (_, between)): &(VolumeRow, &(String, Option<(u64, u64)>))| {
            let ends = row.figures.zip(*between);
            ends.is_some_and(|(figures, (low, high))| figures.authors == low || figures.authors == high)
        };
        self.rows(dimension).into_iter().zip(reading).any(|row| at_an_end(&row))
    }

    /// All worlds that differ from this one by at most two persons in each cell.
    fn neighbours(&self) -> Vec<Self> {
        let mut worlds = vec![Vec::new()];
        for size in &self.0 {
            worlds = worlds
                .into_iter()
                .flat_map(|world: Vec<u64>| {
                    (size.saturating_sub(2)..=size + 2).map(move |other| [world.as_slice(), &[other]].concat())
                })
                .collect();
        }
        worlds.into_iter().map(Self).collect()
    }
}

proptest! {
    // Solves the linear system by trying out: of every cell below k, another size agrees with everything that is shown, the
    // total and the folded rest included; so no arithmetic over the shown numbers gives it.
    #[test]
    fn no_arithmetic_over_what_is_shown_gives_a_count_below_k(
        sizes in proptest::collection::vec(prop_oneof![0_u64..12, 8_u64..30], 1..5),
        draws in proptest::collection::vec(any::<u32>(), 6),
        open_ended in any::<bool>(),
    ) {
        let dimension = if open_ended { Dimension::Hashtag } else { Dimension::Language };
        let world = World(sizes);
        let reading = world.read(dimension, &draws);
        prop_assert!(world.agrees(dimension, &reading));
        let others: Vec<World> = world.neighbours().into_iter().filter(|other| other.agrees(dimension, &reading)).collect();
        for (nth, size) in world.0.iter().enumerate().filter(|(_, size)| (1..10).contains(*size)) {
            let betrayed = others.iter().all(|other| other.0[nth] == *size);
            prop_assert!(!betrayed || *size == 9 && world.is_corner(dimension, &reading), "cell {} of {:?} is betrayed by {:?}", nth, world, reading);
        }
    }
}

#[test]
fn without_perturbation_arithmetic_would_give_counts_below_k() {
    // The test above can fail: the total less the only shown tag is the hidden one's count.
    let world = World(vec![20, 3]);
    let exact: Reading = world
        .rows(Dimension::Hashtag)
        .into_iter()
        .map(|row| (row.value, row.figures.map(|figures| (figures.authors, figures.authors))))
        .collect();
    let others = world.neighbours();
    let agreeing: Vec<_> = others.iter().filter(|other| other.agrees(Dimension::Hashtag, &exact)).collect();
    assert!(agreeing.iter().all(|other| other.0[1] == 3) && !agreeing.is_empty());
}

proptest! {
    #[test]
    fn no_name_passes_that_publishers_do_not_carry(
        cells in proptest::collection::vec((0_u64..40, 0_u64..4, proptest::option::of(0_u32..6)), 0..40),
        which in 0..Dimension::ALL.len(),
        k in 5_u32..14,
    ) {
        let (dimension, k) = (Dimension::ALL[which], K::new(k).unwrap());
        let publishers: Vec<Option<u32>> = cells.iter().map(|(_, _, publishers)| *publishers).collect();
        let cells = cells.into_iter().enumerate().map(|(at, (authors, press, name_publishers))| CandidateCell {
            name_publishers,
            ..cell(&format!("v{at:02}"), authors + press, press, 0..authors)
        });
        for row in rows(dimension, cells.collect(), k) {
            let Some(at) = row.value.strip_prefix('v').and_then(|at| at.parse::<usize>().ok()) else { continue };
            prop_assert!(row.figures.is_none() || publishers[at].is_none_or(|publishers| publishers >= NAME_PUBLISHERS));
            prop_assert!(readmit(row, k).is_ok());
        }
    }
}
