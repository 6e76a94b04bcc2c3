//! Links: where one ends, whose it is, and what is kept of it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::rules::{Personal, Rules};
use super::scan::char_at;
use crate::post::Link;

/// How many links of a post are kept; the rest is counted in [`crate::EdgeStats::links_cut`].
pub const LINKS_MAX: usize = 64;

/// The longest whole address that is kept, in bytes; of a longer one only the domain is.
pub const URL_BYTES_MAX: usize = 2_048;

/// How many hosts a worker remembers the domain of.
const HOSTS_REMEMBERED: usize = 1_024;

/// A longer host is no host (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// Takes the links found in a text, reusing the strings of links handed back.
#[derive(Default)]
pub struct LinkSink {
    links: Vec<Link>,
    spare: Vec<Link>,
    spare_urls: Vec<String>,
    cut: u64,
}

impl std::fmt::Debug for LinkSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkSink({} redacted)", self.links.len())
    }
}

impl LinkSink {
    /// The links taken since the last [`Self::clear`].
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Forgets the links and keeps their buffers.
    pub fn clear(&mut self) {
        self.spare.append(&mut self.links);
        self.spare.truncate(LINKS_MAX);
    }

    /// Takes the buffers of an old list.
    pub(crate) fn refill(&mut self, old: &mut Vec<Link>) {
        self.clear();
        self.spare.append(old);
    }

    /// Gives the links away.
    pub(crate) fn hand_over(&mut self, to: &mut Vec<Link>) {
        std::mem::swap(&mut self.links, to);
        self.spare.append(&mut self.links);
        self.spare.truncate(LINKS_MAX);
    }

    pub(crate) fn take_cut(&mut self) -> u64 {
        std::mem::take(&mut self.cut)
    }

    pub(crate) fn first_url(&mut self) -> Option<String> {
        self.links.first_mut().and_then(|link| link.url.take())
    }

    fn push(&mut self, domain: &str, url: Option<&str>) {
        if self.links.len() >= LINKS_MAX {
            self.cut += 1;
            return;
        }
        let mut link = self.spare.pop().unwrap_or_default();
        link.domain.clear();
        link.domain.push_str(domain);
        if let Some(url) = url {
            let mut kept = link.url.take().or_else(|| self.spare_urls.pop()).unwrap_or_default();
            kept.clear();
            kept.push_str(url);
            link.url = Some(kept);
        } else if let Some(unused) = link.url.take()
            && self.spare_urls.len() < LINKS_MAX
        {
            self.spare_urls.push(unused);
        }
        self.links.push(link);
    }
}

/// What a link turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LinkKind {
    Link,
    Profile,
    Secret,
}

#[derive(Clone, Default)]
struct Host {
    name: String,
    domain: String,
    personal: Option<u16>,
    /// The host has a label of its own before the platform's name.
    own_label: bool,
}

/// Reads links; remembers hosts.
pub(crate) struct Links {
    rules: &'static Rules,
    hosts: Vec<Host>,
    lower: String,
    url: String,
}

impl Links {
    pub(crate) fn new(rules: &'static Rules) -> Self {
        Self { rules, hosts: vec![Host::default(); HOSTS_REMEMBERED], lower: String::new(), url: String::new() }
    }

    /// Reads the address `scheme://…` or `www.…` in `url`, whole; `scheme` is the length of `scheme://`, or 0.
    /// `None` where it is no link after all.
    pub(crate) fn read(&mut self, url: &[u8], scheme: usize, sink: &mut LinkSink) -> Option<LinkKind> {
        let url = std::str::from_utf8(url).ok()?;
        let (scheme, rest) = url.split_at_checked(scheme)?;
        let authority_end = rest.bytes().position(|b| matches!(b, b'/' | b'?' | b'#' | b'\\')).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(authority_end);
        let host = authority.rfind('@').map_or(authority, |at| &authority[at + 1..]);
        let (host, port) = match host.rfind(':') {
            Some(at)
                if host.as_bytes()[at + 1..].iter().all(u8::is_ascii_digit)
                    && (!host.starts_with('[') || host[..at].ends_with(']')) =>
            {
                host.split_at(at)
            }
            _ => (host, ""),
        };
        let host = host.trim_end_matches('.');
        if host.is_empty() || host.len() > HOST_BYTES_MAX {
            return None;
        }
        if scheme.eq_ignore_ascii_case("at://") {
            return Some(LinkKind::Profile);
        }
        let Some(slot) = self.host(host) else {
            // Localhost, an IP address: a link without a domain. The address goes with the link.
            return Some(LinkKind::Link);
        };
        let Host { name, domain, personal, own_label } = &self.hosts[slot];
        let platform = personal.map(|index| &self.rules.platforms[usize::from(index)]);
        if platform.is_some_and(|platform| platform.secret) {
            return Some(LinkKind::Secret);
        }
        if is_personal(platform, *own_label, path) {
            sink.push(domain, None);
            return Some(LinkKind::Profile);
        }
        self.url.clear();
        self.url.push_str(if scheme.is_empty() { "http://" } else { scheme });
        self.url.make_ascii_lowercase();
        self.url.push_str(name);
        self.url.push_str(port);
        let kept = name.len() + path.len() <= URL_BYTES_MAX && append_path(self.rules, path, &mut self.url);
        sink.push(domain, kept.then_some(self.url.as_str()));
        Some(LinkKind::Link)
    }

    /// Whether an address without a scheme leads to a profile or personal post of a known platform.
    pub(crate) fn is_profile(&mut self, host: &[u8], path: &[u8]) -> bool {
        let (Ok(host), Ok(path)) = (std::str::from_utf8(host), std::str::from_utf8(path)) else { return false };
        self.lower.clear();
        self.lower.push_str(host);
        self.lower.make_ascii_lowercase();
        match self.rules.platform(&self.lower) {
            Some((index, own_label)) => {
                let platform = &self.rules.platforms[usize::from(index)];
                is_personal(Some(platform), own_label, path)
            }
            // Any server of the fediverse writes profiles so; without a known host only this form is plain enough.
            None => {
                path.starts_with("/@")
                    && path.len() > 2
                    && psl::suffix(self.lower.as_bytes()).is_some_and(|s| s.is_known())
            }
        }
    }

    /// The slot of a host's entry; `None` for IP addresses and hosts without a registrable domain.
    fn host(&mut self, host: &str) -> Option<usize> {
        self.lower.clear();
        if host.is_ascii() {
            self.lower.push_str(host);
            self.lower.make_ascii_lowercase();
        } else {
            self.lower = idna::domain_to_ascii(host).ok()?;
        }
        let hash = self
            .lower
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
        let slot = (hash >> 20) as usize % HOSTS_REMEMBERED;
        if self.hosts[slot].name == self.lower {
            return Some(slot);
        }
        if self.lower.starts_with('[')
            || self.lower.parse::<Ipv4Addr>().is_ok()
            || self.lower.parse::<Ipv6Addr>().is_ok()
        {
            return None;
        }
        if !self.lower.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
            return None;
        }
        let registrable = psl::domain_str(&self.lower)?;
        if registrable.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return None;
        }
        let platform = self.rules.platform(&self.lower);
        let entry = &mut self.hosts[slot];
        entry.domain.clear();
        entry.personal = platform.map(|(index, _)| index);
        entry.own_label = platform.is_some_and(|(_, own_label)| own_label);
        let subdomains = platform.filter(|(index, _)| self.rules.platforms[usize::from(*index)].subdomains);
        // Where each account has a host of its own, the public suffix list may take that for the registrable domain.
        match subdomains.and_then(|(index, _)| self.rules.platform_host(index, &self.lower)) {
            Some(host) => entry.domain.push_str(host),
            None => entry.domain.push_str(registrable),
        }
        entry.name.clear();
        entry.name.push_str(&self.lower);
        Some(slot)
    }
}

/// Whether a path on a platform (or on any host) is a profile's or a personal post's.
fn is_personal(platform: Option<&Personal>, own_label: bool, path: &str) -> bool {
    let bare = path.split(['?', '#']).next().unwrap_or_default();
    let mut segments = bare.split('/').filter(|segment| !segment.is_empty());
    let first = segments.next().unwrap_or_default();
    // The forms of the fediverse and of many others, on any host.
    if first.starts_with(['@', '~']) && first.len() > 1 {
        return true;
    }
    if matches!(first, "users" | "user" | "u" | "profile" | "profiles" | "people" | "member" | "members" | "web")
        && segments.next().is_some_and(|second| first != "web" || second.starts_with('@'))
    {
        return true;
    }
    let Some(platform) = platform else { return false };
    if platform.subdomains && own_label {
        return true;
    }
    if platform.any {
        return match first {
            "" => path.len() > 1 && path.contains(['?', '#']) && path.contains('='),
            _ => !platform.except.iter().any(|word| word.eq_ignore_ascii_case(first)),
        };
    }
    platform.paths.iter().any(|form| has_form(bare, form))
}

/// Whether a path begins with a form such as `r/*/comments/`: segments, `*` for any one, at least one more after it.
fn has_form(path: &str, form: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    for part in form.split('/') {
        match segments.next() {
            Some(_) if part == "*" => {}
            Some(segment) if segment.eq_ignore_ascii_case(part) => {}
            _ => return false,
        }
    }
    true
}

/// Appends path and query without fragment and tracking parameters. False where what is left looks personal.
fn append_path(rules: &Rules, path: &str, url: &mut String) -> bool {
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    // An address or a position after an at sign (`/maps/@48.85,2.35`), or a key to a thing shared by its link.
    if path.contains('@') || contains_ignore_case(path, "%40") || path.split('/').any(is_token) {
        return false;
    }
    url.push_str(path);
    let mut separator = '?';
    for pair in query.split(['&', ';']).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if rules.is_tracking(key) {
            continue;
        }
        if rules.is_personal_parameter(key) && !value.is_empty() || looks_personal(value) || looks_personal(key) {
            return false;
        }
        url.push(separator);
        url.push_str(pair);
        separator = '&';
    }
    true
}

fn contains_ignore_case(text: &str, pattern: &str) -> bool {
    text.as_bytes().windows(pattern.len()).any(|window| window.eq_ignore_ascii_case(pattern.as_bytes()))
}

/// Whether a parameter's value may be an address, a phone number or a key.
fn looks_personal(value: &str) -> bool {
    if value.contains('@') || contains_ignore_case(value, "%40") {
        return true;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let plus = value.starts_with('+') || contains_ignore_case(value.get(..3).unwrap_or_default(), "%2b");
    if plus && digits >= 7 {
        return true;
    }
    // Two decimal numbers are a position.
    if digits >= 6 && value.contains('.') && (value.contains(',') || contains_ignore_case(value, "%2c")) {
        return true;
    }
    is_token(value)
}

/// Whether a part of an address is long and random enough to be a key to something.
fn is_token(part: &str) -> bool {
    if part.len() < 24 {
        return false;
    }
    part.split(['-', '.', ',', '_', '%', '+', ' ']).any(|piece| {
        let bytes = piece.as_bytes();
        let changes = bytes.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
        bytes.len() >= 20 && bytes.iter().any(u8::is_ascii_digit) && changes >= 5
    })
}

fn class(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    }
}

/// Where the link that begins at `start` (its host) ends: before white space, quotes, brackets and closing punctuation.
pub(crate) fn end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    let mut ipv6 = bytes.get(start) == Some(&b'[');
    let mut in_host = true;
    while end < bytes.len() {
        let byte = bytes[end];
        let stop = match byte {
            // In a host only where the host goes on behind them: text may follow a link without a space.
            0xE2..=0xFE if in_host => match host_goes_on(bytes, end) {
                Some(further) => {
                    end = further - 1;
                    false
                }
                None => true,
            },
            0..=0x20 | b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'^' | 0x7F | 0xE2.. => true,
            b'[' | b']' if ipv6 => {
                ipv6 = byte != b']';
                false
            }
            // Guillemets and other signs; letters of two bytes belong to addresses, scripts of three are text that follows.
            0xC2 => !matches!(bytes.get(end + 1), Some(0xAA | 0xB5 | 0xBA)),
            b'/' | b'?' | b'#' => {
                in_host = false;
                false
            }
            _ => false,
        };
        if stop {
            break;
        }
        end += 1;
    }
    // Closing punctuation belongs to the sentence; a closing bracket to the link only where it was opened in it.
    while end > start {
        let inside = &bytes[start..end];
        let drop = match bytes[end - 1] {
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*' | b'_' | b'~' | b'\\' | b'=' | b'&' => true,
            b')' => count(inside, b')') > count(inside, b'('),
            b']' => count(inside, b']') > count(inside, b'['),
            _ => false,
        };
        if !drop {
            break;
        }
        end -= 1;
    }
    end
}

/// The end of a stretch of letters of other scripts in a host, where a dot and a further letter stand behind it, or a label
/// before it and a path behind.
fn host_goes_on(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while let Some(c) = char_at(bytes, at).filter(|c| c.is_alphanumeric() && !c.is_ascii()) {
        at += c.len_utf8();
    }
    let goes_on =
        at > start && bytes.get(at) == Some(&b'.') && char_at(bytes, at + 1).is_some_and(char::is_alphanumeric);
    goes_on.then_some(at)
}

fn count(bytes: &[u8], byte: u8) -> usize {
    memchr::memchr_iter(byte, bytes).count()
}
