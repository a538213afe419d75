"""Rust and another implementation, each reading what the other writes."""

import json

from matrix import same, same_list
from stream import frames

COUNT = 2_000


def check(matrix, rust, peer, reference):
    """`reference` is the message class that the coverage is read with."""
    for writer, reader, way in ((rust, peer, "from"), (peer, rust, "to")):
        stream = writer.generate(COUNT)
        check_coverage(writer.name, [reference.FromString(entry) for entry in frames(stream)])

        what = f"entries that {writer.name} wrote"
        count = same_list(
            f"bytes of {what}",
            **{writer.name: frames(stream), reader.name: frames(reader.recode(stream))},
        )
        matrix.count(peer.name, f"bytes {way}", count)

        lines = writer.to_json(stream)
        count = same_list(
            f"JSON of {what}",
            **{writer.name: _values(lines), reader.name: _values(reader.to_json(stream))},
        )
        same_list(
            f"bytes, through JSON, of {what}",
            **{writer.name: frames(stream), reader.name: frames(reader.from_json(lines))},
        )
        matrix.count(peer.name, f"JSON {way}", count)


def check_coverage(writer, entries):
    """Fails if generated entries leave out a case that they are said to cover."""
    fields = entries[0].DESCRIPTOR.fields
    for field in fields:
        values = [getattr(entry, field.name) for entry in entries]
        if field.enum_type:
            missing = set(field.enum_type.values_by_number) - set(values)
            same(f"{field.name} left out", **{writer: missing, "wanted": set()})
            unknown = set(values) - set(field.enum_type.values_by_number)
            covered = {"unknown": max(unknown) > 1_000, "negative": min(unknown) < 0}
        elif field.name == "policy_tags":
            covered = {"0 to 30 tags": {len(tags) for tags in values} == set(range(31))}
        elif field.name == "payload":
            covered = {"empty": b"" in values, "binary": any(not _is_text(value) for value in values)}
        else:
            covered = {"empty": "" in values, "not ASCII": any(not value.isascii() for value in values)}
            if field.name == "message":
                covered["long"] = max(map(len, values)) > 5_000
        for case, is_covered in covered.items():
            same(f"{field.name}: {case}", **{writer: is_covered, "wanted": True})


def _is_text(payload):
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _values(lines):
    return [json.loads(line) for line in lines]
