#!/usr/bin/env python3
"""Makes crates/text/data/countries.txt: what names a country, by language.

    npm pack cldr-localenames-full@48.2.0 cldr-dates-full@48.2.0    # Unicode-3.0
    for p in cldr-*.tgz; do mkdir -p "${p%.tgz}" && tar xzf "$p" -C "${p%.tgz}"; done
    scripts/mentions/build.py FOLDER_OF_THE_TWO > crates/text/data/countries.txt

Names of countries and capitals are CLDR's (a capital where it is the city of a time zone), demonyms and the rest are those of
`words.txt` beside this file. Each name comes with the forms that its language makes of it by rule.
"""

import json
import pathlib
import re
import sys
import unicodedata

HERE = pathlib.Path(__file__).parent
# The twenty with most speakers by Ethnologue, Chinese and Arabic as one each and Nigerian Pidgin left out, and nine that much is
# written in. The letters of a table's line say which.
LARGEST = "en zh hi es ar fr bn pt ru ur id de ja mr vi te ha tr pa sw".split()
MORE = "ko it fa pl uk nl th fil ta".split()
CLDR_OF = {"zh": ["zh", "zh-Hant"], "pt": ["pt", "pt-PT"]}
OUR_CODE = {"fil": "tl"}

# Without people to speak of, or named like persons and cities: nobody would miss them, and their names would be found everywhere.
LEFT_OUT = set("BL MF SX SH BV HM TF GS IO UM CC CX NF PN AX SJ BQ WF JE".split())
NO_COUNTRY = set("EU EZ UN QO ZZ XA XB AC CP CQ DG EA IC TA".split())
# Which of two is meant cannot be told.
UNDECIDED = {"congo", "kongo", "كونغو", "конго", "콩고", "콩고 공화국", "korea", "corea", "coreia", "corée", "dominica"}

# What names a country in one language and is an everyday word in that or another.
DROPPED = {
    # Korean: a means, dry, arrogance; Hindi: a gardener; Arabic and Persian: financial, sons.
    "수단", "말리", "오만", "माली", "مالي", "مالی", "بنين", "بنین",
    "grenade", "reunión", "reunion", "reunião", "riunione", "réunion", "шам", "شام", "sin", "nga", "того",
    "as", "vs", "chade", "man", "nam", "là", "ý", "áo", "bỉ", "palau", "granada", "barbade", "coca", "sao tomé", 
    "vs.", "v.s", "ve", "guadalupe", "martinica", "norte", "كوك", "чад", "чаде", "roma", "rom", "male", "lima",
    "victoria", "sofia", "sofía", "sófia", "santiago", "kingston", "georgetown", "san josé", "san jose", "são josé",
}
ONLY_IN = {
    # word: (mark, languages)
    "island": ("^", "de"), "china": ("", "*"), "cina": ("^", "it id"), "gana": ("^", "pt ha tr"), "chili": ("^", "fr nl"),
    "mısır": ("^", "tr"), "gine": ("^", "tr"), "fas": ("^", "tr"), "umman": ("^", "tr"), "yaman": ("^", "id"), "inde": ("^", "fr"), "chine": ("^", "fr"), "polen": ("^", "*"),
    "mali": ("^", "*"), "malta": ("^", "*"), "malte": ("^", "*"), "oman": ("^", "*"), "guinea": ("^", "*"), "chile": ("^", "*"), "cile": ("^", "*"),
    "togo": ("^", "*"), "benin": ("^", "*"), "niger": ("^", "*"), "turkey": ("?", "en"), "jordan": ("?", "*"),
    "chad": ("?", "*"), "georgia": ("?", "*"), "panama": ("^", "*"), "bermuda": ("^", "*"), "bermudas": ("^", "*"), "curaçao": ("^", "*"), "guernsey": ("^", "*"),
    "monaco": ("^", "*"), "mónaco": ("^", "*"), "holland": ("^", "*"), "figi": ("^", "it"), "perù": ("", "*"), "перу": ("^", "*"), "чили": ("^", "*"),
    "мали": ("^", "*"), "катар": ("^", "*"), "панама": ("^", "*"), "wales": ("^", "*"), "emirates": ("^", "*"), "trinidad": ("^", "*"),
    "antigua": ("^", "es"), "macedonia": ("^", "*"), "macao": ("^", "*"), "america": ("^", "en it"), "amerika": ("^", "de nl tr id"), "india": ("", "*"),
    "indie": ("^", "pl"), "polska": ("", "*"), "litwa": ("", "*"), "irak": ("", "*"), "abd": ("!", "tr"), "eua": ("", "*"), "brd": ("!", "de"), "prc": ("!", "*"),
    "laos": ("^", "*"), "cuba": ("", "*"), "kuba": ("^", "*"), "peru": ("^", "*"), "anguilla": ("^", "*"), "perú": ("", "*"), "gambia": ("", "*"), "israel": ("", "*"),
    "samoa": ("^", "*"), "tonga": ("^", "*"), "rica": ("^", "*"), "angola": ("^", "*"), "sana": ("^", "de"), "сана": ("^", "ru"),
    "dakar": ("^", "*"), "nicosia": ("^", "*"), "suva": ("^", "*"), "rabat": ("^", "*"), "vatican": ("", "*"), "colombo": ("^", "*"), "apia": ("^", "*"),
    "wellington": ("^", "*"), "berlin": ("^", "*"), "paris": ("^", "*"), "madrid": ("^", "*"), "vienna": ("^", "*"), "oslo": ("^", "*"), "praga": ("^", "*"),
    "atenas": ("^", "*"), "havana": ("^", "*"), "dublin": ("^", "*"), "london": ("^", "*"), "londra": ("^", "*"), "port louis": ("^", "*"), "delhi": ("", "*"),
    "aten": ("^", "*"), "juba": ("^", "*"), "riga": ("^", "*"), "lomé": ("^", "*"), "lome": ("^", "*"), "minsk": ("", "*"), "accra": ("^", "*"), "windhoek": ("", "*"),
    "car": ("!", "xx"), "ee": ("!", "xx"), "uu": ("!", "xx"), "riad": ("^", "es de it"), "riade": ("^", "pt"), "muscat": ("^", "*"), "mascate": ("^", "*"),
    "saudi": ("", "en id"), "sucre": ("^", "xx"), "turk": ("^", "*"), "rus": ("^", "tr"), "english": ("^", "xx"), "holy see": ("", "*"), "dodoma": ("", "*"), "kotte": ("^", "xx"),
    "praia": ("^", "xx"), "vaduz": ("", "*"), "suiza": ("", "*"), "kiwi": ("^", "xx"), "pole": ("^", "en"), "poles": ("^", "en"),
}

ZONES = """DZ Africa/Algiers|EG Africa/Cairo|LY Africa/Tripoli|TN Africa/Tunis|SN Africa/Dakar|ML Africa/Bamako|GN Africa/Conakry|SL Africa/Freetown
LR Africa/Monrovia|GH Africa/Accra|TG Africa/Lome|BJ Africa/Porto-Novo|NE Africa/Niamey|BF Africa/Ouagadougou|TD Africa/Ndjamena|CF Africa/Bangui|GA Africa/Libreville
CG Africa/Brazzaville|CD Africa/Kinshasa|AO Africa/Luanda|ZM Africa/Lusaka|ZW Africa/Harare|MZ Africa/Maputo|KE Africa/Nairobi|UG Africa/Kampala|RW Africa/Kigali
ET Africa/Addis_Ababa|ER Africa/Asmera|SO Africa/Mogadishu|SD Africa/Khartoum|SS Africa/Juba|NA Africa/Windhoek|BW Africa/Gaborone|LS Africa/Maseru|SZ Africa/Mbabane
MG Indian/Antananarivo|GM Africa/Banjul|GW Africa/Bissau|MR Africa/Nouakchott|GQ Africa/Malabo|AF Asia/Kabul|AM Asia/Yerevan|AZ Asia/Baku|BD Asia/Dhaka|BT Asia/Thimphu
KH Asia/Phnom_Penh|CY Asia/Nicosia|GE Asia/Tbilisi|IQ Asia/Baghdad|IR Asia/Tehran|JO Asia/Amman|JP Asia/Tokyo|KG Asia/Bishkek|KP Asia/Pyongyang|KR Asia/Seoul|LA Asia/Vientiane
LB Asia/Beirut|MY Asia/Kuala_Lumpur|MN Asia/Ulaanbaatar|NP Asia/Katmandu|OM Asia/Muscat|PH Asia/Manila|SA Asia/Riyadh|SY Asia/Damascus|TH Asia/Bangkok|TJ Asia/Dushanbe
TM Asia/Ashgabat|TW Asia/Taipei|UZ Asia/Tashkent|ID Asia/Jakarta|LK Asia/Colombo|NL Europe/Amsterdam|GR Europe/Athens|RS Europe/Belgrade|DE Europe/Berlin|SK Europe/Bratislava
BE Europe/Brussels|RO Europe/Bucharest|HU Europe/Budapest|MD Europe/Chisinau|DK Europe/Copenhagen|IE Europe/Dublin|FI Europe/Helsinki|UA Europe/Kiev|PT Europe/Lisbon|SI Europe/Ljubljana
GB Europe/London|ES Europe/Madrid|BY Europe/Minsk|RU Europe/Moscow|NO Europe/Oslo|FR Europe/Paris|ME Europe/Podgorica|CZ Europe/Prague|LV Europe/Riga|IT Europe/Rome|BA Europe/Sarajevo
MK Europe/Skopje|BG Europe/Sofia|SE Europe/Stockholm|EE Europe/Tallinn|AL Europe/Tirane|LI Europe/Vaduz|AT Europe/Vienna|LT Europe/Vilnius|PL Europe/Warsaw|HR Europe/Zagreb
IS Atlantic/Reykjavik|AR America/Argentina/Buenos_Aires|AR America/Buenos_Aires|CO America/Bogota|VE America/Caracas|BO America/La_Paz|PY America/Asuncion|UY America/Montevideo|CU America/Havana
NI America/Managua|HN America/Tegucigalpa|HT America/Port-au-Prince|DO America/Santo_Domingo|MX America/Mexico_City|SR America/Paramaribo|PG Pacific/Port_Moresby|WS Pacific/Apia"""
ENGLISH_CITY = {"Asmera": "Asmara", "Katmandu": "Kathmandu", "Ndjamena": "N’Djamena", "Tirane": "Tirana", "Lome": "Lomé", "Kiev": "Kiev"}


def normal(text):
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())


def unmarked(text):
    """Latin letters without accents and Arabic ones without marks; of other scripts marks are letters."""
    if not re.search("[a-z\u0600-\u06ff]", text):
        return text
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not "\u0300" <= c <= "\u036f" and not "\u064b" <= c <= "\u0652"))


def cased(word):
    return word[:1].lower() != word[:1].upper()


def plural_en(word):
    if word.endswith(("s", "sh", "ch", "ese", "men", "ish")):
        return [word]
    return [word, word[:-3] + "men"] if word.endswith("man") and word not in ("german", "roman") else [word, word + "s"]


def forms_fr(entry):
    forms = []
    for word in entry.split("/"):
        forms += [word] if word.endswith(("s", "x")) else [word, word + "s"]
    return forms


def forms_es(word):
    mark = word[:1] if word[:1] == "^" else ""
    if word.endswith("o"):
        return [word[:-1] + end for end in ("o", "a", "os", "as")]
    for accented, plain in (("és", "es"), ("án", "an"), ("ol", "ol")):
        if word.endswith(accented):
            stem = word[: -len(accented)] + plain
            return [word, stem + "a", stem + "es", stem + "as"]
    if word == mark + "español":
        return [word, "española", "españoles", "españolas"]
    return [word, word + "s"] + ([word + "es"] if word.endswith("í") else [])


def forms_pt(word):
    if word.endswith("o") and not word.endswith("ão"):
        return [word[:-1] + end for end in ("o", "a", "os", "as")]
    if word.endswith("ês"):
        stem = word[:-2] + "es"
        return [word, stem + "a", stem + "es", stem + "as"]
    if word.endswith("ol"):
        return [word, word + "a", word[:-1] + "is", word + "as"]
    return [word] if word.endswith(("s", "ão")) else [word, word + "s"]


def forms_it(word):
    if word.endswith("co"):
        return [word, word[:-1] + "a", word[:-1] + "i", word[:-1] + "hi", word[:-1] + "he"]
    if word.endswith("o"):
        return [word[:-1] + end for end in ("o", "a", "i", "e")]
    if word.endswith("e"):
        return [word, word[:-1] + "i"]
    return [word, word[:-1] + "i", word[:-1] + "he"]


def forms_de(word):
    if word.endswith("isch") or word.endswith("ysch"):
        return [word + end for end in ("", "e", "en", "er", "es", "em")]
    if word.endswith("er"):
        return [word, word + "n", word + "in", word + "innen", word + "s"]
    return [word]


def forms_ru(word):
    if word.endswith(("ский", "цкий")):
        return [word[:-2] + end for end in "ий ая ое ие ого ой ому ую им их ими ом".split()]
    return [word]


ARABIC_BEFORE = ["", "و", "ب", "ل", "ف", "ك"]


def forms_ar(word):
    """Words that are written with what stands before them."""
    bare = word[2:] if word.startswith("ال") else word
    if word.startswith("ال"):
        return [before + word for before in ARABIC_BEFORE if before != "ل"] + ["لل" + bare, "ولل" + bare]
    return [before + word for before in ARABIC_BEFORE]


def forms_ar_demonym(word):
    forms = [word + end for end in ("", "ة", "ين", "ون")]
    return [before + form for form in forms for before in ("", "ال", "وال", "بال", "لل", "و")]


KOREAN_BEHIND = "은 는 이 가 을 를 의 에 에서 에게 으로 로 과 와 도 만 까지 부터 이나 인 인의 인이 인은 인들 군 산 어 측".split()


def forms_ko(word):
    return [word] + [word + behind for behind in KOREAN_BEHIND]


def forms_bn(word):
    vowel = unicodedata.category(word[-1]) in ("Mc", "Mn") or word[-1] in "অআইঈউঊএঐওঔ"
    return [word] + [word + end for end in (("র", "য়", "তে", "কে") if vowel else ("ের", "ে", "কে"))]


def forms_slavic(word, language):
    if word in ("сша", "оаэ", "кндр", "рф") or word.endswith(("оа", "уа")):
        return [word]
    vowels = "аеёиоуыэюяіїє"
    last, stem = word[-1], word[:-1]
    if word.endswith(("ия", "ія")):
        return [word] + [stem + end for end in ("и ю ей" if word.endswith("ия") else "ї ю єю").split()]
    if last == "а":
        return [word] + [stem + end for end in "ы и е і у ой ою".split()]
    if last == "я":
        return [word] + [stem + end for end in "и е і ю ей ею".split()]
    if last == "ь":
        return [word] + [stem + end for end in "и і ью ю я е ем".split()]
    if last == "й":
        return [word] + [stem + end for end in "я ю е ем єм ї".split()]
    if last not in vowels:
        return [word] + [word + end for end in "а у е ом і ом".split()]
    return [word]


def forms_slavic_phrase(phrase, language):
    words = phrase.split(" ")
    if len(words) == 1:
        return forms_slavic(phrase, language)
    if len(words) == 2 and words[0].endswith("ая"):
        noun = words[1][:-1]
        cases = [("ой", "и"), ("ую", "ю"), ("ой", "ей")] if words[1].endswith("я") else [("ой", "ы"), ("ой", "е"), ("ую", "у"), ("ой", "ой")]
        return [phrase] + [f"{words[0][:-2]}{a} {noun}{n}" for a, n in cases]
    return [phrase]


def forms_pl(word):
    stem = word[:-1]
    if " " in word or not word.endswith("a"):
        return [word]
    if word.endswith(("ia", "ja")):
        return [word] + [stem + end for end in ("i", "ę", "ą")] + ([stem + "i"] if word.endswith("ja") else [])
    return [word] + [stem + end for end in ("y", "i", "ę", "ą", "ie", "e")]


def forms_of_name(word, language):
    """The forms of a country's or city's name."""
    # What is no name as it stands is none in its other cases.
    if word in DROPPED or word in ONLY_IN:
        return [word]
    if language in ("ru", "uk"):
        return forms_slavic_phrase(word, language)
    if language == "pl":
        return forms_pl(word)
    if language == "ar":
        head, *rest = word.split(" ")
        return [" ".join([form, *rest]) for form in forms_ar(head)]
    if language == "ko":
        return forms_ko(word)
    if language == "bn":
        return forms_bn(word)
    if language == "de" and " " not in word and not word.endswith(("s", "z", "x", "ß")):
        return [word, word + "s"]
    return [word]


DEMONYMS = {"en": plural_en, "fr": forms_fr, "es": forms_es, "pt": forms_pt, "it": forms_it, "de": forms_de, "ru": forms_ru,
            "ar": forms_ar_demonym, "bn": forms_bn}

table = {}
clashes = {}


def add(name, code, mark, language, joined=True, city=False):
    # Parted where a post's words are.
    name = " ".join(re.sub(r"[’‘'ʼ`()\[\],/&．・·-]", " ", normal(name)).split())
    name = name.rstrip(".").replace(". ", " ")
    if not name or name in DROPPED or name in UNDECIDED or len(name) < 2 and mark != "^":
        return
    languages = language
    if name in ONLY_IN:
        mark, languages = ONLY_IN[name][0], ONLY_IN[name][1]
        if languages == "xx":
            return
    elif language == "vi" and " " not in name:
        # A syllable: `Đức` is Germany, and virtue.
        mark, languages = mark or "^", "vi"
    elif name.isascii() and " " not in name and len(name) <= 4 and not mark:
        mark = "^"
    found = table.setdefault(name, {})
    # `Cuba` is Juba in Turkish, and a country before that.
    if city and any(other != code for other, _ in found):
        return
    key = (code, mark)
    found.setdefault(key, set()).update(languages.split())
    if joined and " " in name and code != "-" and cased(name) and len(name.replace(" ", "")) >= 7:
        add(name.replace(" ", ""), code, "", "*", False)


def cldr(folder, package, language, file, *path):
    found = []
    for locale in CLDR_OF.get(language, [language]):
        at = next(folder.glob(f"cldr-{package}-full*/**/main/{locale}/{file}"))
        data = json.loads(at.read_text())["main"][locale]
        for key in path:
            data = data[key]
        found.append(data)
    return found


def main():
    folder = pathlib.Path(sys.argv[1])
    for language in LARGEST + MORE:
        ours = OUR_CODE.get(language, language)
        for names in cldr(folder, "localenames", language, "territories.json", "localeDisplayNames", "territories"):
            for key, name in names.items():
                code = key[:2]
                if not re.fullmatch("[A-Z]{2}(-alt-[a-z]+)?", key) or code in NO_COUNTRY | LEFT_OUT:
                    continue
                short = key.endswith("-alt-short")
                # `US`, `UK`: by hand above.
                if short and len(name) <= 3 and name.isascii():
                    continue
                # `Hongkong (SAR van China)`, `China's Hong Kong`: what is before.
                name = re.sub(r"\s*[(（].*", "", name)
                if code in ("HK", "MO") and not short:
                    continue
                forms = forms_of_name(normal(name), language)
                # As they are written in haste, and Arabic script without its marks.
                plain = unmarked(normal(name))
                if plain != normal(name) and (len(plain) >= 5 or not cased(plain)):
                    forms += forms_of_name(plain, language)
                for form in forms:
                    add(form, code, "", "*" if language != "vi" else "vi")
    for language in LARGEST + MORE:
        # Their tables have no cities.
        if language in ("ha", "sw"):
            continue
        for zones in cldr(folder, "dates", language, "timeZoneNames.json", "dates", "timeZoneNames", "zone"):
            for pair in ZONES.replace("\n", "|").split("|"):
                code, zone = pair.split(" ")
                at = zones
                for part in zone.split("/"):
                    at = at.get(part, {})
                city = at.get("exemplarCity") if isinstance(at, dict) else None
                english = zone.split("/")[-1]
                if not city and language == "en":
                    city = ENGLISH_CITY.get(english, english.replace("_", " "))
                if city:
                    for form in forms_of_name(normal(city), language):
                        add(form, code, "^" if cased(form) else "", "*" if language != "vi" else "vi", city=True)
    languages = rule = None
    for line in (HERE / "words.txt").read_text().splitlines():
        if line.startswith("["):
            languages, rule = line.strip("[]").rsplit(" ", 1)
            continue
        if not line or line.startswith("#"):
            continue
        code, rest = line.split(" ", 1)
        for name in rest.split(";"):
            name = name.strip()
            mark = name[0] if name[0] in "^!?" else ""
            name = normal(name[len(mark):].replace("/^", "/"))
            forms = [name]
            if rule == "demonym" and languages in DEMONYMS:
                forms = DEMONYMS[languages](name)
            elif rule == "city":
                mark = mark or ("^" if cased(name) else "")
            elif languages == "*" and re.match("[а-я]", name):
                forms = forms_slavic_phrase(name, "ru")
            elif languages == "*" and re.match("[가-힣]", name):
                forms = forms_ko(name)
            elif languages == "*" and re.match("[؀-ۿ]", name):
                forms = forms_of_name(name, "ar")
            elif languages == "*" and re.match("[ঀ-৿]", name):
                forms = forms_bn(name)
            for form in forms:
                # Demonyms are everyday words elsewhere (`polaco`, `serbo`, `rus`): of their own language alone, but English's.
                add(form, code, mark, "*" if languages in ("*", "en") else languages)
    write()


def write():
    lines = {}
    for name, found in table.items():
        # A longer phrase that is none wins; else who has it without a mark; what two countries have is nobody's.
        codes = {code for code, _ in found}
        if "-" in codes:
            found = {("-", ""): {"*"}}
        elif len(codes) > 1:
            general = {code for (code, _), languages in found.items() if "*" in languages}
            if len(general) == 1:
                found = {key: languages for key, languages in found.items() if key[0] in general}
            elif general:
                print(f"two countries: {name} {found}", file=sys.stderr)
                continue
        strictest = min(found, key=lambda key: ("?!^".find(key[1]) if key[1] else 9, key))
        for (code, mark), languages in found.items():
            if "*" in languages:
                languages = {"*"}
            elif any("*" in other for key, other in found.items() if key[0] == code):
                continue
            if strictest[0] == code:
                mark = strictest[1]
            lines.setdefault((code, mark, ",".join(sorted(languages))), set()).add(name)
    print("# scripts/mentions/build.py made this; README.md says from what. Code, mark (none is `.`), languages, names.")
    for (code, mark, languages), names in sorted(lines.items()):
        print("\t".join([code, mark or ".", languages, *sorted(names)]))


main()
