//! [`Short`]: a word that most often needs no memory beside its place.

/// Bytes of a text that stands in its place.
const INLINE_MAX: usize = 14;

/// A text in sixteen bytes. Most words have at most fourteen bytes, and for them nothing is allocated and nothing else is read.
#[derive(Clone)]
pub(super) enum Short {
    Inline(u8, [u8; INLINE_MAX]),
    #[expect(clippy::box_collection, reason = "a thin pointer: the point is sixteen bytes")]
    Long(Box<String>),
}

const _: () = assert!(size_of::<Short>() == 16);

impl Default for Short {
    fn default() -> Self {
        Self::Inline(0, [0; INLINE_MAX])
    }
}

impl From<&str> for Short {
    fn from(text: &str) -> Self {
        let mut bytes = [0; INLINE_MAX];
        match bytes.get_mut(..text.len()) {
            Some(room) => {
                room.copy_from_slice(text.as_bytes());
                Self::Inline(text.len() as u8, bytes)
            }
            None => Self::Long(Box::new(text.to_owned())),
        }
    }
}

impl Short {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline(length, bytes) => &bytes[..usize::from(*length).min(INLINE_MAX)],
            Self::Long(text) => text.as_bytes(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            // It was one when it was put there.
            Self::Inline(..) => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }

    /// Memory beside its place.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Inline(..) => 0,
            Self::Long(text) => size_of::<String>() + text.capacity(),
        }
    }
}

impl PartialEq<str> for Short {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_text_comes_back(text in "\\PC{0,20}", other in "\\PC{0,20}") {
            let short = Short::from(text.as_str());
            proptest::prop_assert_eq!(short.as_str(), text.as_str());
            proptest::prop_assert_eq!(short == *other.as_str(), text == other);
            proptest::prop_assert_eq!(short.bytes() > 0, text.len() > INLINE_MAX);
        }
    }
}
