#!/usr/bin/env python3
"""Writes crates/text/tests/names/private.tsv: invented private names in sentences, as people would write them.

    scripts/names/invent.py FAKER [OUT SEED even|odd]

FAKER is the folder of the unpacked package `faker` (40.63.0, MIT). Given and family names are drawn independently, as often as
Faker says that they occur where it says so, so nobody is meant. The lexicon marks what it knows from Faker alone, and the test
measures without it.

With OUT it writes another list there, by another seed and of names from one half of Faker's only, so that what is tuned on the even
half can be measured on the odd one, which has no name of it: `NAMES_LIST=OUT cargo test -p groundswell-text --test names`.
"""

import pathlib
import random
import re
import sys
import unicodedata
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = 8
EACH = 120

# culture: (Faker's locale, order of given and family names, sentences). `{}` is the name; the last sentence begins with it.
CULTURES = {
    "english": ("en_US", "gf", ["everyone says that {} took the money", "I saw {} at the station yesterday", "{} should be ashamed of this"]),
    "british": ("en_GB", "gf", ["everyone says that {} took the money", "I saw {} at the station yesterday", "{} should be ashamed of this"]),
    "irish": ("en_IE", "gf", ["everyone says that {} took the money", "I saw {} at the station yesterday", "{} should be ashamed of this"]),
    "german": ("de_DE", "gf", ["alle sagen, dass {} das Geld genommen hat", "gestern habe ich {} am Bahnhof gesehen", "{} hat uns belogen"]),
    "austrian": ("de_AT", "gf", ["ich kenne {} aus der Schule", "das war bestimmt {} aus dem zweiten Stock", "{} wohnt hier nicht mehr"]),
    "french": ("fr_FR", "gf", ["tout le monde dit que {} a pris l'argent", "hier j'ai vu {} à la gare", "{} nous a menti"]),
    "spanish": ("es_ES", "gff", ["todos dicen que {} se llevó el dinero", "ayer vi a {} en la estación", "{} nos mintió"]),
    "mexican": ("es_MX", "gff", ["dicen que {} vive en esa calle", "me acuerdo de {} en la escuela", "{} nunca pagó"]),
    "italian": ("it_IT", "gf", ["tutti dicono che {} ha preso i soldi", "ieri ho visto {} alla stazione", "{} ci ha mentito"]),
    "brazilian": ("pt_BR", "gf", ["todo mundo diz que {} pegou o dinheiro", "ontem eu vi {} na estação", "{} mentiu para nós"]),
    "dutch": ("nl_NL", "gf", ["iedereen zegt dat {} het geld heeft gepakt", "gisteren zag ik {} op het station", "{} heeft ons voorgelogen"]),
    "danish": ("da_DK", "gf", ["alle siger at {} tog pengene", "i går så jeg {} på stationen", "{} har løjet for os"]),
    "swedish": ("sv_SE", "gf", ["alla säger att {} tog pengarna", "igår såg jag {} på stationen", "{} har ljugit för oss"]),
    "norwegian": ("no_NO", "gf", ["alle sier at {} tok pengene", "i går så jeg {} på stasjonen", "{} har løyet for oss"]),
    "finnish": ("fi_FI", "gf", ["kaikki sanovat että {} otti rahat", "eilen näin kun {} oli asemalla", "{} valehteli meille"]),
    "polish": ("pl_PL", "gf", ["wszyscy mówią że {} ma te pieniądze", "wczoraj na dworcu widziano jak {} czeka", "{} nas okłamał"]),
    "czech": ("cs_CZ", "gf", ["všichni říkají že {} vzal ty peníze", "včera na nádraží byl i {} se psem", "{} nám lhal"]),
    "slovak": ("sk_SK", "gf", ["všetci hovoria že {} vzal tie peniaze", "včera na stanici bol aj {} so psom", "{} nám klamal"]),
    "croatian": ("hr_HR", "gf", ["svi kažu da je {} uzeo novac", "jučer je {} bio na kolodvoru", "{} nam je lagao"]),
    "slovene": ("sl_SI", "gf", ["vsi pravijo da je {} vzel denar", "včeraj je {} bil na postaji", "{} nam je lagal"]),
    "romanian": ("ro_RO", "gf", ["toți spun că {} a luat banii", "ieri l-am văzut pe {} la gară", "{} ne-a mințit"]),
    "hungarian": ("hu_HU", "fg", ["mindenki azt mondja hogy {} vitte el a pénzt", "tegnap {} volt az állomáson", "{} hazudott nekünk"]),
    "turkish": ("tr_TR", "gf", ["herkes parayı {} aldı diyor", "dün istasyonda {} vardı", "{} bize yalan söyledi"]),
    "azerbaijani": ("az_AZ", "gf", ["hamı deyir ki pulu {} götürüb", "dünən vağzalda {} idi", "{} bizə yalan dedi"]),
    "latvian": ("lv_LV", "gf", ["visi saka ka {} paņēma naudu", "vakar stacijā bija arī {} ar suni", "{} mums meloja"]),
    "russian": ("ru_RU", "gf", ["все говорят что {} забрал деньги", "вчера на вокзале был {} с собакой", "{} нам соврал"]),
    "ukrainian": ("uk_UA", "gf", ["усі кажуть що {} забрав гроші", "учора на вокзалі був {} із собакою", "{} нам збрехав"]),
    "macedonian": ("mk_MK", "gf", ["сите велат дека {} ги зеде парите", "вчера на станицата беше {} со куче", "{} нè излажа"]),
    "greek": ("el_GR", "gf", ["όλοι λένε ότι {} πήρε τα λεφτά", "χθες είδα {} στον σταθμό", "{} μας είπε ψέματα"]),
    "armenian": ("hy_AM", "gf", ["բոլորն ասում են որ {} վերցրել է փողը", "երեկ կայարանում տեսա {} շան հետ", "{} մեզ խաբեց"]),
    "georgian": ("ka_GE", "gf", ["ყველა ამბობს რომ {} წაიღო ფული", "გუშინ სადგურზე იყო {} ძაღლთან ერთად", "{} მოგვატყუა"]),
    "arabic": ("ar_AA", "gf", ["الجميع يقول إن {} أخذ المال", "أمس رأيت {} في المحطة", "{} كذب علينا"]),
    "algerian": ("ar_DZ", "gf", ["قالوا لي إن {} يسكن في هذا الشارع", "كنت أعرف {} من المدرسة", "{} لم يدفع شيئا"]),
    "persian": ("fa_IR", "gf", ["همه می‌گویند {} پول را برداشت", "دیروز {} را در ایستگاه دیدم", "{} به ما دروغ گفت"]),
    "hebrew": ("he_IL", "gf", ["כולם אומרים ש {} לקח את הכסף", "אתמול ראיתי את {} בתחנה", "{} שיקר לנו"]),
    "japanese": ("ja_JP", "fg", ["みんな{}がお金を取ったと言っている", "昨日駅で{}さんを見た", "{}は嘘をついた"]),
    "chinese": ("zh_CN", "fg", ["大家都说{}拿了钱", "昨天我在车站看见{}了", "{}骗了我们"]),
    "taiwanese": ("zh_TW", "fg", ["大家都說{}拿了錢", "昨天我在車站看見{}了", "{}騙了我們"]),
    "korean": ("ko_KR", "fg", ["모두 {}가 돈을 가져갔다고 한다", "어제 역에서 {}를 봤다", "{}는 우리에게 거짓말을 했다"]),
    "thai": ("th_TH", "gf", ["ทุกคนบอกว่า {} เอาเงินไป", "เมื่อวานเห็น {} ที่สถานี", "{} โกหกพวกเรา"]),
    "vietnamese": ("vi_VN", "fg", ["mọi người nói rằng {} đã lấy tiền", "hôm qua tôi thấy {} ở nhà ga", "{} đã nói dối chúng tôi"]),
    "indonesian": ("id_ID", "gf", ["semua orang bilang {} mengambil uangnya", "kemarin saya lihat {} di stasiun", "{} berbohong kepada kami"]),
    "yoruba": ("yo_NG", "gf", ["everyone says that {} took the money", "I saw {} at the station yesterday", "{} should be ashamed of this"]),
    "zulu": ("zu_ZA", "gf", ["everyone says that {} took the money", "I saw {} at the station yesterday", "{} should be ashamed of this"]),
    "indian": ("en_IN", "gf", ["everyone says that {} took the money", "I saw {} at the station yesterday", "{} should be ashamed of this"]),
}
CASELESS = {"arabic", "algerian", "persian", "japanese", "chinese", "korean", "hebrew", "thai", "taiwanese", "georgian"}
NO_SPACE = {"japanese", "chinese", "taiwanese", "korean"}
NO_INITIALS = CASELESS
# How often each form occurs, of twenty.
CASED_FORMS = ["plain"] * 9 + ["lower"] * 2 + ["upper"] * 2 + ["initial"] * 2 + ["reversed"] * 2 + ["hashtag"] * 2 + ["underscore"]
CASELESS_FORMS = ["plain"] * 14 + ["reversed"] * 2 + ["hashtag"] * 3 + ["underscore"]
NO_SPACE_FORMS = ["plain"] * 12 + ["spaced"] * 4 + ["hashtag"] * 4


def clean(name):
    """Without what Faker adds to some names: titles, notes, other spellings."""
    return re.sub(r"\s+", " ", re.sub(r"\(.*?\)|[0-9.,/\"]", "", name)).strip()


def hashtag(parts, camel):
    text = "".join(parts)
    text = "".join(c for c in text if c.isalnum() or unicodedata.category(c).startswith("M"))
    return "#" + (text if camel else text.lower())


def main():
    sys.path.insert(0, sys.argv[1])
    from faker import Faker

    out, seed, half = ROOT / "crates/text/tests/names/private.tsv", SEED, None
    if len(sys.argv) > 2:
        out, seed, half = pathlib.Path(sys.argv[2]), int(sys.argv[3]), ("even", "odd").index(sys.argv[4])
    rng = random.Random(seed)
    rows = []

    def draw(name):
        """One that is in the half that was asked for, or in a long while is not: a few cultures have family names of one half alone."""
        for _ in range(1_000):
            part = clean(name())
            if half is None or zlib.crc32(part.lower().encode()) % 2 == half:
                break
        return part

    for culture, (locale, order, sentences) in CULTURES.items():
        people = Faker(locale)
        people.seed_instance(seed)
        forms = NO_SPACE_FORMS if culture in NO_SPACE else CASELESS_FORMS if culture in CASELESS else CASED_FORMS
        for nth in range(EACH):
            parts = [draw(people.first_name if kind == "g" else people.last_name) for kind in order]
            form = forms[nth % len(forms)]
            sentence = sentences[rng.randrange(3)]
            if form == "initial":
                at = order.index("g")
                parts[at] = parts[at][0].upper() + "."
            if form == "reversed":
                parts = parts[1:] + parts[:1]
            join = "" if culture in NO_SPACE and form == "plain" else " "
            name = join.join(parts)
            if form == "hashtag":
                name = hashtag(parts, rng.random() < 0.5)
            elif form == "underscore":
                name = "_".join(part.replace(" ", "_").replace("-", "_").replace("'", "").replace("’", "") for part in parts).lower()
            # A hashtag ends where a space does.
            text = sentence.format(f" {name} " if culture in NO_SPACE and form == "hashtag" else name).strip()
            if form == "lower":
                text, name = text.lower(), name.lower()
            if form == "upper":
                text, name = text.upper(), name.upper()
            if name in text:
                rows.append((culture, form, name, text))
    out.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    print(len(rows), len({row[0] for row in rows}))


if __name__ == "__main__":
    main()
