//! Reading atomic counters: one public method for each field of the same name.

/// Methods that read fields of type `AtomicU64`.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        pub fn $name(&self) -> u64 {
            self.$name.load(Ordering::Relaxed)
        }
    )* };
}

pub(crate) use counters;
