//! How well the scrubber does on labelled posts.
