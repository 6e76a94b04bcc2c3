//! The scan: one pass over the bytes that reads what has a sign of its own, then the patterns that the pass calls for.

use std::net::Ipv6Addr;
use std::ops::Range;

use regex::bytes::Regex;

use super::fold::BARRIER;
use super::kind::Kind;
use super::link::{self, LinkKind, LinkSink, Links};
use super::rules::{Group, Guard, Rule, Rules};

/// How often the patterns run on one text at most. Each run but the last finds something, so real texts need two.
const PASSES_MAX: usize = 64;

/// How many bytes before and after a match are searched for context words.
const CONTEXT_BEFORE: usize = 48;
const CONTEXT_AFTER: usize = 24;

/// A word of at least this many letters and digits may be a key or a wallet.
const TOKEN_LENGTH_MIN: usize = 16;
/// A word of letters and digits of at least this length may be an identity number.
const MIXED_LENGTH_MIN: usize = 8;
/// That many digits close together call for the patterns over digits, or one less in three runs or more (`AB 12 34 56 C`).
const CLUSTER_DIGITS_MIN: usize = 7;
/// Digits are close together with no more than this many other bytes between them.
const CLUSTER_GAP_MAX: usize = 4;
/// How far before and after digits close together the patterns over digits look: the letters of an account number's country
/// and bank, a plus sign, a bracket, an extension.
const CLUSTER_MARGIN: usize = 32;

/// The longest local part of an e-mail address that is looked for (RFC 5321), with room for letters of several bytes.
const LOCAL_BYTES_MAX: usize = 128;
/// The longest handle, in bytes.
const HANDLE_BYTES_MAX: usize = 128;

/// A match of a searching check that is longer than this may have been cut by its pattern's bound.
const SEARCHED_BYTES_MAX: usize = 300;

const OTHER: u8 = 0;
const BREAK: u8 = 1;
const DIGIT: u8 = 2;
const AT: u8 = 3;
const COLON: u8 = 4;
const SLASH: u8 = 5;
const DOT: u8 = 6;
const OPEN: u8 = 7;
const LATIN1: u8 = 8;

static CLASSES: [u8; 256] = {
    let mut classes = [BREAK; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' | b'+' | b'=' | 0x80..=0xC1 | 0xC3..=0xFE => OTHER,
            b'0'..=b'9' => DIGIT,
            b'@' => AT,
            b':' => COLON,
            b'/' => SLASH,
            b'.' => DOT,
            b'(' | b'[' | b'{' => OPEN,
            // The degree sign begins with it.
            0xC2 => LATIN1,
            _ => BREAK,
        };
        byte += 1;
    }
    classes
};

/// Something found in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// What the pass over the bytes saw.
#[derive(Default)]
struct Seen {
    long_token: bool,
    mixed: bool,
    sign: bool,
    /// Something was found right behind what was passed over, which may now end differently.
    touched: bool,
}

/// The scan's buffers.
pub(crate) struct Scan {
    pub(crate) marks: Vec<Mark>,
    /// Runs of digits outside marks.
    runs: Vec<(usize, usize)>,
    candidates: Vec<Mark>,
    /// Where the patterns over digits look.
    windows: Vec<Range<usize>>,
    digits: Vec<Regex>,
    tokens: Vec<Regex>,
    signs: Vec<Regex>,
}

fn own(group: &Group) -> Vec<Regex> {
    // A clone has caches of its own, so that workers do not wait for each other's.
    group.rules.iter().map(|rule| rule.pattern.clone()).collect()
}

impl Scan {
    pub(crate) fn new(rules: &Rules) -> Self {
        Self {
            marks: Vec::new(),
            runs: Vec::new(),
            candidates: Vec::new(),
            windows: Vec::new(),
            digits: own(&rules.digits),
            tokens: own(&rules.tokens),
            signs: own(&rules.signs),
        }
    }

    /// Marks what is to be replaced and overwrites it in `bytes` by barriers.
    pub(crate) fn run(&mut self, bytes: &mut [u8], rules: &'static Rules, links: &mut Links, sink: &mut LinkSink) {
        self.marks.clear();
        for _ in 0..PASSES_MAX {
            let seen = self.pass(bytes, links, sink);
            self.candidates.clear();
            self.patterns(bytes, &seen, rules);
            if self.candidates.is_empty() && !seen.touched {
                break;
            }
            self.settle(bytes);
        }
        if self.marks.len() > 1 {
            self.marks.sort_unstable_by_key(|mark| mark.start);
        }
    }

    /// Finds digits close together. A window ends where digits are far, so a match never goes on behind it.
    fn windows(&mut self, length: usize, mixed: bool) {
        self.windows.clear();
        if mixed {
            self.windows.push(0..length);
            return;
        }
        let mut first = 0;
        while first < self.runs.len() {
            let mut last = first;
            let mut digits = self.runs[first].1 - self.runs[first].0;
            while let Some(next) = self.runs.get(last + 1)
                && next.0 - self.runs[last].1 <= CLUSTER_GAP_MAX
            {
                digits += next.1 - next.0;
                last += 1;
            }
            if digits + usize::from(last >= first + 2) >= CLUSTER_DIGITS_MIN {
                let start = self.runs[first].0.saturating_sub(CLUSTER_MARGIN);
                let end = (self.runs[last].1 + CLUSTER_MARGIN).min(length);
                match self.windows.last_mut() {
                    Some(window) if window.end >= start => window.end = end,
                    _ => self.windows.push(start..end),
                }
            }
            first = last + 1;
        }
    }

    /// Overlapping candidates become one mark, of the first kind in rank.
    fn settle(&mut self, bytes: &mut [u8]) {
        self.candidates.sort_unstable_by_key(|mark| (mark.start, mark.end, mark.kind.rank()));
        let mut index = 0;
        while index < self.candidates.len() {
            let mut mark = self.candidates[index];
            index += 1;
            while let Some(next) = self.candidates.get(index).filter(|next| next.start < mark.end) {
                mark.end = mark.end.max(next.end);
                if next.kind.rank() < mark.kind.rank() {
                    mark.kind = next.kind;
                }
                index += 1;
            }
            put(bytes, &mut self.marks, mark);
        }
    }

    fn pass(&mut self, bytes: &mut [u8], links: &mut Links, sink: &mut LinkSink) -> Seen {
        let mut seen = Seen::default();
        self.runs.clear();
        let n = bytes.len();
        let mut token = 0;
        let mut token_digits = 0;
        // Nothing before this belongs to a later mark.
        let mut floor = 0;
        let mut at = 0;
        if let Some(end) = retweeted(bytes) {
            put(bytes, &mut self.marks, Mark { start: 3, end, kind: Kind::Handle });
            (at, token, floor) = (end, end, end);
        }
        while at < n {
            let class = CLASSES[usize::from(bytes[at])];
            if class == OTHER {
                at += 1;
                continue;
            }
            if class == DIGIT {
                let start = at;
                while at < n && bytes[at].is_ascii_digit() {
                    at += 1;
                }
                token_digits += at - start;
                self.runs.push((start, at));
                continue;
            }
            if token_digits > 0 {
                let length = at - token;
                seen.long_token |= length >= TOKEN_LENGTH_MIN;
                seen.mixed |= length >= MIXED_LENGTH_MIN && token_digits >= 3 && token_digits < length;
                token_digits = 0;
            }
            let mark = match class {
                AT => at_sign(bytes, at, floor),
                COLON => colon(bytes, at, floor, links, sink),
                SLASH => slash(bytes, at, floor),
                DOT => dot(bytes, at, floor, links, sink),
                OPEN => {
                    seen.sign |= opens_at(bytes, at);
                    None
                }
                LATIN1 => {
                    seen.sign |= bytes.get(at + 1) == Some(&0xB0);
                    None
                }
                _ => None,
            };
            at += 1;
            token = at;
            if let Some(mark) = mark {
                seen.touched |= mark.start > 0 && !matches!(bytes[mark.start - 1], b' ' | b'\n' | BARRIER);
                while self.runs.last().is_some_and(|run| run.0 >= mark.start) {
                    self.runs.pop();
                }
                put(bytes, &mut self.marks, mark);
                (at, token, floor) = (mark.end, mark.end, mark.end);
            }
        }
        if token_digits > 0 {
            let length = n - token;
            seen.long_token |= length >= TOKEN_LENGTH_MIN;
            seen.mixed |= length >= MIXED_LENGTH_MIN && token_digits >= 3 && token_digits < length;
        }
        seen
    }

    fn patterns(&mut self, bytes: &[u8], seen: &Seen, rules: &Rules) {
        if seen.sign {
            run_group(&rules.signs, &self.signs, bytes, 0..bytes.len(), &mut self.candidates);
        }
        if seen.long_token {
            run_group(&rules.tokens, &self.tokens, bytes, 0..bytes.len(), &mut self.candidates);
        }
        if self.runs.is_empty() {
            return;
        }
        self.windows(bytes.len(), seen.mixed);
        for window in 0..self.windows.len() {
            run_group(&rules.digits, &self.digits, bytes, self.windows[window].clone(), &mut self.candidates);
        }
        rules.addresses.find(bytes, &self.runs, &mut self.candidates);
    }
}

fn put(bytes: &mut [u8], marks: &mut Vec<Mark>, mark: Mark) {
    bytes[mark.start..mark.end].fill(BARRIER);
    marks.push(mark);
}

fn run_group(group: &Group, patterns: &[Regex], bytes: &[u8], window: Range<usize>, found: &mut Vec<Mark>) {
    for index in &group.set.matches(&bytes[window.clone()]) {
        run_rule(&group.rules[index], &patterns[index], bytes, window.clone(), found);
    }
}

fn run_rule(rule: &Rule, pattern: &Regex, bytes: &[u8], window: Range<usize>, found: &mut Vec<Mark>) {
    let mut at = window.start;
    while at < window.end {
        let Some(matched) = pattern.find_at(&bytes[..window.end], at) else { return };
        let (mut start, mut end) = (matched.start(), matched.end());
        let mut good = start < end;
        if good && let Some(check) = rule.check {
            match check(&bytes[start..end]) {
                Some(range) => (start, end) = (start + range.start, start + range.end),
                None => good = false,
            }
        }
        good = good
            && guarded(rule.guard, bytes, start, end)
            && !stands_before(&rule.unless_before, bytes, start)
            && !stands_after(&rule.unless_after, bytes, end)
            && (rule.context.is_empty() || has_context(&rule.context, bytes, start, end));
        if good {
            found.push(Mark { start, end, kind: rule.kind });
            at = end;
        } else {
            // A check that looked at every part of the match leaves nothing to try within it.
            let searched = rule.searches && matched.len() < SEARCHED_BYTES_MAX;
            at = if searched { matched.end() } else { matched.start() + 1 };
        }
    }
}

/// Whether nothing touches the match that would make it part of something else.
fn guarded(guard: Guard, bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).map(|at| bytes[at]);
    let after = bytes.get(end).copied();
    let (first, last) = (bytes[start], bytes[end - 1]);
    let digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    let word = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    match guard {
        Guard::None => true,
        Guard::Digit => !digit(before) && !digit(after),
        Guard::Word => !(word(before) && first.is_ascii_alphanumeric() || word(after) && last.is_ascii_alphanumeric()),
        Guard::Number | Guard::Alone => {
            if word(before) && first.is_ascii_alphanumeric() || word(after) && last.is_ascii_alphanumeric() {
                return false;
            }
            // 1,234,567 and 3.14159: a separator with a digit behind it.
            let joins = |byte: Option<u8>| {
                matches!(byte, Some(b'.' | b',' | b'-' | b'/' | b':' | b'+'))
                    || guard == Guard::Alone && byte == Some(b' ')
            };
            !(joins(before) && start >= 2 && bytes[start - 2].is_ascii_digit()
                || joins(after) && digit(bytes.get(end + 1).copied()))
        }
    }
}

fn stands_before(signs: &[String], bytes: &[u8], start: usize) -> bool {
    let before = bytes[..start].trim_ascii_end();
    signs.iter().any(|sign| before.ends_with(sign.as_bytes()))
}

fn stands_after(signs: &[String], bytes: &[u8], end: usize) -> bool {
    let after = bytes[end..].trim_ascii_start();
    signs.iter().any(|sign| after.len() >= sign.len() && after[..sign.len()].eq_ignore_ascii_case(sign.as_bytes()))
}

/// Whether one of the words stands near, as a word of its own. A stretch of barriers counts as one byte, so that the reach is
/// the same before and after a placeholder is put in.
fn has_context(words: &[String], bytes: &[u8], start: usize, end: usize) -> bool {
    let mut near = Vec::with_capacity(CONTEXT_BEFORE + CONTEXT_AFTER + 2);
    let mut at = start;
    while at > 0 && near.len() < CONTEXT_BEFORE {
        at -= 1;
        if bytes[at] != BARRIER || near.last() != Some(&BARRIER) {
            near.push(bytes[at]);
        }
    }
    near.reverse();
    near.push(b' ');
    let middle = near.len();
    near.push(BARRIER);
    let mut at = end;
    while at < bytes.len() && near.len() - middle < CONTEXT_AFTER {
        if bytes[at] != BARRIER || near.last() != Some(&BARRIER) {
            near.push(bytes[at]);
        }
        at += 1;
    }
    near.make_ascii_lowercase();
    words.iter().any(|word| {
        memchr::memmem::find_iter(&near, word.as_bytes()).any(|found| {
            let before = found == 0 || !is_letter(near[found - 1]);
            let after = near.get(found + word.len()).is_none_or(|byte| !is_letter(*byte));
            before && after
        })
    })
}

/// A letter of any script, seen from one of its bytes.
pub(super) fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80 && byte != BARRIER
}

/// A text that begins with `RT name:` names whose post it passes on.
fn retweeted(bytes: &[u8]) -> Option<usize> {
    if bytes.len() < 5 || !bytes[..3].eq_ignore_ascii_case(b"rt ") {
        return None;
    }
    let length = bytes[3..].iter().take(16).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    (1..=15)
        .contains(&length)
        .then_some(3 + length)
        .filter(|end| bytes.get(*end) == Some(&b':') && bytes.get(end + 1) != Some(&b'/'))
}

/// `(at)`, `[at]`, `{dot}`: an e-mail address written around robots.
fn opens_at(bytes: &[u8], at: usize) -> bool {
    let inside = bytes[at + 1..].trim_ascii_start();
    inside.len() > 2
        && (inside[..2].eq_ignore_ascii_case(b"at")
            || inside[0] == b'@'
            || inside[0] == b'.'
            || inside[..2].eq_ignore_ascii_case(b"do"))
}

/// The character that ends at `at`, and where it begins.
fn char_before(bytes: &[u8], at: usize) -> Option<(usize, char)> {
    let mut start = at.checked_sub(1)?;
    while start > 0 && bytes[start] & 0xC0 == 0x80 && at - start < 4 {
        start -= 1;
    }
    let c = std::str::from_utf8(&bytes[start..at]).ok()?.chars().next()?;
    Some((start, c))
}

/// The character that begins at `at`.
pub(super) fn char_at(bytes: &[u8], at: usize) -> Option<char> {
    let lead = *bytes.get(at)?;
    let length = match lead {
        0..=0x7F => return Some(char::from(lead)),
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    std::str::from_utf8(bytes.get(at..at + length)?).ok()?.chars().next()
}

/// An e-mail address or a handle at an `@`.
fn at_sign(bytes: &[u8], at: usize, floor: usize) -> Option<Mark> {
    if let Some(end) = domain_end(bytes, at + 1) {
        let start = local_start(bytes, at, floor);
        if start < at {
            return Some(Mark { start, end, kind: Kind::Email });
        }
    }
    let end = handle_end(bytes, at)?;
    Some(Mark { start: at, end, kind: Kind::Handle })
}

/// Where the local part before `at` begins; `at` where there is none.
fn local_start(bytes: &[u8], at: usize, floor: usize) -> usize {
    let floor = floor.max(at.saturating_sub(LOCAL_BYTES_MAX));
    let mut start = at;
    // "quoted local part"@…
    if start > floor
        && bytes[start - 1] == b'"'
        && let Some(open) = bytes[floor..start - 1].iter().rposition(|b| matches!(*b, b'"' | b'\n' | BARRIER))
        && bytes[floor + open] == b'"'
    {
        return floor + open;
    }
    let mut ascii = false;
    while start > floor {
        let byte = bytes[start - 1];
        if byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte) {
            ascii = true;
            start -= 1;
        } else if byte >= 0x80 {
            let Some((before, c)) = char_before(bytes, start) else { break };
            // Scripts without spaces run on into the local part; only where nothing else stands there are they one.
            if before < floor || !c.is_alphanumeric() || ascii && c >= '\u{2E80}' {
                break;
            }
            start = before;
        } else {
            break;
        }
    }
    // What stands in front of the name itself belongs to the sentence.
    while start < at && b".!#$%&'*/=?^`{|}~".contains(&bytes[start]) {
        start += 1;
    }
    if bytes[start..at].iter().any(|b| b.is_ascii_alphanumeric() || *b >= 0x80 || matches!(b, b'_' | b'-' | b'+')) {
        start
    } else {
        at
    }
}

/// Where the mail domain that begins at `start` ends; `None` where it is none.
fn domain_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) == Some(&b'[') {
        let inside = &bytes[start + 1..bytes.len().min(start + 48)];
        let close = inside.iter().position(|b| *b == b']')?;
        let good = close > 1
            && inside[..close].iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b'I' | b'P' | b'v'));
        return good.then_some(start + close + 2);
    }
    let mut end = start;
    let mut label = start;
    let mut good_end = None;
    loop {
        let byte = bytes.get(end).copied().unwrap_or(BARRIER);
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            end += 1;
        } else if (0x80..BARRIER).contains(&byte) && char_at(bytes, end).is_some_and(char::is_alphanumeric) {
            end += char_at(bytes, end).map_or(1, char::len_utf8);
        } else {
            let text = &bytes[label..end];
            let letters = text.iter().filter(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
            // A top-level domain: two letters or more, no digits unless it is Punycode.
            if label > start
                && letters >= 2
                && (letters == text.len() || text.len() > 4 && text[..4].eq_ignore_ascii_case(b"xn--"))
            {
                good_end = Some(end);
            }
            if byte == b'.' && end > label && end + 1 < bytes.len() {
                end += 1;
                label = end;
            } else {
                return good_end;
            }
        }
        if end - start > 255 {
            return good_end;
        }
    }
}

/// Where the handle behind the `@` at `at` ends.
fn handle_end(bytes: &[u8], at: usize) -> Option<usize> {
    let limit = bytes.len().min(at + HANDLE_BYTES_MAX);
    let mut end = at + 1;
    let mut letters = 0;
    loop {
        let byte = if end < limit { bytes[end] } else { BARRIER };
        let next = bytes.get(end + 1).copied().unwrap_or(BARRIER);
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            letters += usize::from(!byte.is_ascii_digit());
            end += 1;
        } else if matches!(byte, b'.' | b'-') && end > at + 1 && (next.is_ascii_alphanumeric() || next == b'_') {
            end += 1;
        } else if (0x80..BARRIER).contains(&byte) {
            match char_at(bytes, end) {
                Some(c) if c.is_alphanumeric() => {
                    letters += 1;
                    end += c.len_utf8();
                }
                _ => break,
            }
        } else {
            break;
        }
    }
    if end == at + 1 {
        return None;
    }
    // `5@3`, `2@1.50`: no handle is all digits.
    let glued = at > 0 && (is_letter(bytes[at - 1]) || bytes[at - 1].is_ascii_digit());
    if letters == 0 && (glued || end - at < 4) {
        return None;
    }
    // @user@host
    if bytes.get(end) == Some(&b'@')
        && let Some(host_end) = domain_end(bytes, end + 1)
    {
        end = host_end;
    }
    Some(end)
}

/// A link, DID, MAC or IPv6 address at a colon.
fn colon(bytes: &mut [u8], at: usize, floor: usize, links: &mut Links, sink: &mut LinkSink) -> Option<Mark> {
    if bytes[at + 1..].starts_with(b"//") {
        let start = scheme_start(bytes, at, floor)?;
        let end = link::end(bytes, at + 3);
        return read_link(bytes, start, at + 3 - start, end, links, sink);
    }
    if let Some(mark) = did(bytes, at, floor) {
        return Some(mark);
    }
    hexadecimal(bytes, at, floor)
}

fn read_link(
    bytes: &[u8],
    start: usize,
    scheme: usize,
    end: usize,
    links: &mut Links,
    sink: &mut LinkSink,
) -> Option<Mark> {
    if end <= start + scheme {
        return None;
    }
    let kind = match links.read(&bytes[start..end], scheme, sink)? {
        LinkKind::Link => Kind::Link,
        LinkKind::Profile => Kind::Profile,
        LinkKind::Secret => Kind::Secret,
    };
    Some(Mark { start, end, kind })
}

/// Where the scheme before `://` begins. A word glued to `http` is not part of it.
fn scheme_start(bytes: &[u8], at: usize, floor: usize) -> Option<usize> {
    let mut start = at;
    while start > floor && at - start < 12 && (bytes[start - 1].is_ascii_alphanumeric() || bytes[start - 1] == b'+') {
        start -= 1;
    }
    let scheme = &bytes[start..at];
    for known in [&b"https"[..], b"http", b"hxxps", b"hxxp"] {
        if scheme.len() >= known.len() && scheme[scheme.len() - known.len()..].eq_ignore_ascii_case(known) {
            return Some(at - known.len());
        }
    }
    (scheme.len() >= 2 && scheme.iter().all(u8::is_ascii_alphabetic)).then_some(start)
}

fn did(bytes: &[u8], at: usize, floor: usize) -> Option<Mark> {
    let start = at.checked_sub(3).filter(|start| *start >= floor && bytes[*start..at].eq_ignore_ascii_case(b"did"))?;
    if start > 0 && bytes[start - 1].is_ascii_alphanumeric() {
        return None;
    }
    let method = bytes[at + 1..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let id = at + 1 + method;
    if method == 0 || bytes.get(id) != Some(&b':') {
        return None;
    }
    let mut end = id + 1;
    while end < bytes.len() && (bytes[end].is_ascii_alphanumeric() || b"._:%-#/?=&".contains(&bytes[end])) {
        end += 1;
    }
    while end > id + 1 && b".:-#/?=&%".contains(&bytes[end - 1]) {
        end -= 1;
    }
    (end > id + 1).then_some(Mark { start, end, kind: Kind::Did })
}

/// A MAC or IPv6 address around a colon.
fn hexadecimal(bytes: &[u8], at: usize, floor: usize) -> Option<Mark> {
    let next = *bytes.get(at + 1)?;
    if next != b':' && !next.is_ascii_hexdigit() {
        return None;
    }
    let part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let mut start = at;
    while start > floor && part(bytes[start - 1]) {
        start -= 1;
    }
    let mut end = at + 1;
    while end < bytes.len() && part(bytes[end]) {
        end += 1;
    }
    while end > start && (bytes[end - 1] == b'.' || bytes[end - 1] == b':' && !bytes[start..end].ends_with(b"::")) {
        end -= 1;
    }
    // "IP:fe80::1": the label's colon is no part of it.
    if bytes[start] == b':' && bytes.get(start + 1) != Some(&b':') {
        start += 1;
    }
    let touched = start > 0 && is_letter(bytes[start - 1]) || end < bytes.len() && is_letter(bytes[end]);
    let text = &bytes[start..end];
    let colons = memchr::memchr_iter(b':', text).count();
    if colons < 2 || text.len() > 45 || touched {
        return None;
    }
    if is_mac(text, b':') {
        return Some(Mark { start, end, kind: Kind::Mac });
    }
    let mut address = std::str::from_utf8(text).ok()?;
    // A port or a sentence's colon glued to it: try without.
    if address.parse::<Ipv6Addr>().is_err() {
        address = address.trim_end_matches(':');
        end = start + address.len();
    }
    address.parse::<Ipv6Addr>().ok()?;
    let groups = address.split(':').filter(|group| !group.is_empty()).count();
    let plain = address.len() <= 8 && groups <= 2 && address.bytes().all(|b| b.is_ascii_digit() || b == b':');
    // `a::b`, `12::30`: more likely anything else.
    if groups < 8 && (plain && address != "::1" || !address.bytes().any(|b| b.is_ascii_digit())) {
        return None;
    }
    if bytes.get(end) == Some(&b'%') {
        let zone = bytes[end + 1..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        end += if zone > 0 { zone + 1 } else { 0 };
    }
    if bytes.get(end) == Some(&b'/') {
        let prefix = bytes[end + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        end += if (1..=3).contains(&prefix) { prefix + 1 } else { 0 };
    }
    Some(Mark { start, end, kind: Kind::Ip })
}

fn is_mac(text: &[u8], separator: u8) -> bool {
    let mut pairs = 0;
    for pair in text.split(|b| *b == separator) {
        if pair.len() != 2 || !pair.iter().all(u8::is_ascii_hexdigit) {
            return false;
        }
        pairs += 1;
    }
    pairs == 6 || pairs == 8
}

/// `u/name`, as Reddit writes its accounts.
fn slash(bytes: &[u8], at: usize, floor: usize) -> Option<Mark> {
    let letter = at.checked_sub(1).filter(|letter| *letter >= floor && matches!(bytes[*letter], b'u' | b'U'))?;
    let mut start = letter;
    if start > floor && bytes[start - 1] == b'/' {
        start -= 1;
    }
    if start > 0
        && (is_letter(bytes[start - 1])
            || bytes[start - 1].is_ascii_digit()
            || matches!(bytes[start - 1], b'/' | b'.' | b'-'))
    {
        return None;
    }
    let length = bytes[at + 1..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    (3..=20).contains(&length).then_some(Mark { start, end: at + 1 + length, kind: Kind::Handle })
}

/// `www.…`, an IPv4 address, or a platform's host without a scheme, at a dot inside a word.
fn dot(bytes: &[u8], at: usize, floor: usize, links: &mut Links, sink: &mut LinkSink) -> Option<Mark> {
    let before = *bytes.get(at.checked_sub(1).filter(|before| *before >= floor)?)?;
    let next = *bytes.get(at + 1)?;
    if !(next.is_ascii_alphanumeric() || next >= 0x80 && next != BARRIER)
        || !(before.is_ascii_alphanumeric() || before >= 0x80)
    {
        return None;
    }
    if before.is_ascii_digit() && next.is_ascii_digit() {
        return ipv4(bytes, at, floor);
    }
    if at >= 3
        && at - 3 >= floor
        && bytes[at - 3..at].eq_ignore_ascii_case(b"www")
        && (at == 3 || !bytes[at - 4].is_ascii_alphanumeric())
    {
        let end = link::end(bytes, at - 3);
        if end > at + 3 && bytes[at + 1..end].contains(&b'.') {
            return read_link(bytes, at - 3, 0, end, links, sink);
        }
    }
    let in_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let mut start = at;
    while start > floor && in_host(bytes[start - 1]) {
        start -= 1;
    }
    while start < at && !bytes[start].is_ascii_alphanumeric() {
        start += 1;
    }
    let mut end = at + 1;
    while end < bytes.len() && in_host(bytes[end]) {
        end += 1;
    }
    while end > at && !bytes[end - 1].is_ascii_alphanumeric() {
        end -= 1;
    }
    // Asked once, at the first dot of the word.
    if start == at || end <= at || bytes[start..at].contains(&b'.') || end - start < 4 || bytes.get(end) == Some(&b'@')
    {
        return None;
    }
    let path_end = if bytes.get(end) == Some(&b'/') { link::end(bytes, end).max(end) } else { end };
    if links.is_profile(&bytes[start..end], &bytes[end..path_end]) {
        let kind = if path_end == end { Kind::Handle } else { Kind::Profile };
        return Some(Mark { start, end: path_end, kind });
    }
    None
}

/// Four numbers up to 255 with dots between, and a port or prefix length behind.
fn ipv4(bytes: &[u8], at: usize, floor: usize) -> Option<Mark> {
    let part = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let mut start = at;
    while start > floor && part(bytes[start - 1]) {
        start -= 1;
    }
    let mut end = at;
    while end < bytes.len() && part(bytes[end]) {
        end += 1;
    }
    while end > at && bytes[end - 1] == b'.' {
        end -= 1;
    }
    while start < at && bytes[start] == b'.' {
        start += 1;
    }
    if bytes[start..at].contains(&b'.') || end - start < 7 || end - start > 15 {
        return None;
    }
    let mut groups = 0;
    for group in bytes[start..end].split(|b| *b == b'.') {
        if group.is_empty() || group.len() > 3 || group.len() > 1 && group[0] == b'0' {
            return None;
        }
        if group.iter().fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0')) > 255 {
            return None;
        }
        groups += 1;
    }
    if groups != 4
        || start > 0 && bytes[start - 1].is_ascii_alphabetic()
        || bytes.get(end).is_some_and(u8::is_ascii_alphabetic)
    {
        return None;
    }
    // Version 1.2.3.4
    let before = bytes[..start].trim_ascii_end();
    let tail = &before[before.len().saturating_sub(8)..];
    let v = matches!(tail, [.., b'v' | b'V']) && tail.len().checked_sub(2).is_none_or(|at| !is_letter(tail[at]));
    if tail.len() >= 7 && tail[tail.len() - 7..].eq_ignore_ascii_case(b"version") || v || tail.ends_with(b"$") {
        return None;
    }
    for sign in [b':', b'/'] {
        if bytes.get(end) == Some(&sign) {
            let digits = bytes[end + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if (1..=5).contains(&digits) {
                end += 1 + digits;
            }
        }
    }
    Some(Mark { start, end, kind: Kind::Ip })
}
