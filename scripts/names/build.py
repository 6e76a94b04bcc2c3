#!/usr/bin/env python3
"""Builds crates/text/data/names.txt and names-model.bin: the lexicon and the small model of the name finder.

    scripts/names/build.py FOLDER [--words-only]

FOLDER holds the packages of `sources.py` unpacked: `wheels/` (all Python packages in one), `faker/`, `dictionaries/CODE/`
(npm's dictionary-CODE) and `scowl/` (Debian's scowl). `scripts/names/fetch` fills it. Needs numpy.
"""

import collections
import pathlib
import random
import re
import struct
import sys
import unicodedata

import sources

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "crates/text/data"

FAMILIES_MAX = 16_000
COMMON_MAX = 5_000
BUCKETS = 1 << 14
APART = re.compile(r"['’‘＇\s\-־.,()/·・]+")

# Written by hand: what stands inside names, and before them.
PARTICLES = """de da do dos das di del della dello dei degli du des la le los las van der den ter ten op von zu zum zur vom
af av bin ibn bint abu al el ul ben bat y e i e mac mc san santa saint st ap ab ould wuld ait bani bou
بن ابن بنت بنو بني أولاد اولاد أبو ابو أبي ابي عبد آل ال بو ولد אבו בן בת""".split()
HONORIFICS = """mr mrs ms miss mx dr prof professor sir madam madame mme mlle monsieur mademoiselle herr frau hr fr señor
señora señorita sr sra srta don doña dona senhor senhora signor signora signorina sig dott dottor meneer mevrouw dhr mevr pan
pani pana panna herra rouva fru herrn kyrie κύριος κυρία κος κα κ господин госпожа гражданин гражданка товарищ г-н г-жа пан пані
bay bayan hanım bey ağa efendi xanım cənab hanim السيد السيدة الأستاذ الأستاذة الدكتور الدكتورة سيد الشيخ الحاج
آقای خانم دکتر مهندس جناب אדון גברת מר ד״ר श्री श्रीमती कुमारी सुश्री डॉ นาย นาง นางสาว คุณ น.ส. เด็กชาย เด็กหญิง
ông bà anh chị cô bapak ibu bpk pak bu abang mas mbak tuan puan encik cik さん 様 氏 君 くん ちゃん 殿 先生 先輩 女史
先生 女士 小姐 太太 同志 老师 氏 씨 님 군 양 선생 선생님 여사""".split()
# Two or three words that are no person, and would look like one.
PHRASES = """new york|new jersey|new mexico|new hampshire|new orleans|north carolina|south carolina|north dakota|south dakota|
west virginia|rhode island|los angeles|san francisco|san diego|san antonio|san jose|las vegas|santa fe|st louis|salt lake|
united states|united kingdom|white house|supreme court|wall street|hong kong|new delhi|tel aviv|abu dhabi|kuala lumpur|
saudi arabia|sri lanka|costa rica|puerto rico|el salvador|burkina faso|sierra leone|north korea|south korea|south africa|
new zealand|great britain|middle east|black lives|christmas day|christmas eve|new year|mother day|father day|valentine day|
april fools|may day|memorial day|labor day|good morning|good night|happy birthday|merry christmas|star wars|harry potter|
game thrones|black friday|cyber monday|red sox|white sox|super bowl|world cup|champions league|premier league|real madrid|
santa claus|jesus christ|virgin mary|uncle sam|corona virus|hurricane sandy|boston marathon|oklahoma city|kansas city|
mexico city|salt lake|grand rapids|baton rouge|st paul|martin luther king|don quixote|don juan|ben nevis|mount everest"""


# Arabic given names that are everyday words as often.
ARABIC_WORDS = "سلام نور سحر فرح قمر ندا گل الله بن بنت عبد امل ولد شمس نجم خان شاه سعد هند عزت نهاد وداد".split()

# Given names for the sake of their syllables: those that Korean given names are mostly made of.
KOREAN_SYLLABLES = """가영 강민 건우 경숙 고은 광수 교진 국현 규리 균상 근영 금자 기순 길동 나연 남희 노아 누리 다현 단비 달래 담비
대성 덕화 도윤 동해 두리 라희 란희 려원 령아 록기 루다 류진 리나 린아 림하 마루 만수 명자 모세 목화 무열 문자 미란 민호 바울 반석
배근 백호 범수 별이 병철 보람 복순 본승 봉주 부영 비주 빈우 사랑 상순 새봄 서준 석진 선자 설아 섭이 성은 세라 소라 솔비 송이 수정
숙자 순옥 숭아 승현 시완 식이 신애 심은 아름 안나 애자 양희 언주 여진 연아 열음 영자 예슬 오성 옥순 온유 완수 용준 우빈 욱진 운택 웅인
원빈 월선 유정 윤아 율희 은주 을용 의진 이슬 익현 인수 일국 자영 장미 재범 전희 정순 제니 조이 종국 주환 준기 중수 지숙 진희 차은
찬열 창민 채영 천수 철수 청아 초롱 춘자 충재 치열 탁구 태현 택연 하늘 학수 한별 해진 향숙 헌수 혁재 현숙 형식 혜교 호철 홍철 화영
환희 회승 효리 후영 훈아 휘재 희선"""


def words_of(name):
    """The words of a name as the scanner makes them: NFKC, lower case, parted at apostrophes, hyphens and spaces."""
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).lower())
    name = re.sub("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u00ad\u0640]", "", name)
    return [fold(word) for word in APART.split(name) if word and any(c.isalpha() for c in word)]


def fold(word):
    """Arabic script as people type it: no marks, one alef, one ya; without the article."""
    if not re.search("[؀-ۿ]", word):
        return word.replace("ё", "е")
    word = re.sub("[ً-ٰٟ]", "", word).translate(str.maketrans("أإآٱىةؤئیک", "ااااىهويىك"))
    word = word.replace("ى", "ي")
    return word[2:] if word.startswith("ال") and len(word) >= 5 else word


def unaccented(word):
    word = word.translate(str.maketrans("ıøłđðħŧ", "iolddht")).replace("ß", "ss").replace("æ", "ae").replace("œ", "oe").replace("ə", "e")
    return "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn" or ord(c) > 0x36F)


def is_cjk(word):
    return all("\u3040" <= c <= "\u30ff" or "\u3400" <= c <= "\u9fff" or c in "々ヶ" for c in word)


def gather(folder):
    given, family, honorific = collections.Counter(), collections.Counter(), set(HONORIFICS)
    marked_given, marked_family = collections.Counter(), collections.Counter()

    def add(target, names):
        for name in names:
            for word in words_of(name):
                target[word] += 1

    for lists in sources.faker_people(folder / "faker").values():
        add(marked_given, lists["given"])
        add(marked_family, lists["family"])
    mimesis_given, mimesis_family = sources.mimesis(folder / "wheels")
    add(given, mimesis_given)
    add(family, mimesis_family)
    census_given, census_family = sources.census(folder / "wheels")
    add(given, census_given)
    add(family, census_family[:FAMILIES_MAX])
    letters = collections.Counter()
    readings, families = sources.japanese(folder / "wheels")
    add(family, families)
    for kana, (romaji, *kanji) in readings.items():
        add(given, [kana, romaji])
        for word in kanji:
            letters.update(word)
    # Ideographs that given names are written with.
    for letter, count in letters.items():
        if count >= 8:
            given[letter] += 1
    hebrew_given, hebrew_family = sources.hebrew(folder / "wheels")
    add(given, hebrew_given)
    add(family, hebrew_family)
    wheels = folder / "wheels"
    for name in ("first.male.names", "first.female.names"):
        add(given, sources.lines(wheels / "indian_names" / name))
    add(family, sources.lines(wheels / "indian_names" / "last.names"))
    for name in ("male_en", "female_en", "male_fa", "female_fa"):
        add(given, sources.lines(wheels / "persian_names/data" / f"{name}.txt"))
    korean = sources.korean(wheels)
    add(given, KOREAN_SYLLABLES.split())
    add(family, korean["family_names"])
    seconds = [word for key, words in korean.items() if "second" in key for word in words]
    add(given, [one + two for one in korean["first_syllables"] for two in seconds])
    for lists in sources.faker_js(folder / "faker-js.json").values():
        add(given, lists["given"])
        add(family, lists["family"])
    add(given, sources.chinese_given(folder / "wheels"))
    russian_given, russian_family = sources.russian(wheels)
    add(given, russian_given)
    # All forms of all family names: too many to hold, enough to learn from.
    russian_family = set(random.Random(1).sample(sorted(russian_family), 12_000))
    turkish_given, turkish_family = sources.turkish(wheels)
    add(given, turkish_given)
    add(family, turkish_family)
    for more_given, more_family in (
        sources.wikidata(wheels)[:2],
        sources.african(wheels),
        *(sources.register(folder / "common", code) for code in sources.REGISTERS),
    ):
        add(given, more_given)
        add(family, more_family)
    import json

    chinese = json.loads((wheels / "mingzi/data.json").read_text(encoding="utf-8"))
    add(family, list(chinese["surname"]) + list(chinese["com_surname"]))
    add(given, chinese["male_double"] + chinese["female_double"])
    add(given, chinese["male_single"] + chinese["female_single"])
    return given, family, marked_given, marked_family, honorific, {word for name in russian_family for word in words_of(name)}


def main():
    folder = pathlib.Path(sys.argv[1])
    given, family, marked_given, marked_family, honorific, more_family = gather(folder)
    top = set().union(*(sources.scowl(folder / "scowl", level) for level in (10,)))
    common = set().union(*(sources.scowl(folder / "scowl", level) for level in (20, 35, 40)))
    stop, english_stop = set(), set()
    for line in (DATA / "stop-words.txt").read_text(encoding="utf-8").splitlines():
        language, *words = line.split(" ")
        stop.update(words)
        if language == "en":
            english_stop.update(words)
    lorem = set()
    for words in sources.faker_lorem(folder / "faker").values():
        for word in words:
            lorem.update(words_of(word))
    foreign = {code: sources.hunspell(folder / "dictionaries", code) for code in sources.DICTIONARIES}
    upper, proper = sources.scowl_proper(folder / "scowl")
    place_phrases = sources.places(folder / "wheels")
    place, phrases = set(), set()
    for phrase in place_phrases:
        words = words_of(phrase)
        if len(words) == 1 and len(words[0]) >= 3:
            place.add(words[0])
        elif 2 <= len(words) <= 3 and len("".join(words)) >= 6:
            phrases.add("".join(words))
    for phrase in PHRASES.replace("\n", "").split("|"):
        phrases.add("".join(phrase.split()))
    particles = set(PARTICLES)

    # A register of millions has everyday words for names, which are words first (`rabia`, `cielo`), and places and days (`friday`).
    before = set(given) | set(family)
    for target, register in zip((given, family), sources.spanish(folder / "wheels")):
        for name in register:
            for word in words_of(name):
                if word not in upper and word not in place:
                    target[word] += 1
    words_first = (set(given) | set(family)) - before
    names = set(given) | set(family)
    flags = collections.defaultdict(set)
    for word in given:
        flags[word].add("g")
    for word in family:
        flags[word].add("f")
    for word in common | lorem:
        flags[word].add("c")
    for word in top | english_stop:
        flags[word].add("t")
    for code, stems in foreign.items():
        for word in stems & (names | set(marked_given) | set(marked_family)):
            flags[word].add("c")
    for name in sources.wikidata(folder / "wheels")[2]:
        for word in words_of(name):
            if re.match("[؀-ۿ]", word) and word not in ARABIC_WORDS and word not in stop | lorem:
                flags[word].discard("c")
    for code in sources.COMMON_WORDS:
        for phrase in sources.common_words(folder / "common", code, COMMON_MAX):
            for word in words_of(phrase):
                # Subtitles are full of first names.
                if word not in marked_given and (word not in given or word in words_first):
                    flags[word].add("c")
    # Of scripts without spaces, those that would come apart into a family name and a rest: 高速, 方法, 林業.
    for word in set(sources.chinese_words(folder / "wheels")) | set(sources.japanese_words(folder / "wheels")):
        if 2 <= len(word) <= 8 and is_cjk(word) and any(word[:letters] in names for letters in range(1, len(word))):
            if word not in names and word not in marked_given and word not in marked_family:
                flags[word].add("c")
    for word in upper - names - set(marked_given) - set(marked_family):
        flags[word].add("p")
    for word in place - common - top:
        # Only where capitals tell names from other words does it help to know them.
        if word[0].upper() != word[0]:
            flags[word].add("p")
    marked = collections.defaultdict(set)
    for words, letter in ((marked_given, "g"), (marked_family, "f")):
        for word in words:
            if letter not in flags[word]:
                marked[word].add(letter)
    for table in (flags, marked):
        for word in list(table):
            plain = unaccented(word)
            if plain != word and len(plain) > 2 and table[word] & {"g", "f"}:
                table[plain] |= table[word] & {"g", "f"}
    for word in honorific:
        for part in words_of(word) or [word]:
            flags[part].add("h")
    for word in particles:
        flags[word].add("d")
    # Everybody's example of a name.
    flags["doe"] = {"f"}
    # One letter is an initial and no name, save for ideographs and syllables.
    for word in list(flags) + list(marked):
        if len(word) == 1 and not is_cjk(word) and not "가" <= word <= "힣":
            flags[word] -= {"g", "f", "c", "t", "p"}
            marked[word] = set()
    flags = {word: letters for word, letters in flags.items() if letters and len(word.encode()) <= 60}
    marked = {word: letters for word, letters in marked.items() if letters and len(word.encode()) <= 60}
    by_flags = collections.defaultdict(list)
    for word, letters in flags.items():
        by_flags["".join(sorted(letters))].append(word)
    # Names that only Faker's people have: measured without, shipped with.
    for word, letters in marked.items():
        by_flags["x" + "".join(sorted(letters))].append(word)
    out = ["\n".join(f"{letters} {' '.join(sorted(words))}" for letters, words in sorted(by_flags.items()))]
    # Of the last, those that would come apart into names.
    out.append("n " + " ".join(sorted(phrases | {word for word in proper if len(word) >= 6 and not (flags.get(word, set()))})))
    (DATA / "names.txt").write_text("\n".join(out) + "\n", encoding="utf-8")
    for letters, words in sorted(by_flags.items(), key=lambda item: -len(item[1])):
        print(letters, len(words), words[:5])
    print("bytes", (DATA / "names.txt").stat().st_size, "phrases", len(phrases))

    if "--words-only" in sys.argv:
        return
    import model

    negatives = set(top) | common | stop | lorem
    for stems in foreign.values():
        negatives |= stems
    model.train(
        sorted(word for word in names | more_family if not (flags.get(word, set()) & set("ct")) and not is_cjk(word)),
        sorted(word for word in negatives - names - more_family if not is_cjk(word)),
        DATA / "names-model.bin",
        BUCKETS,
    )


if __name__ == "__main__":
    main()
