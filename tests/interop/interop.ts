// The TypeScript side: the commands that `peers.py` calls, on protobuf-es.
import { create, type DescEnum, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { sizeDelimitedEncode, sizeDelimitedPeek } from "@bufbuild/protobuf/wire";
import { readFileSync, writeFileSync } from "node:fs";
import {
  EventTypeSchema,
  type LogEntry,
  LogEntrySchema,
  OutcomeSchema,
  SensitivitySchema,
  SeveritySchema,
} from "./gen/lokryn/compliance/v1/log_pb.js";

const UNKNOWN = [99, 1000, 127, 128, 65_536, 2_147_483_647, -1, -128, -2_147_483_648];
const TEXTS = [
  "",
  "user-12345",
  "Zo\u{eb} \u{6b63}\u{9762} \u{1f512} \u{5e9}\u{5dc}\u{5d5}\u{5dd}",
  'quote " backslash \\ slash / newline \n return \r tab \t',
  "NUL \0 bell \u0007 delete \u007f",
  "line \u2028 paragraph \u2029 mark \ufeff last \u{10ffff}",
  "x".repeat(127),
  "\u{20ac}".repeat(128),
];

function* generate(count: number): Generator<LogEntry> {
  const enumValue = (i: number, schema: DescEnum) => {
    const numbers = [...schema.values.map((value) => value.number), ...UNKNOWN];
    return numbers[i % numbers.length];
  };
  const text = (i: number) => (i % 3 === 0 ? TEXTS[(i / 3) % TEXTS.length] : `text ${i}`);
  for (let i = 0; i < count; i++) {
    yield create(LogEntrySchema, {
      eventType: enumValue(i, EventTypeSchema),
      outcome: enumValue(i * 2 + 1, OutcomeSchema),
      severity: enumValue(i * 7 + 2, SeveritySchema),
      actorId: text(i),
      component: text(i + 1),
      environment: text(i + 2),
      resource: text(i * 3),
      message: i % 100 === 50 ? "long ".repeat(4_000) : text(i * 7),
      payload: payload(i),
      policyTags: Array.from({ length: i % 31 }, (_, tag) => text(i + tag)),
      sensitivity: enumValue(i * 11 + 3, SensitivitySchema),
    });
  }
}

function payload(i: number): Uint8Array {
  switch (i % 4) {
    case 0:
      return new Uint8Array();
    case 1:
      return new TextEncoder().encode(JSON.stringify({ i, text: TEXTS[i % TEXTS.length] }));
    default:
      return Uint8Array.from({ length: (i * 37) % 700 }, (_, byte) => (byte * i) & 0xff);
  }
}

function* frames(stream: Uint8Array): Generator<Uint8Array> {
  while (stream.length > 0) {
    const { size, offset } = sizeDelimitedPeek(stream);
    if (size === null || stream.length < offset + size) {
      throw new Error("the stream is cut");
    }
    yield stream.subarray(offset, offset + size);
    stream = stream.subarray(offset + size);
  }
}

const read = (entry: Uint8Array) => fromBinary(LogEntrySchema, entry, { readUnknownFields: false });
const toJson = (entry: Uint8Array) => toJsonString(LogEntrySchema, read(entry));

function verdict(entry: Uint8Array): string {
  try {
    return toJson(entry);
  } catch (error) {
    return `refused: ${error}`.replaceAll("\n", " ");
  }
}

function jsonVerdict(text: string): string {
  try {
    return Buffer.from(toBinary(LogEntrySchema, fromJsonString(LogEntrySchema, text))).toString("hex");
  } catch (error) {
    return `refused: ${error}`.replaceAll("\n", " ");
  }
}

const write = (entries: Iterable<LogEntry>) =>
  Buffer.concat(Array.from(entries, (entry) => sizeDelimitedEncode(LogEntrySchema, entry)));
const lines = (texts: Iterable<string>) => Buffer.from(Array.from(texts, (text) => `${text}\n`).join(""));

function run(command: string, argument: string): Uint8Array {
  const input = () => readFileSync(0);
  switch (command) {
    case "generate":
      return write(generate(Number(argument)));
    case "recode":
      return write(Array.from(frames(input()), read));
    case "to-json":
      return lines(Array.from(frames(input()), toJson));
    case "from-json": {
      const texts = input().toString().split("\n").slice(0, -1);
      return write(texts.map((text) => fromJsonString(LogEntrySchema, text)));
    }
    case "verdicts":
      return lines(Array.from(frames(input()), verdict));
    case "json-verdicts":
      return lines(JSON.parse(input().toString()).map(jsonVerdict));
    default:
      throw new Error(`no such command: ${command}`);
  }
}

writeFileSync(1, run(process.argv[2], process.argv[3]));
