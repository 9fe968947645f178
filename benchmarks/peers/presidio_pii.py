"""presidio, asked through its standard input and output: run by the Python of `.venv-presidio`.

Reads a JSON list of texts; writes {"pieces": [[type, begin, end, score] of each text], "cpu_seconds": of the process}.
The recognisers are those that presidio loads itself; words come from a blank pipeline of spaCy, because no trained one
is to be had from a package registry.
"""

import json
import logging
import sys
import time

import spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine


class Blank(SpacyNlpEngine):
    """spaCy's splitting of words, and nothing learned."""

    def load(self) -> None:
        """Makes the pipeline."""
        self.nlp = {"en": spacy.blank("en")}


logging.getLogger("tldextract").setLevel(logging.CRITICAL)  # it looks for newer lists in the net, and has its own
texts = json.load(sys.stdin)
words = Blank()
words.load()
engine = AnalyzerEngine(nlp_engine=words)
engine.analyze("Warm.", language="en")
start = time.process_time()
answers = [engine.analyze(text, language="en") for text in texts]
seconds = time.process_time() - start
pieces = [[[one.entity_type, one.start, one.end, one.score] for one in found] for found in answers]
json.dump({"pieces": pieces, "cpu_seconds": seconds}, sys.stdout)
