//! [`Stories`]: all stories that the owner knows, by their keys.

use super::story::Story;

/// A story's number within the owner; never used twice. Later ones are larger.
///
/// The low bits say where it stands, so that no map is asked: a story is looked up several times for each cluster of a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StoryKey(u64);

/// Bits of the place: so many stories at once, and more than ten thousand times as many in all.
const PLACE_BITS: u32 = 24;

impl StoryKey {
    fn place(self) -> usize {
        (self.0 & ((1 << PLACE_BITS) - 1)) as usize
    }

    /// As a number, for evaluations.
    pub(super) const fn number(self) -> u64 {
        self.0
    }
}

#[derive(Default)]
struct Place {
    /// Of the story that stands here, or that stood here last.
    key: u64,
    /// Workers that surely hold a cluster of it, as bits; others may.
    held_by: u64,
    /// Boxed, so that a place is small.
    story: Option<Box<Story>>,
}

#[derive(Default)]
pub(super) struct Stories {
    places: Vec<Place>,
    free: Vec<u32>,
    /// How many there were so far.
    given: u64,
}

impl Stories {
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Memory of the places, without what stands there.
    pub(super) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<Place>() + self.free.capacity() * size_of::<u32>()
    }

    pub(super) fn insert(&mut self, story: Story) -> StoryKey {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() as u32 - 1
        });
        debug_assert!(place >> PLACE_BITS == 0, "`narratives_max` is far smaller");
        self.given += 1;
        let key = self.given << PLACE_BITS | u64::from(place);
        self.places[place as usize] = Place { key, held_by: 0, story: Some(Box::new(story)) };
        StoryKey(key)
    }

    pub(super) fn get(&self, key: StoryKey) -> Option<&Story> {
        self.place(key)?.story.as_deref()
    }

    pub(super) fn get_mut(&mut self, key: StoryKey) -> Option<&mut Story> {
        self.place_mut(key)?.story.as_deref_mut()
    }

    pub(super) fn remove(&mut self, key: StoryKey) -> Option<Box<Story>> {
        let story = self.place_mut(key)?.story.take();
        self.free.extend(story.as_ref().map(|_| key.place() as u32));
        story
    }

    /// Notes that a worker holds a cluster of a story; the first 64 workers are remembered.
    pub(super) fn hold(&mut self, key: StoryKey, worker: u16) {
        if let Some(place) = self.place_mut(key) {
            place.held_by |= 1_u64.checked_shl(u32::from(worker)).unwrap_or(0);
        }
    }

    /// Notes that a story has a cluster less: who holds one is not known for sure any more.
    pub(super) fn let_go(&mut self, key: StoryKey) {
        if let Some(place) = self.place_mut(key) {
            place.held_by = 0;
        }
    }

    /// Whether a worker surely holds a cluster of a story: found out without reading it.
    pub(super) fn is_held_by(&self, key: StoryKey, worker: u16) -> bool {
        self.place(key).is_some_and(|place| place.held_by & 1_u64.checked_shl(u32::from(worker)).unwrap_or(0) != 0)
    }

    /// Where a story stands, or stood last.
    fn place(&self, key: StoryKey) -> Option<&Place> {
        self.places.get(key.place()).filter(|place| place.key == key.0)
    }

    fn place_mut(&mut self, key: StoryKey) -> Option<&mut Place> {
        self.places.get_mut(key.place()).filter(|place| place.key == key.0)
    }

    /// All of them, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = (StoryKey, &Story)> {
        self.places.iter().filter_map(|place| Some((StoryKey(place.key), place.story.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_given_twice_and_later_ones_are_larger() {
        let mut stories = Stories::default();
        let mut keys: Vec<StoryKey> = Vec::new();
        for round in 0..50_i64 {
            let first = stories.insert(Story::new(round, None));
            let second = stories.insert(Story::new(round, None));
            keys.extend([first, second]);
            assert!(stories.remove(first).is_some() && stories.remove(first).is_none());
            assert!(stories.get(first).is_none() && stories.get_mut(second).is_some());
        }
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert_eq!((stories.len(), stories.iter().count()), (50, 50));
        stories.hold(keys[1], 3);
        stories.hold(keys[1], 70);
        assert!(
            stories.is_held_by(keys[1], 3)
                && ![2, 64, 67, 70].iter().any(|worker| stories.is_held_by(keys[1], *worker))
        );
        stories.let_go(keys[1]);
        assert!(!stories.is_held_by(keys[1], 3));
        assert!((0..50).all(|round| stories.get(keys[round * 2 + 1]).unwrap().first == round as i64));
    }
}
