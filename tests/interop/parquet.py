"""Parquet that ClickHouse made of a stream, read by DuckDB and pyarrow."""

import base64
import time

import duckdb
import pyarrow
import pyarrow.parquet

import rows
from clickhouse import QUESTIONS
from documents import sql
from matrix import same
from stream import frames, joined

TEXT = [
    "event_type", "outcome", "severity", "actor_id", "component", "environment", "resource",
    "message", "payload", "payload_base64",
]
COMPARED = 20_000


def check(matrix, clickhouse, questions, count):
    """Expects `audit.binpb`, of `count` entries, in the current folder."""
    start = time.monotonic()
    clickhouse.run(sql("parquet"))
    print(f"    {time.monotonic() - start:6.2f} s  stream to Parquet")
    with open("audit.binpb", "rb") as file:
        first = joined(frames(file.read())[:COMPARED])
    _check_duckdb(matrix, first, questions, count)
    _check_pyarrow(matrix, first, count)


def _check_duckdb(matrix, first, questions, count):
    name = f"Parquet, DuckDB {duckdb.__version__}"
    types = {row[0]: row[1] for row in duckdb.sql("DESCRIBE FROM 'audit.parquet'").fetchall()}
    same("types in DuckDB", DuckDB=types, wanted=_types("VARCHAR", "VARCHAR[]"))
    for question in QUESTIONS:
        start = time.monotonic()
        answer = duckdb.sql(sql(f"duckdb: {question}")).fetchall()
        print(f"    {time.monotonic() - start:6.2f} s  {question}, DuckDB")
        same(question, Rust=questions[question], DuckDB=[list(row) for row in answer])
    matrix.count(name, "queries", len(QUESTIONS))

    ((entries,),) = duckdb.sql("SELECT count(*) FROM 'audit.parquet'").fetchall()
    same("rows", DuckDB=entries, wanted=count)
    table = duckdb.sql(f"FROM 'audit.parquet' LIMIT {COMPARED}")
    read = [dict(zip(table.columns, row)) for row in table.fetchall()]
    rows.check(matrix, name, "rows from", first, map(_fields, read))


def _check_pyarrow(matrix, first, count):
    name = f"Parquet, pyarrow {pyarrow.__version__}"
    table = pyarrow.parquet.read_table("audit.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    same("types in pyarrow", pyarrow=types, wanted=_types("string", "list<element: string not null>"))
    same("rows", pyarrow=table.num_rows, wanted=count)
    read = table.slice(0, COMPARED).to_pylist()
    rows.check(matrix, name, "rows from", first, map(_fields, read))


def _types(text, tags):
    return dict.fromkeys(TEXT, text) | {"policy_tags": tags, "sensitivity": text}


def _fields(row):
    """The row with the two columns of the payload as one."""
    text, encoded = row["payload"], row.pop("payload_base64")
    payload = base64.b64decode(encoded) if encoded is not None else (text or "").encode()
    return row | {"payload": payload}
