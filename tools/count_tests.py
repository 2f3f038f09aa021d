#!/usr/bin/env python3
"""Prints "passed failed skipped" of a meson testlog.json on standard input.

A cmocka program says how many of its cases passed, failed and were skipped, and these are
counted; any other test counts as one. A program that meson calls failed counts at least one
failure, whatever it printed before it died.
"""
import json
import re
import sys

# newer cmocka puts the group's name before the number
CASES = re.compile(r"\[\s*(PASSED|FAILED|SKIPPED)\s*\] (?:\w+: )?(\d+) test\(s\)")
RESULT = {"OK": 0, "EXPECTEDFAIL": 0, "SKIP": 2}


def count(test):
    cases = [0, 0, 0]
    text = test.get("stdout", "") + test.get("stderr", "")
    for word, number in CASES.findall(text):
        cases[("PASSED", "FAILED", "SKIPPED").index(word)] += int(number)
    result = RESULT.get(test["result"], 1)
    if sum(cases) == 0 or (result == 1 and cases[1] == 0):
        cases[result] += 1
    return cases


def main():
    totals = [0, 0, 0]
    for line in sys.stdin:
        totals = [a + b for a, b in zip(totals, count(json.loads(line)))]
    if sum(totals) == 0:
        sys.exit("no tests in the log")
    print(*totals)


main()
