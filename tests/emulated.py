"""A test in Python of a program that an emulator runs (tools/aarch64.sh): emulated.py TEST.py [ARGUMENT...]

Tests say how long a processor may take. Here their limits are many times as long, and who waits a moment before looking
again waits longer. A case that passed is noted in the file ATTUNE_PASSED, and one that is noted there is not run again:
some programs take hours."""
import inspect
import os
import runpy
import subprocess
import sys
import time
import unittest

LIMITS, MOMENTS = 40, 8  # times


def with_longer_limit(waits):
    def waits_longer(*args, **more):
        given = inspect.signature(waits).bind(*args, **more)
        if given.arguments.get("timeout"):
            given.arguments["timeout"] *= LIMITS
        return waits(*given.args, **given.kwargs)
    return waits_longer


def go_on_from(path):
    """What the file names has passed; what passes from now on is added to it."""
    with open(path, "a+") as noted:
        noted.seek(0)
        passed = set(noted.read().split())

    class Noting(unittest.TextTestResult):
        def addSuccess(self, test):
            super().addSuccess(test)
            with open(path, "a") as noted:
                noted.write(test.id() + "\n")

    loader = unittest.defaultTestLoader
    names_of = loader.getTestCaseNames
    loader.getTestCaseNames = lambda case: [name for name in names_of(case) if case(name).id() not in passed]
    unittest.TextTestRunner.resultclass = Noting


def main():
    moment = time.sleep
    time.sleep = lambda seconds: moment(seconds * MOMENTS)
    subprocess.Popen.communicate = with_longer_limit(subprocess.Popen.communicate)
    subprocess.Popen.wait = with_longer_limit(subprocess.Popen.wait)
    if "ATTUNE_PASSED" in os.environ:
        go_on_from(os.environ["ATTUNE_PASSED"])
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
