"""A test in Python of a program that an emulator runs (tools/aarch64.sh): emulated.py TEST.py [ARGUMENT...]

Tests say how long a processor may take. Here their limits are many times as long, and who waits a moment before looking
again waits longer."""
import runpy
import subprocess
import sys
import time

LIMITS, MOMENTS = 40, 8  # times


def with_longer_limit(wait):
    def waits(self, *args, timeout=None, **more):
        return wait(self, *args, timeout=timeout and timeout * LIMITS, **more)
    return waits


def main():
    moment = time.sleep
    time.sleep = lambda seconds: moment(seconds * MOMENTS)
    subprocess.Popen.communicate = with_longer_limit(subprocess.Popen.communicate)
    subprocess.Popen.wait = with_longer_limit(subprocess.Popen.wait)
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
