"""The store: ClickHouse, here the embedded one, and what a record is in its tables.

A server takes the same statements over HTTP, with the rows as the body of the request.
"""

import pathlib
import struct
import tempfile

from chdb.session import Session
from google.protobuf.message import DecodeError
from lokryn.compliance.v1 import log_pb2
from record_pb2 import Record

TABLES = pathlib.Path(__file__).with_name("audit.sql")


class Store:
    def __init__(self, folder):
        self.session = Session(str(folder))
        for statement in TABLES.read_text().split(";\n"):
            if statement.strip():
                self.session.query(statement)
        self.batch = tempfile.NamedTemporaryFile(prefix="rows")

    def insert(self, table, rows):
        """Returns once the rows are on the disk."""
        if rows:
            pathlib.Path(self.batch.name).write_bytes(b"".join(rows))
            self.session.query(f"INSERT INTO {table} FROM INFILE '{self.batch.name}' FORMAT RowBinary")

    def rows(self, query):
        """The answer in the same format."""
        return self.session.query(query, "RowBinary").bytes()


def audit_row(origin, sequence, record):
    """A row of `audit`. What does not decode is kept as it came, and verifying finds it."""
    try:
        entry = Record.FromString(record)
    except DecodeError:
        entry = Record()
    tags = entry.policy_tags
    return b"".join([
        _text(origin),
        struct.pack("<Q", sequence),
        _bytes(record),
        struct.pack("<Q", entry.recorded_at_unix_nano),
        _name(log_pb2.EventType, entry.event_type),
        _name(log_pb2.Outcome, entry.outcome),
        _name(log_pb2.Severity, entry.severity),
        _text(entry.actor_id),
        _text(entry.component),
        _text(entry.environment),
        _text(entry.resource),
        _text(entry.message),
        _bytes(entry.payload),
        _varint(len(tags)) + b"".join(map(_text, tags)),
        _name(log_pb2.Sensitivity, entry.sensitivity),
    ])


def checkpoint_row(origin, size, checkpoint):
    return _text(origin) + struct.pack("<Q", size) + _bytes(checkpoint)


def key_and_record(rows, at):
    """The first columns of the row of `audit` that begins there."""
    origin, at = string(rows, at)
    (sequence,) = struct.unpack_from("<Q", rows, at)
    record, _ = string(rows, at + 8)
    return origin.decode(), sequence, record


def string(rows, at):
    """The string that begins there, and where it ends."""
    length = shift = 0
    while True:
        byte = rows[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return rows[at : at + length], at + length


def sequence_and_record(sequence, record):
    return struct.pack("<Q", sequence) + _bytes(record)


def _name(enum, number):
    """The name, or the number if it has none here."""
    value = enum.DESCRIPTOR.values_by_number.get(number)
    return _text(value.name if value else str(number))


def _text(text):
    return _bytes(text.encode())


def _bytes(value):
    return _varint(len(value)) + value


def _varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])
