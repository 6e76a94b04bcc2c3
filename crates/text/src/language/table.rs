//! The languages that stop words know, and their letters.

/// One language.
pub(crate) struct Entry {
    pub(crate) code: [u8; 2],
    /// Letters beyond its script's common ones that its spelling uses.
    pub(crate) letters: &'static str,
}

const fn entry(code: [u8; 2], letters: &'static str) -> Entry {
    Entry { code, letters }
}

/// Bit `i` of a set of languages stands for `LANGUAGES[i]`.
pub(crate) const LANGUAGES: &[Entry] = &[
    entry(*b"en", ""),
    entry(*b"af", "êëéèôûîï"),
    entry(*b"az", "əğıöşüç"),
    entry(*b"ca", "àçèéíïòóúü"),
    entry(*b"cs", "áčďéěíňóřšťúůýž"),
    entry(*b"cy", "âêîôûŵŷ"),
    entry(*b"da", "æøåé"),
    entry(*b"de", "äöüß"),
    entry(*b"eo", "ĉĝĥĵŝŭ"),
    entry(*b"es", "áéíñóúü"),
    entry(*b"et", "äõöüšž"),
    entry(*b"eu", "ñ"),
    entry(*b"fi", "äöå"),
    entry(*b"fr", "àâæçéèêëîïôœùûü"),
    entry(*b"ga", "áéíóú"),
    entry(*b"gl", "áéíñóú"),
    entry(*b"hr", "čćđšž"),
    entry(*b"hu", "áéíóöőúüű"),
    entry(*b"id", ""),
    entry(*b"is", "áðéíóúýþæö"),
    entry(*b"it", "àèéìòóù"),
    entry(*b"lt", "ąčęėįšųūž"),
    entry(*b"lv", "āčēģīķļņšūž"),
    entry(*b"ms", ""),
    entry(*b"nb", "æøåéòô"),
    entry(*b"nl", "éëïöüè"),
    entry(*b"pl", "ąćęłńóśźż"),
    entry(*b"pt", "àáâãçéêíóôõú"),
    entry(*b"ro", "ăâîșțşţ"),
    entry(*b"sk", "áäčďéíĺľňóôŕšťúýž"),
    entry(*b"sl", "čšž"),
    entry(*b"sq", "çë"),
    entry(*b"sv", "åäöé"),
    entry(*b"sw", ""),
    entry(*b"tl", "ñ"),
    entry(*b"tr", "çğıöşüâîû"),
    entry(*b"uz", ""),
    entry(*b"vi", VIETNAMESE),
    entry(*b"yo", "ẹọṣáàéèíìóòúùńǹ"),
    entry(*b"ru", "ёъыэщ"),
    entry(*b"be", "ёіўыэ"),
    entry(*b"bg", "ъщ"),
    entry(*b"kk", "әғқңөұүһіъыэщё"),
    entry(*b"mk", "ѓѕјљњќџ"),
    entry(*b"mn", "өүыэъщё"),
    entry(*b"sr", "ђјљњћџ"),
    entry(*b"tg", "ғӣқӯҳҷъэё"),
    entry(*b"uk", "ґєіїщ"),
    entry(*b"ar", "ةىكيأإؤئ"),
    entry(*b"fa", "پچژگکیئ"),
    entry(*b"ps", "پچژګټډړږښځڅېۍکیئ"),
    entry(*b"ur", "پچژگٹڈڑےںہھکیئؤ"),
    entry(*b"hi", ""),
    entry(*b"mr", "ळ"),
    entry(*b"ne", ""),
    entry(*b"am", ""),
    entry(*b"bn", ""),
    entry(*b"el", ""),
    entry(*b"gu", ""),
    entry(*b"he", ""),
    entry(*b"hy", ""),
    entry(*b"ja", ""),
    entry(*b"ka", ""),
    entry(*b"km", ""),
    entry(*b"kn", ""),
    entry(*b"ko", ""),
    entry(*b"lo", ""),
    entry(*b"ml", ""),
    entry(*b"my", ""),
    entry(*b"or", ""),
    entry(*b"pa", ""),
    entry(*b"si", ""),
    entry(*b"ta", ""),
    entry(*b"te", ""),
    entry(*b"th", ""),
    entry(*b"zh", ""),
];

const VIETNAMESE: &str = "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ";

/// English in [`LANGUAGES`].
pub(crate) const ENGLISH: usize = 0;

/// Where a language stands in [`LANGUAGES`].
pub(crate) fn index_of(code: [u8; 2]) -> Option<usize> {
    let code = if matches!(&code, b"no" | b"nn") { *b"nb" } else { code };
    LANGUAGES.iter().position(|entry| entry.code == code)
}
