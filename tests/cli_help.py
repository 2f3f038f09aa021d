#!/usr/bin/env python3
"""The manual, what shells complete, and the packages: whole against the help texts, the options that commands take, and
what is installed."""
import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SRC = pathlib.Path(os.environ["ATTUNE_SRC"])
BUILD = pathlib.Path(os.environ["ATTUNE_BUILD"])
EXE = os.environ["ATTUNE_EXE"]
MADE = BUILD / "src/cli/help"
sys.path.insert(0, str(SRC / "src/cli/help"))
sys.dont_write_bytecode = True
import text  # noqa: E402

COMMANDS = {command.name: command for command in text.commands_of([EXE])}
PLAIN = {name: command for name, command in COMMANDS.items() if name and " " not in name}


def taken_by(command):
    """The long options in a command's own table."""
    source = (SRC / f"src/cli/cmd_{command.replace(' ', '_')}.c").read_text()
    return {f"--{name}": value for name, value in re.findall(r'\{"([a-z-]+)", (\w+_argument),', source)}


class Help(unittest.TestCase):
    def test_tells_every_option_that_is_taken(self):
        short = {"--output": "-o"}
        for name, command in COMMANDS.items():
            if name:
                told = command.options()
                for option, value in taken_by(name).items():
                    with self.subTest(command=name, option=option):
                        self.assertIn(short.get(option, option), {*told, "--help"})
                        if option != "--help":
                            takes = told[short.get(option, option)][0]
                            self.assertEqual(bool(takes) and not takes.startswith("["), value == "required_argument")

    def test_fits_a_terminal(self):
        """Of the width that cli/cli.h says."""
        width = int(re.search(r"AT_HELP_WIDTH = (\d+)", (SRC / "src/cli/cli.h").read_text()).group(1))
        for name in COMMANDS:
            for line in subprocess.run([EXE, *name.split(), "--help"], capture_output=True, text=True).stdout.splitlines():
                self.assertLessEqual(len(line), width, f"{name}: {line}")
                self.assertEqual(line.rstrip(), line, name)

    def test_says_how_narrow_a_face_may_be(self):
        narrow = re.search(r"narrow = ([\d.]+)F;", (SRC / "src/vision/search.c").read_text()).group(1)
        least = re.search(r"ATTUNE_DEFAULT_MIN_FACE = (\d+)", (SRC / "include/attune/attune.h").read_text()).group(1)
        for name in "analyze", "explain":
            said = subprocess.run([EXE, name, "--help"], capture_output=True, text=True).stdout
            self.assertRegex(said, rf"--min-face N +width in pixels of the smallest faces to look for \(default: {least}\); a box round a\n"
                                   rf" +face may be as narrow as {narrow} of it\n")

    def test_tells_no_other(self):
        for name, command in COMMANDS.items():
            if name:
                extra = {option for option in command.options() if option.startswith("--")} - set(taken_by(name))
                self.assertEqual(extra, set(), name)

    def test_options_that_may_stand_twice_are_those_it_says(self):
        """They are lists; of two values of another the first would be dropped."""
        fit = {"--min-face": "24", "--pcm": "16000", "--shard": "1/1", "--since": "2026-11-27", "--until": "2100-01-01",
               "--corrupt": "blur=1"}
        for name, command in PLAIN.items():
            for option, (value, _) in command.options().items():
                words = [word for word in value.removesuffix(",...").split("|") if word.islower()]
                given = [option, fit.get(option, words[0] if words else "1")] if "[" not in value else [option]
                if value:
                    with self.subTest(command=name, option=option):
                        run = subprocess.run([EXE, name, *given * 2, "--no-such-option"], capture_output=True, text=True)
                        said = "there is no such option" if option in ("--corrupt", "--host", "--what") else "is given twice"
                        self.assertRegex(run.stderr, rf"^attune {name}: [^\n]*{said}")

    def test_no_option_goes_with_its_own_negation(self):
        pairs = [(name, option) for name, command in PLAIN.items() for option in command.options()
                 if option.startswith("--") and option.replace("--", "--no-", 1) in command.options()]
        self.assertIn(("analyze", "--view"), pairs)
        for name, option in pairs:
            negation = option.replace("--", "--no-", 1)
            for given in [option, negation], [negation, option]:
                run = subprocess.run([EXE, name, *given], capture_output=True, text=True)
                self.assertEqual(run.returncode, 2)
                self.assertRegex(run.stderr, f"^attune {name}: {given[0]} and {given[1]}: one of them")

    def test_help_of_a_command(self):
        for name in {name.split()[0] for name in COMMANDS if name}:
            run = subprocess.run([EXE, "help", name], capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stdout),
                             (0, subprocess.run([EXE, name, "--help"], capture_output=True, text=True).stdout))
        self.assertEqual(subprocess.run([EXE, "help", "nothing"], capture_output=True).returncode, 2)

    def test_what_is_told_of_no_model_takes_none(self):
        for option in "--columns", "--sandbox":
            run = subprocess.run([EXE, "info", option, "default"], capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stdout), (2, ""))

    def test_no_output_goes_to_the_standard_output(self):
        """Nor into a folder called '-'."""
        those = [name for name, command in PLAIN.items() if "-o" in command.options()]
        self.assertGreater(len(those), 6)
        for name in those:
            run = subprocess.run([EXE, name, "x", "-o", "-"], capture_output=True, text=True)
            self.assertEqual(run.returncode, 2)
            self.assertRegex(run.stderr, f"^attune {name}: -o -: it goes into files")

    def test_a_folder_is_not_called_as_a_file(self):
        """Nobody who asks for report.html wants a folder of that name."""
        with tempfile.TemporaryDirectory() as folder:
            def said(command, out):
                run = subprocess.run([EXE, command, "there/is.nothing", "-o", out], capture_output=True, text=True, cwd=folder)
                self.assertNotEqual(run.returncode, 0)
                return run.stderr
            for name in "analyze", "explain", "merge", "train":
                self.assertRegex(said(name, "report.HTML"), "^attune " + name + ": -o takes the name of a folder, .*'report.HTML' reads as a file's")
                self.assertIn("takes the name of a folder", said(name, ""))
                self.assertNotIn("folder", said(name, "../report.html/"))
            pathlib.Path(folder, "report.html").mkdir()
            for out in "report.html", "v1.2", "a.csv/b":
                self.assertNotIn("takes the name", said("explain", out))
            self.assertEqual(os.listdir(folder), ["report.html"])

@unittest.skipUnless(MADE.exists(), "made by running the program, which this machine cannot")
class Manual(unittest.TestCase):
    def pages(self):
        return {name: MADE / ("-".join(["attune", *name.split()]) + ".1") for name in COMMANDS}

    def test_has_every_option(self):
        for name, page in self.pages().items():
            roff = page.read_text().replace("\\-", "-")
            for option, (_, says) in COMMANDS[name].options().items():
                with self.subTest(page=page.name, option=option):
                    self.assertRegex(roff, rf"(?m)^\\fB.*{re.escape(option)}\b" if says else re.escape(option))

    def test_is_read_without_complaint(self):
        if not shutil.which("groff"):
            self.skipTest("no groff")
        for page in self.pages().values():
            run = subprocess.run(["groff", "-man", "-ww", "-Kutf8", "-Tutf8", "-z", page], capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stderr), (0, ""), page)


@unittest.skipUnless(MADE.exists(), "likewise")
class Completion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()  # where nobody has left anything
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        (self.dir / "demo").mkdir()
        (self.dir / "VERSION").touch()

    def offered(self, *words):
        """By bash, for what is typed after "attune"."""
        script = f"""compopt() {{ :; }}; . {MADE}/attune
            COMP_WORDS=(attune "$@"); COMP_CWORD=$#; _attune; printf '%s\\n' "${{COMPREPLY[@]}}" """
        return subprocess.run(["bash", "-c", script, "bash", *words], cwd=self.dir, check=True, capture_output=True,
                              text=True).stdout.split()

    def test_of_commands(self):
        self.assertEqual(self.offered(""), [*PLAIN, "--help", "--version"])

    def test_of_every_option(self):
        for name, command in PLAIN.items():
            self.assertEqual(set(self.offered(name, "-")), {*command.options(), "--help"}, name)

    def test_of_values(self):
        self.assertEqual(self.offered("analyze", "--export", "eaf,te"), ["eaf,textgrid"])
        self.assertEqual(self.offered("eval", "--dataset", "fer"), ["ferplus", "fer2013"])
        self.assertEqual(self.offered("degrade", "--corrupt", "bl"), ["blur=", "blocks="])
        self.assertEqual(self.offered("sessions", "tr"), ["trends"])
        self.assertEqual(self.offered("consent", "wi"), ["withdraw"])
        self.assertIn("openface", self.offered("analyze", "--export", "open"))  # of pictures, which a result has not
        self.assertEqual(self.offered("export", "--to", "eaf,o"), ["eaf,openface-windows", "eaf,overlay", "eaf,onnx"])
        self.assertEqual(self.offered("send", "--to", ""), [])
        self.assertEqual(self.offered("reproduce", "--model", "de"), ["default", "demo"])
        self.assertEqual(self.offered("info", "de"), ["default", "demo"])
        self.assertEqual(self.offered("analyze", "--model", "VERS"), ["VERSION"])
        self.assertEqual(self.offered("analyze", "--tracks", ""), [])

    def test_of_every_set_that_is_fixed(self):
        """As the help has it, and as a complaint of the program does that is given another."""
        met = set()
        for name, command in PLAIN.items():
            for option, (value, _) in command.options().items():
                words = [word for word in value.removesuffix(",...").split("|") if word.islower()]
                if "|" not in value or not words:
                    continue
                with self.subTest(command=name, option=option):
                    met.add(option)
                    self.assertLessEqual(set(words), set(self.offered(name, option, "")))
                    if option in ("--precision", "--class", "--what", "--offset"):
                        run = subprocess.run([EXE, name, option, "another"], capture_output=True, text=True)
                        self.assertEqual(run.returncode, 2)
                        self.assertEqual([word for word in words if word not in run.stderr], [])
        self.assertGreaterEqual(met, {"--precision", "--stream", "--task", "--split", "--class", "--what", "--offset", "--face-input"})

    def test_shells_read_it(self):
        for shell, file in (("bash", "attune"), ("zsh", "_attune"), ("fish", "attune.fish")):
            if shutil.which(shell):
                subprocess.run([shell, "-n", MADE / file], check=True)
            for name, command in PLAIN.items():
                made = (MADE / file).read_text()
                for option in command.options():
                    written = f"-l {option[2:]} " if option.startswith("--") else f"-s {option[1:]} "
                    self.assertIn(written if shell == "fish" else option, made)


class Packages(unittest.TestCase):
    def test_have_all_that_is_installed_once(self):
        installed = json.loads(subprocess.run(["meson", "introspect", "--installed", BUILD], check=True,
                                              capture_output=True, text=True).stdout).values()
        prefix = json.loads(subprocess.run(["meson", "introspect", "--buildoptions", BUILD], check=True,
                                           capture_output=True, text=True).stdout)
        prefix = next(option["value"] for option in prefix if option["name"] == "prefix")
        patterns = [line.split()[0] for file in (SRC / "debian").glob("*.install") for line in file.read_text().splitlines()]
        headers = {path.name for path in (SRC / "include/attune").glob("*.h")}
        self.assertEqual({path.rpartition("/")[2] for path in installed if "/include/attune/" in path}, headers)
        met = set()
        for path in installed:
            usual = re.sub(r"^usr/lib/(?=libattune|pkgconfig|attune/)", "usr/lib/TRIPLET/", "usr" + path.removeprefix(prefix))
            found = [pattern for pattern in patterns if fnmatch.fnmatch(usual, pattern)
                     or fnmatch.fnmatch(usual, pattern + "/*")]
            self.assertEqual(len(found), 1, f"{usual}: {found}")
            met.update(found)
        ranks = {pattern for pattern in patterns if "mpi" in pattern}  # built where Open MPI is
        self.assertIn(set(patterns) - met, (set(), ranks))

    def test_are_named_by_the_version(self):
        major = (SRC / "VERSION").read_text().split(".")[0]
        self.assertIn(f"Package: libattune{major}\n", (SRC / "debian/control").read_text())

    def test_are_built_with_what_a_build_needs(self):
        control = (SRC / "debian/control").read_text()
        needs = re.search(r'build_needs="(.*?)"', (SRC / "tools/setup.sh").read_text(), re.S).group(1)
        for package in (line.split()[1] for line in needs.strip().splitlines()):
            self.assertIn({"pkg-config": "pkgconf"}.get(package, package), control)

    def test_have_what_the_library_asks_pkg_config_for(self):
        """It has to be there for headers too, also where it is loaded and not linked."""
        asked = re.search(r"^Requires.private: (.*)", (BUILD / "meson-private/attune.pc").read_text(), re.M).group(1)
        packages = dict(re.findall(r"^pc:(\S+) +(\S+)", (SRC / "tools/setup.sh").read_text(), re.M))
        depends = re.search(r"Package: libattune-dev\n.*?\nDepends: (.*?)\nDescription", (SRC / "debian/control").read_text(),
                            re.S).group(1)
        for name in re.findall(r"([\w-]+)(?: >= +\S+)?(?:, |$)", asked):
            self.assertRegex(depends, rf"\b{packages[name]}\b")


if __name__ == "__main__":
    unittest.main()
