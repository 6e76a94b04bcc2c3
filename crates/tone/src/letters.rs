//! Characters as features see them.

/// A character in lower case, or `None` for what leaves a word the same: selectors, joiners, skin tones, marks of Arabic.
pub(crate) fn fold(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c.to_ascii_lowercase());
    }
    match c {
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{2064}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{610}'..='\u{61a}'
        | '\u{640}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}' => None,
        // Spellings of Arabic that are not told apart.
        'أ' | 'إ' | 'آ' | 'ٱ' => Some('ا'),
        'ى' => Some('ي'),
        'ة' => Some('ه'),
        '’' | '‘' | '＇' => Some('\''),
        '“' | '”' | '„' | '«' | '»' => Some('"'),
        '…' => Some('.'),
        _ => c.to_lowercase().next(),
    }
}

/// The plain letter of a Latin one, in lower case already; `None` for what is no Latin letter.
pub(crate) fn without_accent(code: u32) -> Option<u8> {
    match char::from_u32(code)? {
        c @ 'a'..='z' => Some(c as u8),
        'à'..='å' | 'ā' | 'ă' | 'ą' => Some(b'a'),
        'ç' | 'ć' | 'č' => Some(b'c'),
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => Some(b'e'),
        'ì'..='ï' | 'ī' | 'ı' => Some(b'i'),
        'ñ' | 'ń' | 'ň' => Some(b'n'),
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => Some(b'o'),
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => Some(b'u'),
        'ý' | 'ÿ' => Some(b'y'),
        'ß' | 'ś' | 'š' | 'ş' => Some(b's'),
        'ź' | 'ż' | 'ž' => Some(b'z'),
        'ğ' => Some(b'g'),
        'ł' => Some(b'l'),
        _ => None,
    }
}
