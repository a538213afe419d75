"""The ingester: takes what the shippers have published into ClickHouse.

    ingest.py DATABASE

The server is that of NATS_URL. A batch is acknowledged once it is on the disk of the
store. What happens in between is that it comes again, and is stored once all the same.
"""

import asyncio
import os
import re
import sys

import nats
from nats.errors import Error
from nats.js.api import ConsumerConfig

from store import Store, audit_row, checkpoint_row

BATCH = 1000
# Longer than a batch takes to be inserted; what has not been acknowledged by then comes
# again.
ACK_WAIT = 10


async def main(database):
    store = Store(database)
    client = await nats.connect(os.environ["NATS_URL"], max_reconnect_attempts=-1)
    stream = client.jetstream()
    config = ConsumerConfig(ack_wait=ACK_WAIT, max_ack_pending=4 * BATCH)
    consumer = None
    while True:
        try:
            # Fails until the first shipper has made the stream.
            consumer = consumer or await stream.pull_subscribe("journal.>", "clickhouse", "JOURNALS", config)
            batch = await consumer.fetch(BATCH, timeout=1)
            insert(store, batch)
            await acknowledge(batch)
        except asyncio.TimeoutError:
            pass  # Nothing has come.
        except Error as error:
            print(f"{error}; trying again", file=sys.stderr, flush=True)
            await asyncio.sleep(1)


def insert(store, batch):
    records, checkpoints, again = [], [], 0
    for message in batch:
        again += message.metadata.num_delivered > 1
        match key(message):
            case "record", origin, sequence:
                records.append(audit_row(origin, sequence, message.data))
            case "checkpoint", origin, size:
                checkpoints.append(checkpoint_row(origin, size, message.data))
            case None:
                place = message.metadata.sequence.stream
                print(f"not from a shipper: message {place}", file=sys.stderr, flush=True)
    # In this order, so that a checkpoint that is there has its records.
    store.insert("audit", records)
    store.insert("checkpoints", checkpoints)
    print(f"{len(records)} records, {len(checkpoints)} checkpoints, {again} of them again", flush=True)


def key(message):
    """What a message is, of which journal, and its number; None if it is no shipper's.

    Who may publish what is a matter of subjects, so the origin has to be the subject's.
    """
    headers = message.headers or {}
    origin, number = headers.get("Journal-Origin", ""), headers.get("Journal-Sequence", "")
    for kind in ("record", "checkpoint"):
        if message.subject == f"journal.{kind}.{origin}" and re.fullmatch("[0-9]{1,19}", number):
            return kind, origin, int(number)
    return None


async def acknowledge(batch):
    for message in batch:
        await message.ack()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
