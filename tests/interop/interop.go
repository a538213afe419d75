// The Go side: the commands that peers.py calls, on Google's Go implementation. A command
// after the word release_0_2 is of that release's message.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"audit/release_0_2"
	auditv1 "audit/v1"
)

var unknown = []protoreflect.EnumNumber{98, 1000, 127, 128, 1 << 14, 1<<31 - 1, -1, -128, -1 << 31}

var texts = []string{
	"",
	"user-12345",
	"Zoë 正面 🔒 שלום",
	"quote \" backslash \\ slash / newline \n return \r tab \t",
	"NUL \x00 bell \a delete \x7f <&>",
	"line \u2028 paragraph \u2029 mark \ufeff last \U0010ffff",
	strings.Repeat("x", 127),
	strings.Repeat("€", 128),
}

func generate(count int) [][]byte {
	entries := make([][]byte, count)
	for i := range entries {
		message := ""
		if i%100 == 50 {
			message = strings.Repeat("long ", 4000)
		} else {
			message = text(i * 7)
		}
		var tags []string
		for tag := 0; tag < i%31; tag++ {
			tags = append(tags, text(i+tag))
		}
		entries[i] = encode(&auditv1.LogEntry{
			EventType:   auditv1.EventType(number(i, auditv1.EventType(0))),
			Outcome:     auditv1.Outcome(number(i*2+1, auditv1.Outcome(0))),
			Severity:    auditv1.Severity(number(i*7+2, auditv1.Severity(0))),
			ActorId:     text(i),
			Component:   text(i + 1),
			Environment: text(i + 2),
			Resource:    text(i * 3),
			Message:     message,
			Payload:     payload(i),
			PolicyTags:  tags,
			Sensitivity: auditv1.Sensitivity(number(i*11+3, auditv1.Sensitivity(0))),
		})
	}
	return entries
}

func number(i int, enum protoreflect.Enum) protoreflect.EnumNumber {
	values := enum.Descriptor().Values()
	i %= values.Len() + len(unknown)
	if i < values.Len() {
		return values.Get(i).Number()
	}
	return unknown[i-values.Len()]
}

func text(i int) string {
	if i%3 == 0 {
		return texts[i/3%len(texts)]
	}
	return fmt.Sprintf("text %d", i)
}

func payload(i int) []byte {
	switch i % 4 {
	case 0:
		return nil
	case 1:
		return []byte(fmt.Sprintf(`{"i": %d}`, i))
	}
	payload := make([]byte, i*37%700)
	for at := range payload {
		payload[at] = byte(at * i)
	}
	return payload
}

func encode(message proto.Message) []byte {
	return must(proto.MarshalOptions{Deterministic: true}.Marshal(message))
}

func frames(stream *bufio.Reader) [][]byte {
	var entries [][]byte
	for {
		length, err := binary.ReadUvarint(stream)
		if err == io.EOF {
			return entries
		}
		check(err)
		entry := make([]byte, length)
		must(io.ReadFull(stream, entry))
		entries = append(entries, entry)
	}
}

func verdict(message proto.Message, entry []byte) string {
	if err := proto.Unmarshal(entry, message); err != nil {
		return refused(err)
	}
	written, err := protojson.Marshal(message)
	if err != nil {
		return refused(err)
	}
	return string(written)
}

func jsonVerdict(message proto.Message, text string) string {
	if err := protojson.Unmarshal([]byte(text), message); err != nil {
		return refused(err)
	}
	return hex.EncodeToString(encode(message))
}

func refused(err error) string {
	return "refused: " + strings.ReplaceAll(err.Error(), "\n", " ")
}

func main() {
	arguments := os.Args[1:]
	empty := func() proto.Message { return new(auditv1.LogEntry) }
	if arguments[0] == "release_0_2" {
		arguments = arguments[1:]
		empty = func() proto.Message { return new(release_0_2.LogRequest) }
	}
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	write := func(entry []byte) {
		must(out.Write(binary.AppendUvarint(nil, uint64(len(entry)))))
		must(out.Write(entry))
	}
	switch arguments[0] {
	case "generate":
		for _, entry := range generate(must(strconv.Atoi(arguments[1]))) {
			write(entry)
		}
	case "recode":
		for _, entry := range frames(in) {
			message := empty()
			check(proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(entry, message))
			write(encode(message))
		}
	case "to-json", "verdicts":
		for _, entry := range frames(in) {
			fmt.Fprintln(out, verdict(empty(), entry))
		}
	case "from-json":
		for _, line := range bytes.Split(bytes.TrimSuffix(must(io.ReadAll(in)), []byte("\n")), []byte("\n")) {
			message := empty()
			check(protojson.Unmarshal(line, message))
			write(encode(message))
		}
	case "json-verdicts":
		var texts []string
		check(json.NewDecoder(in).Decode(&texts))
		for _, text := range texts {
			fmt.Fprintln(out, jsonVerdict(empty(), text))
		}
	default:
		panic("no such command: " + arguments[0])
	}
	check(out.Flush())
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
