"""The Python SDK's client and server-filesystem, with the program between them."""

import json
import pathlib
import subprocess
import sys

import anyio
import mcp

printer, program, log, folder, *server = sys.argv[1:]
folder = pathlib.Path(folder).resolve()
parameters = mcp.StdioServerParameters(
    command=program, args=["--log", log, "--actor", "agent-001", "--", *server, str(folder)]
)
# Tool, arguments, whether it works.
calls = [
    ("write_file", {"path": str(folder / "a.txt"), "content": "héllo\n"}, True),
    ("read_text_file", {"path": str(folder / "a.txt")}, True),
    ("list_directory", {"path": str(folder)}, True),
    ("read_text_file", {"path": "/etc/passwd"}, False),
    ("move_file", {"source": str(folder / "a.txt"), "destination": str(folder / "b.txt")}, True),
]


async def main():
    async with mcp.Client(parameters) as client:
        for tool, arguments, works in calls:
            result = await client.call_tool(tool, arguments)
            assert bool(result.is_error) is not works, (tool, result)


anyio.run(main)
assert (folder / "b.txt").read_text() == "héllo\n"

lines = subprocess.run([printer, log], check=True, capture_output=True, text=True).stdout
entries = [json.loads(line) for line in lines.splitlines()]
tools = [entry for entry in entries if entry["resource"].startswith("tools/") and entry["resource"] != "tools/list"]
finished = [entry for entry in tools if entry["payload"]["phase"] == "finished"]
assert len(tools) == 2 * len(calls), tools
for entry, (tool, arguments, works) in zip(finished, calls, strict=True):
    assert entry["resource"] == f"tools/{tool}", entry
    assert (entry["outcome"] == "OUTCOME_SUCCESS") is works, entry
    assert "héllo" not in json.dumps(entry, ensure_ascii=False), entry
# The times of the calls are those of the files, more or less: a file's is that of the kernel's last tick, up to 10 ms old.
changed = (folder / "b.txt").stat().st_mtime
started = [entry["payload"] for entry in tools if entry["payload"]["phase"] == "started"]
from datetime import datetime  # noqa: E402

at = datetime.fromisoformat(started[0]["occurred_at"][:26] + "+00:00").timestamp()
assert -0.1 <= changed - at < 5, (changed, at)
assert finished[0]["payload"]["duration_ms"] < 5000
print(f"python client, server-filesystem: {len(calls)} calls, {len(entries)} entries")
