//! Makes `data/table.zst`. The same seed makes the same table.

mod chain;
mod check;
mod learn;
mod lists;
mod random;
mod sample;
mod teacher;

use std::{collections::HashMap, path::PathBuf, process::Command};

use groundswell_langid::training::GROUPS;

/// ISO 639-1 and the name in lingua's crates.
const NAMES: [(&str, &str); 62] = [
    ("af", "afrikaans"),
    ("ar", "arabic"),
    ("az", "azerbaijani"),
    ("be", "belarusian"),
    ("bg", "bulgarian"),
    ("bs", "bosnian"),
    ("ca", "catalan"),
    ("cs", "czech"),
    ("cy", "welsh"),
    ("da", "danish"),
    ("de", "german"),
    ("en", "english"),
    ("eo", "esperanto"),
    ("es", "spanish"),
    ("et", "estonian"),
    ("eu", "basque"),
    ("fa", "persian"),
    ("fi", "finnish"),
    ("fr", "french"),
    ("ga", "irish"),
    ("hi", "hindi"),
    ("hr", "croatian"),
    ("hu", "hungarian"),
    ("id", "indonesian"),
    ("is", "icelandic"),
    ("it", "italian"),
    ("kk", "kazakh"),
    ("la", "latin"),
    ("lg", "ganda"),
    ("lt", "lithuanian"),
    ("lv", "latvian"),
    ("mi", "maori"),
    ("mk", "macedonian"),
    ("mn", "mongolian"),
    ("mr", "marathi"),
    ("ms", "malay"),
    ("nb", "bokmal"),
    ("nl", "dutch"),
    ("nn", "nynorsk"),
    ("pl", "polish"),
    ("pt", "portuguese"),
    ("ro", "romanian"),
    ("ru", "russian"),
    ("sk", "slovak"),
    ("sl", "slovene"),
    ("sn", "shona"),
    ("so", "somali"),
    ("sq", "albanian"),
    ("sr", "serbian"),
    ("st", "sotho"),
    ("sv", "swedish"),
    ("sw", "swahili"),
    ("tl", "tagalog"),
    ("tn", "tswana"),
    ("tr", "turkish"),
    ("ts", "tsonga"),
    ("uk", "ukrainian"),
    ("ur", "urdu"),
    ("vi", "vietnamese"),
    ("xh", "xhosa"),
    ("yo", "yoruba"),
    ("zu", "zulu"),
];

/// Hindi and Marathi, whose vowel signs lingua's counts lack: the names of Tesseract's data that have lists of their words.
const LISTS: [(&str, &str); 2] = [("hi", "hin"), ("mr", "mar")];

/// Where cargo has put the language models, by name.
fn models() -> HashMap<String, PathBuf> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest])
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .filter_map(|package| {
            let name = package["name"].as_str()?.strip_prefix("lingua-")?.strip_suffix("-language-model")?;
            let manifest = PathBuf::from(package["manifest_path"].as_str()?);
            // `testdata` beside it is what the labelled rows are from. It is not read.
            Some((name.to_owned(), manifest.with_file_name("models").join("ngrams.fst")))
        })
        .collect()
}

fn option<T: std::str::FromStr>(name: &str, default: T) -> T {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    arguments.next().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn main() {
    let seed = option("--seed", 2026_u64);
    let samples = option("--samples", 18_000_000_u64);
    let rate = option("--rate", 0.8_f32);
    let out = option("--out", PathBuf::from("table.zst"));
    let only = option("--group", usize::MAX);
    let labelled = option("--check", PathBuf::new());
    let at_end = option("--held-back", false);
    let rows: Vec<check::Row> = if labelled.as_os_str().is_empty() {
        Vec::new()
    } else {
        check::read(&labelled).into_iter().filter(|row| check::is_held_back(&row.text) == at_end).collect()
    };
    let models = models();
    let tesseract = option("--tesseract", PathBuf::from("/usr/share/tesseract-ocr/5/tessdata"));
    let kept = option("--keep", PathBuf::new());
    let kept = if kept.as_os_str().is_empty() {
        Vec::new()
    } else {
        zstd::decode_all(std::fs::File::open(kept).expect("--keep can be read")).expect("--keep is a table")
    };
    let names: HashMap<&str, &str> = NAMES.into_iter().collect();
    let lists: HashMap<&str, &str> = LISTS.into_iter().collect();
    let mut parts = Vec::new();
    for (place, group) in GROUPS.iter().enumerate() {
        if only != usize::MAX && only != place {
            let from: usize = GROUPS[..place].iter().map(|group| group.size()).sum();
            let part = kept.get(from..from + group.size());
            parts.push(
                part.map_or_else(|| vec![groundswell_langid::training::ZERO * 0x11; group.size()], <[u8]>::to_vec),
            );
            continue;
        }
        let began = std::time::Instant::now();
        let chains = group
            .languages
            .iter()
            .map(|language| match lists.get(language.code()) {
                Some(name) => {
                    let words = lists::read(&tesseract.join(format!("{name}.traineddata")), place as u16);
                    println!("  {language}: {} words", words.len());
                    chain::Chain::of_words(&words, place as u16)
                }
                None => chain::Chain::read(&models[names[language.code()]], place as u16),
            })
            .collect();
        let sampler = sample::Sampler::new(chains, place as u16);
        println!("group {place}: {} languages read in {:.0} s", group.languages.len(), began.elapsed().as_secs_f64());
        if option("--show", false) {
            let (mut random, mut symbols) = (random::Random::new(seed), Vec::new());
            let mut shares = [0.0; teacher::LANES];
            for _ in 0..40 {
                let lane = sampler.draw(&mut random, &mut symbols, &mut shares);
                let text: String = symbols
                    .iter()
                    .map(|&symbol| match symbol & 0xfff {
                        1 => ' ',
                        code => char::from_u32(if code >= 0xe00 { u32::from(code) + 0x1000 } else { code.into() })
                            .unwrap_or('?'),
                    })
                    .collect();
                println!("  {} {text}", group.languages.get(lane).map_or("noise", |language| language.code()));
            }
        }
        // Small groups need less.
        let share = [1.0, 0.277_777_8, 0.06, 0.04][place];
        let options = learn::Options { samples: (samples as f64 * share) as u64, rate, seed: seed ^ place as u64 };
        parts.push(learn::learn(group, &sampler, &options));
        drop(sampler);
        let packed = zstd::encode_all(parts[place].as_slice(), 19).expect("memory");
        println!("  {} bytes, {} packed", parts[place].len(), packed.len());
    }
    if only == usize::MAX || !kept.is_empty() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 22).expect("level");
        encoder.include_checksum(true).expect("setting");
        std::io::Write::write_all(&mut encoder, &parts.concat()).expect("memory");
        let packed = encoder.finish().expect("memory");
        println!("{} bytes packed", packed.len());
        std::fs::write(&out, packed).expect("--out can be written");
    }
    if !rows.is_empty() {
        let rows: Vec<check::Row> = rows
            .into_iter()
            .filter(|row| {
                only == usize::MAX || GROUPS[only].languages.iter().any(|language| language.code() == row.label)
            })
            .collect();
        check::check(&parts, &rows, true);
    }
}
