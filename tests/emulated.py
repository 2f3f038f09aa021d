"""A test in Python of a program that an emulator runs (tools/aarch64.sh): emulated.py TEST.py [ARGUMENT...]

Tests say how long a processor may take. Here their limits are many times as long, and who waits a moment before looking
again waits longer."""
import inspect
import runpy
import subprocess
import sys
import time

LIMITS, MOMENTS = 40, 8  # times


def with_longer_limit(waits):
    def waits_longer(*args, **more):
        given = inspect.signature(waits).bind(*args, **more)
        if given.arguments.get("timeout"):
            given.arguments["timeout"] *= LIMITS
        return waits(*given.args, **given.kwargs)
    return waits_longer


def main():
    moment = time.sleep
    time.sleep = lambda seconds: moment(seconds * MOMENTS)
    subprocess.Popen.communicate = with_longer_limit(subprocess.Popen.communicate)
    subprocess.Popen.wait = with_longer_limit(subprocess.Popen.wait)
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
