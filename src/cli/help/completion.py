#!/usr/bin/env python3
"""What a shell completes after "attune", out of the help texts: completion.py bash|zsh|fish OUT PROGRAM..."""
import pathlib
import sys

import text

PATHS = {"FILE", "DIR", "OUT", "F"}  # values that lie on the disk


class Words:
    """What may follow, where that is known: options' values, and what commands begin with."""

    def __init__(self, commands):
        by_name = {command.name: command for command in commands}
        plain = by_name["analyze"].listed_after("into one folder an input")
        kinds, made = (sorted(set(by_name[name].listed_after(words)))
                       for name, words in (("export", "Kinds are"), ("analyze", "with --export")))
        harms = [f"{name}=" for name in by_name["degrade"].listed_after("degradations")]
        self.lists = {("analyze", "--sinks"): plain, ("sessions", "--sinks"): plain, ("analyze", "--export"): made,
                      ("export", "--to"): [*kinds, *plain, *by_name["export"].listed_after("other engines")]}
        self.values = {("eval", "--dataset"): by_name["eval"].listed_after("data sets:"),
                       ("eval", "--corrupt"): ["all", *harms], ("degrade", "--corrupt"): harms}
        for command in commands:
            for option, (value, _) in command.options().items():
                said = [word for word in value.removesuffix(",...").split("|") if word.islower()]
                if "|" in value and said:
                    (self.lists if value.endswith(",...") else self.values)[command.name, option] = said
        self.first = {"sessions": by_name["sessions"].listed_after("kept"),
                      "consent": by_name["consent"].listed_after("only then"),
                      "reproduce": ["all", *by_name["reproduce"].listed_after("tables and figures")],
                      "bench": ["serve"], "eval": ["default"], "info": ["default"], "export": ["default"]}

    def of(self, command, option):
        return self.lists.get((command, option)) or self.values.get((command, option), [])


def is_path(value):
    return not PATHS.isdisjoint(value.split("|"))


def by_kind(command, words):
    """Options as (those before files, before values that are not known)."""
    takers = {name: value for name, (value, _) in command.options().items() if value and not value.startswith("[")}
    paths = [name for name, value in takers.items() if is_path(value)]
    return paths, [name for name in takers if name not in paths and not words.of(command.name, name)]


BASH = r'''# What bash completes after "attune"; made from its help texts.
_attune()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    local options="" paths="" values="" first="" words="" many="" so_far=""

    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "@COMMANDS@" -- "$word"))
        return
    fi
    case $command in
@CASES@
    esac
    case "$command $before" in
@WORDS@
    esac
    if [[ -n $words && " $paths " != *" $before "* ]]; then
        [[ -z $many || $word != *,* ]] || so_far=${word%,*},
        COMPREPLY=($(compgen -P "$so_far" -W "$words" -- "${word#"$so_far"}"))
        [[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
    elif [[ " $values " == *" $before "* ]]; then
        return
    elif [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    else
        [[ " $paths " != *" $before "* ]] || first=$words
        COMPREPLY=($(compgen -W "$first" -- "$word"))
        compopt -o filenames
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -F _attune attune
'''


def bash(commands, words):
    cases = []
    for command in commands:
        options = {**command.options(), "--help": ("", "")}
        paths, others = by_kind(command, words)
        cases.append(f'    {command.name}) options="{" ".join(options)}"\n        paths="{" ".join(paths)}"\n'
                     f'        values="{" ".join(others)}"\n        first="{" ".join(words.first.get(command.name, []))}" ;;')
    known = [f'    "{" ".join(place)}") words="{" ".join(found)}" many={"yes" if place in words.lists else ""} ;;'
             for place, found in {**words.lists, **words.values}.items()]
    names = " ".join([command.name for command in commands] + ["--help", "--version"])
    return BASH.replace("@COMMANDS@", names).replace("@CASES@", "\n".join(cases)).replace("@WORDS@", "\n".join(known))


def zsh_quoted(says):
    for letter in "\\[]:":
        says = says.replace(letter, "\\" + letter)
    return says.replace("'", "'\\''")


def zsh_words_or_files(words):
    return f'_alternative "words:what:({" ".join(words)})" "files:file:_files"'


def zsh_option(command, name, value, says, words):
    found = words.of(command, name)
    ask = f":{zsh_quoted(value)}:"
    if (command, name) in words.lists:
        ask += f"_values -s , {name[2:]} {' '.join(found)}"
    elif found and is_path(value):
        ask += zsh_words_or_files(found)
    elif found:
        ask += f"({' '.join(found)})"
    elif is_path(value):
        ask += "_files"
    return f"'*{name}[{zsh_quoted(says)}]{':' if value.startswith('[') else ''}{ask if value else ''}'"


def zsh(commands, words):
    lines = ["#compdef attune", "# What zsh completes after \"attune\"; made from its help texts.", "_attune()", "{",
             "    local -a commands=("]
    lines += [f"        '{command.name}:{zsh_quoted(command.summary)}'" for command in commands]
    lines += ["    )", "    if (( CURRENT == 2 )); then", "        _describe command commands",
              "        _arguments '--help[what there is]' '--version[which attune]'", "        return", "    fi",
              "    local command=$words[2]", "    shift words", "    (( CURRENT-- ))", "    case $command in"]
    for command in commands:
        first = words.first.get(command.name)
        rest = f"'1:what:{zsh_words_or_files(first)}' '*:file:_files'" if first else "'*:file:_files'"
        options = [zsh_option(command.name, name, value, says, words) for name, (value, says) in command.options().items()]
        lines.append("    " + " \\\n        ".join([f"{command.name}) _arguments", *options, "'--help[tells more]'", rest]) + " ;;")
    return "\n".join([*lines, "    esac", "}", '_attune "$@"']) + "\n"


def fish_quoted(says):
    return "'" + says.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_option(command, name, value, says, words):
    found = words.of(command, name)
    flag = ("-l " if name.startswith("--") else "-s ") + name.lstrip("-")
    takes = "" if not value or value.startswith("[") else " -r" if is_path(value) else " -x"
    known = f" -a {fish_quoted(' '.join(found))}" if found else ""
    return (f"complete -c attune -n '__fish_seen_subcommand_from {command}' {flag}{takes}{known} -d {fish_quoted(says)}")


def fish(commands, words):
    lines = ["# What fish completes after \"attune\"; made from its help texts.",
             "complete -c attune -n __fish_use_subcommand -l help -d 'what there is'",
             "complete -c attune -n __fish_use_subcommand -l version -d 'which attune'"]
    for command in commands:
        lines.append(f"complete -c attune -n __fish_use_subcommand -f -a {command.name} -d {fish_quoted(command.summary)}")
        if command.name in words.first:
            lines.append(f"complete -c attune -n '__fish_seen_subcommand_from {command.name}' "
                         f"-a {fish_quoted(' '.join(words.first[command.name]))}")
        lines += [fish_option(command.name, name, *rest, words) for name, rest in command.options().items()]
    return "\n".join(lines) + "\n"


def main(shell, out, *program):
    commands = [command for command in text.commands_of(program) if len(command.name.split()) == 1]
    made = {"bash": bash, "zsh": zsh, "fish": fish}[shell](commands, Words(commands))
    pathlib.Path(out).write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
