//! Checks of digits and letters that rules name: check digits, dates, known prefixes.
//!
//! Each returns the part of the match that is good. Most judge the whole; cards and account numbers are looked for among the
//! groups of what matched, so that a year before or a word behind does not hide them.

use std::ops::Range;

use sha2::{Digest, Sha256};

/// Given what a pattern matched, the part of it that is good; `None` where nothing is.
pub(crate) type Check = fn(&[u8]) -> Option<Range<usize>>;

macro_rules! whole {
    ($($name:ident),* $(,)?) => {
        [$((stringify!($name), (|text| $name(&Chars::of(text)).then_some(0..text.len())) as Check)),*]
    };
}

/// The check with this name.
pub(crate) fn by_name(name: &str) -> Option<Check> {
    let parts: [(&str, Check); 7] = [
        ("card", card),
        ("iban", iban),
        ("base58check", |text| base58check(text).then_some(0..text.len())),
        ("bech32", |text| bech32(text).then_some(0..text.len())),
        ("position", |text| position(text).then_some(0..text.len())),
        ("mac", |text| mac(text).then_some(0..text.len())),
        ("base58check_xrp", |text| base58check_xrp(text).then_some(0..text.len())),
    ];
    let wholes = whole![
        luhn,
        verhoeff,
        ssn,
        e164,
        nanp,
        trunk_phone,
        local_phone,
        national_phone,
        paired_phone,
        phone_with_extension,
        fours_phone,
        four_pairs_phone,
        dni,
        nie,
        codice_fiscale,
        pesel,
        cpf,
        cnpj,
        bsn,
        personnummer,
        hetu,
        national_belgium,
        nif_portugal,
        resident_china,
        id_south_africa,
        tckn,
        rrn_korea,
        sin,
        tfn,
        curp,
        cuit,
        rut,
        nir,
        cpr,
        fodselsnummer,
        rodne_cislo,
        cnp,
        egn,
        amka,
        oib,
        isikukood,
        personas_kods,
        snils,
        inn,
        my_number,
        id_taiwan,
        id_hong_kong,
        nric_singapore,
        id_thailand,
        nric_malaysia,
        nhs,
        ahv,
        steuer_id,
        id_israel,
        cedula_ecuador,
        nik,
        rnokpp,
        mixed_token,
    ];
    parts.into_iter().chain(wholes).find(|(known, _)| *known == name).map(|(_, check)| check)
}

/// The letters and digits of a match, letters in upper case. Longer matches than any number are cut.
struct Chars {
    bytes: [u8; 64],
    length: usize,
}

impl Chars {
    fn of(text: &[u8]) -> Self {
        let mut chars = Self { bytes: [0; 64], length: 0 };
        for byte in text.iter().filter(|b| b.is_ascii_alphanumeric()).take(64) {
            chars.bytes[chars.length] = byte.to_ascii_uppercase();
            chars.length += 1;
        }
        chars
    }

    fn all(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The values of all characters where all are digits; nothing otherwise.
    fn digits(&self) -> &[u8] {
        if self.all().iter().all(u8::is_ascii_digit) { self.all() } else { &[] }
    }

    fn digit(&self, at: usize) -> u32 {
        value(self.bytes[at])
    }
}

fn value(byte: u8) -> u32 {
    u32::from(byte.wrapping_sub(b'0'))
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(value(*digit)))
}

fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum()
}

fn all_same(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}

/// Whether six digits, year first, are a day of some year.
fn year_month_day(digits: &[u8]) -> bool {
    let (month, day) = (number(&digits[2..4]), number(&digits[4..6]));
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

fn day_month(digits: &[u8]) -> bool {
    let (day, month) = (number(&digits[..2]), number(&digits[2..4]));
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

fn luhn_digits(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match value(*digit) * (1 + place as u32 % 2) {
            double if double > 9 => double - 9,
            single => single,
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

fn luhn(chars: &Chars) -> bool {
    luhn_digits(chars.digits())
}

/// Groups of digits, as ranges of `text`.
fn groups(text: &[u8]) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if length > 0 {
            groups.push(at..at + length);
        }
        at += length + 1;
    }
    groups
}

/// ISO/IEC 7812: twelve to nineteen digits, a known issuer's prefix, Luhn. Looks at every stretch of whole groups.
fn card(text: &[u8]) -> Option<Range<usize>> {
    let groups = groups(text);
    for first in 0..groups.len() {
        for last in (first..groups.len()).rev() {
            let range = groups[first].start..groups[last].end;
            let mut digits = [0; 19];
            let mut count = 0;
            for digit in text[range.clone()].iter().filter(|b| b.is_ascii_digit()) {
                if count < 19 {
                    digits[count] = *digit;
                }
                count += 1;
            }
            if (12..=19).contains(&count)
                && is_grouped_as_card(text, &groups, first..last + 1)
                && is_card(&digits[..count])
            {
                return Some(range);
            }
        }
    }
    None
}

/// A stretch of groups is a card's where it is written as cards are, or where nothing else is in the match and one sign
/// separates all groups.
fn is_grouped_as_card(text: &[u8], groups: &[Range<usize>], range: Range<usize>) -> bool {
    let lengths: Vec<usize> = groups[range.clone()].iter().map(ExactSizeIterator::len).collect();
    if lengths.len() == 1 || matches!(lengths[..], [4, 4, 4, 4] | [4, 4, 4, 4, 1..=3] | [4, 6, 4 | 5]) {
        return true;
    }
    let mut between = groups.windows(2).map(|pair| &text[pair[0].end..pair[1].start]);
    let sign = between.next();
    range.len() == groups.len() && between.all(|other| Some(other) == sign)
}

fn is_card(digits: &[u8]) -> bool {
    let (two, three, four) = (number(&digits[..2]), number(&digits[..3]), number(&digits[..4]));
    let length = digits.len();
    let known = match digits[0] {
        b'4' => matches!(length, 13 | 16 | 18 | 19),
        b'5' if (51..=55).contains(&two) => length == 16,
        b'2' if (2221..=2720).contains(&four) || (2200..=2205).contains(&four) => (16..=19).contains(&length),
        b'3' if two == 34 || two == 37 => length == 15,
        b'3' if matches!(two, 36 | 38 | 39) || (300..=305).contains(&three) => (14..=19).contains(&length),
        b'3' if two == 35 => (15..=19).contains(&length),
        b'1' | b'2' if four == 1800 || four == 2131 => length == 15,
        b'6' if two == 60 || two == 65 || (644..=649).contains(&three) || two == 62 || two == 64 => {
            (16..=19).contains(&length) || is_maestro(four, two)
        }
        b'5' | b'6' => is_maestro(four, two),
        b'8' => two == 81 && length >= 16,
        b'9' => four == 9792 && length == 16,
        _ => false,
    };
    known && !all_same(digits) && luhn_digits(digits)
}

fn is_maestro(four: u64, two: u64) -> bool {
    matches!(four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763) || two == 50 || (56..=69).contains(&two)
}

/// Lengths of account numbers by country (ISO 13616 registry, release 99).
const IBANS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// ISO 13616: exactly as many letters and digits as the country's account numbers have, and 1 modulo 97. The length decides
/// where it ends, so neither a short last group nor a word behind it matters.
fn iban(text: &[u8]) -> Option<Range<usize>> {
    let country = [text[0].to_ascii_uppercase(), text[1].to_ascii_uppercase()];
    let (_, length) = IBANS.iter().find(|(code, _)| **code == country)?;
    let mut chars = [0; 34];
    let mut count = 0;
    let mut end = 0;
    for (at, byte) in text.iter().enumerate() {
        if byte.is_ascii_alphanumeric() {
            chars[count] = byte.to_ascii_uppercase();
            count += 1;
            if count == *length {
                end = at + 1;
                break;
            }
        }
    }
    if count < *length {
        return None;
    }
    // A country that stands apart has its check digits apart too: `GB 82 WEST …`, but not "so 1949".
    if !text[2].is_ascii_digit() && text.get(5).is_none_or(u8::is_ascii_alphanumeric) {
        return None;
    }
    // One sign between all groups; a word that goes on behind the end only where there are no groups at all.
    let mut between = text[..end].split(u8::is_ascii_alphanumeric).filter(|sign| !sign.is_empty());
    let sign = between.next();
    if between.any(|other| Some(other) != sign)
        || sign.is_some() && text.get(end).is_some_and(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    let remainder = chars[4..count].iter().chain(&chars[..4]).fold(0_u32, |remainder, char| match char {
        b'0'..=b'9' => (remainder * 10 + value(*char)) % 97,
        _ => (remainder * 100 + u32::from(char - b'A') + 10) % 97,
    });
    let digits = chars[..count].iter().filter(|char| char.is_ascii_digit()).count();
    (remainder == 1 && digits >= 8).then_some(0..end)
}

/// Country calling codes of one and two digits; all others have three (ITU-T E.164 assigned codes).
fn country_code_length(digits: &[u8]) -> Option<usize> {
    let two = number(digits.get(..2)?);
    match digits[0] {
        b'0' => None,
        b'1' | b'7' => Some(1),
        _ if matches!(two, 20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66 | 81..=82 | 84 | 86 | 90..=95 | 98) => {
            Some(2)
        }
        _ if matches!(two, 21..=26 | 29 | 35 | 37 | 38 | 42 | 50 | 59 | 67..=69 | 80 | 85 | 87 | 88 | 96 | 97 | 99) => {
            Some(3)
        }
        _ => None,
    }
}

/// With a plus sign or an international prefix: a country's code and seven to fifteen digits in all.
fn e164(chars: &Chars) -> bool {
    let mut digits: &[u8] = chars.all().split(u8::is_ascii_alphabetic).next().unwrap_or_default();
    for prefix in [&b"0011"[..], b"011", b"00"] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            digits = rest;
            break;
        }
    }
    (7..=16).contains(&digits.len())
        && country_code_length(digits).is_some()
        && !all_same(digits)
        && !digits.ends_with(b"00000")
}

/// North American: area and exchange begin with 2 to 9, and neither is a service code.
fn nanp(chars: &Chars) -> bool {
    let digits: &[u8] = chars.all().split(u8::is_ascii_alphabetic).next().unwrap_or_default();
    let digits = if digits.len() >= 11 { digits.strip_prefix(b"1").unwrap_or(digits) } else { digits };
    digits.len() >= 10 && digits[0] >= b'2' && !(digits[1] == b'1' && digits[2] == b'1') && !all_same(&digits[..10])
}

/// Seven or eight digits in two groups that are no span of years and no round number.
fn local_phone(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() < 7 || all_same(digits) || digits.ends_with(b"000") {
        return false;
    }
    let year = |digits: &[u8]| (1800..=2100).contains(&number(digits));
    !year(&digits[digits.len() - 4..])
}

/// With a leading zero: nine digits or more, no date and time.
fn trunk_phone(chars: &Chars) -> bool {
    let digits = chars.digits();
    let date = digits.len() >= 8 && day_month(digits) && (1900..=2099).contains(&number(&digits[4..8]));
    (9..=12).contains(&digits.len()) && !date && !all_same(digits) && !digits.ends_with(b"00000") && digits[1] != b'0'
}

/// Groups that are no number with thousands apart: not round.
fn national_phone(chars: &Chars) -> bool {
    let digits = chars.digits();
    (7..=15).contains(&digits.len()) && !digits.ends_with(b"000") && !all_same(digits)
}

/// Four pairs or more that are no date and no row of small numbers.
fn paired_phone(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() >= 8 && !all_same(digits) && digits.chunks_exact(2).filter(|pair| number(pair) > 31).count() >= 2
}

/// Three, three and four digits and an extension: not round.
fn phone_with_extension(chars: &Chars) -> bool {
    let digits: &[u8] = chars.all().split(u8::is_ascii_alphabetic).next().unwrap_or_default();
    digits.len() >= 10 && !digits.ends_with(b"0000") && !all_same(digits)
}

/// Two fours, with two digits before them or none: no years.
fn fours_phone(chars: &Chars) -> bool {
    let digits = chars.digits();
    let year = |digits: &[u8]| (1000..=2100).contains(&number(digits));
    digits.len() >= 8
        && !all_same(digits)
        && !digits.ends_with(b"00")
        && !year(&digits[digits.len() - 8..digits.len() - 4])
        && !year(&digits[digits.len() - 4..])
}

/// Four pairs beyond what lotteries draw and clocks show.
fn four_pairs_phone(chars: &Chars) -> bool {
    let digits = chars.digits();
    let over = |limit: u64| digits.chunks_exact(2).filter(|pair| number(pair) > limit).count();
    digits.len() == 8 && !all_same(digits) && over(31) >= 2 && over(49) >= 1
}

fn ssn(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 9 {
        return false;
    }
    let (area, group, serial) = (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..]));
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

fn verhoeff(chars: &Chars) -> bool {
    const MULTIPLY: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const PERMUTE: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    let digits = chars.digits();
    let check = digits.iter().rev().enumerate().fold(0_u8, |check, (place, digit)| {
        MULTIPLY[usize::from(check)][usize::from(PERMUTE[place % 8][value(*digit) as usize])]
    });
    digits.len() == 12 && check == 0 && digits[0] >= b'2' && !all_same(digits) && !years(digits)
}

/// Three years in a row.
fn years(digits: &[u8]) -> bool {
    digits.chunks(4).all(|year| (1800..=2100).contains(&number(year)))
}

const DNI_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn dni(chars: &Chars) -> bool {
    let all = chars.all();
    all.len() == 9 && all[..8].iter().all(u8::is_ascii_digit) && all[8] == DNI_LETTERS[number(&all[..8]) as usize % 23]
}

fn nie(chars: &Chars) -> bool {
    let all = chars.all();
    if all.len() != 9 || !(b'X'..=b'Z').contains(&all[0]) || !all[1..8].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let first = u64::from(all[0] - b'X') * 10_000_000;
    all[8] == DNI_LETTERS[(first + number(&all[1..8])) as usize % 23]
}

fn codice_fiscale(chars: &Chars) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let all = chars.all();
    if all.len() != 16 {
        return false;
    }
    let sum: u32 = all[..15]
        .iter()
        .enumerate()
        .map(|(place, char)| {
            let index = if char.is_ascii_digit() { value(*char) } else { u32::from(char - b'A') };
            if place % 2 == 0 { ODD[index as usize] } else { index }
        })
        .sum();
    u32::from(all[15]) == u32::from(b'A') + sum % 26
}

fn pesel(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 11 {
        return false;
    }
    let (month, day) = (number(&digits[2..4]) % 20, number(&digits[4..6]));
    let sum = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    (1..=12).contains(&month) && (1..=31).contains(&day) && (10 - sum % 10) % 10 == chars.digit(10)
}

fn mod11_to_zero(sum: u32) -> u32 {
    match sum % 11 {
        0 | 1 => 0,
        remainder => 11 - remainder,
    }
}

fn cpf(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 11
        && !all_same(digits)
        && mod11_to_zero(weighted(&digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2])) == chars.digit(9)
        && mod11_to_zero(weighted(&digits[..10], &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])) == chars.digit(10)
}

fn cnpj(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 14
        && !all_same(digits)
        && mod11_to_zero(weighted(&digits[..12], &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) == chars.digit(12)
        && mod11_to_zero(weighted(&digits[..13], &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) == chars.digit(13)
}

fn bsn(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 9 || all_same(digits) {
        return false;
    }
    let sum = weighted(&digits[..8], &[9, 8, 7, 6, 5, 4, 3, 2]);
    sum % 11 == chars.digit(8)
}

fn personnummer(chars: &Chars) -> bool {
    let digits = chars.digits();
    let digits = if digits.len() == 12 { &digits[2..] } else { digits };
    if digits.len() != 10 {
        return false;
    }
    // A co-ordination number adds 60 to the day.
    let (month, day) = (number(&digits[2..4]), number(&digits[4..6]));
    (1..=12).contains(&month) && (1..=91).contains(&day) && !(32..=60).contains(&day) && luhn_digits(digits)
}

fn hetu(chars: &Chars) -> bool {
    const CHECK: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let all = chars.all();
    // The sign of the century is a letter, a plus or a minus.
    let (birth, rest) = match all.len() {
        10 => (&all[..6], &all[6..]),
        11 if all[6].is_ascii_alphabetic() => (&all[..6], &all[7..]),
        _ => return false,
    };
    birth.iter().chain(&rest[..3]).all(u8::is_ascii_digit)
        && day_month(birth)
        && rest[3] == CHECK[(number(birth) * 1000 + number(&rest[..3])) as usize % 31]
}

fn national_belgium(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 11 || number(&digits[2..4]) > 52 || number(&digits[4..6]) > 31 || all_same(digits) {
        return false;
    }
    let (base, check) = (number(&digits[..9]), number(&digits[9..]));
    97 - base % 97 == check || 97 - (2_000_000_000 + base) % 97 == check
}

fn nif_portugal(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 9 && mod11_to_zero(weighted(&digits[..8], &[9, 8, 7, 6, 5, 4, 3, 2])) == chars.digit(8)
}

fn resident_china(chars: &Chars) -> bool {
    let all = chars.all();
    if all.len() != 18 || !all[..17].iter().all(u8::is_ascii_digit) || !(1800..=2100).contains(&number(&all[6..10])) {
        return false;
    }
    let sum = weighted(&all[..17], &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    year_month_day(&all[8..14]) && all[17] == b"10X98765432"[sum as usize % 11]
}

fn id_south_africa(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 13 && year_month_day(digits) && matches!(digits[10], b'0' | b'1' | b'2') && luhn_digits(digits)
}

fn tckn(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 11 || digits[0] == b'0' {
        return false;
    }
    let odd: u32 = (0..9).step_by(2).map(|at| chars.digit(at)).sum();
    let even: u32 = (1..8).step_by(2).map(|at| chars.digit(at)).sum();
    let tenth = (odd * 7 + 90 - even) % 10;
    tenth == chars.digit(9) && (odd + even + tenth) % 10 == chars.digit(10)
}

/// The check digit means nothing for numbers given out since October 2020: form and date decide.
fn rrn_korea(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 13 && year_month_day(digits) && (b'1'..=b'8').contains(&digits[6])
}

fn sin(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 9 && digits[0] != b'0' && digits[0] != b'8' && luhn_digits(digits)
}

fn tfn(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 9 && !all_same(digits) && weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
}

fn curp(chars: &Chars) -> bool {
    let all = chars.all();
    if all.len() != 18 || !all[17].is_ascii_digit() {
        return false;
    }
    // 0-9, A-N, Ñ, O-Z.
    let sum: u32 = all[..17]
        .iter()
        .enumerate()
        .map(|(place, char)| {
            let index = match char {
                b'0'..=b'9' => value(*char),
                b'A'..=b'N' => u32::from(char - b'A') + 10,
                _ => u32::from(char - b'A') + 11,
            };
            index * (18 - place as u32)
        })
        .sum();
    year_month_day(&all[4..10]) && (10 - sum % 10) % 10 == value(all[17])
}

fn cuit(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 11 || !matches!(number(&digits[..2]), 20 | 23 | 24 | 25 | 26 | 27 | 30 | 33 | 34) {
        return false;
    }
    let check = match 11 - weighted(&digits[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        11 => 0,
        10 => 9,
        check => check,
    };
    check == chars.digit(10)
}

fn rut(chars: &Chars) -> bool {
    let all = chars.all();
    if !(8..=9).contains(&all.len()) || !all[..all.len() - 1].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = all[..all.len() - 1]
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| value(*digit) * (place as u32 % 6 + 2))
        .sum();
    let check = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        digit => b'0' + digit as u8,
    };
    check == all[all.len() - 1]
}

fn nir(chars: &Chars) -> bool {
    let all = chars.all();
    if all.len() != 15 || !matches!(all[0], b'1' | b'2' | b'3' | b'4' | b'7' | b'8') {
        return false;
    }
    // Corsica's departments count as 19 and 18.
    let mut digits = [0; 15];
    digits.copy_from_slice(all);
    match all[5..7] {
        [b'2', b'A'] => digits[5..7].copy_from_slice(b"19"),
        [b'2', b'B'] => digits[5..7].copy_from_slice(b"18"),
        _ => {}
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let month = number(&digits[3..5]);
    ((1..=12).contains(&month) || (20..=42).contains(&month) || month >= 50)
        && 97 - number(&digits[..13]) % 97 == number(&digits[13..])
}

/// Without a check digit since 2007: form and date decide.
fn cpr(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 10 && day_month(digits)
}

fn fodselsnummer(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 11 {
        return false;
    }
    // D-numbers add 40 to the day, H-numbers 40 to the month.
    let (day, month) = (number(&digits[..2]) % 40, number(&digits[2..4]) % 40);
    let check = |sum: u32| (11 - sum % 11) % 11;
    (1..=31).contains(&day)
        && (1..=12).contains(&month)
        && check(weighted(&digits[..9], &[3, 7, 6, 1, 8, 9, 4, 5, 2])) == chars.digit(9)
        && check(weighted(&digits[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) == chars.digit(10)
}

fn rodne_cislo(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 10 {
        return false;
    }
    let (month, day) = (number(&digits[2..4]), number(&digits[4..6]));
    let month = if month > 50 { month - 50 } else { month };
    let month = if month > 20 { month - 20 } else { month };
    (1..=12).contains(&month) && (1..=31).contains(&day) && number(digits).is_multiple_of(11)
}

fn cnp(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 13 || digits[0] == b'0' || !year_month_day(&digits[1..7]) {
        return false;
    }
    let remainder = weighted(&digits[..12], &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    (if remainder == 10 { 1 } else { remainder }) == chars.digit(12)
}

fn egn(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 10 {
        return false;
    }
    let (month, day) = (number(&digits[2..4]) % 20, number(&digits[4..6]));
    (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && weighted(&digits[..9], &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == chars.digit(9)
}

fn amka(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 11 && day_month(digits) && luhn_digits(digits)
}

/// ISO 7064, MOD 11,10.
fn mod11_10(digits: &[u8]) -> bool {
    let product = digits[..digits.len() - 1].iter().fold(10, |product, digit| {
        let sum = (value(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == value(digits[digits.len() - 1])
}

fn oib(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 11 && !all_same(digits) && mod11_10(digits)
}

fn steuer_id(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 11 || digits[0] == b'0' {
        return false;
    }
    // Of the first ten, one digit stands twice or three times and at least one is missing.
    let most = (b'0'..=b'9').map(|d| memchr::memchr_iter(d, &digits[..10]).count()).max();
    matches!(most, Some(2 | 3)) && mod11_10(digits)
}

fn isikukood(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 11 || !(b'1'..=b'8').contains(&digits[0]) || !year_month_day(&digits[1..7]) {
        return false;
    }
    let first = weighted(&digits[..10], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let check = if first < 10 { first } else { weighted(&digits[..10], &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10 };
    check == chars.digit(10)
}

fn personas_kods(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 11 {
        return false;
    }
    let sum = weighted(&digits[..10], &[1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    digits.starts_with(b"32") || day_month(digits) && (1101 - sum) % 11 == chars.digit(10)
}

fn snils(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 11 || all_same(&digits[..9]) {
        return false;
    }
    let sum = weighted(&digits[..9], &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    u64::from(sum % 101 % 100) == number(&digits[9..])
}

fn inn(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 12
        && !all_same(digits)
        && weighted(&digits[..10], &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == chars.digit(10)
        && weighted(&digits[..11], &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == chars.digit(11)
}

fn rnokpp(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 10 {
        return false;
    }
    let minus = i64::from(chars.digit(0));
    let rest = i64::from(weighted(&digits[1..9], &[5, 7, 9, 4, 6, 10, 5, 7]));
    ((rest - minus).rem_euclid(11) % 10) as u32 == chars.digit(9)
}

fn my_number(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 12 || all_same(digits) || years(digits) {
        return false;
    }
    let remainder = weighted(&digits[..11], &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    (if remainder <= 1 { 0 } else { 11 - remainder }) == chars.digit(11)
}

fn id_taiwan(chars: &Chars) -> bool {
    // The letters' numbers, in the order of the alphabet.
    const LETTERS: [u32; 26] =
        [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];
    let all = chars.all();
    if all.len() != 10 || !all[0].is_ascii_uppercase() || !all[1..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let letter = LETTERS[usize::from(all[0] - b'A')];
    let sum = letter / 10 + letter % 10 * 9 + weighted(&all[1..], &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    matches!(all[1], b'1' | b'2' | b'8' | b'9') && sum.is_multiple_of(10)
}

fn id_hong_kong(chars: &Chars) -> bool {
    let all = chars.all();
    let letters = all.iter().take_while(|b| b.is_ascii_uppercase()).count();
    if !(1..=2).contains(&letters)
        || all.len() != letters + 7
        || !all[letters..letters + 6].iter().all(u8::is_ascii_digit)
    {
        return false;
    }
    let first = if letters == 2 { (u32::from(all[0] - b'A') + 10) * 9 } else { 36 * 9 };
    let second = (u32::from(all[letters - 1] - b'A') + 10) * 8;
    let sum = first + second + weighted(&all[letters..letters + 6], &[7, 6, 5, 4, 3, 2]);
    let check = match all[letters + 6] {
        b'A' => 10,
        digit if digit.is_ascii_digit() => value(digit),
        _ => return false,
    };
    (sum + check).is_multiple_of(11)
}

fn nric_singapore(chars: &Chars) -> bool {
    let all = chars.all();
    if all.len() != 9 || !all[1..8].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum = weighted(&all[1..8], &[2, 7, 6, 5, 4, 3, 2]);
    let (offset, letters): (u32, &[u8; 11]) = match all[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"KLJNPQRTUWX"),
        _ => return false,
    };
    let index = (sum + offset) as usize % 11;
    all[8] == if all[0] == b'M' { letters[10 - index] } else { letters[index] }
}

fn id_thailand(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 13 || digits[0] == b'0' || digits[0] == b'9' {
        return false;
    }
    let sum = weighted(&digits[..12], &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    (11 - sum % 11) % 10 == chars.digit(12)
}

/// No check digit: form, date and place of birth decide.
fn nric_malaysia(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 12 && year_month_day(digits) && matches!(number(&digits[6..8]), 1..=16 | 21..=59 | 82)
}

fn nhs(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 10 || all_same(digits) {
        return false;
    }
    let check = 11 - weighted(&digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    check % 11 == chars.digit(9) && check != 10
}

fn ahv(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 13 || !digits.starts_with(b"756") {
        return false;
    }
    let sum = weighted(&digits[..12], &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
    (10 - sum % 10) % 10 == chars.digit(12)
}

fn id_israel(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 9 && luhn_digits(digits) && !all_same(digits)
}

fn cedula_ecuador(chars: &Chars) -> bool {
    let digits = chars.digits();
    digits.len() == 10 && (1..=24).contains(&number(&digits[..2])) && digits[2] < b'6' && luhn_digits(digits)
}

/// No check digit: form and date decide; women's days are 40 higher.
fn nik(chars: &Chars) -> bool {
    let digits = chars.digits();
    if digits.len() != 16 {
        return false;
    }
    let (day, month) = (number(&digits[6..8]) % 40, number(&digits[8..10]));
    (11..=94).contains(&number(&digits[..2])) && (1..=31).contains(&day) && (1..=12).contains(&month)
}

/// Letters of both cases and digits, as random keys have them and words have not.
fn mixed_token(chars: &Chars) -> bool {
    let all = chars.all();
    let digits = all.iter().filter(|b| b.is_ascii_digit()).count();
    digits >= 3 && digits < all.len()
}

/// Two numbers within the bounds of latitude and longitude.
fn position(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let mut numbers = text
        .split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-')))
        .map(|part| part.trim_matches(|c: char| c == '.' || c == '-'))
        .filter(|part| part.contains('.'))
        .filter_map(|part| part.parse::<f64>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(first), Some(second)) => first <= 90.0 && second <= 180.0 || first <= 180.0 && second <= 90.0,
        _ => false,
    }
}

/// Six pairs with dashes that are no row of numbers.
fn mac(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_alphabetic) || text.starts_with(b"00-")
}

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE58_XRP: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

fn base58check(text: &[u8]) -> bool {
    base58(text, BASE58)
}

fn base58check_xrp(text: &[u8]) -> bool {
    base58(text, BASE58_XRP)
}

/// Base 58 with four bytes of a double SHA-256 at the end: Bitcoin, Litecoin, Dogecoin, Dash, Zcash, Tron and their keys.
fn base58(text: &[u8], alphabet: &[u8; 58]) -> bool {
    let mut bytes = [0_u8; 64];
    let mut length = 0;
    for char in text {
        let Some(digit) = alphabet.iter().position(|known| known == char) else { return false };
        let mut carry = digit;
        for byte in &mut bytes[..length] {
            carry += usize::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        while carry > 0 {
            if length == bytes.len() {
                return false;
            }
            bytes[length] = carry as u8;
            length += 1;
            carry >>= 8;
        }
    }
    let zeros = text.iter().take_while(|char| **char == alphabet[0]).count();
    if length + zeros > bytes.len() || length + zeros < 21 {
        return false;
    }
    bytes[length..length + zeros].fill(0);
    let decoded = &mut bytes[..length + zeros];
    decoded.reverse();
    let (payload, check) = decoded.split_at(decoded.len() - 4);
    Sha256::digest(Sha256::digest(payload))[..4] == *check
}

/// BIP 173 and 350.
fn bech32(text: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let lower = text.to_ascii_lowercase();
    if lower != text && text.to_ascii_uppercase() != text {
        return false;
    }
    let Some(one) = lower.iter().rposition(|char| *char == b'1') else { return false };
    let (prefix, data) = (&lower[..one], &lower[one + 1..]);
    if prefix.is_empty() || data.len() < 6 {
        return false;
    }
    let mut check = 1_u32;
    let mut push = |value: u32| {
        let top = check >> 25;
        check = (check & 0x01FF_FFFF) << 5 ^ value;
        for (bit, generator) in
            [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3].into_iter().enumerate()
        {
            if top >> bit & 1 == 1 {
                check ^= generator;
            }
        }
    };
    for char in prefix {
        push(u32::from(char >> 5));
    }
    push(0);
    for char in prefix {
        push(u32::from(char & 31));
    }
    for char in data {
        let Some(value) = ALPHABET.iter().position(|known| known == char) else { return false };
        push(value as u32);
    }
    check == 1 || check == 0x2BC8_30A3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Known good numbers from the issuers' own documents or test sets; one digit off must fail.
    #[test]
    fn good_numbers_pass_and_their_neighbours_do_not() {
        for (name, good) in [
            ("card", "4111111111111111"),
            ("card", "5500005555555559"),
            ("card", "371449635398431"),
            ("card", "6011000990139424"),
            ("card", "30569309025904"),
            ("card", "3566002020360505"),
            ("iban", "GB82WEST12345698765432"),
            ("iban", "DE89370400440532013000"),
            ("iban", "NO9386011117947"),
            ("iban", "MT84MALT011000012345MTLCAST001S"),
            ("iban", "FR1420041010050500013M02606"),
            ("dni", "12345678Z"),
            ("nie", "X1234567L"),
            ("codice_fiscale", "RSSMRA85T10A562S"),
            ("pesel", "44051401359"),
            ("cpf", "52998224725"),
            ("cnpj", "11222333000181"),
            ("bsn", "111222333"),
            ("personnummer", "8112189876"),
            ("hetu", "131052308T"),
            ("national_belgium", "85073003328"),
            ("nif_portugal", "123456789"),
            ("resident_china", "11010519491231002X"),
            ("id_south_africa", "8001015009087"),
            ("tckn", "10000000146"),
            ("sin", "130692544"),
            ("tfn", "123456782"),
            ("cuit", "20123456786"),
            ("rut", "12345678-5"),
            ("nir", "255081416802538"),
            ("rodne_cislo", "7103192745"),
            ("cnp", "1800101221144"),
            ("egn", "7523169263"),
            ("oib", "33392005961"),
            ("steuer_id", "36574261809"),
            ("isikukood", "37605030299"),
            ("snils", "11223344595"),
            ("inn", "500100732259"),
            ("id_taiwan", "A123456789"),
            ("id_hong_kong", "A1234563"),
            ("nric_singapore", "S1234567D"),
            ("nhs", "9434765919"),
            ("ahv", "7569217076985"),
            ("verhoeff", "234123412346"),
            ("base58check", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
            ("base58check", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
            ("bech32", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
            ("bech32", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
        ] {
            let check = by_name(name).unwrap();
            assert!(check(good.as_bytes()).is_some(), "{name} {good}");
            let mut passes = 0;
            for at in 0..good.len() {
                let mut bad = good.as_bytes().to_vec();
                if !bad[at].is_ascii_digit() {
                    continue;
                }
                bad[at] = b'0' + (bad[at] - b'0' + 1) % 10;
                passes += usize::from(check(&bad).is_some());
            }
            assert!(passes <= 1, "{name}: {passes} neighbours of {good} pass");
        }
    }

    proptest! {
        #[test]
        fn no_check_panics(text in "[0-9A-Za-z .+-]{2,80}") {
            for name in ["card", "iban", "base58check", "bech32", "position", "luhn", "e164", "nanp", "ssn", "verhoeff", "dni",
                "nie", "codice_fiscale", "pesel", "cpf", "cnpj", "bsn", "personnummer", "hetu", "national_belgium", "nir", "curp",
                "resident_china", "rut", "id_hong_kong", "id_taiwan", "nric_singapore", "steuer_id", "snils", "personas_kods", "oib"] {
                if let Some(range) = by_name(name).unwrap()(text.as_bytes()) {
                    prop_assert!(range.start < range.end && range.end <= text.len());
                }
            }
        }
    }
}
