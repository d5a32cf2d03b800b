"""Tables, and the generated sections of RESULTS.md; what stands between them is left alone."""

import re
import statistics
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "RESULTS.md"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    lines = [head, [":--"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def seconds(values: list[float]) -> str:
    """The median, with the least and the most where there are several."""
    middle = f"{statistics.median(values):.2f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.2f}-{max(values):.2f})"


def count(number: float) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,.0f}".replace(",", " ")


def target(name: str, wanted: str, measured: str, met: bool) -> list[str]:
    """A row of a table of targets."""
    return [name, wanted, measured, "yes" if met else "**no**"]


def targets(rows: list[list[str]]) -> str:
    """What was asked for, and what came out."""
    return table(["target", "wanted", "measured", "met"], rows)


def write_section(name: str, text: str) -> None:
    """Puts a section between its markers, which must be in RESULTS.md."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    old = RESULTS.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(old):
        raise SystemExit(f"{RESULTS.name} has no {begin} .. {end}")
    new = pattern.sub(lambda _: f"{begin}\n{text.strip()}\n{end}", old)
    RESULTS.write_text(new, encoding="utf-8")
