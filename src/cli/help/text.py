"""What a help text of attune says, in parts: what its manual page and the shells' completion are made of.

A help text is paragraphs. The first is the usage. Others flow, or are lists, whose lines are indented by two:
a term, then what it means, which goes on further to the right. A term that begins with '-' is an option. What a value
may be stands in its place, where that is known: 'f32|int8', 'FILE|default', 'expression|states,...' for several."""
import re
import subprocess

CHOICE = r"[A-Za-z][A-Za-z0-9]*(?:\|[A-Za-z0-9]+)+(?:,\.\.\.)?"
VALUE = rf"(?:\[[A-Z]+\]|{CHOICE}|[A-Z][A-Z0-9=/.]*|[a-z]+(?=  ))"
OPTION = rf"--?[A-Za-z][a-z-]*(?: {VALUE}(?=[ ,\]\[.]|$))?"
OPTIONS = re.compile(rf"({OPTION}(?:, {OPTION})*)\s*(.*)")
WORD = re.compile(r"(\S+)\s*(.*)")


class Item:
    """Of a list. text: its lines; those that are further to the right than the first keep what is more."""

    def __init__(self, term, text):
        self.term, self.text = term, text


class Part:
    """kind: 'usage', 'text', 'list', 'options' or 'example'. lines: of all but lists, which have items."""

    def __init__(self, kind, lines=(), items=()):
        self.kind, self.lines, self.items = kind, list(lines), list(items)


def said_by(program, *words):
    """program: what starts it, words too: an emulator comes first where it is another processor's."""
    return subprocess.run([*program, *words], check=True, capture_output=True, text=True).stdout


def item_of(lines):
    first = lines[0][2:]
    term, text = (OPTIONS if first.startswith("-") else WORD).match(first).groups()
    column = len(lines[0]) - len(text or "")
    return Item(term, [text or ""] + [line[min(column, len(line) - len(line.lstrip())):] for line in lines[1:]])


def list_of(lines):
    """An item begins where the indentation is two."""
    starts = [i for i, line in enumerate(lines) if line[2] != " "] + [len(lines)]
    items = [item_of(lines[a:b]) for a, b in zip(starts, starts[1:])]
    if items[0].term == "attune":
        return Part("example", [line[2:] for line in lines])
    return Part("options" if any(item.term.startswith("-") for item in items) else "list", items=items)


def parts_of(help_text):
    parts = []
    for paragraph in re.split(r"\n\s*\n", help_text.strip("\n")):
        lines = paragraph.split("\n")
        if lines[0].startswith("usage: "):
            parts.append(Part("usage", lines))
            continue
        while lines:
            listed = lines[0].startswith("  ")
            n = next((i for i, line in enumerate(lines) if line.startswith("  ") != listed), len(lines))
            parts.append(list_of(lines[:n]) if listed else Part("text", lines[:n]))
            lines = lines[n:]
    return parts


class Command:
    """name: '' is attune itself."""

    def __init__(self, program, name, summary):
        self.name, self.summary = name, summary
        self.parts = parts_of(said_by(program, *name.split(), "--help"))
        self.usage = next(part.lines for part in self.parts if part.kind == "usage")

    def options(self):
        """{option: (the word that stands for its value or '', what it does)}, as the lists and the usage have it."""
        found = {}
        for part in self.parts:
            for item in part.items if part.kind == "options" else ():
                for option in re.findall(OPTION, item.term):
                    name, _, value = option.partition(" ")
                    found[name] = (found.get(name, ("",))[0] or value, item.text[0])
        for option in re.findall(rf"(?<![\w-]){OPTION}", "\n".join(self.usage)):
            name, _, value = option.partition(" ")
            if "|" in value or not found.get(name, ("",))[0]:
                found[name] = (value, found.get(name, ("", ""))[1])
        return found

    def listed_after(self, heading):
        """The terms of lists that come after a text with those words."""
        return [item.term for before, part in zip(self.parts, self.parts[1:]) if part.kind == "list"
                and heading in " ".join(before.lines) for item in part.items]


def commands_of(program):
    """attune itself first, then those that its help lists, then those that these name: attune bench serve."""
    top = Command(program, "", "perceived expression and learning state over time")
    found = [top]
    for part in top.parts:
        found += [Command(program, item.term, item.text[0]) for item in part.items if part.kind == "list"]
    for command in list(found[1:]):
        below = re.findall(rf"attune ({command.name} \w+) --help", said_by(program, command.name, "--help"))
        found += [Command(program, name, command.summary) for name in below]
    return found
