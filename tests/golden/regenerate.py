#!/usr/bin/env python3
"""Writes the golden entries as the published Python package encodes them.

    pip install lokryn-compliance-log==0.1.1
    python regenerate.py FOLDER

For each entry: NAME.binpb, its deterministic bytes, and NAME.json, its
canonical JSON. With --check, compares the files in FOLDER instead of writing
them, and fails if one differs.
"""

import argparse
import pathlib
import sys
import types

import lokryn_compliance_log
from google.protobuf import json_format

# The seven scenarios of the published documentation, run as they stand there.
# The three examples of its package description are the first three of them.
SNIPPETS = pathlib.Path(__file__).parents[1] / "interop" / "snippets" / "usage_examples"


def entries():
    """The entry of each scenario, by name."""
    log_pb2 = types.SimpleNamespace(
        **vars(lokryn_compliance_log), LogRequest=lokryn_compliance_log.LogEntry
    )
    for path in sorted(SNIPPETS.glob("[1-9]_*.py")):
        names = {"log_pb2": log_pb2}
        exec(compile(path.read_text(), path, "exec"), names)
        yield path.stem[2:], names["log"]


def main():
    args = argparse.ArgumentParser()
    args.add_argument("folder", type=pathlib.Path)
    args.add_argument("--check", action="store_true")
    args = args.parse_args()

    files = {}
    for name, entry in entries():
        files[f"{name}.binpb"] = entry.SerializeToString(deterministic=True)
        files[f"{name}.json"] = json_format.MessageToJson(entry).encode() + b"\n"

    differing = 0
    for name, expected in files.items():
        path = args.folder / name
        if not args.check:
            path.write_bytes(expected)
        elif path.read_bytes() != expected:
            print(f"{name}:\n  here     {path.read_bytes()!r}\n  package  {expected!r}")
            differing += 1
    if args.check:
        print(f"golden files: {len(files) - differing} equal, {differing} different")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
