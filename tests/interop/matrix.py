"""What is counted, how it is compared, and how it is printed."""


class Mismatch(Exception):
    pass


class Matrix:
    """Rows are implementations, columns are checks, cells are counts."""

    def __init__(self):
        self.cells = {}

    def count(self, row, column, count):
        """Records that `count` things of `row` passed a check; none is a failure."""
        assert count > 0, f"{row}: {column}: nothing was checked"
        self.cells.setdefault(row, {})[column] = count
        print(f"ok  {row}: {column}: {count:,}", flush=True)

    def __str__(self):
        columns = list(dict.fromkeys(column for cells in self.cells.values() for column in cells))
        table = [["from and to Rust", *columns]]
        for row, cells in self.cells.items():
            table.append([row, *(f"{cells[c]:,}" if c in cells else "-" for c in columns)])
        return grid(table)


def grid(table):
    """A table as text, its first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join(
        "  ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths)))
        for row in table
    )


def same(what, **sides):
    """Fails with both sides shown, from a little before where they part."""
    (left, a), (right, b) = sides.items()
    if a == b:
        return
    a, b = _text(a), _text(b)
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    start = max(0, at - 60)
    shown = "\n".join(
        f"  {name:>10}: {'...' * (start > 0)}{text[start : at + 200]}{'...' * (len(text) > at + 200)}"
        for name, text in ((left, a), (right, b))
    )
    raise Mismatch(f"{what}: not the same, from character {at} on\n{shown}")


def same_list(what, **sides):
    """Compares two lists item by item and returns their length."""
    (left, a), (right, b) = sides.items()
    for i, (x, y) in enumerate(zip(a, b)):
        same(f"{what}, number {i}", **{left: x, right: y})
    same(f"{what}, how many", **{left: len(a), right: len(b)})
    return len(a)


def _text(value):
    return value.hex() if isinstance(value, bytes) else repr(value)
