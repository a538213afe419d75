"""ClickHouse, embedded: reads what LogWriter wrote, asks auditors' questions, writes it back."""

import filecmp
import json
import os
import shutil
import time

from chdb.session import Session
from confluent_kafka import Producer
from lokryn_compliance_log import LogEntry

import rows
from documents import sql
from matrix import same
from peers import PROTO
from stream import frames, joined

QUESTIONS = [
    "failures by actor",
    "sensitive HIPAA entries by component",
    "records exported by actor",
    "logins from an address by actor",
]


class Refused(Exception):
    """What ClickHouse answers to a query that it does not carry out."""


class ClickHouse:
    def __init__(self, work):
        # The documented queries name files of the current folder.
        os.chdir(work)
        shutil.copy(PROTO / "lokryn" / "compliance" / "v1" / "log.proto", work)
        self.session = Session()
        (version,) = self.rows("SELECT version() AS version")
        self.name = f"ClickHouse {version['version']}"

    def run(self, query, format="Null"):
        try:
            return self.session.query(query, format).bytes()
        except Exception as error:
            raise Refused(str(error)) from error

    def rows(self, query):
        lines = self.run(query, "JSONEachRow").decode().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def answer(self, question):
        """The rows of a documented query, as lists, and the seconds that it took."""
        start = time.monotonic()
        result = self.run(sql(question), "JSONCompactEachRow").decode()
        seconds = time.monotonic() - start
        return [[row[0], int(row[1])] for row in map(json.loads, result.splitlines())], seconds


def check(matrix, clickhouse, rust, work, questions):
    """Expects `audit.binpb` in the folder, and the answers of the Rust side to the questions."""
    _check_questions(matrix, clickhouse, questions)

    start = time.monotonic()
    clickhouse.run(sql("back to a stream"))
    print(f"    {time.monotonic() - start:6.2f} s  back to a stream")
    copied = filecmp.cmp("audit.binpb", "copy.binpb", shallow=False)
    same("the stream that ClickHouse wrote", identical=copied, wanted=True)
    matrix.count(clickhouse.name, "bytes to", _entries(clickhouse, "copy.binpb"))

    stream = rust.generate(2_000)
    (work / "any.binpb").write_bytes(stream)
    read = clickhouse.rows(sql("enums as numbers"))
    rows.check(matrix, clickhouse.name, "rows from", stream, map(rows.decoded, read))
    _check_unknown_numbers_stop(clickhouse)

    single = rust.run("audit", 2_000)
    _check_single(matrix, clickhouse, rust, work, single)
    _check_kafka(matrix, clickhouse, stream, single)


def _check_questions(matrix, clickhouse, questions):
    for question in QUESTIONS:
        answer, seconds = clickhouse.answer(question)
        print(f"    {seconds:6.2f} s  {question}")
        same(question, **{"Rust": questions[question], clickhouse.name: answer})
    matrix.count(clickhouse.name, "queries", len(QUESTIONS))


def _entries(clickhouse, file):
    settings = "SETTINGS format_schema = 'log.proto:LogEntry'"
    (row,) = clickhouse.rows(f"SELECT count() AS entries FROM file('{file}', 'Protobuf') {settings}")
    return int(row["entries"])


def _check_unknown_numbers_stop(clickhouse):
    try:
        clickhouse.run("SELECT * FROM file('any.binpb', 'Protobuf') SETTINGS format_schema = 'log.proto:LogEntry'")
    except Refused as error:
        same("the error", documented="PROTOBUF_BAD_CAST" in str(error), wanted=True)
    else:
        raise AssertionError("ClickHouse read unknown numbers as enums")


def _check_single(matrix, clickhouse, rust, work, stream):
    """One file for each entry, as a consumer of a queue sees them."""
    messages = work / "messages"
    messages.mkdir()
    rust.run("split", messages, stdin=stream)
    read = clickhouse.rows(
        "SELECT * REPLACE (base64Encode(payload) AS payload)"
        " FROM file('messages/*.binpb', 'ProtobufSingle') ORDER BY _file"
        " SETTINGS format_schema = 'log.proto:LogEntry'"
    )
    rows.check(matrix, "  the same, one entry per message", "rows from", stream, map(rows.decoded, read))


def _check_kafka(matrix, clickhouse, unknown, known):
    """The documented tables, on a topic with entries of known and unknown numbers."""
    unknown = [entry for entry in frames(unknown) if not _is_known(entry)]
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = producer.list_topics(timeout=10).brokers.values()
    for entry in frames(known) + unknown:
        producer.produce("audit", entry, partition=0)
    producer.flush(30)

    queue = sql("kafka: queue").replace("kafka:9092", f"{broker.host}:{broker.port}")
    try:
        clickhouse.run(queue)
    except Refused as error:
        # The embedded engine makes the table, but has no thread to poll it.
        if "Shutdown was called" not in str(error):
            raise
    for table in ("kafka: table", "kafka: errors"):
        clickhouse.run(sql(table))
    _poll(clickhouse, len(frames(known)) + len(unknown))
    for view in ("kafka: view", "kafka: errors view"):
        create, select = sql(view).split(" AS\n", 1)
        table = create.split(" TO ")[1]
        clickhouse.run(f"INSERT INTO {table} {select.replace('audit_queue', 'polled')}")

    name = "  the same, Kafka engine"
    read = clickhouse.rows(
        "SELECT * EXCEPT (received, partition, position) REPLACE (base64Encode(payload) AS payload)"
        " FROM audit FINAL ORDER BY position"
    )
    rows.check(matrix, name, "rows from", known, map(rows.decoded, read))
    errors = clickhouse.rows("SELECT hex(entry) AS entry FROM audit_errors FINAL ORDER BY position")
    kept = joined(bytes.fromhex(row["entry"]) for row in errors)
    same("entries with unknown numbers", sent=joined(unknown), kept=kept)
    matrix.count(name, "set aside", len(errors))


def _poll(clickhouse, count):
    virtual = "_timestamp_ms, _partition, _offset, _error, _raw_message"
    select = f"SELECT *, {virtual} FROM audit_queue SETTINGS stream_like_engine_allow_direct_select = 1"
    clickhouse.run(f"CREATE TABLE polled ENGINE = Memory AS {select}")
    deadline = time.monotonic() + 60
    while int(clickhouse.rows("SELECT count() AS n FROM polled")[0]["n"]) < count:
        assert time.monotonic() < deadline, f"fewer than {count} messages came in a minute"
        clickhouse.run(f"INSERT INTO polled {select}")


def _is_known(entry):
    entry = LogEntry.FromString(entry)
    return all(
        getattr(entry, field.name) in field.enum_type.values_by_number
        for field in entry.DESCRIPTOR.fields
        if field.enum_type
    )
