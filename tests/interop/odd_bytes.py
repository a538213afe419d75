"""Bytes that no writer here makes, and what each implementation reads them as.

Where they part, the table says so, and a change on any side fails the run.
"""

import json

from clickhouse import Refused
from matrix import grid, same
from peers import as_json
from stream import joined

# What, the bytes, and who accepts them: Rust, Python, TypeScript, Go, ClickHouse.
# "other" is an entry accepted with other values than the first reader's.
ODD = [
    ("a field that log.proto lacks", "2204 75736572 a206 03 616263", "yes yes yes yes yes"),
    ("fields in another order", "5801 2201 61 0801", "yes yes yes yes yes"),
    ("defaults written out", "0800 2200 4a00 5800", "yes yes yes yes yes"),
    ("a number in too many bytes", "08 8d808000", "yes yes yes yes yes"),
    ("a key in six bytes", "88808080 8000 0d", "yes no no yes yes"),
    ("a length in six bytes", "22 8180808080 00 61", "yes no yes yes yes"),
    ("a tenth byte above 1", "08 ffffffffffffffffff 7f", "no yes yes no no"),
    ("an empty group", "2201 61 a306 a406", "yes yes yes yes yes"),
    ("the same field twice", "2201 61 2201 62", "yes yes yes yes other"),
    ("a number above 32 bits", "08 8d80808010", "yes yes yes yes no"),
    ("a negative number in five bytes", "08 ffffffff0f", "yes yes yes yes no"),
    ("an actor_id that is a number", "20 01", "no yes no yes no"),
    ("an event_type that is text", "0a01 61", "no yes no yes other"),
    ("an actor_id that is not UTF-8", "2202 c328", "no no no no yes"),
    ("half of a surrogate pair", "2203 eda080", "no no no no yes"),
    ("field number 0", "00 01", "no no no no yes"),
    ("a number in eleven bytes", "08 ffffffffffffffffffff01", "no no no no no"),
    ("cut in a number", "08", "no no no no no"),
    ("cut in a text", "2205 6162", "no no no no no"),
    ("the end of a group that never began", "a406", "no no no no no"),
    ("a group that never ends", "a306", "no no no no no"),
    ("wire type 7", "27", "no no no no no"),
]


def check(rust, python, typescript, go, clickhouse, work):
    """Returns a table of who accepts what."""
    entries = [bytes.fromhex(entry) for _, entry, _ in ODD]
    readers = [
        rust.verdicts(joined(entries)),
        python.verdicts(joined(entries)),
        typescript.verdicts(joined(entries)),
        go.verdicts(joined(entries)),
        _clickhouse_verdicts(clickhouse, python, work, entries),
    ]
    table = [["who accepts", "Rust", "Python", "TypeScript", "Go", "ClickHouse"]]
    for (what, _, expected), *verdicts in zip(ODD, *readers, strict=True):
        values = [verdict and json.loads(verdict) for verdict in verdicts]
        accepted = [value for value in values if value is not None]
        cells = ["no" if value is None else "yes" if value == accepted[0] else "other" for value in values]
        same(f"who accepts {what}", found=" ".join(cells), documented=expected)
        table.append([what, *cells])
    return grid(table)


def _clickhouse_verdicts(clickhouse, python, work, entries):
    verdicts = []
    for entry in entries:
        (work / "odd.binpb").write_bytes(entry)
        try:
            (row,) = clickhouse.rows(
                "SELECT event_type, hex(actor_id) AS actor_id, sensitivity"
                " FROM file('odd.binpb', 'ProtobufSingle',"
                " 'event_type Int32, actor_id String, sensitivity Int32')"
                " SETTINGS format_schema = 'log.proto:LogEntry'"
            )
        except Refused:
            verdicts.append(None)
        else:
            row["actor_id"] = bytes.fromhex(row["actor_id"]).decode(errors="replace")
            verdicts.append(as_json(python.message(**row)))
    return verdicts
