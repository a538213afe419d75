"""Verifies what is in the store, with the public keys of the journals alone.

    verify.py DATABASE PROGRAM VKEY[=KEPT]...

For each journal PROGRAM, `journal-shipping`, compares its records with the checkpoints
that have arrived, and with one that was kept elsewhere, if there is one. Here each column is compared
with its record: it is the columns that people ask.
"""

import pathlib
import subprocess
import sys
import tempfile

from store import Store, audit_row, key_and_record, sequence_and_record

SLICE = 50_000


def verify(store, program, keys):
    origins = {pathlib.Path(key).read_text().split("+")[0]: (key, kept) for key, kept in keys}
    names = ", ".join(map(_quoted, origins))
    for table in ("audit", "checkpoints"):
        others = store.session.query(f"SELECT DISTINCT origin FROM {table} WHERE origin NOT IN ({names})", "CSV").bytes()
        if others:
            sys.exit(f"{table} of journals without a key: {others.decode().split()}")
    for origin, (key, kept) in origins.items():
        with tempfile.NamedTemporaryFile() as checkpoints:
            checkpoints.write(store.rows(f"SELECT checkpoint FROM checkpoints FINAL WHERE origin = {_quoted(origin)}"))
            checkpoints.flush()
            command = [program, "verify", key, checkpoints.name, *filter(None, [kept])]
            verifying = subprocess.Popen(command, stdin=subprocess.PIPE)
            try:
                for sequence, record in records(store, origin):
                    verifying.stdin.write(sequence_and_record(sequence, record))
                verifying.stdin.close()
            except BrokenPipeError:
                pass  # It has found something, and says what.
            if verifying.wait() != 0:
                sys.exit(f"{origin}: not verified")


def records(store, origin):
    """Yields the records of a journal in order, as many as there are under each number."""
    first = 0
    while True:
        rows = store.rows(
            f"SELECT * FROM audit FINAL WHERE origin = {_quoted(origin)} AND sequence >= {first}"
            f" ORDER BY sequence LIMIT {SLICE} WITH TIES"
        )
        if not rows:
            return
        at = 0
        while at < len(rows):
            _, sequence, record = key_and_record(rows, at)
            expected = audit_row(origin, sequence, record)
            if not rows.startswith(expected, at):
                sys.exit(f"{origin}: the columns of {sequence} are not those of its record")
            at += len(expected)
            yield sequence, record
        first = sequence + 1


def _quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


if __name__ == "__main__":
    database, program, key, *keys = sys.argv[1:]
    split = [key.partition("=")[::2] for key in [key, *keys]]
    verify(Store(database), program, split)
