"""What the build folder says of itself, for tests of the programs in it."""
import json
import os
import pathlib
import shlex
import unittest


def sanitizers():
    """Names of the sanitizers that all was built with, {"address", "undefined"}; of a program that is
    tested without its build folder, none. An emulator of the processor is as slow, and one of them: {"emulator"}."""
    folder = os.environ.get("ATTUNE_BUILD")
    if not folder:
        return set()
    info = pathlib.Path(folder) / "meson-info/intro-buildoptions.json"
    options = {o["name"]: o["value"] for o in json.loads(info.read_text())}
    emulated = {"emulator"} if "-DEMULATED" in options["c_args"] else set()
    return set(options["b_sanitize"].split(",")) - {"none"} | emulated


EMULATED = "emulator" in sanitizers()
live_input = unittest.skipIf(EMULATED, "an emulated program is too slow for live input")


def of_the_input(notes):
    """Those of some notes or lines that tell of an input, not of what an emulated process cannot hold."""
    lacks = "the decoder's sandbox lacked a layer"
    return [note for note in notes if not EMULATED or lacks not in note]


def program(name):
    """The words that run a program of the build folder: those of the emulator come first where it is another processor's."""
    return [*shlex.split(os.environ.get("ATTUNE_EMULATOR", "")), pathlib.Path(os.environ["ATTUNE_BUILD"], name)]
