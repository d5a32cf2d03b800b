"""The server under load: wrk on the same machine, everyone in turn."""

import contextlib
import statistics
from dataclasses import dataclass, field

from .bench import Bench
from .report import count, table, target, targets
from .served import Served, datasette, directus, headwater
from .wrk import Load, find_wrk, load

CONNECTIONS = 64


@dataclass
class Turn:
    """One question, asked of one server, round after round."""

    name: str
    asked: str
    seen: list[Load] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second, by the median."""
        return statistics.median(load.rate for load in self.seen)

    def cells(self, constant: float) -> list[str]:
        """Its row in the table."""
        rates = [load.rate for load in self.seen]
        return [
            self.name,
            f"{count(self.rate)} ({count(min(rates))}-{count(max(rates))})",
            f"{self.rate / constant:.2f}",
            f"{statistics.median(load.p50_ms for load in self.seen):.2f}",
            f"{max(load.p99_ms for load in self.seen):.2f}",
        ]


def measure(bench: Bench) -> str:
    """Round after round, so that a slow minute of the machine hits all."""
    wrk = find_wrk()
    constant = Turn("the same server, key checked, a constant", "constant")
    read = Turn("**read** by id", "read")
    query = Turn("**query** by e-mail", "query")
    write = Turn("**assert**, durable", "assert")
    peers = [
        Turn("Datasette, upsert", "datasette"),
        Turn("Directus, patch or create", "directus"),
    ]
    with contextlib.ExitStack() as stack:
        product = stack.enter_context(headwater(bench, bench.load_records))
        people = [
            tuple(line.split("\t")) for line in product.people.read_text().splitlines()
        ]
        others = [
            stack.enter_context(serve(bench, people)) for serve in (datasette, directus)
        ]
        turns: list[tuple[Turn, Served]] = [
            (turn, product) for turn in (constant, read, query, write)
        ]
        turns += zip(peers, others, strict=True)
        for _ in range(bench.rounds):
            for turn, served in turns:
                turn.seen.append(
                    load(
                        wrk,
                        max(1, bench.load_seconds // bench.rounds),
                        CONNECTIONS,
                        served.url,
                        served.script,
                        turn.asked,
                        served.people,
                        served.headers,
                    )
                )
    return section(bench, constant, [read, query], write, peers)


def section(
    bench: Bench, constant: Turn, reads: list[Turn], write: Turn, peers: list[Turn]
) -> str:
    """The table of turns, and the targets."""
    limit = constant.rate
    best = max(peer.rate for peer in peers)
    head = ["", "answers/s", "of the constant", "p50, ms", "p99, ms"]
    rows = [turn.cells(limit) for turn in (constant, *reads, write, *peers)]
    asked = []
    for turn in reads:
        share = turn.rate / limit
        name = f"{turn.asked} against the constant"
        asked.append(target(name, ">= 0.60", f"{share:.2f}", share >= 0.6))
    share, ahead = write.rate / limit, write.rate / best
    asked.append(
        target("assert against the constant", ">= 0.20", f"{share:.2f}", share >= 0.2)
    )
    asked.append(
        target("assert against the better peer", ">= 20", f"{ahead:.0f}", ahead >= 20)
    )
    return (
        f"{CONNECTIONS} connections, {count(bench.load_records)} contacts, {bench.load_seconds} s each in "
        f"{bench.rounds} turns. Rates are medians (least-most), p99 is that of the worst turn; every answer was a success.\n\n"
        f"{table(head, rows)}\n\n{targets(asked)}"
    )
