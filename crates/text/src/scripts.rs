//! Letters of scripts that are written without spaces, as far as watches look inside words of them.

/// Whether a character in normal form is an ideograph.
pub const fn is_han(letter: char) -> bool {
    matches!(letter, '々' | '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3fffd}')
}

/// Whether it is an ideograph, hiragana or katakana.
pub const fn is_han_or_kana(letter: char) -> bool {
    is_han(letter)
        || matches!(letter, '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | 'ー'..='ヿ' | '\u{31f0}'..='\u{31ff}')
}
