#!/usr/bin/env python3
"""The lexicon as C: lexicon.py OUTPUT marks.txt others.txt LANGUAGE.txt...

A file is blocks: a line that says what the indented lines below it are; one that begins with '#' is a comment.
    says CLASS PERCENT   phrases, with commas between, that their writer says of themselves wherever they stand
    felt CLASS PERCENT   words and phrases that do so only where their writer speaks of themselves, or of what is before them
    nothing              phrases that mean something else: their words count no more
    words ROLE           words, with spaces between, that have a role (lexicon.h); they are known as well, unless they are shared
    same                 a word or two, '=', others that mean the same in every phrase, with commas between
A word that ends with '*' is every word that begins so. Words are written as people write them; '?' is a
word, '??' several, '?*' both and with '!' among them. marks.txt has says and nothing only, and marks with spaces between; others.txt a block of
words of other languages."""
import itertools
import pathlib
import re
import sys

CLASSES = ["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised",
           "boredom", "engagement", "confusion", "frustration"]
ROLES = {"known": 1, "shared": 2, "not": 4, "more": 8, "less": 16, "fills": 32, "self": 64, "other": 128,
         "this": 256, "if": 512, "but": 1024, "article": 2048}


def plain(text):
    """As chars.c compares it."""
    return text.lower().replace("'", "").translate(str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"}))


def spellings(text):
    """Umlauts are written without their dots, or with an e."""
    with_e = text.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return list(dict.fromkeys([plain(text), plain(with_e)]))


def blocks(path):
    """(heading's words, the lines below it) of each block."""
    heading, below = None, []
    for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            if heading:
                yield heading, below
            heading, below = line.split(), []
        elif heading:
            below.append(line.strip())
        else:
            sys.exit(f"{path}:{number}: below no heading")
    if heading:
        yield heading, below


def listed(lines):
    return [" ".join(p.split()) for line in lines for p in line.split(",") if p.strip()]


def meaning(path, heading):
    """(class or -1, per mille, whether it must be felt)."""
    if heading == ["nothing"]:
        return -1, 0, 0
    if len(heading) != 3 or heading[0] not in ("says", "felt") or heading[1] not in CLASSES or \
            not 1 <= int(heading[2]) <= 100:
        sys.exit(f"{path}: what is '{' '.join(heading)}'?")
    return CLASSES.index(heading[1]), 10 * int(heading[2]), int(heading[0] == "felt")


def variants(words, same):
    """The phrase with each of its words, or two, in every way that it is written."""
    if not words:
        return [()]
    ways = []
    for length in (1, 2):
        head = tuple(words[:length])
        if len(head) == length and (length == 1 or head in same):
            ways += [alike + rest for alike in same.get(head, [head]) for rest in variants(words[length:], same)]
    return ways


class Language:
    def __init__(self, path):
        self.name, self.phrases, self.roles = pathlib.Path(path).stem, {}, {}
        found = list(blocks(path))
        same = {}
        for _, lines in (b for b in found if b[0] == ["same"]):
            for line in lines:
                alike = [tuple(plain(p).split()) for p in re.split("[=,]", line)]
                same.update({way: alike for way in alike})
        for heading, lines in found:
            if heading[0] == "words":
                self.add_words(path, heading, lines)
            elif heading != ["same"]:
                what = meaning(path, heading)
                for phrase in listed(lines):
                    self.add_phrase(path, phrase, what, same)
        known = {w for phrase in self.phrases for w in phrase if w[0] not in "?!"}
        for word in known:
            if not self.roles.get(word, 0) & ROLES["shared"]:
                self.roles[word] = self.roles.get(word, 0) | ROLES["known"]

    def add_words(self, path, heading, lines):
        if len(heading) != 2 or heading[1] not in ROLES:
            sys.exit(f"{path}: what is '{' '.join(heading)}'?")
        for word in (s for line in lines for w in line.split() for s in spellings(w)):
            self.roles[word] = self.roles.get(word, 0) | ROLES[heading[1]]

    def add_phrase(self, path, phrase, what, same):
        for spelt in spellings(phrase):
            for words in variants(spelt.split(), same):
                if self.phrases.setdefault(words, what) != what:
                    sys.exit(f"{path}: '{phrase}' has two meanings")

    def roles_of(self, word):
        """A word that is shared is not known as well, whatever else it does."""
        roles = self.roles.get(word, 0)
        if roles & ROLES["shared"]:
            return roles & ~ROLES["known"]
        return roles | (ROLES["known"] if roles else 0)

    def tables(self):
        """Its tables as C, and its line of at_lexicons."""
        every = set(self.roles) | set(itertools.chain(*self.phrases))
        order = sorted((w for w in every if not w.endswith("*")), key=str.encode)
        prefixes = sorted((w for w in every if w.endswith("*")), key=str.encode)
        place = {w: i for i, w in enumerate(order + prefixes)}
        phrases = sorted(self.phrases.items(), key=lambda p: (place[p[0][0]], -len(p[0]), p[0]))
        text = f"static const at_lexicon_word {self.name}_word[] = {{\n"
        text += "".join(f'    {{"{w.rstrip("*")}", {self.roles_of(w)}, {int(w.endswith("*"))}}},\n'
                        for w in order + prefixes)
        text += f"}};\n\nstatic const at_lexicon_phrase {self.name}_phrase[] = {{\n"
        flat = []
        for words, (class_of, weight, felt) in phrases:
            text += f"    {{{class_of}, {felt}, {weight}, {len(flat)}, {len(words)}}},\n"
            flat += [place[w] for w in words]
        if len(place) >= 1 << 16 or len(flat) >= 1 << 16:
            sys.exit(f"{self.name}: too many words for the table's numbers")
        text += f"}};\n\nstatic const uint16_t {self.name}_phrase_word[] = {{{', '.join(map(str, flat))}}};\n\n"
        line = f'    {{"{self.name}", {self.name}_word, {len(order)}, {len(prefixes)}, ' \
               f"{self.name}_phrase, {len(phrases)}, {self.name}_phrase_word}},\n"
        return text, line


def quoted(mark):
    return '"' + mark.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'


def marks(path):
    found = {}
    for heading, lines in blocks(path):
        class_of, weight, _ = meaning(path, heading)
        for mark in (m.replace("\ufe0f", "") for line in lines for m in line.split()):
            if found.setdefault(mark, (class_of, weight)) != (class_of, weight):
                sys.exit(f"{path}: '{mark}' has two meanings")
    lines = (f"    {{{quoted(m)}, {c}, {w}}},\n" for m, (c, w) in
             sorted(found.items(), key=lambda m: (-len(m[0].encode()), m[0].encode())))
    return "const at_lexicon_mark at_lexicon_marks[] = {\n" + "".join(lines) + "};\n"


def others(path):
    words = sorted({plain(w) for _, lines in blocks(path) for line in lines for w in line.split()}, key=str.encode)
    return "const char *const at_lexicon_others[] = {\n" + "".join(f'    "{w}",\n' for w in words) + "};\n"


def main(output, marks_path, others_path, *paths):
    tables, lines = zip(*(Language(path).tables() for path in paths))
    text = '#include "text/lexicon.h"\n\n' + "".join(tables)
    text += "const at_lexicon at_lexicons[] = {\n" + "".join(lines) + "};\n\n" + marks(marks_path) + others(others_path)
    for name in ("at_lexicons", "at_lexicon_marks", "at_lexicon_others"):
        text += f"const int {name}_count = (int)(sizeof {name} / sizeof *{name});\n"
    pathlib.Path(output).write_text(text, encoding="utf-8")


main(*sys.argv[1:])
