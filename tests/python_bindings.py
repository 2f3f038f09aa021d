"""attune, the package of bindings/python as it lies in the tree, with the library of $ATTUNE_BUILD; why_not, if there is
something that it lacks; and a clip."""
import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
BUILD = pathlib.Path(os.environ["ATTUNE_BUILD"])
EXE = os.environ["ATTUNE_EXE"]
PACKAGE = SOURCE / "bindings/python"

try:
    import numpy
except ImportError:  # another python3 may come first than the one that Debian's NumPy is for
    numpy = None
    if sys.executable != "/usr/bin/python3" and subprocess.run(
            ["/usr/bin/python3", "-c", "import numpy"], capture_output=True).returncode == 0:
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import built  # noqa: E402

LIBRARY = next((p for p in (BUILD / "src").glob("libattune.so.*") if p.name.count(".") == 2), None)
os.environ["ATTUNE_MODEL"] = os.environ.get("ATTUNE_MODEL") or str(SOURCE / "models/default.safetensors")
os.environ["ATTUNE_LIBRARY"] = str(LIBRARY)
why_not = ("no NumPy" if not numpy else "no shared library" if not LIBRARY else
           "a program without the sanitizers cannot take a library with them" if built.sanitizers() else None)
if not why_not:
    sys.path.insert(0, str(PACKAGE))
    import attune  # noqa: F401

RATE, WIDTH, HEIGHT = 16000, 320, 240


def run(*args, **more):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{args[0]}: {done.stdout}{done.stderr}"[-3000:])
    return done.stdout


def make_clip(folder):
    """Five seconds of the demo, with pictures and sound as they are."""
    clip = folder / "clip.avi"
    run("ffmpeg", "-v", "error", "-i", SOURCE / "demo/talking_head.mp4", "-t", "5", "-vf", f"scale={WIDTH}:{HEIGHT}",
        "-r", "25", "-ac", "1", "-ar", RATE, "-c:v", "rawvideo", "-pix_fmt", "bgr24", "-c:a", "pcm_s16le", clip)
    return clip
