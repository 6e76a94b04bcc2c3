//! Made-up personal data whose check digits are right: what a scrubber must find.
//!
//! Nothing here reaches a person: numbers come from ranges kept for tests and fiction (card prefix 4000 00, telephone area
//! 555, IP addresses of RFC 5737 and RFC 3849, MAC addresses that no maker gives out), domains from RFC 2606, and bank codes that no bank has.

use crate::names;
use crate::rng::Rng;

/// One made-up value.
#[derive(Clone, Debug)]
pub(crate) struct Datum {
    /// What it is.
    pub(crate) kind: &'static str,
    /// As it stands in a text.
    pub(crate) value: String,
    /// What gives it away, in any spelling.
    pub(crate) needles: Vec<String>,
}

/// Kinds of which there are too few different values to search for one: personal data, and no canaries.
pub(crate) const SMALL_KINDS: [&str; 1] = ["ip_v4"];
/// Kinds that stand in texts.
pub(crate) const KINDS: [&str; 14] = [
    "email",
    "phone",
    "iban",
    "card",
    "street_address",
    "ip",
    "mac",
    "handle",
    "did",
    "permalink",
    "profile",
    "coordinates",
    "crypto",
    "token",
];

fn digits(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + rng.below(10) as u8)).collect()
}

fn letters(rng: &mut Rng, count: usize, alphabet: &[u8]) -> String {
    (0..count).map(|_| char::from(alphabet[rng.below(alphabet.len() as u32) as usize])).collect()
}

/// Groups of four, as cards and IBANs are printed.
fn grouped(text: &str, separator: char) -> String {
    let mut out = String::new();
    for (index, letter) in text.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            out.push(separator);
        }
        out.push(letter);
    }
    out
}

/// The digit that makes the Luhn sum of `digits` and itself a multiple of ten (ISO/IEC 7812-1).
pub(crate) fn luhn(digits: &str) -> u8 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0') * if index % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    b'0' + ((10 - sum % 10) % 10) as u8
}

/// The rest of an IBAN, country moved to the end, modulo 97 (ISO 13616); 1 where the check digits are right.
pub(crate) fn iban_rest(iban: &str) -> u32 {
    let (head, tail) = iban.split_at(4);
    tail.bytes().chain(head.bytes()).fold(0, |rest, letter| match letter {
        b'0'..=b'9' => (rest * 10 + u32::from(letter - b'0')) % 97,
        _ => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    })
}

/// A value of a kind. Domains and names in it are `rare` words, so that it can be searched for.
pub(crate) fn make(kind: &'static str, rng: &mut Rng) -> Datum {
    let word = names::rare(rng, 5);
    let (value, needles) = match kind {
        "email" => {
            let host = rng.pick(&["mail.example", "example.org", "post.test", "example.com"]);
            (format!("{word}.{}@{host}", rng.below(90) + 10), vec![word])
        }
        "phone" => {
            let (middle, last) = (digits(rng, 3), digits(rng, 4));
            let value = match rng.below(4) {
                0 => format!("+1555{middle}{last}"),
                1 => format!("+1 555 {middle} {last}"),
                2 => format!("(555) {middle}-{last}"),
                _ => format!("555-{middle}-{last}"),
            };
            let spellings = ["(555) {} {}", "(555) {}-{}", "555-{}-{}", "555 {} {}", "555{}{}"];
            let needles = spellings.map(|form| form.replacen("{}", &middle, 1).replacen("{}", &last, 1)).to_vec();
            (value, needles)
        }
        "iban" => {
            let country = rng.pick(&["DE", "GB", "FR", "NL", "ES"]);
            let account = match country {
                "DE" => format!("99{}", digits(rng, 16)),
                "GB" => format!("ZZZZ{}", digits(rng, 14)),
                "FR" => format!("99{}", digits(rng, 21)),
                "NL" => format!("ZZZZ{}", digits(rng, 10)),
                _ => format!("99{}", digits(rng, 18)),
            };
            let check = 98 - iban_rest(&format!("{country}00{account}"));
            let iban = format!("{country}{check:02}{account}");
            let spaced = grouped(&iban, ' ');
            let value = if rng.chance(0.5) { iban.clone() } else { spaced.clone() };
            (value, vec![iban, spaced, account])
        }
        "card" => {
            let number = format!("400000{}", digits(rng, 9));
            let number = format!("{number}{}", char::from(luhn(&number)));
            let (spaced, dashed) = (grouped(&number, ' '), grouped(&number, '-'));
            let value = [&number, &spaced, &dashed][rng.below(3) as usize].clone();
            (value, vec![number, spaced, dashed])
        }
        "street_address" => (format!("{} {} Street", rng.below(9000) + 100, names::capital(&word)), vec![word]),
        "ip" => {
            // RFC 3849: enough of them that each is found once. RFC 5737 keeps only 762 of the older kind.
            let group = |rng: &mut Rng| rng.below(0xEFFF) + 0x1000;
            let six = format!("2001:db8:{:x}:{:x}::{:x}", group(rng), group(rng), group(rng));
            (six.clone(), vec![six])
        }
        "ip_v4" => {
            let net = rng.pick(&["192.0.2", "198.51.100", "203.0.113"]);
            let value = format!("{net}.{}", rng.below(254) + 1);
            (value.clone(), vec![value])
        }
        "mac" => {
            // The second bit of the first byte says that no maker gave the address out.
            let bytes: Vec<String> = (0..5).map(|_| format!("{:02x}", rng.below(256))).collect();
            let value = format!("02:{}", bytes.join(":"));
            (value.clone(), vec![value])
        }
        "handle" => {
            let value = if rng.chance(0.5) { format!("@{word}") } else { format!("@{word}.social.example") };
            (value, vec![word])
        }
        "did" => {
            let id = letters(rng, 24, b"abcdefghijklmnopqrstuvwxyz234567");
            (format!("did:plc:{id}"), vec![id])
        }
        // Accounts below `.example` cannot exist on the platforms whose addresses are used.
        "permalink" => {
            let post = letters(rng, 13, b"234567abcdefghijklmnopqrstuvwxyz");
            let value = match rng.below(2) {
                0 => format!("https://bsky.app/profile/{word}.example/post/{post}"),
                _ => format!("https://twitter.com/{word}/status/{}", digits(rng, 18)),
            };
            (value, vec![word])
        }
        "profile" => {
            let value = match rng.below(2) {
                0 => format!("https://bsky.app/profile/{word}.example"),
                _ => format!("https://mastodon.social/@{word}"),
            };
            (value, vec![word])
        }
        "coordinates" => {
            let (south, east) = (digits(rng, 5), digits(rng, 5));
            (format!("-47.{south}, 12.{east}"), vec![format!("47.{south}"), format!("12.{east}")])
        }
        "crypto" => {
            let id = letters(rng, 40, b"0123456789abcdef");
            (format!("0x{id}"), vec![id])
        }
        _ => {
            let id = letters(rng, 36, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
            (format!("ghp_{id}"), vec![id])
        }
    };
    Datum { kind, value, needles }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_right() {
        // The published examples of ISO 13616 and of every card processor's test page.
        assert_eq!(iban_rest("GB82WEST12345698765432"), 1);
        assert_eq!(luhn("411111111111111"), b'1');
        let mut rng = Rng::new(3, 0);
        for _ in 0..500 {
            let iban = make("iban", &mut rng).value.replace(' ', "");
            assert_eq!(iban_rest(&iban), 1, "{iban}");
            let card: String = make("card", &mut rng).value.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(luhn(&card[..15]), card.as_bytes()[15], "{card}");
        }
    }

    #[test]
    fn every_value_holds_one_of_its_needles() {
        let mut rng = Rng::new(4, 0);
        for kind in KINDS.into_iter().chain(SMALL_KINDS) {
            for _ in 0..100 {
                let datum = make(kind, &mut rng);
                let value = datum.value.to_lowercase();
                assert!(datum.needles.iter().any(|needle| value.contains(&needle.to_lowercase())), "{kind}: {value}");
                assert!(!value.contains(['"', '\\']), "{kind}: {value}");
            }
        }
    }
}
