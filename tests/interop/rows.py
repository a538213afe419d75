"""Rows of an SQL engine, compared with entries."""

import base64

from lokryn_compliance_log import LogEntry

from matrix import same_list
from stream import frames


def check(matrix, row, column, stream, rows):
    """Builds an entry from each row; their bytes must be those of the stream."""
    entries = [LogEntry(**fields).SerializeToString(deterministic=True) for fields in rows]
    matrix.count(row, column, same_list(f"rows of {row}", Rust=frames(stream), rows=entries))


def decoded(row):
    """The row with its base64 payload as bytes."""
    return row | {"payload": base64.b64decode(row["payload"])}
