#!/usr/bin/env python3
"""Runs the table of ProtoJSON inputs against the published Python package.

A row that json_format does not treat as the table says must be marked with the
reason, under "deviations": "python"; a mark that no longer holds fails, too.
"""

import json
import pathlib
import sys

from google.protobuf import json_format
from lokryn_compliance_log import LogEntry

CASES = pathlib.Path(__file__).with_name("cases.json")


def read(text):
    try:
        return json_format.Parse(text, LogEntry())
    except (json_format.ParseError, UnicodeError):
        return None


def expected(fields):
    if fields is None:
        return None
    payload = bytes.fromhex(fields.get("payload", ""))
    return LogEntry(**{**fields, "payload": payload})


def main():
    equal, deviating, failures = 0, 0, 0
    for case in json.loads(CASES.read_text()):
        agrees = read(case["text"]) == expected(case["entry"])
        if agrees == ("python" in case["deviations"]):
            failures += 1
            print(f"{case['text']!r}: {case['why']}")
            print(f"  table  {case['entry']}, marked {case['deviations']}")
            print(f"  python {read(case['text'])!r}")
        elif agrees:
            equal += 1
        else:
            deviating += 1
    print(f"ProtoJSON table, python: {equal} equal, {deviating} known deviations, {failures} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
