#!/usr/bin/env python3
"""The table of figures in README.md and models/MODEL_CARD.md, from models/figures.json.

    tools/figures.py            writes the tables between the markers
    tools/figures.py --check    says whether they are up to date, and changes nothing

The figures themselves come from

    attune eval default --check models/figures.json --root DIR --json models/figures.json

where DIR holds the data sets' folders. An entry's text is quoted as it stands, under its figure's
name; its command says where it comes from. The model card has every figure, the README those that say "readme".
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- figures: tools/figures.py -->\n", "<!-- end of figures -->\n"
NAMES = {"accuracy": "accuracy", "balanced_accuracy": "mean recall", "macro_f1": "macro F1",
         "weighted_f1": "weighted F1", "ece": "calibration error", "coverage": "coverage"}


def name(metric):
    kind, _, of = metric.partition(".")
    if kind == "auc":
        return "AUC " + of.replace(">=", " >= ").replace("=3", " = 3")
    return f"{kind} of {of}" if of else NAMES[kind]


def value(entry):
    if "text" in entry:
        return entry["text"]
    area = entry["metric"].startswith("auc.")

    def number(v):
        if v is None:
            return "-"
        return f"{v:.3f}".lstrip("0") if area else f"{100 * v:.1f}"
    text = number(entry["value"]) + ("" if area else " %")
    if entry.get("interval", [None])[0] is not None:
        text += " [" + ", ".join(map(number, entry["interval"])) + "]"
    return text


def table(figures, wanted):
    """Rows of those that are wanted; {n} in a title is the number of samples of that part."""
    counts = {e["title"]: f"{e['value']:,.0f}" for e in figures if e["metric"] == "n"}
    rows, last = ["| set, part | figure | value |", "|---|---|---|"], None
    for e in figures:
        if e["metric"] == "n" or not wanted(e):
            continue
        title = e["title"].replace("{n}", counts.get(e["title"], "?"))
        figure = e.get("figure") or name(e["metric"])
        rows.append(f"| {title if title != last else ''} | {figure} | {value(e)} |")
        last = title
    return "\n".join(row.replace("|  |", "| |") for row in rows) + "\n"


def render(text, rows):
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit("no place for the figures: the markers are missing")
    return before + BEGIN + rows + END + after


def main():
    figures = json.loads((ROOT / "models/figures.json").read_text())
    stale = 0
    for path, wanted in (("README.md", lambda e: e.get("readme")),
                         ("models/MODEL_CARD.md", lambda e: True)):
        old = (ROOT / path).read_text()
        new = render(old, table(figures, wanted))
        if old != new and "--check" in sys.argv[1:]:
            print(f"{path}: its table is not that of models/figures.json; run tools/figures.py",
                  file=sys.stderr)
            stale = 1
        elif old != new:
            (ROOT / path).write_text(new)
    return stale


if __name__ == "__main__":
    sys.exit(main())
