"""Details as Python reads them, and an entry that is packed as a LogRequest."""

import collections
import datetime
import json

from google.protobuf.any_pb2 import Any

from matrix import same
from stream import frames, joined

QUESTION = "logins from an address by actor"


def check(matrix, rust, peer, request, work):
    """Asks the documented question of a smaller stream, and unpacks one of its entries."""
    stream = rust.run("audit", 20_000)
    (work / "details.binpb").write_bytes(stream)
    counted = json.loads(rust.run("queries", work / "details.binpb"))[QUESTION]
    assert counted, "no entry has the details that are asked for"
    logins = collections.Counter(filter(None, map(_login, map(peer.message.FromString, frames(stream)))))
    same(QUESTION, **{rust.name: counted, peer.name: sorted(map(list, logins.items()))})
    matrix.count(peer.name, "queries", 1)

    entry = frames(stream)[0]
    packed = Any.FromString(rust.run("any", stdin=joined([entry])))
    unpacked = request.message()
    same("an Any of a LogRequest", unpacked=packed.Unpack(unpacked), wanted=True)
    same("what was in it", packed=entry, unpacked=unpacked.SerializeToString(deterministic=True))


def _login(entry):
    """The actor, if the entry is what is asked for."""
    if entry.event_type != 1 or not entry.payload.startswith(b"{"):
        return None
    details = json.loads(entry.payload)
    occurred_at = datetime.datetime.fromisoformat(details["occurred_at"])
    is_then = occurred_at.date() == datetime.date(2026, 11, 25)
    return entry.actor_id if is_then and details["source_address"] == "203.0.113.7" else None
