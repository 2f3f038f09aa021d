#!/usr/bin/env python3
"""What the chat's lexicon makes of messages whose labels are known, and of strangers' sentences that tell nothing.

    tools/text_figures.py BUILD [SET.tsv...]      labelled messages (tests/chat), the unseen set without any
    tools/text_figures.py BUILD --catalogues      programs' messages in this machine's languages: those it knows, and
                                                  others, which it should not answer
    tools/text_figures.py BUILD --quotations DIR  sentences of quotations (Debian's fortunes, fortunes-de; DIR:
                                                  /usr/share/games/fortunes)

Of catalogues and quotations only the half counts on which nothing was chosen (by the sentence's CRC-32). --mistakes
prints the messages that were answered wrongly; not for a set that is to stay unseen."""
import argparse
import collections
import gettext
import math
import pathlib
import random
import re
import subprocess
import zlib

CLASSES = ["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised",
           "boredom", "engagement", "confusion", "frustration"]
SETS = pathlib.Path(__file__).parent.parent / "tests/chat"
Row = collections.namedtuple("Row", "language labels text")
Answer = collections.namedtuple("Answer", "told language likeliest says cues")


def read_set(path):
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return [Row(language, labels.split(","), text) for language, labels, text in rows]


def ask(program, texts):
    """The lexicon's answers, one a text."""
    said = subprocess.run([program], input="".join(t + "\n" for t in texts), check=True, capture_output=True,
                          encoding="utf-8", errors="replace").stdout.split("\n")[:-1]
    if len(said) != len(texts):
        raise SystemExit(f"{program}: {len(said)} answers to {len(texts)} messages")
    return [Answer(*line.split("\t")) for line in said]


def judged(answer):
    """A class, "nothing" or "unknown"."""
    return answer.likeliest if answer.told == "says" else answer.told


def counts(rows, answers):
    """What is asked of a set: pairs (how many, of how many)."""
    pairs = [(row, judged(answer)) for row, answer in zip(rows, answers)]
    telling = [(r, j) for r, j in pairs if r.labels[0] in CLASSES]
    answered = [(r, j) for r, j in pairs if j in CLASSES]

    def kept(label):
        of = [j for r, j in pairs if r.labels == [label]]
        return sum(j == label for j in of), len(of)
    return {"right": (sum(j in r.labels for r, j in pairs), len(pairs)),
            "right of those answered": (sum(j in r.labels for r, j in answered), len(answered)),
            "told, of those that tell": (sum(j in r.labels for r, j in telling), len(telling)),
            "left alone, of those that tell nothing": (sum(j not in CLASSES for r, j in pairs if r.labels == ["nothing"]),
                                                       kept("nothing")[1]),
            "cannot tell, of other languages": kept("unknown"),
            "cannot tell, of English and German": (sum(j == "unknown" for r, j in pairs if r.labels != ["unknown"]),
                                                   len(pairs) - kept("unknown")[1])}


def macro_recall(rows, judgements):
    """Mean over the classes that are there, nothing among them; a message is of its first label."""
    right, of = collections.Counter(), collections.Counter()
    for row, judgement in zip(rows, judgements):
        if row.labels != ["unknown"]:
            of[row.labels[0]] += 1
            right[row.labels[0]] += judgement in row.labels
    return sum(right[label] / of[label] for label in of) / len(of)


def macro_interval(rows, judgements, times=2000):
    """95 %, over messages (bootstrap)."""
    rng, pairs = random.Random(1), list(zip(rows, judgements))
    drawn = sorted(macro_recall(*zip(*rng.choices(pairs, k=len(pairs)))) for _ in range(times))
    return drawn[times // 40], drawn[-times // 40]


def wilson(k, n):
    """95 % (Wilson 1927)."""
    if not n:
        return 0.0, 1.0
    z, p = 1.96, k / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def percent(share, low, high):
    return f"{100 * share:5.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def show_set(program, path, mistakes):
    rows = read_set(path)
    answers = ask(program, [row.text for row in rows])
    judgements = [judged(a) for a in answers]
    print(f"{pathlib.Path(path).name}: {len(rows)} messages")
    for what, (k, n) in counts(rows, answers).items():
        print(f"  {what:40} {k:4} of {n:4} {percent(k / max(n, 1), *wilson(k, n))}")
    print(f"  {'mean recall of classes':40}              "
          f"{percent(macro_recall(rows, judgements), *macro_interval(rows, judgements))}")
    for row, answer in zip(rows, answers) if mistakes else ():
        if judged(answer) not in row.labels:
            print("   ", "/".join(row.labels), "|", judged(answer), "|", row.text, "|", answer.cues)


def unseen(sentence):
    return zlib.crc32(sentence.encode()) % 2 == 1


def catalogue(folder):
    """(English, translated) sentences of three to twenty words."""
    found = set()
    for path in folder.glob("LC_MESSAGES/*.mo"):
        try:
            with open(path, "rb") as f:
                pairs = gettext.GNUTranslations(f)._catalog.items()
        except (OSError, UnicodeDecodeError, LookupError, ValueError):
            continue
        for key, text in pairs:
            key = key[0] if isinstance(key, tuple) else key
            if key and key != text and "\n" not in text.strip() and 3 <= len(text.split()) <= 20 and unseen(key):
                found.add((" ".join(key.split()), text.strip()))
    return sorted(found)


def show_catalogues(program, most=1000, least=300):
    sentences = {f.name: catalogue(f) for f in pathlib.Path("/usr/share/locale").iterdir()}
    sentences["en"] = [(key, key) for key, _ in sentences["de"]]
    told = {}
    for language, pairs in sentences.items():
        if len(pairs) >= least and (language == "en" or not language.startswith("en")):
            chosen = random.Random(1).sample(pairs, min(most, len(pairs)))
            answers = ask(program, [text.replace("\n", " ") for _, text in chosen])
            told[language] = [sum(a.told in kinds for a in answers) / len(chosen)
                              for kinds in (("nothing", "says"), ("says",))]
    for language in ("en", "de"):
        print(f"{language}: read {100 * told[language][0]:.1f} %, told something of {100 * told.pop(language)[1]:.1f} %")
    print(f"{len(told)} other languages: read {100 * sum(r for r, _ in told.values()) / len(told):.2f} % on average, "
          f"told something of {100 * sum(s for _, s in told.values()) / len(told):.2f} %; most read: " +
          ", ".join(f"{name} {100 * r:.1f} %" for name, (r, _) in
                    sorted(told.items(), key=lambda t: -t[1][0])[:6]))


def quoted_sentences(folder):
    for path in sorted(p for p in folder.iterdir() if p.is_file() and p.suffix not in (".dat", ".u8")):
        for quotation in re.split(r"\n%\n", path.read_text(encoding="utf-8", errors="replace")):
            text = " ".join(re.sub(r"\n\s*--.*", "", quotation, flags=re.S).split())
            yield from (s for s in re.split(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ])", text) if 3 <= len(s.split()) <= 25 and unseen(s))


def show_quotations(program, folder):
    for language, where in (("en", folder), ("de", folder / "de")):
        sentences = sorted(set(quoted_sentences(where)))
        answers = ask(program, sentences)
        read, says = (sum(a.told in kinds for a in answers) for kinds in (("nothing", "says"), ("says",)))
        print(f"{language}: {len(sentences)} sentences, read {100 * read / len(sentences):.1f} %, "
              f"told something of {100 * says / len(sentences):.2f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("sets", nargs="*", default=[SETS / "last.tsv"])
    parser.add_argument("--mistakes", action="store_true")
    parser.add_argument("--catalogues", action="store_true")
    parser.add_argument("--quotations", type=pathlib.Path)
    options = parser.parse_args()
    program = options.build / "tests/text_lines"
    if options.catalogues:
        show_catalogues(program)
    elif options.quotations:
        show_quotations(program, options.quotations)
    else:
        for path in options.sets:
            show_set(program, path, options.mistakes)


if __name__ == "__main__":
    main()
