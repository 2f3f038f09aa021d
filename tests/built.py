"""What the build folder says of itself, for tests of the programs in it."""
import json
import os
import pathlib


def sanitizers():
    """Names of the sanitizers that everything was built with: {"address", "undefined"}; {}: none."""
    info = pathlib.Path(os.environ["ATTUNE_BUILD"]) / "meson-info/intro-buildoptions.json"
    options = {o["name"]: o["value"] for o in json.loads(info.read_text())}
    return set(options["b_sanitize"].split(",")) - {"none"}
