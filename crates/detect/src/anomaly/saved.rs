//! `saved_subjects!`: what a detector of anomalies knows, in a checkpoint, and how it gets there and back. All of it rests on released
//! numbers.

macro_rules! saved_subjects {
    ($(#[$doc:meta])* $saved:ident of $detector:ident and its $subject:ty, at most $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, serde::Serialize)]
        pub struct $saved(crate::packed::Bytes);

        impl<'de> serde::Deserialize<'de> for $saved {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let saved = Self(serde::Deserialize::deserialize(deserializer)?);
                match saved.parts() {
                    Some(_) => Ok(saved),
                    None => Err(serde::de::Error::custom("saved anomalies are cut off or altered")),
                }
            }
        }

        impl std::fmt::Debug for $saved {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($saved), "({} bytes, redacted)"), self.0.0.len())
            }
        }

        impl $saved {
            fn of(
                subjects: &std::collections::BTreeMap<crate::anomaly::Key, $subject>,
                experience: &crate::burst::experience::Experience,
                looked_at: f64,
            ) -> Self {
                let subjects: Vec<(&crate::anomaly::Key, &$subject)> = subjects.iter().collect();
                let mut bytes = Vec::new();
                crate::packed::put(&mut bytes, &(subjects, experience, looked_at));
                Self(crate::packed::Bytes(bytes.into()))
            }

            #[allow(clippy::type_complexity, reason = "said once, and taken apart where it is asked for")]
            fn parts(
                &self,
            ) -> Option<(Vec<(crate::anomaly::Key, $subject)>, crate::burst::experience::Experience, f64)> {
                let mut rest = self.0.0.as_slice();
                if rest.is_empty() {
                    return Some((Vec::new(), crate::burst::experience::Experience::new(), 0.0));
                }
                let parts: (Vec<(crate::anomaly::Key, $subject)>, crate::burst::experience::Experience, f64) =
                    crate::packed::take(&mut rest)?;
                (rest.is_empty() && parts.1.is_whole() && parts.0.len() <= $max).then_some(parts)
            }
        }

        impl $detector {
            /// What it knows between two hours.
            pub fn save(&self) -> $saved {
                $saved::of(&self.subjects, &self.experience, self.looked_at)
            }

            /// Takes back what was saved, before the first hour.
            pub fn restore(&mut self, saved: &$saved) {
                if let Some((subjects, experience, looked_at)) = saved.parts() {
                    (self.subjects, self.experience, self.looked_at) =
                        (subjects.into_iter().collect(), experience, looked_at);
                }
            }
        }

        impl std::fmt::Debug for $detector {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($detector), "({} subjects, redacted)"), self.subjects.len())
            }
        }
    };
}
pub(crate) use saved_subjects;
