//! `counters!`: a detector's counters of its bounds, all in one form.

macro_rules! counters {
    ($counters:ident { $($(#[$doc:meta])* $name:ident,)* }) => {
        /// How often a bound was reached, and what it cost.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $counters { $($(#[$doc])* pub $name: u64,)* }

        impl $counters {
            /// Adds another worker's.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            /// What was added since an earlier look at the same counters.
            #[must_use]
            pub fn since(&self, earlier: &Self) -> Self {
                Self { $($name: self.$name - earlier.$name,)* }
            }

            /// Names and numbers, for metrics.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}
pub(crate) use counters;
