"""Buf on the schema: lint, format, build, and no break with what was released."""

import pathlib
import re
import shutil

from matrix import same
from peers import PROTO
from released import image

RELEASED = pathlib.Path(__file__).parent / "released.binpb"

# Changes to log.proto that other readers or writers would notice.
BREAKING = {
    "a field renumbered": (r"string actor_id = 4;", "string actor_id = 5004;"),
    "a field removed": (r"string message = 8;", ""),
    "a field renamed": (r"string resource = 7;", "string target = 7;"),
    "a field of another type": (r"bytes payload = 9;", "string payload = 9;"),
    "a field no longer repeated": (r"repeated string policy_tags", "string policy_tags"),
    "an enum value renumbered": (r"OUTCOME_PARTIAL = 5;", "OUTCOME_PARTIAL = 5005;"),
    "an enum value removed": (r"EVENT_LOGOUT = 2;", ""),
    "an enum value renamed": (r"SEVERITY_ALERT = 7;", "SEVERITY_URGENT = 7;"),
    "a message renamed": (r"message LogRequest ", "message LogSubmission "),
    "the package renamed": (r"package lokryn.compliance.v1;", "package lokryn.compliance.v2;"),
}
COMPATIBLE = {
    # Numbers that nothing else will have.
    "a field added": (r"(Sensitivity sensitivity = 11;)", r"\1 string tenant = 5000;"),
    "an enum value added": (r"(EVENT_GUARDRAIL_CHECK = 19;)", r"\1 EVENT_BACKUP = 5000;"),
}


def check(matrix, buf, work):
    buf.run("lint", PROTO)
    buf.run("format", "--diff", "--exit-code", PROTO)
    buf.run("build", PROTO, "-o", work / "log.binpb")
    matrix.count(buf.name, "schema", 3)

    same("released.binpb", committed=RELEASED.read_bytes(), published=image())
    buf.run("breaking", PROTO, "--against", RELEASED)
    for change, edit in COMPATIBLE.items():
        buf.run("breaking", _edited(buf, work, change, *edit), "--against", RELEASED)
    for change, edit in BREAKING.items():
        edited = _edited(buf, work, change, *edit)
        try:
            buf.run("breaking", edited, "--against", RELEASED)
        except RuntimeError:
            continue
        raise AssertionError(f"buf breaking let this pass: {change}")
    matrix.count(buf.name, "breaks refused", len(BREAKING))


def _edited(buf, work, change, pattern, replacement):
    proto = work / "edited"
    shutil.rmtree(proto, ignore_errors=True)
    shutil.copytree(PROTO, proto)
    path = proto / "lokryn" / "compliance" / "v1" / "log.proto"
    text, edits = re.subn(pattern, replacement, path.read_text())
    assert edits, f"{change}: {pattern} is not in log.proto"
    path.write_text(text)
    buf.run("build", proto)
    return proto
