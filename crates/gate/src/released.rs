//! [`Released`], which only this crate can build, and [`Outward`], which outputs ask for and only released things are.

use std::fmt;
use std::io::{self, Write};
use std::ops::Deref;

use serde::{Serialize, Serializer};

use crate::operational::Operational;

pub(crate) mod sealed {
    use serde::Serializer;

    /// Nobody outside this crate can name it, so nobody outside can implement what rests on it.
    pub trait Sealed {}

    /// A kind of thing that can be released, with its outward form. The thing itself is not serialisable: only together
    /// with [`super::Released`].
    pub trait Item {
        /// Writes the outward form.
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    }
}

/// What passed the gate. Can be read by everyone and built only here.
#[derive(Clone, PartialEq, Eq)]
pub struct Released<T>(T);

impl<T> Released<T> {
    /// The one way in; callers in this crate have checked what they release.
    pub(crate) const fn new(item: T) -> Self {
        Self(item)
    }

    /// The thing itself, no longer known to be released.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: Operational> Released<T> {
    /// Releases what rests on no post's content.
    pub const fn operational(item: T) -> Self {
        Self(item)
    }
}

impl<T> Deref for Released<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Released<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Released").field(&self.0).finish()
    }
}

impl<T: sealed::Item> Serialize for Released<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// What an output may be given. Exchange between workers needs serde, so serde cannot be the lock; this trait is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has not passed the gate",
    label = "only `Released` things may leave the engine",
    note = "see PRIVACY section 1 and `groundswell_gate::Gate`"
)]
pub trait Outward: Serialize + sealed::Sealed {
    /// Writes it as JSON, without a line feed.
    fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(out, self).map_err(io::Error::from)
    }

    /// As JSON.
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("released things have string keys and finite numbers only")
    }
}

impl<T: sealed::Item> sealed::Sealed for Released<T> {}
impl<T: sealed::Item> Outward for Released<T> {}

impl<T: Outward> sealed::Sealed for [T] {}
impl<T: Outward> Outward for [T] {}

impl<T: Outward> sealed::Sealed for Vec<T> {}
impl<T: Outward> Outward for Vec<T> {}

impl<T: Outward> sealed::Sealed for Option<T> {}
impl<T: Outward> Outward for Option<T> {}

impl<T: Outward + ?Sized> sealed::Sealed for &T {}
impl<T: Outward + ?Sized> Outward for &T {}
