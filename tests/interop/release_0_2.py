"""Checks this crate against release 0.2.0 of the published package, both ways.

    PYTHONPATH=FOLDER_WITH_THE_PACKAGE python release_0_2.py RUST_PROGRAM WORK_FOLDER

A process of its own: both releases of the package have one name, and their schemas
another, of which a process can hold one.
"""

import base64
import datetime
import functools
import importlib.metadata
import itertools
import json
import math
import pathlib
import random
import sys

import lokryn_compliance_log as package
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from matrix import Matrix, Mismatch, same, same_list
from peers import Program
from stream import frames, joined

COUNT = 4_000
RELEASED = pathlib.Path(__file__).parent / "released.binpb"

# Release 0.1 is read by the schema that its own package was built from.
_pool = descriptor_pool.DescriptorPool()
for file in descriptor_pb2.FileDescriptorSet.FromString(RELEASED.read_bytes()).file:
    for field in [field for message in file.message_type for field in message.field]:
        if not field.type_name:
            field.ClearField("type_name")
    _pool.Add(file)
LogEntry = message_factory.GetMessageClass(_pool.FindMessageTypeByName("lokryn.compliance.v1.LogEntry"))

# An unknown field at the top, and one in a message in the record.
UNKNOWN_FIELDS = [b"", b"", b"", b"\x98\x06\x07", b"\xaa\x01\x03\x98\x06\x07"]


def main(program, work):
    matrix = Matrix()
    rust = Program("Rust", program)
    python = f"Python, lokryn-compliance-log {importlib.metadata.version('lokryn-compliance-log')}"
    matrix.count(python, "fields and values", check_descriptor(rust))
    matrix.count(python, "OCSF and OTel", check_mappings(rust))

    rng = random.Random(2)
    records = [any_record(i, rng) for i in range(COUNT)]
    check_coverage(records)
    matrix.count(python, "bytes from", check_bytes(rust, records))
    matrix.count(python, "entries from", check_entries(rust, records, rng))
    matrix.count(python, "entries to", check_entries_to(rust, rng))
    matrix.count(python, "which release", check_releases(rust, records))
    matrix.count(python, "JSON from", check_json_of(rust, records))
    generated = [package.LogRequest.FromString(record) for record in frames(rust.generate(COUNT))]
    matrix.count(python, "bytes to", check_generated(rust, generated))
    matrix.count(python, "JSON to", check_json_of(rust, generated))
    go = Program("Go, google.golang.org/protobuf", str(work / "interop-go"), "release_0_2")
    matrix.count(go.name, "bytes from", check_go_bytes(rust, go, records))
    matrix.count(go.name, "bytes to", check_go_bytes(rust, go, generated))
    matrix.count(go.name, "JSON from", check_same_json(rust, go, records))
    matrix.count(go.name, "JSON to", check_same_json(go, rust, generated))
    print(f"\n{matrix}")


def check_descriptor(rust):
    """Our schema, of our wording, has every field and value of the release, and no other."""
    descriptors = descriptor_pb2.FileDescriptorSet.FromString(rust.run("descriptor")).file
    (ours,) = [file for file in descriptors if file.package.endswith(".release_0_2.v1")]
    theirs = descriptor_pb2.FileDescriptorProto()
    package.LogRequest.DESCRIPTOR.file.CopyToProto(theirs)
    left, right = shape(ours), shape(theirs)
    same("the schema", ours=left, theirs=right)
    return len(left)


def shape(file):
    rows = []
    for message in file.message_type:
        for field in message.field:
            oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None
            kind = field.type_name.removeprefix(f".{file.package}.") or field.type
            rows.append((message.name, field.number, field.name, field.label, kind, oneof))
    for enum in file.enum_type:
        rows += [(enum.name, value.number, value.name) for value in enum.value]
    return sorted(rows, key=str)


def check_mappings(rust):
    """The functions of both releases against the package's own table."""
    ours = json.loads(rust.run("mappings"))
    names = {value.name: value.number for value in package.EventType.DESCRIPTOR.values}
    mapping = lambda number: [*package.get_ocsf_values(number), package.get_otel_operation_name(number)]
    event_types = [[number, *mapping(number)] for number in sorted(names.values())]
    same("event types", ours=sorted(ours["event_types"]), theirs=event_types)
    of_entry = [[name, *mapping(names[name])] for name, *_ in ours["entry"]["event_types"]]
    same("event types of release 0.1", ours=ours["entry"]["event_types"], theirs=of_entry)

    numbers = sorted(package.Outcome.values())
    outcomes = [[number, package.get_ocsf_status_id(number)] for number in numbers]
    same("outcomes", ours=sorted(ours["outcomes"]), theirs=outcomes)
    counterparts = {"OUTCOME_PARTIAL": "OUTCOME_OTHER"}
    of_entry = [
        [name, package.get_ocsf_status_id(package.Outcome.Value(counterparts.get(name, name)))]
        for name, _ in ours["entry"]["outcomes"]
    ]
    same("outcomes of release 0.1", ours=ours["entry"]["outcomes"], theirs=of_entry)

    numbers = sorted(package.Sensitivity.values())
    sensitivities = [[number, package.get_ocsf_confidentiality_id(number)] for number in numbers]
    same("sensitivities", ours=sorted(ours["sensitivities"]), theirs=sensitivities)
    of_entry = [
        [f"SENSITIVITY_{name}", package.get_ocsf_confidentiality_id(number)]
        for name, number in SENSITIVITIES.items()
    ]
    same("sensitivities of release 0.1", ours=ours["entry"]["sensitivities"], theirs=of_entry)
    return len(event_types) + len(outcomes) + len(sensitivities)


# Of release 0.1, with the number of release 0.2 that is of the same rank.
SENSITIVITIES = {"PUBLIC": 1, "INTERNAL": 10, "CONFIDENTIAL": 2, "RESTRICTED": 3, "HIGHLY_RESTRICTED": 4}


def check_bytes(rust, records):
    """Rust reads every record, and writes one that Python reads as the same."""
    written = [_bytes(_with_zeros(record)) for record in records]
    read = frames(rust.recode(joined(map(_bytes, records))))
    # Prost leaves out a key or a value of a map that is empty.
    read = [_bytes(package.LogRequest.FromString(record)) for record in read]
    return same_list("records", Python=written, Rust=read)


def _with_zeros(record):
    """Prost leaves out a double of minus zero, as if it were the default."""
    copy = package.LogRequest()
    copy.CopyFrom(record)
    for genai in _calls(copy):
        for name in ("temperature", "top_p"):
            if getattr(genai, name) == 0:
                genai.ClearField(name)
    return copy


def _with_one_nan(record):
    """Go's own NaN is another than Python's and Rust's."""
    for genai in _calls(record):
        for name in ("temperature", "top_p"):
            if math.isnan(getattr(genai, name)):
                setattr(genai, name, math.nan)
    return record


def _calls(record):
    """Every GenAIPayload in a record."""
    match record.WhichOneof("payload"):
        case "genai":
            return [record.genai]
        case "mcp" if record.mcp.HasField("sampling"):
            return [record.mcp.sampling]
    return []


def check_entries(rust, records, rng):
    """Every record becomes an entry with the values where the table says, and comes back."""
    written = [
        record.SerializeToString(deterministic=i % 2 == 0) + rng.choice(UNKNOWN_FIELDS)
        for i, record in enumerate(records)
    ]
    entries = rust.run("entries", stdin=joined(written))
    for record, entry in zip(written, frames(entries), strict=True):
        check_entry(package.LogRequest.FromString(record), LogEntry.FromString(entry))
    back = frames(rust.run("records", stdin=entries))
    same_bytes = 0
    for i, (before, after) in enumerate(zip(written, back, strict=True)):
        if before == after:
            same_bytes += 1
            continue
        # The members of a Struct may be in another order, and nothing else.
        same(f"record {i}", before=sorted(before), after=sorted(after))
        reordered = [_bytes(package.LogRequest.FromString(it)) for it in (before, after)]
        same(f"record {i}, in order", before=reordered[0], after=reordered[1])
        if i % 2 == 0:
            raise Mismatch(f"record {i} was written in order and comes back in another")
    assert same_bytes > 3 * COUNT // 4
    return len(back)


def check_entry(record, entry):
    details = json.loads(entry.payload) if entry.payload else {}
    for name in ("actor_id", "component", "environment", "resource", "message", "severity"):
        same(name, record=getattr(record, name), entry=getattr(entry, name))
    same("policy_tags", record=list(record.policy_tags), entry=list(entry.policy_tags))
    for name in (
        "actor_type trace_id span_id parent_span_id session_id client_id client_version server_id"
        " server_version geo_region ocsf_class_uid ocsf_activity_id otel_operation_name"
    ).split():
        same(name, record=getattr(record, name) or None, entry=details.get(name))
    for name in ("duration_ms", "request_size_bytes", "response_size_bytes"):
        number = getattr(record, name)
        expected = None if number == 0 else number if abs(number) <= 2**53 else str(number)
        same(name, record=expected, entry=details.get(name))
    for name in ("genai", "mcp", "data"):
        same(name, record=record.WhichOneof("payload") == name, entry=name in details)
    same("metadata", record=record.HasField("metadata"), entry="metadata" in details)
    same("time", record=_time(record), entry=details.get("occurred_at"))

    event_type = package.EventType.DESCRIPTOR.values_by_number.get(record.event_type)
    if event_type and 0 < event_type.number < 30:
        converted = values_of("event_type").values_by_number[entry.event_type]
        same("event_type", record=event_type.name, entry=converted.name)
    elif record.event_type != entry.event_type:
        same("event_type", record=record.event_type, entry=details.get("release_0_2_event_type"))
    levels = values_of("sensitivity").values_by_name
    counterparts = {0: 0, **{of: levels[f"SENSITIVITY_{name}"].number for name, of in SENSITIVITIES.items()}}
    if record.sensitivity in counterparts:
        same("sensitivity", record=counterparts[record.sensitivity], entry=entry.sensitivity)
    elif record.sensitivity != entry.sensitivity:
        same("sensitivity", record=record.sensitivity, entry=details.get("release_0_2_sensitivity"))


def values_of(field):
    """The enum of a field of release 0.1."""
    return LogEntry.DESCRIPTOR.fields_by_name[field].enum_type


def _time(record):
    """The detail `occurred_at`: a text of RFC 3339, or the numbers of a time that has none."""
    if not record.HasField("time"):
        return None
    seconds, nanos = record.time.seconds, record.time.nanos
    if not (-62_167_219_200 <= seconds < 253_402_300_800 and 0 <= nanos < 1_000_000_000):
        return {"seconds": seconds if abs(seconds) <= 2**53 else str(seconds), "nanos": nanos}
    epoch = datetime.datetime(1970, 1, 1)
    if seconds >= -62_135_596_800:
        second = (epoch + datetime.timedelta(seconds=seconds)).isoformat()
    else:
        # The year 0 is none of Python's. The calendar is the same 400 years later.
        later = epoch + datetime.timedelta(seconds=seconds, days=146_097)
        second = later.isoformat().replace("0400-", "0000-", 1)
    return f"{second}.{nanos:09}Z"


def check_entries_to(rust, rng):
    """Every entry of release 0.1 becomes a record that the package reads, and comes back."""
    entries = [any_entry(i, rng) for i in range(COUNT)]
    records = rust.run("records", stdin=joined(map(_bytes, entries)))
    converted_back = frames(rust.run("entries", stdin=records))
    for entry, record, back in zip(entries, frames(records), converted_back, strict=True):
        record, back = package.LogRequest.FromString(record), LogEntry.FromString(back)
        for name in ("actor_id", "component", "environment", "resource", "message", "severity"):
            same(name, entry=getattr(entry, name), record=getattr(record, name))
        value = values_of("event_type").values_by_number.get(entry.event_type)
        converted = package.EventType.DESCRIPTOR.values_by_number.get(record.event_type)
        if value and value.number:
            same("event_type", entry=value.name, record=converted and converted.name)
        is_open = entry.sensitivity in (1, 2)
        same("is open", entry=is_open, record=record.sensitivity in (1, 10))
        if entry.payload.startswith(b"{"):
            details = json.loads(entry.payload)
            same("trace_id", entry=details["trace_id"], record=record.trace_id)
            same("time", entry=details["occurred_at"], record=_time(record))
            same("rows", entry=details["rows"], record=record.data["rows"])
        elif entry.payload:
            payload = base64.b64decode(record.data["payload_base64"])
            same("payload", entry=entry.payload, record=payload)
        # Unless the bytes of the entry went along, what the record has no field for comes
        # back under `data`.
        if "release_0_1_base64" not in record.data.fields and entry.payload:
            if entry.payload.startswith(b"{"):
                expected = {"data": {"rows": details.pop("rows")}, **details}
            else:
                expected = {"data": {"payload_base64": base64.b64encode(entry.payload).decode()}}
            same("details", expected=expected, found=json.loads(back.payload))
            back.payload = entry.payload
        same("entry", before=_bytes(entry), after=_bytes(back))
    return len(entries)


def any_entry(i, rng):
    entry = LogEntry(policy_tags=[rng.choice(TEXTS) for _ in range(i % 5)])
    for field in entry.DESCRIPTOR.fields:
        if field.enum_type:
            numbers = [*field.enum_type.values_by_number, *NUMBERS, 20, 30, 42]
            setattr(entry, field.name, numbers[i % len(numbers)])
        elif field.type == field.TYPE_STRING and not field.is_repeated:
            setattr(entry, field.name, rng.choice(TEXTS))
    details = {"trace_id": "abcd", "occurred_at": "2026-11-25T19:20:00.000000000Z", "rows": 1500}
    payloads = [b"", json.dumps(details).encode(), b"\xa1\x63pid\x18\x2a", b"\xff" + rng.randbytes(20)]
    entry.payload = payloads[i % len(payloads)]
    return entry


TELLING = ("sensitivity", "ocsf_class_uid", "ocsf_activity_id", "duration_ms", "actor_type")


def check_releases(rust, records):
    """No record is taken for one of 0.1, and those with one of the five fields are told."""
    mixed, undecided = [record for record in records if record.ByteSize()], 0
    lines = rust.run("mixed", stdin=joined(map(_bytes, mixed))).decode().split("\n")[:-1]
    for record, line in zip(mixed, lines, strict=True):
        tells = any(getattr(record, name) for name in TELLING)
        release, *actor = line.split(" ", 1)
        same("which release", expected="V0_2" if tells else "undecided", found=release)
        if tells:
            same("actor_id", expected=record.actor_id, found=json.loads(actor[0]))
        undecided += not tells
    assert undecided, "no record is one that nothing tells of"
    return len(lines)


def check_json_of(rust, records):
    """Both write the same values, or none, and each reads what the other writes."""
    written = rust.to_json(joined(map(_bytes, records)))
    readable = 0
    for i, (record, line) in enumerate(zip(records, written, strict=True)):
        ours = None if line.startswith("refused: ") else json.loads(line)
        theirs = _json(record)
        same(f"JSON of record {i}", Python=theirs, Rust=ours)
        if ours is not None:
            back = json_format.Parse(line, package.LogRequest())
            same(f"record {i}, through JSON", before=_bytes(_as_json_has_it(record)), after=_bytes(back))
            readable += 1
    lines = [json.dumps(_json(record)) for record in records if _json(record) is not None]
    read = [_bytes(package.LogRequest.FromString(it)) for it in frames(rust.from_json(lines))]
    kept = [_bytes(_with_zeros(_as_json_has_it(it))) for it in records if _json(it) is not None]
    same_list("records, from Python's JSON", Python=kept, Rust=read)
    assert readable > len(records) // 2
    return readable


def check_go_bytes(rust, go, records):
    """Go reads every record, and Rust reads what Go writes."""
    written = joined(map(_bytes, records))
    recoded = go.recode(written)
    # Go writes the payload after all other fields.
    in_order = [_bytes(package.LogRequest.FromString(record)) for record in frames(recoded)]
    same_list("records that Go writes", Go=in_order, Python=frames(written))
    return same_list("records, from Go", Go=frames(rust.recode(recoded)), Rust=frames(rust.recode(written)))


def check_same_json(reader, writer, records):
    """Both write the same JSON, or none, and one reads what the other writes."""
    written = joined(map(_bytes, map(_with_zeros, records)))
    lines, others = writer.to_json(written), reader.to_json(written)
    refused = "refused: "
    # Go writes an integer beyond 2 to the 53rd as digits, which are a double all the same.
    value = lambda line: json.loads(line, parse_int=float)
    parsed = lambda lines: [None if line.startswith(refused) else value(line) for line in lines]
    same_list("JSON", **{writer.name: parsed(lines), reader.name: parsed(others)})
    kept = [_bytes(_as_json_has_it(it)) for it, line in zip(map(_with_zeros, records), lines)
            if not line.startswith(refused)]
    read = frames(reader.from_json([line for line in lines if not line.startswith(refused)]))
    read = [_bytes(_with_one_nan(package.LogRequest.FromString(it))) for it in read]
    return same_list("records, from JSON", **{writer.name: kept, reader.name: read})


def _json(record):
    """What Python writes; None where there is no form for it."""
    if any(value.WhichOneof("kind") is None for value in values(record)):
        # Python writes null, which is read as something else; the specification has an error.
        return None
    try:
        return json.loads(json_format.MessageToJson(record))
    except (ValueError, json_format.SerializeToJsonError):
        return None


def _as_json_has_it(record):
    """JSON has one null."""
    copy = package.LogRequest()
    copy.CopyFrom(record)
    for value in values(copy):
        if value.WhichOneof("kind") == "null_value":
            value.null_value = 0
    return copy


def values(record):
    """Every Value in a record."""
    structs = []
    match record.WhichOneof("payload"):
        case "data":
            structs = [record.data]
        case "mcp":
            names = ("tool_arguments", "tool_result")
            structs = [getattr(record.mcp, name) for name in names if record.mcp.HasField(name)]
    return [value for struct in structs for value in _values(struct)]


def _values(struct):
    for value in struct.fields.values() if isinstance(struct, Struct) else struct.values:
        yield value
        match value.WhichOneof("kind"):
            case "struct_value":
                yield from _values(value.struct_value)
            case "list_value":
                yield from _values(value.list_value)


def check_generated(rust, records):
    """What Rust generates is what Python writes, and covers what it is said to."""
    written = [_bytes(record) for record in records]
    same_list("records of Rust", Python=written, Rust=frames(rust.generate(len(records))))
    return same_list("records of Rust, read again", Python=written, Rust=frames(rust.recode(joined(written))))


# What is generated here.

TEXTS = ["", "", "agent-001", "Zoë 正面 🔒", 'quote " backslash \\ \n \0 \x7f \u2028', "file:///etc/hosts", "x" * 300]
NUMBERS = [0, 1, 2, 3, 4, 5, 6, 10, 13, 19, 98, 99, 100, 2**31 - 1, -1, -(2**31)]
LONGS = [0, 1, -1, 42, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]
DOUBLES = [0.0, -0.0, 0.5, 42.0, 2.0**53, 2.0**60, 1e300, 5e-324, math.nan, math.inf, -math.inf]
FINITE = [number for number in DOUBLES if math.isfinite(number)]
SECONDS = [
    0, 1, -1, 1_795_634_400, -62_135_596_800, -62_135_596_801, -62_167_219_200, -62_167_219_201,
    253_402_300_799, 253_402_300_800, 2**53 + 1, 2**63 - 1, -(2**63),
]
NANOS = [0, 1, 1_000, 500_000_000, 999_999_999, 1_000_000_000, -1, 2**31 - 1, -(2**31)]


def any_record(i, rng):
    """The `i`th record. Every second one is such as JSON has a form for."""
    is_plain = i % 2 == 0
    record = package.LogRequest()
    if i % 50 == 7:
        record.actor_id = "of either release"
        return record
    for field in record.DESCRIPTOR.fields:
        if field.containing_oneof or field.message_type or rng.random() < 0.25:
            continue
        if field.name == "policy_tags":
            record.policy_tags.extend(rng.choice(TEXTS) for _ in range(i % 5))
        elif field.enum_type:
            numbers = [*field.enum_type.values_by_number, *NUMBERS]
            setattr(record, field.name, numbers[i % len(numbers)])
        else:
            set_scalar(record, field, rng)
    if i % 3:
        record.time.SetInParent()
        record.time.seconds = rng.choice([0, 1_795_634_400] if is_plain else SECONDS)
        record.time.nanos = rng.choice([0, 1_000, 999_999_999] if is_plain else NANOS)
    if i % 5 == 0:
        record.metadata.SetInParent()
        fill(record.metadata, rng, is_plain)
    match i % 7:
        case 0 | 1:
            record.genai.SetInParent()
            fill(record.genai, rng, is_plain)
        case 2 | 3:
            record.mcp.SetInParent()
            fill(record.mcp, rng, is_plain)
        case 4 | 5:
            record.data.CopyFrom(any_struct(rng, is_plain, depth=3))
    if i % 100 == 11:
        record.CopyFrom(deepest())
    return record


def fill(message, rng, is_plain):
    for field in message.DESCRIPTOR.fields:
        if rng.random() < 0.3:
            continue
        if field.message_type is None:
            if field.is_repeated:
                getattr(message, field.name).extend(rng.choice(TEXTS) for _ in range(rng.randrange(3)))
            else:
                set_scalar(message, field, rng)
        elif field.is_repeated:
            for _ in range(rng.randrange(3)):
                fill(getattr(message, field.name).add(), rng, is_plain)
        elif field.message_type.name == "Struct":
            getattr(message, field.name).CopyFrom(any_struct(rng, is_plain, depth=2))
        else:
            getattr(message, field.name).SetInParent()
            fill(getattr(message, field.name), rng, is_plain)


def set_scalar(message, field, rng):
    choices = {
        field.TYPE_STRING: TEXTS,
        field.TYPE_INT32: NUMBERS,
        field.TYPE_INT64: LONGS,
        field.TYPE_DOUBLE: DOUBLES,
    }
    setattr(message, field.name, rng.choice(choices[field.type]))


def any_struct(rng, is_plain, depth):
    struct = Struct()
    for _ in range(rng.randrange(4)):
        struct.fields[rng.choice(["", "a", "b", "key with space", "é"])].CopyFrom(any_value(rng, is_plain, depth))
    return struct


def any_value(rng, is_plain, depth):
    match rng.randrange(4 if depth == 0 else 6) if is_plain or rng.random() < 0.9 else None:
        case None:
            return Value()
        case 0:
            return Value(null_value=0 if is_plain else rng.choice([0, 0, 7]))
        case 1:
            return Value(number_value=rng.choice(FINITE if is_plain else DOUBLES))
        case 2:
            return Value(string_value=rng.choice(TEXTS))
        case 3:
            return Value(bool_value=rng.random() < 0.5)
        case 4:
            return Value(struct_value=any_struct(rng, is_plain, depth - 1))
        case 5:
            elements = [any_value(rng, is_plain, depth - 1) for _ in range(rng.randrange(3))]
            return Value(list_value=ListValue(values=elements))


@functools.cache
def deepest():
    """The deepest record that Python itself reads."""
    deepest = None
    for depth in itertools.count():
        record = package.LogRequest()
        innermost = record.data
        for _ in range(depth):
            innermost = innermost.fields["a"].struct_value
        innermost.fields["a"].bool_value = True
        try:
            package.LogRequest.FromString(record.SerializeToString())
        except DecodeError:
            return deepest
        deepest = record


def check_coverage(records):
    """Fails if the records leave out a case that they are said to cover."""
    payloads = {record.WhichOneof("payload") for record in records}
    all_values = [value for record in records for value in values(record)]
    numbers = [value.number_value for value in all_values if value.WhichOneof("kind") == "number_value"]
    covered = {
        "payloads": payloads == {None, "genai", "mcp", "data"},
        "kinds": {value.WhichOneof("kind") for value in all_values}
        == {None, "null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value"},
        "NaN": any(map(math.isnan, numbers)),
        "infinite": math.inf in numbers and -math.inf in numbers,
        "empty payload": any(
            record.WhichOneof("payload") and not getattr(record, record.WhichOneof("payload")).ByteSize()
            for record in records
        ),
        "empty metadata": any(record.HasField("metadata") and not record.metadata.ByteSize() for record in records),
        "times": {record.time.seconds for record in records} >= set(SECONDS)
        and {record.time.nanos for record in records} >= set(NANOS),
        "long integers": {record.duration_ms for record in records} >= set(LONGS),
    }
    for field in package.LogRequest.DESCRIPTOR.fields:
        if field.enum_type:
            found = {getattr(record, field.name) for record in records}
            covered[field.name] = found >= {*field.enum_type.values_by_number, *NUMBERS}
    same("left out", found=[case for case, is_covered in covered.items() if not is_covered], wanted=[])


def _bytes(record):
    return record.SerializeToString(deterministic=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1], pathlib.Path(sys.argv[2]))
    except Mismatch as mismatch:
        sys.exit(f"\nMISMATCH: {mismatch}")
