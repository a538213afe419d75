"""The implementations that read and write entries, all behind the same methods.

`generate` writes a stream of entries; `recode` reads a stream and writes it
again; `to_json` and `from_json` go between a stream and lines of ProtoJSON;
`verdicts` tells, for bytes of any origin, what each entry is read as, or None
if it is refused; `json_verdicts` does so for texts, in bytes.
"""

import json
import pathlib
import random
import subprocess

import lokryn_compliance_log
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from stream import frames, joined

PROTO = pathlib.Path(__file__).parents[2] / "proto"


class Program:
    """A program that reads standard input and writes standard output."""

    def __init__(self, name, *command):
        self.name, self.command = name, command

    def run(self, *arguments, stdin=b"", stdout=subprocess.PIPE):
        command = [*self.command, *map(str, arguments)]
        done = subprocess.run(command, input=stdin, stdout=stdout, stderr=subprocess.PIPE)
        if done.returncode != 0:
            output = (done.stdout or b"") + done.stderr
            raise RuntimeError(f"{' '.join(map(str, command))}:\n{output.decode(errors='replace')}")
        return done.stdout

    def generate(self, count):
        return self.run("generate", count)

    def recode(self, stream):
        return self.run("recode", stdin=stream)

    def to_json(self, stream):
        return _lines(self.run("to-json", stdin=stream))

    def from_json(self, lines):
        return self.run("from-json", stdin="".join(f"{line}\n" for line in lines).encode())

    def verdicts(self, stream):
        lines = _lines(self.run("verdicts", stdin=stream))
        return [None if line.startswith("refused: ") else line for line in lines]

    def json_verdicts(self, texts):
        lines = _lines(self.run("json-verdicts", stdin=json.dumps(texts).encode()))
        return [None if line.startswith("refused: ") else bytes.fromhex(line) for line in lines]


class Python:
    """A message class of Python's protobuf."""

    def __init__(self, name, message):
        self.name, self.message = name, message

    def generate(self, count):
        return joined(_bytes(self.message(**fields)) for fields in _generated(count))

    def recode(self, stream):
        return joined(_bytes(self._read(entry)) for entry in frames(stream))

    def to_json(self, stream):
        return [as_json(self._read(entry)) for entry in frames(stream)]

    def from_json(self, lines):
        return joined(_bytes(json_format.Parse(line, self.message())) for line in lines)

    def verdicts(self, stream):
        return [self._verdict(entry) for entry in frames(stream)]

    def json_verdicts(self, texts):
        return [self._json_verdict(text) for text in texts]

    def _json_verdict(self, text):
        try:
            return _bytes(json_format.Parse(text, self.message()))
        except (json_format.ParseError, UnicodeError):
            return None

    def _read(self, entry):
        return self.message.FromString(entry)

    def _verdict(self, entry):
        try:
            return as_json(self._read(entry))
        except DecodeError:
            return None


def _bytes(entry):
    return entry.SerializeToString(deterministic=True)


def as_json(entry):
    return json_format.MessageToJson(entry, indent=None)


def _lines(output):
    # Not splitlines(), which would also split at U+2028.
    return output.decode().split("\n")[:-1]


UNKNOWN = [99, 1000, 127, 128, 2**14, 2**31 - 1, -1, -129, -(2**31)]
TEXTS = [
    "",
    "agent-001",
    "Zoë 正面 🔒 שלום é",
    "quote \" backslash \\ slash / newline \n return \r tab \t",
    "NUL \0 escape \x1b delete \x7f",
    "line \u2028 paragraph \u2029 mark \ufeff not a character \uffff last \U0010ffff",
    "x" * 127,
    "x" * 128,
    "€" * 6_000,
]


def _generated(count):
    """The fields of each entry; enums go through all their numbers in turn."""
    rng = random.Random(1)

    def number(i, field):
        enum = lokryn_compliance_log.LogEntry.DESCRIPTOR.fields_by_name[field].enum_type
        numbers = [*enum.values_by_number, *UNKNOWN]
        return numbers[i % len(numbers)]

    def text(longest=len(TEXTS)):
        return rng.choice(TEXTS[:longest]) if rng.random() < 0.3 else f"text {rng.random()}"

    for i in range(count):
        yield {
            "event_type": number(i, "event_type"),
            "outcome": number(i * 2, "outcome"),
            "severity": number(i * 5, "severity"),
            "actor_id": text(),
            "component": text(),
            "environment": text(),
            "resource": text(),
            "message": text(),
            "payload": rng.choice([b"", b'{"rows": 42}', rng.randbytes(rng.choice([1, 3, 127, 128, 900]))]),
            "policy_tags": [text(len(TEXTS) - 1) for _ in range(i % 31)],
            "sensitivity": number(i * 7, "sensitivity"),
        }
