"""The framing of a stream file, in the fewest lines: a varint length before each entry."""


def frames(stream):
    """The bytes of each entry of a stream."""
    entries, at = [], 0
    while at < len(stream):
        length, at = _varint(stream, at)
        assert at + length <= len(stream), f"the stream is cut at byte {at}"
        entries.append(stream[at : at + length])
        at += length
    return entries


def joined(entries):
    """The stream of these entries."""
    return b"".join(_encoded(len(entry)) + entry for entry in entries)


def _varint(stream, at):
    value = shift = 0
    while True:
        value |= (stream[at] & 0x7F) << shift
        shift += 7
        at += 1
        if stream[at - 1] < 0x80:
            return value, at


def _encoded(value):
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
