//! The forms in which parts of the state go into a checkpoint: what is empty takes no room.

use std::sync::Arc;

use bincode::Options as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Appends something.
///
/// # Panics
/// Never: numbers and texts can always be written to memory.
pub(crate) fn put<T: Serialize>(bytes: &mut Vec<u8>, what: &T) {
    bincode::DefaultOptions::new().serialize_into(bytes, what).expect("memory takes what is written");
}

/// Takes what was put first; `None` where the bytes are of something else.
pub(crate) fn take<T: DeserializeOwned>(rest: &mut &[u8]) -> Option<T> {
    bincode::DefaultOptions::new().with_limit(rest.len() as u64).deserialize_from(rest).ok()
}

/// Arrays longer than serde knows.
pub(crate) mod array {
    use serde::de::{Error, SeqAccess, Visitor};
    use serde::ser::SerializeTuple as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::fmt;
    use std::marker::PhantomData;

    pub(crate) fn serialize<S: Serializer, T: Serialize, const N: usize>(
        array: &[T; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(N)?;
        array.iter().try_for_each(|element| tuple.serialize_element(element))?;
        tuple.end()
    }

    pub(crate) fn deserialize<'de, D, T, const N: usize>(deserializer: D) -> Result<[T; N], D::Error>
    where
        D: Deserializer<'de>,
        T: Deserialize<'de> + Default + Copy,
    {
        struct Elements<T, const N: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Default + Copy, const N: usize> Visitor<'de> for Elements<T, N> {
            type Value = [T; N];

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{N} elements")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<[T; N], A::Error> {
                let mut array = [T::default(); N];
                for (at, element) in array.iter_mut().enumerate() {
                    *element = elements.next_element()?.ok_or_else(|| A::Error::invalid_length(at, &self))?;
                }
                Ok(array)
            }
        }

        deserializer.deserialize_tuple(N, Elements::<T, N>(PhantomData))
    }
}

/// An array most of which is often nothing: which elements there are, one bit each, and these.
pub(crate) mod sparse {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Bits, the first 64 elements first.
    type Mask = (u64, u64);

    const fn has(mask: Mask, at: usize) -> bool {
        (if at < 64 { mask.0 >> at } else { mask.1 >> (at - 64) }) & 1 == 1
    }

    pub(crate) fn serialize<S, T, const N: usize>(array: &[T; N], serializer: S) -> Result<S::Ok, S::Error>
    where
        S: Serializer,
        T: Serialize + Default + Copy + PartialEq,
    {
        const { assert!(N <= 128) };
        let mut mask: Mask = (0, 0);
        let mut there = Vec::new();
        for (at, element) in array.iter().enumerate().filter(|(_, element)| **element != T::default()) {
            if at < 64 {
                mask.0 |= 1 << at;
            } else {
                mask.1 |= 1 << (at - 64);
            }
            there.push(*element);
        }
        (mask, there).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D, T, const N: usize>(deserializer: D) -> Result<[T; N], D::Error>
    where
        D: Deserializer<'de>,
        T: Deserialize<'de> + Default + Copy,
    {
        let (mask, there) = <(Mask, Vec<T>)>::deserialize(deserializer)?;
        let mut there = there.into_iter();
        let mut array = [T::default(); N];
        for (_, element) in array.iter_mut().enumerate().filter(|(at, _)| has(mask, *at)) {
            *element = there.next().ok_or_else(|| D::Error::custom("fewer elements than bits"))?;
        }
        if there.next().is_some() { Err(D::Error::custom("more elements than bits")) } else { Ok(array) }
    }
}

/// Bytes as they are, of which a copy costs nothing. Their content is looked at by whoever packed it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Arc<Vec<u8>>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Plain;

        impl serde::de::Visitor<'_> for Plain {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(Arc::new(bytes.to_vec())))
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(Arc::new(bytes)))
            }
        }

        deserializer.deserialize_byte_buf(Plain)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "array")]
        all: [f64; 40],
        #[serde(with = "sparse")]
        some: [u16; 84],
    }

    proptest! {
        #[test]
        fn arrays_come_back(all in any::<[f32; 32]>(), some in prop::collection::vec((0_usize..84, any::<u16>()), 0..90)) {
            let mut both = Both { all: [0.5; 40], some: [0; 84] };
            both.all.iter_mut().zip(all).for_each(|(to, from)| *to = if from.is_nan() { 1.0 } else { f64::from(from) });
            some.into_iter().for_each(|(at, value)| both.some[at] = value);
            let mut bytes = Vec::new();
            put(&mut bytes, &both);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(take::<Both>(&mut rest), Some(both));
            prop_assert!(rest.is_empty());
            for end in 0..bytes.len() {
                prop_assert_eq!(take::<Both>(&mut &bytes[..end]), None);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = take::<Both>(&mut bytes.as_slice());
        }
    }

    #[test]
    fn what_is_empty_takes_no_room() {
        let mut bytes = Vec::new();
        put(&mut bytes, &Both { all: [0.0; 40], some: [0; 84] });
        assert_eq!(bytes.len(), 40 * 8 + 3);
    }
}
