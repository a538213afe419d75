"""ClickHouse reads the segments of a journal as they lie, and DuckDB the Parquet made of them."""

import json
import shutil
import subprocess

import duckdb
from google.protobuf import json_format
from lokryn_compliance_log import LogEntry

from documents import sql
from matrix import same
from peers import PROTO

RECORD = PROTO.parent / "journal" / "proto" / "lokryn" / "compliance" / "journal" / "v1" / "record.proto"
COUNT = 3000


def check(matrix, clickhouse, program, work):
    schema = "lokryn/compliance/v1/log.proto"
    (work / schema).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROTO / schema, work / schema)
    shutil.copy(RECORD, work)
    entries = [_entry(number) for number in range(COUNT)]
    lines = "".join(json_format.MessageToJson(entry, indent=None) + "\n" for entry in entries)
    done = subprocess.run([program, "append", work / "audit"], input=lines, text=True, stdout=subprocess.PIPE, check=True)
    receipts = [line.split("\t") for line in done.stdout.splitlines()]
    denied = [number for number, entry in enumerate(entries) if entry.outcome == 3]
    expected = [[number, receipts[number][1], entries[number].actor_id] for number in denied]

    read = clickhouse.run(sql("journal: failures in order"), "JSONCompactEachRow").decode()
    rows = [[int(number), _rfc3339(time), actor] for number, time, actor in map(json.loads, read.splitlines())]
    same("the records in ClickHouse", acknowledged=expected, clickhouse=rows)
    whole = "SELECT count() AS n FROM file('audit/records/*.binpb', 'Protobuf') SETTINGS format_schema = 'log.proto:LogEntry'"
    ((count,),) = [row.values() for row in clickhouse.rows(whole)]
    same("the entries in ClickHouse", acknowledged=COUNT, clickhouse=int(count))
    matrix.count(clickhouse.name, "journal", len(rows))

    clickhouse.run(sql("journal: to Parquet"))
    query = sql("duckdb: journal: failures in order")
    read = duckdb.sql(f"SELECT sequence, recorded_at::VARCHAR, actor_id FROM ({query})").fetchall()
    rows = [[number, _rfc3339(time), actor] for number, time, actor in read]
    same("the records in DuckDB", acknowledged=expected, duckdb=rows)
    matrix.count(f"Parquet, DuckDB {duckdb.__version__}", "journal", len(rows))


def _entry(number):
    return LogEntry(
        event_type=1 + number % 19,
        outcome=1 + number % 5,
        severity=1 + number % 8,
        actor_id=f"user-{number}",
        component="gateway",
        environment="production",
        resource=f"files/{number}",
        sensitivity=1 + number % 5,
    )


def _rfc3339(time):
    whole, _, fraction = time.replace(" ", "T").partition(".")
    return f"{whole}.{fraction.ljust(9, '0')}Z"
