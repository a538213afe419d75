"""The examples of the published documents, run as they stand."""

import pathlib

from matrix import same, same_list
from stream import frames, joined

SNIPPETS = pathlib.Path(__file__).parent / "snippets"


def check(matrix, rust, peer, document):
    """Runs each example of a document; its bytes decode, validate and come back."""
    setup, names = "", sorted((SNIPPETS / document).glob("*.py"))
    if names[0].stem == "0_setup":
        setup = names.pop(0).read_text()
    entries = [_run(setup, name) for name in names]
    stream = joined(entries)
    rust.run("validate", stdin=stream)
    count = same_list(
        f"bytes of {document}", **{peer.name: frames(stream), rust.name: frames(rust.recode(stream))}
    )
    same_list(
        f"bytes, through JSON, of {document}",
        **{peer.name: frames(stream), rust.name: frames(peer.from_json(rust.to_json(stream)))},
    )
    matrix.count(peer.name, "examples", count)


def _run(setup, path):
    names = {}
    exec(compile(setup + path.read_text(), path, "exec"), names)
    entry = names["log"].SerializeToString(deterministic=True)
    if "data" in names:
        same(f"{path.stem}: data", example=names["data"], deterministic=entry)
    return entry
