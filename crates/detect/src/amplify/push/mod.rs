//! Links and hashtags that many accounts push in short time, in texts that differ.
//!
//! A worker notes them with the posts of an open minute ([`ObjectLog`]), and its process sums them up when it closes ([`Objects`]); what
//! it tells of one that a single author wrote there is a hash and numbers. The owner ([`Pushes`]) adds up the minutes of all processes
//! and judges by time alone ([`rule`]). Sums do not depend on how posts are spread over processes and workers or ordered within a minute.

mod delta;
mod log;
mod objects;
mod pushes;
mod rule;

pub(super) use delta::ObjectDelta;
pub(super) use log::ObjectLog;
pub(super) use objects::Objects;
pub(super) use pushes::{Pushes, SavedPush, in_both};
