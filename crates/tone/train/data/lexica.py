"""Makes lexicon.tsv (language or -, word, polarity) from the packages named in ../../data/README.md, unpacked under one folder.

    python3 lexica.py FOLDER > lexicon.tsv
"""
import json, re, sys
import xml.etree.ElementTree as tree

folder = sys.argv[1]
rows = {}


def add(language, word, polarity):
    if polarity and " " not in word:
        rows.setdefault((language, word), polarity)


# vaderSentiment 3.3.2: word, mean of ten raters from -4 to 4.
for line in open(f"{folder}/vaderSentiment/vader_lexicon.txt", encoding="utf-8"):
    fields = line.rstrip("\n").split("\t")
    if len(fields) > 1:
        add("en", fields[0].lower(), float(fields[1]) / 4)
# textblob-fr 0.2.0: the French list of pattern, in full forms.
for word in tree.parse(f"{folder}/textblob_fr/fr-sentiment.xml").getroot():
    add("fr", word.get("form").lower(), float(word.get("polarity")))
# @nlpjs/lang-it 4.26.1: the Italian list of pattern as stems, which adjectives end in a, e, i, o behind.
for stem, polarity in json.load(open(f"{folder}/nlpjs-it/pattern_it.json", encoding="utf-8")).items():
    if isinstance(polarity, (int, float)) and len(stem) > 2:
        for end in "aeio":
            add("it", stem + end, float(polarity))
# emoji-emotion 3.0.1: from -5 to 5.
for emoji, polarity in re.findall(
    r"emoji: '([^']+)',\s+polarity: (-?\d)", open(f"{folder}/emoji-emotion/index.js", encoding="utf-8").read()
):
    add("-", emoji.replace("\ufe0f", ""), int(polarity) / 5)
for (language, word), polarity in rows.items():
    print(f"{language}\t{word}\t{polarity:.3f}")
