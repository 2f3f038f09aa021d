#!/usr/bin/env python3
"""Prints "passed failed skipped" of a meson testlog.json on standard input; of --failures FILE...,
what the tests that failed there said at their end.

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
# what says why: cmocka's, unittest's, the sanitizers'
REASON = re.compile(r"\[\s*(ERROR|FAILED)\s*\]|error:|Error\b|^(FAIL|ERROR)|ERROR: |WARNING: Thread|SUMMARY: ")
LINES = 8


def said(test):
    return test.get("stdout", "") + test.get("stderr", "")


def result(test):
    return RESULT.get(test["result"], 1)


def count(test):
    cases = [0, 0, 0]
    for word, number in CASES.findall(said(test)):
        cases[("PASSED", "FAILED", "SKIPPED").index(word)] += int(number)
    if sum(cases) == 0 or (result(test) == 1 and cases[1] == 0):
        cases[result(test)] += 1
    return cases


def failures(path):
    with open(path) as log:
        for test in filter(lambda t: result(t) == 1, map(json.loads, log)):
            lines = said(test).splitlines()
            reasons = [line for line in lines if REASON.search(line)] or lines[-LINES:]
            print(f"{test['name']}: {test['result']}", *reasons[:LINES], sep="\n    ")


def main():
    totals = [0, 0, 0]
    for line in sys.stdin:
        totals = [a + b for a, b in zip(totals, count(json.loads(line)))]
    if sum(totals) == 0:
        sys.exit("no tests in the log")
    print(*totals)


if sys.argv[1:2] == ["--failures"]:
    for path in sys.argv[2:]:
        failures(path)
else:
    main()
