"""The SQL of docs/engines.md, so that what is documented is what is run."""

import pathlib
import re

ENGINES = pathlib.Path(__file__).parents[2] / "docs" / "engines.md"


def sql(name):
    """The block that begins with ```sql and this name."""
    (block,) = re.findall(rf"^```sql {re.escape(name)}\n(.*?)^```$", ENGINES.read_text(), re.M | re.S)
    return block
