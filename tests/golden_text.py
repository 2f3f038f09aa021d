#!/usr/bin/env python3
"""What the lexicon makes of the labelled messages in tests/chat: the counts that docs/text.md has."""
import os
import pathlib
import sys
import unittest

SRC = pathlib.Path(os.environ["ATTUNE_SRC"])
sys.path.insert(0, str(SRC / "tools"))
import text_figures

PROGRAM = pathlib.Path(os.environ["ATTUNE_BUILD"]) / "tests/text_lines"
# right of those answered, told of those that tell, left alone of those that tell nothing, cannot tell of other languages
COUNTS = {
    "last.tsv": [(37, 40), (37, 95), (40, 40), (20, 20)],
    "test.tsv": [(182, 184), (182, 198), (89, 89), (48, 48)],
    "after.tsv": [(72, 73), (72, 90), (64, 64), (28, 29)],
    "dev.tsv": [(131, 131), (131, 131), (62, 62), (18, 18)],
}


class Figures(unittest.TestCase):
    def test_sets(self):
        page = (SRC / "docs/text.md").read_text()
        for name, expected in COUNTS.items():
            rows = text_figures.read_set(SRC / "tests/chat" / name)
            counts = text_figures.counts(rows, text_figures.ask(PROGRAM, [row.text for row in rows]))
            self.assertEqual([counts[what] for what in (
                "right of those answered", "told, of those that tell", "left alone, of those that tell nothing",
                "cannot tell, of other languages")], expected, name)
            cells = " | ".join(f"{k} of {n}" for k, n in expected)
            self.assertIn(f"| `{name}` | {cells} |", page)

    def test_labels(self):
        for path in sorted((SRC / "tests/chat").glob("*.tsv")):
            for row in text_figures.read_set(path):
                self.assertTrue(row.text and len(row.language) == 2, row)
                known = row.labels in (["nothing"], ["unknown"]) or set(row.labels) <= set(text_figures.CLASSES)
                self.assertTrue(known, row)
                self.assertEqual(row.labels == ["unknown"], row.language not in ("en", "de"), row)

    def test_words_are_shown(self):
        answer, = text_figures.ask(PROGRAM, ["well I'm so bored :("])
        self.assertEqual(answer, ("says", "en", "boredom", "0.850", "boredom 0.85 'bored', sad 0.60 ':('"))


if __name__ == "__main__":
    unittest.main()
