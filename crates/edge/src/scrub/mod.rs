//! Finding personal data in text and writing placeholders in its place (PRIVACY section 3).
//!
//! ```
//! use groundswell_edge::scrub::{LinkSink, Scrubber};
//!
//! let mut scrubber = Scrubber::new();
//! let (mut out, mut links) = (String::new(), LinkSink::default());
//! scrubber.scrub("Call +44 20 7946 0958 or www.example.com", &mut out, &mut links);
//! assert_eq!(out, "Call ⟨phone⟩ or ⟨link⟩");
//! assert_eq!(links.links()[0].domain, "example.com");
//! ```
//!
//! One scan of the bytes decides what can be there at all. What has a sign of its own (`@`, `://`, `did:`, a dot between
//! digits) is read on the spot by a scanner; patterns run only on posts with enough digits, a long mixed word or a rare sign.
//! What was found becomes a barrier that no rule sees through, and the patterns run again until they find nothing: so a
//! second scrubbing has nothing to find either.

mod address;
mod checks;
pub mod eval;
mod fold;
mod kind;
mod link;
mod rules;
mod scan;

use std::fmt;
use std::ops::Range;

pub use kind::Kind;
pub use link::{LINKS_MAX, LinkSink, URL_BYTES_MAX};

use fold::View;
use link::Links;
use rules::Rules;
use scan::Scan;

/// Something found in a text: a stretch of its bytes, whole characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub range: Range<usize>,
}

/// Rewrites text. Holds buffers and caches, so one is made per worker and used for all posts.
pub struct Scrubber {
    rules: &'static Rules,
    view: View,
    scan: Scan,
    links: Links,
    found: Vec<Detection>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrubber(redacted)")
    }
}

impl Default for Scrubber {
    fn default() -> Self {
        Self::new()
    }
}

impl Scrubber {
    /// A scrubber with the built-in rules.
    pub fn new() -> Self {
        let rules = Rules::get();
        Self { rules, view: View::default(), scan: Scan::new(rules), links: Links::new(rules), found: Vec::new() }
    }

    /// Appends the scrubbed text to `out` and the links in it to `links`.
    pub fn scrub(&mut self, text: &str, out: &mut String, links: &mut LinkSink) {
        self.find(text, links);
        let mut at = 0;
        let mut brackets = self.view.brackets.iter().map(|at| *at as usize).peekable();
        let mut copy = |from: usize, to: usize, out: &mut String| {
            let mut from = from;
            while let Some(bracket) = brackets.next_if(|bracket| *bracket < to) {
                if bracket < from {
                    continue;
                }
                out.push_str(&text[from..bracket]);
                out.push(if text[bracket..].starts_with('⟨') { '<' } else { '>' });
                from = bracket + '⟨'.len_utf8();
            }
            out.push_str(&text[from..to]);
        };
        for detection in &self.found {
            copy(at, detection.range.start, out);
            out.push_str(detection.kind.placeholder());
            at = detection.range.end;
        }
        copy(at, text.len(), out);
    }

    /// What would be replaced in a text, in order, without overlaps.
    pub fn detections(&mut self, text: &str) -> &[Detection] {
        self.find(text, &mut LinkSink::default());
        &self.found
    }

    /// Reads one address that a record lists. What is no web address is left out.
    pub fn link(&mut self, url: &str, links: &mut LinkSink) {
        let url = url.trim();
        let bytes = url.as_bytes();
        let scheme = match memchr::memmem::find(bytes, b"://") {
            Some(at) if at > 0 && bytes[..at].iter().all(u8::is_ascii_alphabetic) => at + 3,
            _ if bytes.len() > 4 && bytes[..4].eq_ignore_ascii_case(b"www.") => 0,
            _ => return,
        };
        if bytes.iter().any(|b| b.is_ascii_whitespace() || b.is_ascii_control())
            || url.contains(['⟨', '⟩', '<', '>', '"'])
        {
            return;
        }
        self.links.read(bytes, scheme, links);
    }

    fn find(&mut self, text: &str, links: &mut LinkSink) {
        self.found.clear();
        self.view.load(text);
        let marks = &mut self.scan;
        marks.run(&mut self.view.bytes, self.rules, &mut self.links, links);
        for mark in &marks.marks {
            let (start, end) = self.view.in_text(mark.start, mark.end);
            self.found.push(Detection { kind: mark.kind, range: start..end });
        }
        // Characters of the text that stand for several of the view (`㏂`) may be touched from two sides.
        self.found.sort_by_key(|detection| detection.range.start);
        self.found.dedup_by(|next, before| {
            let overlap = next.range.start < before.range.end;
            if overlap {
                before.range.end = before.range.end.max(next.range.end);
            }
            overlap
        });
    }
}
