"""Changes the store behind its back, in each way that verifying has to find.

    tamper.py DATABASE HOW ORIGIN SEQUENCE
"""

import struct
import sys

from store import Store, audit_row, key_and_record


def main(database, how, origin, sequence):
    store, sequence = Store(database), int(sequence)
    at = f"origin = '{origin}' AND sequence = {sequence}"
    rows = store.rows(f"SELECT * FROM audit FINAL WHERE {at}")
    _, _, record = key_and_record(rows, 0)

    def delete(table="audit", where=at):
        store.session.query(f"ALTER TABLE {table} DELETE WHERE {where} SETTINGS mutations_sync = 2")

    def replace(record):
        delete()
        store.insert("audit", [audit_row(origin, sequence, record)])

    match how:
        case "nothing":
            pass
        case "byte":
            replace(flipped(record))
        case "byte-and-checksum":
            changed = flipped(record)[:-4]
            replace(changed + struct.pack("<I", crc32c(changed[:-2])))
        case "bytes-of-no-record":
            replace(b"\xff" * 40)
        case "delete":
            delete()
        case "another-number":
            store.insert("audit", [audit_row(origin, sequence + 1, record)])
        case "beyond-the-end":
            (last,) = struct.unpack("<Q", store.rows(f"SELECT max(sequence) FROM audit WHERE origin = '{origin}'"))
            store.insert("audit", [audit_row(origin, last + 1, record)])
        case "column":
            store.session.query(f"ALTER TABLE audit UPDATE actor_id = 'somebody' WHERE {at} SETTINGS mutations_sync = 2")
        case "end":
            delete(where=f"origin = '{origin}' AND sequence >= {sequence}")
            delete("checkpoints", f"origin = '{origin}' AND size > {sequence}")
        case _:
            sys.exit(f"no way to change is called {how}")


def flipped(record):
    """With another byte in a text, so that it decodes."""
    at = record.index(b"orders/")
    return record[:at] + b"O" + record[at + 1 :]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 * (crc & 1)
    return crc ^ 0xFFFFFFFF


if __name__ == "__main__":
    main(*sys.argv[1:])
