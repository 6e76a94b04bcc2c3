//! [`Places`]: the text of a family, place by place: which words its posts have there, and who wrote each.

use super::config::CHOICES_MAX;
use super::words::{Aligner, Token};
use crate::narrative::FewAuthors;

/// A word at a place.
pub(super) struct Choice {
    pub(super) token: Token,
    /// Its normal form; known from the second post on.
    pub(super) form: Option<Box<str>>,
    pub(super) posts: u32,
    /// Of them, those that the owner was told of.
    pub(super) told: u32,
    /// Of the family's last day, as far as told apart.
    pub(super) authors: FewAuthors,
    /// It stands in what looks like a person's name.
    pub(super) name_like: bool,
    /// Since the owner was told last.
    pub(super) changed: bool,
}

/// A word of a post that is put into its family's text.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) normal: &'a str,
    pub(super) name_like: bool,
}

/// The words of a family by their places. Places are those of the first post: what others put in between has none, what they wrote
/// instead stands beside it.
#[derive(Default)]
pub(super) struct Places {
    list: Vec<Vec<Choice>>,
    /// The word of most posts at each place that has one.
    leading: Vec<Token>,
    /// The same, sorted.
    sorted: Vec<Token>,
}

impl Places {
    /// Of the first post.
    pub(super) fn first(tokens: &[Token], author: Option<u64>) -> Self {
        let choice = |token: &Token| Choice {
            token: *token,
            form: None,
            posts: 1,
            told: 0,
            authors: author.into_iter().collect(),
            name_like: false,
            changed: true,
        };
        let mut places = Self { list: tokens.iter().map(|token| vec![choice(token)]).collect(), ..Self::default() };
        places.lead();
        places
    }

    /// Adds a post. `forms` has a word for each token where the post may leave words of its own; without, it adds to those that are
    /// there.
    pub(super) fn add(
        &mut self,
        tokens: &[Token],
        author: Option<u64>,
        forms: Option<&[Form<'_>]>,
        aligner: &mut Aligner,
        pairs: &mut Vec<(u16, u16)>,
    ) {
        let as_first = tokens.len() == self.list.len()
            && tokens.iter().zip(&self.list).all(|(token, place)| place.first().is_some_and(|c| c.token == *token));
        if as_first {
            pairs.clear();
            pairs.extend((0..tokens.len() as u16).map(|at| (at, at)));
        } else {
            let same = |a: usize, b: usize| self.list[a].iter().any(|choice| choice.token == tokens[b]);
            aligner.align(self.list.len(), tokens.len(), &same, pairs);
            between(pairs, self.list.len(), tokens.len());
        }
        for &(place, at) in pairs.iter() {
            let (place, token) = (&mut self.list[usize::from(place)], tokens[usize::from(at)]);
            let form = forms.and_then(|forms| forms.get(usize::from(at)));
            let known = place.iter().position(|choice| choice.token == token);
            let choice = match (known, form) {
                (Some(known), _) => &mut place[known],
                (None, Some(_)) if author.is_some() && place.len() < CHOICES_MAX => {
                    // Most places have one word or two, and there are many.
                    place.reserve_exact(1);
                    place.push(Choice {
                        token,
                        form: None,
                        posts: 0,
                        told: 0,
                        authors: FewAuthors::default(),
                        name_like: false,
                        changed: true,
                    });
                    let last = place.len() - 1;
                    &mut place[last]
                }
                _ => continue,
            };
            choice.posts += 1;
            choice.changed |= author.is_some_and(|author| choice.authors.insert(author));
            if let Some(form) = form {
                if choice.form.is_none() {
                    choice.form = Some(form.normal.into());
                    choice.changed = true;
                }
                choice.changed |= form.name_like && !choice.name_like;
                choice.name_like |= form.name_like;
            }
        }
        if !as_first {
            self.lead();
        }
    }

    fn lead(&mut self) {
        let most = |place: &Vec<Choice>| {
            // Of two that as many have, the one that stood there first.
            place.iter().rev().max_by_key(|choice| choice.posts).map(|choice| choice.token)
        };
        self.leading.clear();
        self.leading.extend(self.list.iter().filter_map(most));
        self.sorted.clone_from(&self.leading);
        self.sorted.sort_unstable();
    }

    /// Memory beyond the value itself, roughly.
    pub(super) fn bytes(&self) -> usize {
        let choice = |choice: &Choice| {
            size_of::<Choice>() + choice.form.as_ref().map_or(0, |form| form.len()) + choice.authors.bytes()
        };
        let place = |place: &Vec<Choice>| size_of::<Vec<Choice>>() + place.iter().map(choice).sum::<usize>();
        self.list.iter().map(place).sum::<usize>()
            + (self.leading.capacity() + self.sorted.capacity()) * size_of::<Token>()
    }

    /// The text as most have it.
    pub(super) fn leading(&self) -> &[Token] {
        &self.leading
    }

    /// Its words, sorted.
    pub(super) fn sorted(&self) -> &[Token] {
        &self.sorted
    }

    /// Tokens of authors mean somebody else from now on. Words that only one post had are forgotten: nobody could be found by whose
    /// deletion they would have to go.
    pub(super) fn new_day(&mut self) {
        for place in &mut self.list {
            place.retain(|choice| choice.posts > 1);
            place.iter_mut().for_each(|choice| choice.authors = FewAuthors::default());
        }
        self.lead();
    }

    /// Takes an author's part out. A word that nobody else wrote is forgotten.
    pub(super) fn forget(&mut self, author: u64) {
        for place in &mut self.list {
            place.retain_mut(|choice| !(choice.authors.remove(author) && choice.authors.is_empty()));
        }
        self.lead();
    }

    /// The word of most posts at each place, if more than one post has it.
    pub(super) fn common(&self) -> impl Iterator<Item = (u16, Token)> {
        (0..).zip(&self.list).filter_map(|(place, choices)| {
            let most = choices.iter().rev().max_by_key(|choice| choice.posts)?;
            (most.posts > 1).then_some((place, most.token))
        })
    }

    /// Words that at least two authors wrote and of which the owner does not know all.
    pub(super) fn changed(&mut self) -> impl Iterator<Item = (u16, &mut Choice)> {
        (0..).zip(&mut self.list).flat_map(|(place, choices)| {
            let told = choices.iter_mut().filter(|choice| choice.changed && choice.authors.len() > 1);
            told.map(move |choice| (place, choice))
        })
    }

    #[cfg(debug_assertions)]
    pub(super) fn all(&self) -> impl Iterator<Item = &Choice> {
        self.list.iter().flatten()
    }
}

/// Where as many words stand between two that are aligned in both texts, one was written for the other.
fn between(pairs: &mut Vec<(u16, u16)>, one: usize, other: usize) {
    let anchors = pairs.len();
    let (mut a, mut b) = (0, 0);
    for at in 0..=anchors {
        let (next_a, next_b) = pairs.get(at).filter(|_| at < anchors).copied().unwrap_or((one as u16, other as u16));
        if next_a - a == next_b - b {
            let gap = (a..next_a).zip(b..next_b);
            pairs.extend(gap);
        }
        (a, b) = (next_a + 1, next_b + 1);
    }
    pairs.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        text.split(' ').map(|word| Token::new(groundswell_text::hash_word(word), word.len())).collect()
    }

    fn add(places: &mut Places, text: &str, author: u64) {
        let forms: Vec<Form<'_>> = text.split(' ').map(|normal| Form { normal, name_like: false }).collect();
        places.add(&tokens(text), Some(author), Some(&forms), &mut Aligner::default(), &mut Vec::new());
    }

    fn text_of(places: &Places, least: usize) -> String {
        let most = |place: &Vec<Choice>| {
            let most = place.iter().rev().max_by_key(|choice| choice.posts)?;
            if most.authors.len() >= least { most.form.as_deref().map(str::to_owned) } else { Some("…".to_owned()) }
        };
        places.list.iter().filter_map(most).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_text_is_what_most_wrote_at_each_place() {
        let mut places = Places::first(&tokens("they BROKE the dam at midnight and nobody told us"), Some(1));
        add(&mut places, "they opened the dam at midnight and nobody told me", 2);
        add(&mut places, "look they opened the dam at noon and nobody told us", 3);
        add(&mut places, "they opened the the dam at midnight and so nobody told us", 4);
        assert_eq!(text_of(&places, 3), "they opened the dam at midnight and nobody told us");
        assert_eq!(text_of(&places, 4), "they … the dam at … and nobody told …");
        // Who leaves takes the words along that nobody else wrote.
        assert!(places.all().any(|choice| choice.form.as_deref() == Some("noon")));
        places.forget(3);
        assert!(places.all().all(|choice| choice.form.as_deref() != Some("noon")));
        places.new_day();
        assert!(places.all().all(|choice| choice.authors.is_empty() && choice.posts > 1));
        assert_eq!(places.leading().len(), 10);
    }

    #[test]
    fn gaps_of_one_length_are_matched_word_by_word() {
        let mut pairs = vec![(1, 2), (4, 5)];
        between(&mut pairs, 6, 7);
        assert_eq!(pairs, [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6)]);
    }
}
