//! The languages that detection and stop words know.

use super::script::Script;

/// One language.
pub(crate) struct Entry {
    pub(crate) code: [u8; 2],
    pub(crate) script: Script,
    /// Letters beyond the script's common ones that its spelling uses.
    pub(crate) letters: &'static str,
}

const fn entry(code: [u8; 2], script: Script, letters: &'static str) -> Entry {
    Entry { code, script, letters }
}

/// Bit `i` of a set of languages stands for `LANGUAGES[i]`.
pub(crate) const LANGUAGES: &[Entry] = &[
    entry(*b"en", Script::Latin, ""),
    entry(*b"af", Script::Latin, "êëéèôûîï"),
    entry(*b"az", Script::Latin, "əğıöşüç"),
    entry(*b"ca", Script::Latin, "àçèéíïòóúü"),
    entry(*b"cs", Script::Latin, "áčďéěíňóřšťúůýž"),
    entry(*b"cy", Script::Latin, "âêîôûŵŷ"),
    entry(*b"da", Script::Latin, "æøåé"),
    entry(*b"de", Script::Latin, "äöüß"),
    entry(*b"eo", Script::Latin, "ĉĝĥĵŝŭ"),
    entry(*b"es", Script::Latin, "áéíñóúü"),
    entry(*b"et", Script::Latin, "äõöüšž"),
    entry(*b"eu", Script::Latin, "ñ"),
    entry(*b"fi", Script::Latin, "äöå"),
    entry(*b"fr", Script::Latin, "àâæçéèêëîïôœùûü"),
    entry(*b"ga", Script::Latin, "áéíóú"),
    entry(*b"gl", Script::Latin, "áéíñóú"),
    entry(*b"hr", Script::Latin, "čćđšž"),
    entry(*b"hu", Script::Latin, "áéíóöőúüű"),
    entry(*b"id", Script::Latin, ""),
    entry(*b"is", Script::Latin, "áðéíóúýþæö"),
    entry(*b"it", Script::Latin, "àèéìòóù"),
    entry(*b"lt", Script::Latin, "ąčęėįšųūž"),
    entry(*b"lv", Script::Latin, "āčēģīķļņšūž"),
    entry(*b"ms", Script::Latin, ""),
    entry(*b"nb", Script::Latin, "æøåéòô"),
    entry(*b"nl", Script::Latin, "éëïöüè"),
    entry(*b"pl", Script::Latin, "ąćęłńóśźż"),
    entry(*b"pt", Script::Latin, "àáâãçéêíóôõú"),
    entry(*b"ro", Script::Latin, "ăâîșțşţ"),
    entry(*b"sk", Script::Latin, "áäčďéíĺľňóôŕšťúýž"),
    entry(*b"sl", Script::Latin, "čšž"),
    entry(*b"sq", Script::Latin, "çë"),
    entry(*b"sv", Script::Latin, "åäöé"),
    entry(*b"sw", Script::Latin, ""),
    entry(*b"tl", Script::Latin, "ñ"),
    entry(*b"tr", Script::Latin, "çğıöşüâîû"),
    entry(*b"uz", Script::Latin, ""),
    entry(*b"vi", Script::Latin, VIETNAMESE),
    entry(*b"yo", Script::Latin, "ẹọṣáàéèíìóòúùńǹ"),
    entry(*b"ru", Script::Cyrillic, "ёъыэщ"),
    entry(*b"be", Script::Cyrillic, "ёіўыэ"),
    entry(*b"bg", Script::Cyrillic, "ъщ"),
    entry(*b"kk", Script::Cyrillic, "әғқңөұүһіъыэщё"),
    entry(*b"mk", Script::Cyrillic, "ѓѕјљњќџ"),
    entry(*b"mn", Script::Cyrillic, "өүыэъщё"),
    entry(*b"sr", Script::Cyrillic, "ђјљњћџ"),
    entry(*b"tg", Script::Cyrillic, "ғӣқӯҳҷъэё"),
    entry(*b"uk", Script::Cyrillic, "ґєіїщ"),
    entry(*b"ar", Script::Arabic, "ةىكيأإؤئ"),
    entry(*b"fa", Script::Arabic, "پچژگکیئ"),
    entry(*b"ps", Script::Arabic, "پچژګټډړږښځڅېۍکیئ"),
    entry(*b"ur", Script::Arabic, "پچژگٹڈڑےںہھکیئؤ"),
    entry(*b"hi", Script::Devanagari, ""),
    entry(*b"mr", Script::Devanagari, "ळ"),
    entry(*b"ne", Script::Devanagari, ""),
    entry(*b"am", Script::Ethiopic, ""),
    entry(*b"bn", Script::Bengali, ""),
    entry(*b"el", Script::Greek, ""),
    entry(*b"gu", Script::Gujarati, ""),
    entry(*b"he", Script::Hebrew, ""),
    entry(*b"hy", Script::Armenian, ""),
    entry(*b"ja", Script::Kana, ""),
    entry(*b"ka", Script::Georgian, ""),
    entry(*b"km", Script::Khmer, ""),
    entry(*b"kn", Script::Kannada, ""),
    entry(*b"ko", Script::Hangul, ""),
    entry(*b"lo", Script::Lao, ""),
    entry(*b"ml", Script::Malayalam, ""),
    entry(*b"my", Script::Myanmar, ""),
    entry(*b"or", Script::Oriya, ""),
    entry(*b"pa", Script::Gurmukhi, ""),
    entry(*b"si", Script::Sinhala, ""),
    entry(*b"ta", Script::Tamil, ""),
    entry(*b"te", Script::Telugu, ""),
    entry(*b"th", Script::Thai, ""),
    entry(*b"zh", Script::Han, ""),
];

const VIETNAMESE: &str = "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ";

/// English in [`LANGUAGES`].
pub(crate) const ENGLISH: usize = 0;

/// Where a language stands in [`LANGUAGES`].
pub(crate) fn index_of(code: [u8; 2]) -> Option<usize> {
    let code = if matches!(&code, b"no" | b"nn") { *b"nb" } else { code };
    LANGUAGES.iter().position(|entry| entry.code == code)
}
