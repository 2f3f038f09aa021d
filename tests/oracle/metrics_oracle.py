#!/usr/bin/env python3
"""Numbers for tests/unit_metrics.c, from the definitions in scikit-learn's user guide (macro: "the
unweighted mean over labels" that appear in truth or prediction; weighted: by support in the truth;
balanced accuracy: mean recall over labels of the truth), written down apart from src/eval/metrics.c.

    python3 tests/oracle/metrics_oracle.py
"""
from fractions import Fraction as F

# Six classes: 3 is answered and never a label, 4 a label and never answered, 5 neither.
TRUTH = [0, 0, 0, 0, 1, 1, 1, 2, 2, 4, 4, 0, 1, 2, 2, 2]
ANSWER = [0, 0, 1, 3, 1, 1, 0, 2, 3, 0, 2, 0, 3, 2, 2, 1]


def ratio(a, b):
    return F(a, b) if b else F(0)


def f1(k):
    hits = sum(t == a == k for t, a in zip(TRUTH, ANSWER))
    precision, recall = ratio(hits, ANSWER.count(k)), ratio(hits, TRUTH.count(k))
    total = precision + recall
    return 2 * precision * recall / total if total else F(0)


occurring = sorted(set(TRUTH) | set(ANSWER))
labels = sorted(set(TRUTH))
n = len(TRUTH)
figures = {
    "accuracy": F(sum(t == a for t, a in zip(TRUTH, ANSWER)), n),
    "balanced_accuracy": sum(F(sum(t == a == k for t, a in zip(TRUTH, ANSWER)), TRUTH.count(k))
                             for k in labels) / len(labels),
    "macro_f1": sum(map(f1, occurring)) / len(occurring),
    "weighted_f1": sum(f1(k) * TRUTH.count(k) for k in labels) / n,
}
for name, value in figures.items():
    print(f"{name} {float(value):.12f}")
