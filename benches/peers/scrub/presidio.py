#!/usr/bin/env python3
"""Presidio's own recognisers beside `groundswell eval scrub`, on the same sentences and by the same rule.

    python3 -m venv v && v/bin/pip install presidio-analyzer zstandard
    v/bin/python benches/peers/scrub/presidio.py ../shared/data/pii/presidio-synth.ndjson.zst [MODEL]

MODEL: the spaCy model for names and places, `en_core_web_lg` by default there; without one (they are in no package registry) only the
kinds are looked at that need none. A stretch is found when every letter and digit of it is covered (of an address half of them); a find
is right when half of it lies on anything labelled. Scores of .5 and more count, which is what `presidio-anonymizer` examples use; 0 counts all.
"""

import io
import json
import sys
import time

import spacy
import zstandard
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

# As the labels call them, and as Presidio does.
KINDS = {
    "CREDIT_CARD": "CREDIT_CARD",
    "EMAIL_ADDRESS": "EMAIL_ADDRESS",
    "IBAN_CODE": "IBAN_CODE",
    "IP_ADDRESS": "IP_ADDRESS",
    "PHONE_NUMBER": "PHONE_NUMBER",
    "US_SSN": "US_SSN",
}


class Blank(SpacyNlpEngine):
    """Words without a model: names and places are not looked for."""

    def __init__(self):
        super().__init__(models=[{"lang_code": "en", "model_name": "blank"}], ner_model_configuration=NerModelConfiguration())
        self.nlp = {"en": spacy.blank("en")}

    def load(self):
        pass

    def is_loaded(self):
        return True


def engine(model):
    if model is None:
        nlp = Blank()
    else:
        nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    return AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])


def posts(path):
    with open(path, "rb") as file:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8"):
            yield json.loads(line)


def signs(text, start, end):
    return {at for at in range(start, end) if text[at].isalnum()}


def main():
    analyser = engine(sys.argv[2] if len(sys.argv) > 2 else None)
    rows = list(posts(sys.argv[1]))
    analyser.analyze(text="warm", language="en")
    began = time.perf_counter()
    found = [analyser.analyze(text=row["text"], language="en", entities=list(KINDS.values())) for row in rows]
    seconds = time.perf_counter() - began
    print(f"{len(rows)} sentences, {1e6 * seconds / len(rows):.0f} us each")
    for least in (0.0, 0.5):
        print(f"| type, scores of {least} and more | labelled | precision | recall |\n| --- | --- | --- | --- |")
        totals = [0, 0, 0, 0]
        for kind, name in KINDS.items():
            labelled = hit = said = right = 0
            for row, results in zip(rows, found):
                text = row["text"]
                spans = [(span["type"], signs(text, span["start"], span["end"])) for span in row["spans"]]
                anything = set().union(*(stretch for _, stretch in spans)) if spans else set()
                mine = [signs(text, one.start, one.end) for one in results if one.score >= least]
                covered = set().union(*mine) if mine else set()
                for label, stretch in spans:
                    if label == kind:
                        labelled += 1
                        hit += stretch <= covered
                for one in results:
                    if one.score >= least and one.entity_type == name:
                        stretch = signs(text, one.start, one.end)
                        said += 1
                        right += 2 * len(stretch & anything) >= len(stretch)
            print(f"| {kind} | {labelled} | {right / said if said else float('nan'):.3f} | {hit / labelled if labelled else float('nan'):.3f} |")
            totals = [a + b for a, b in zip(totals, (labelled, hit, said, right))]
        labelled, hit, said, right = totals
        print(f"| all of these | {labelled} | {right / said:.3f} | {hit / labelled:.3f} |")


main()
