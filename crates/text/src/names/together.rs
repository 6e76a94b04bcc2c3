//! [`Together`]: words as if written without a space, for looking them up as one. Lives on the stack: it is made for most pairs of
//! words of most posts.

/// Bytes; nothing in the lexicon is as long.
const BYTES_MAX: usize = 128;

/// Some words, joined.
pub(super) struct Together {
    bytes: [u8; BYTES_MAX],
    len: usize,
}

impl Together {
    /// Nothing yet.
    pub(super) const fn new() -> Self {
        Self { bytes: [0; BYTES_MAX], len: 0 }
    }

    /// All of these; `None` where they are longer than anything that could be looked up.
    pub(super) fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut all = Self::new();
        words.into_iter().all(|word| all.push(word)).then_some(all)
    }

    /// Adds one; false where there is no room for it.
    pub(super) fn push(&mut self, word: &str) -> bool {
        let Some(room) = self.bytes.get_mut(self.len..self.len + word.len()) else { return false };
        room.copy_from_slice(word.as_bytes());
        self.len += word.len();
        true
    }

    pub(super) fn as_str(&self) -> &str {
        // Whole words were added, so it is UTF-8.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}
