//! [`Frequencies`]: how many of a hundred posts a term is in. Decides by which term a query is found, never whether it matches.

use groundswell_query::FieldName;
use groundswell_text::hash_word;
use hashbrown::HashMap;

use crate::term::TermKey;

/// Shares of posts that hold a word. Wrong figures cost time, never a match.
#[derive(Clone, Debug)]
pub struct Frequencies {
    by_hash: HashMap<u64, f32>,
    /// Words in order with the sum of the shares before them, for prefixes.
    sorted: Vec<(Box<str>, f64)>,
    total: f64,
    /// What a word that was not counted is taken for.
    floor: f32,
}

impl Frequencies {
    /// A guess from the length of words and a list of the commonest ones in a dozen languages.
    pub fn builtin() -> Self {
        let mut words: Vec<(String, f64)> = Vec::new();
        for list in COMMON {
            for (rank, word) in list.split_whitespace().enumerate() {
                words.push((word.to_owned(), 0.35 / (rank as f64 + 1.0).sqrt()));
            }
        }
        let mut frequencies = Self::from_shares(words);
        frequencies.floor = 0.0;
        frequencies
    }

    /// From counts: in `posts` posts, each word (in its normal form) was in so many.
    pub fn from_counts<'w>(posts: u64, words: impl IntoIterator<Item = (&'w str, u64)>) -> Self {
        let posts = posts.max(1) as f64;
        let words = words.into_iter().map(|(word, count)| (word.to_owned(), count as f64 / posts)).collect();
        let mut frequencies = Self::from_shares(words);
        frequencies.floor = (0.5 / posts) as f32;
        frequencies
    }

    fn from_shares(mut words: Vec<(String, f64)>) -> Self {
        words.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        words.dedup_by(|later, first| later.0 == first.0);
        let mut by_hash = HashMap::with_capacity(words.len());
        let mut sorted = Vec::with_capacity(words.len());
        let mut total = 0.0;
        for (word, share) in words {
            by_hash.insert(hash_word(&word), share as f32);
            sorted.push((word.into_boxed_str(), total));
            total += share;
        }
        Self { by_hash, sorted, total, floor: 0.0 }
    }

    pub(crate) fn estimate(&self, term: &TermKey) -> f32 {
        match term {
            TermKey::Word { hash, normal } => self.word(*hash, normal),
            TermKey::Tag { hash, normal } => self.word(*hash, normal) * 0.25,
            TermKey::Prefix { normal } => self.prefix(normal),
            TermKey::Field { name, value } => match (name, value.as_str()) {
                (FieldName::Lang, "en") => 0.5,
                (FieldName::Kind, "person") => 0.95,
                (FieldName::Relation, "post") | (FieldName::Source, _) => 0.4,
                (FieldName::Relation, _) => 0.2,
                (FieldName::Lang | FieldName::Kind | FieldName::Region, _) => 0.1,
                (FieldName::Domain, _) => 0.003,
            },
        }
    }

    fn word(&self, hash: u64, normal: &str) -> f32 {
        if let Some(share) = self.by_hash.get(&hash) {
            return *share;
        }
        if self.floor > 0.0 { self.floor } else { guess(normal, 0.02) }
    }

    fn prefix(&self, prefix: &str) -> f32 {
        let from = self.sorted.partition_point(|(word, _)| &**word < prefix);
        let to = from + self.sorted[from..].partition_point(|(word, _)| word.starts_with(prefix));
        let before = |at: usize| self.sorted.get(at).map_or(self.total, |(_, before)| *before);
        let known = (before(to) - before(from)) as f32;
        if self.floor > 0.0 { known + self.floor } else { known + guess(prefix, 0.3) }
    }
}

impl Default for Frequencies {
    fn default() -> Self {
        Self::builtin()
    }
}

/// Longer is rarer: `short` for two ASCII letters, about a third for each further one. Letters beyond ASCII say more.
fn guess(normal: &str, short: f32) -> f32 {
    let weight: usize = normal.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    let steps = weight.saturating_sub(2).min(8) as i32;
    (short * 0.45_f32.powi(steps)).max(1e-5)
}

/// The commonest words, a line a language, most frequent first. (Common knowledge; only their order matters, and little.)
const COMMON: &[&str] = &[
    "the to a and of in is i for you it on that my with this rt be are at have me just so not but all we your from was like as up \
     if do what can out get about they no will one he now or by an how more has when new who day love good go via people time know \
     our his her she their there us him them been would could should were don dont im its s t amp re m don’t why see think want \
     need today make back never because than after over here too only some into right even still most news off other live work first \
     best really way got going please thank thanks great man life world last year years say says via trump",
    "de la que el en y a los no se del las un por con una su para es al lo como más o pero sus le ya me si mi hoy todo",
    "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont je tu nous vous avec on son",
    "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie ich wir",
    "de a o que e do da em um para é com não uma os no se na por mais as dos como mas ao ele das à seu sua eu já",
    "и в не на я что с он как это по но к из у за так же то все она от для мы о вы бы а его",
    "di e che la il un a è per in una sono mi ho non con ma lo ha le si ti i da se come io ci questo",
    "de het een van ik en in is dat op te niet zijn voor met die je er aan om maar ook als dan of",
    "ve bir bu da de için çok ne ile en o ben var daha gibi ama mi kadar her",
    "و في من على ما لا أن يا إلى عن كل هذا الله أنا هو مع",
    "の に は て が を た で と も な です ます する いる から こと ない",
    "的 是 了 我 不 在 人 有 他 这 中 大 来 上 你 也 就",
    "yang di dan ini itu dengan untuk tidak ada saya ke dari bisa kita aku yg",
    "है के में की को से का और पर ने हैं नहीं भी यह",
];
