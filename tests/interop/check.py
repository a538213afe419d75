"""Checks this crate against other implementations; see `run`.

    python check.py RUST_PROGRAM WORK_FOLDER
"""

import importlib.metadata
import json
import pathlib
import sys
import time

import lokryn_compliance_log

import both_ways
import buf
import clickhouse
import details
import odd_bytes
import parquet
import proto_json
import snippets
from clickhouse import ClickHouse
from matrix import Matrix, Mismatch
from peers import Program, Python

ENTRIES = 1_000_000


def main(program, work):
    matrix = Matrix()
    started = time.monotonic()
    version = importlib.metadata.version
    npm = json.loads((work / "package.json").read_text())["dependencies"]
    sys.path.append(str(work / "python"))
    from lokryn.compliance.v1 import log_pb2

    rust = Program("Rust", program)
    published = Python(
        f"Python, lokryn-compliance-log {version('lokryn-compliance-log')}", lokryn_compliance_log.LogEntry
    )
    generated = Python(f"Python, grpcio-tools {version('grpcio-tools')}", log_pb2.LogEntry)
    request = Python("  the same, LogRequest", log_pb2.LogRequest)
    typescript = Program(
        f"TypeScript, protobuf-es {npm['@bufbuild/protobuf']}", "node", str(work / "js" / "interop.js")
    )
    go = Program("Go, google.golang.org/protobuf", str(work / "interop-go"))

    for peer in (published, generated, request, typescript, go):
        both_ways.check(matrix, rust, peer, lokryn_compliance_log.LogEntry)
    proto_json.check(matrix, published, published, "python")
    proto_json.check(matrix, published, typescript, "protobuf-es")
    proto_json.check(matrix, published, go, "go")
    snippets.check(matrix, rust, published, "package_description")
    snippets.check(matrix, rust, request, "usage_examples")
    details.check(matrix, rust, published, request, work)
    buf.check(matrix, Program(f"Buf {npm['@bufbuild/buf']}", "buf"), work)

    print(f"    writing and counting {ENTRIES:,} entries", flush=True)
    with open(work / "audit.binpb", "wb") as file:
        rust.run("audit", ENTRIES, stdout=file)
    start = time.monotonic()
    questions = json.loads(rust.run("queries", work / "audit.binpb"))
    print(f"    {time.monotonic() - start:6.2f} s  all questions, Rust")
    engine = ClickHouse(work)
    clickhouse.check(matrix, engine, rust, work, questions)
    parquet.check(matrix, engine, questions, ENTRIES)

    print(f"\n{odd_bytes.check(rust, published, typescript, go, engine, work)}")
    print(f"\n{matrix}\n\nall agree, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    try:
        main(sys.argv[1], pathlib.Path(sys.argv[2]))
    except Mismatch as mismatch:
        sys.exit(f"\nMISMATCH: {mismatch}")
