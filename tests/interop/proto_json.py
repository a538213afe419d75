"""Runs the table of ProtoJSON inputs against another implementation.

The expectations come from the specification, and `tests/proto_json.rs` holds
this crate to all of them. Where another implementation deviates, the row says
why, under "deviations"; a reason that no longer applies fails, too.
"""

import json
import pathlib

from matrix import Mismatch

CASES = pathlib.Path(__file__).parents[1] / "proto_json" / "cases.json"


def check(matrix, published, peer, short_name):
    cases = json.loads(CASES.read_text())
    verdicts = peer.json_verdicts([case["text"] for case in cases])
    equal = 0
    for case, verdict in zip(cases, verdicts, strict=True):
        deviates = verdict != _expected(published, case["entry"])
        if deviates != (short_name in case["deviations"]):
            raise Mismatch(
                f"ProtoJSON {case['text']!r}: {case['why']}\n"
                f"  {peer.name}: {verdict}\n  table: {case['entry']}, known deviations: {case['deviations']}"
            )
        equal += not deviates
    matrix.count(peer.name, "ProtoJSON table", equal)


def _expected(published, fields):
    if fields is None:
        return None
    payload = bytes.fromhex(fields.get("payload", ""))
    return published.message(**{**fields, "payload": payload}).SerializeToString(deterministic=True)
