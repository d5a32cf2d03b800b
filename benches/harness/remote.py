"""Syncs into a remote workspace: the rate that is kept, the limit without one, and a re-sync."""

import contextlib
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from .bench import RELEASE, Bench, remove
from .process import run
from .report import count, table, target, targets
from .served import ask, free_port, running, wait_for

CONCURRENCY = 32
RATES = (100, 25)
RATE_SECONDS = 60
# What a limiter has saved up is gone after its first second.
JOB = """
[source]
connector = "csv"
config = {{ path = "{file}" }}
[target]
workspace = "{url}/api/v2"
ledger = "{ledger}"
concurrency = {concurrency}
[[streams]]
record_type = "contact"
match = "primary_email"
[streams.attributes]
primary_email = "mail"
first_name = "first"
title = "title"
"""


@contextlib.contextmanager
def twin(bench: Bench) -> Iterator[str]:
    """A twin without keys, on a workspace that is gone afterwards."""
    address = f"127.0.0.1:{free_port()}"
    log = bench.path("remote-twin.log")
    serve = ["serve", "--temporary", "--no-auth", "--twin", "--listen", address]
    with running([RELEASE / "headwater", *serve], log):
        url = f"http://{address}"
        wait_for(f"{url}/api/v2/health", log)
        yield url


def limit(url: str, requests_per_second: int) -> None:
    """Lets the twin refuse what is faster."""
    put_faults(url, {"rate_limit": {"requests_per_second": requests_per_second}})


def count_writes(url: str) -> None:
    """Lets the twin count from now on what could change anything: a fault that does nothing."""
    methods = ["POST", "PATCH", "PUT", "DELETE"]
    rule = {"kind": "latency", "milliseconds": 0, "methods": methods}
    put_faults(url, {"rules": [rule]})


def put_faults(url: str, faults: dict[str, Any]) -> None:
    """Says what the twin lets happen."""
    request = Request(
        f"{url}/api/local/faults", json.dumps(faults).encode(), method="PUT"
    )
    request.add_header("Content-Type", "application/json")
    urlopen(request, timeout=60).close()


def told(url: str) -> dict[str, Any]:
    """How many requests there were, and how many were too many."""
    return ask(f"{url}/api/local/faults")["data"]


def write(bench: Bench, url: str, rows: int) -> Path:
    """Contacts and the job that delivers them."""
    file, job = bench.path("remote.csv"), bench.path("remote.toml")
    lines = (f"p{row}@x.example,F{row},T{row}\n" for row in range(rows))
    file.write_text("mail,first,title\n" + "".join(lines))
    ledger = bench.path("remote-ledger.db")
    remove(ledger)
    job.write_text(
        JOB.format(file=file, url=url, ledger=ledger, concurrency=CONCURRENCY)
    )
    return job


def sync(job: Path) -> tuple[float, dict[str, Any]]:
    """Runs the product; the seconds that its stream took, and its counts."""
    usage = run([RELEASE / "headwater", "sync", job, "--format", "json"])
    stream = json.loads(usage.output)["streams"][0]
    return stream["seconds"], stream


def measure(bench: Bench) -> str:
    """The rates first, as they do not depend on the machine."""
    rows, asked = [], []
    for rate in RATES:
        with twin(bench) as url:
            limit(url, rate)
            wanted = rate * RATE_SECONDS
            seconds, _ = sync(write(bench, url, wanted))
            counts = told(url)
        # The first second's worth was saved up.
        share = (wanted - rate) / seconds / rate
        refused = counts["over_rate_limit"] / counts["requests"]
        rows.append([f"{rate} writes/s allowed", f"{share:.3f}", f"{refused:.2%}"])
        asked.append(
            target(f"kept of {rate}/s", ">= 0.95", f"{share:.3f}", share >= 0.95)
        )
        asked.append(
            target(f"refused at {rate}/s", "< 1 %", f"{refused:.2%}", refused < 0.01)
        )
    plain, product = [], []
    size = bench.slow_rows
    for _ in range(bench.rounds):
        with twin(bench) as url:
            command = [RELEASE / "requests", "--url", f"{url}/api/v2"]
            command += ["--rows", str(size), "--concurrency", str(CONCURRENCY)]
            plain.append(size / json.loads(run(command).output)["seconds"])
        with twin(bench) as url:
            product.append(size / sync(write(bench, url, size))[0])
    fastest, ours = statistics.median(plain), statistics.median(product)
    ratio = ours / fastest
    asked.append(target("against a plain loop", ">= 0.8", f"{ratio:.2f}", ratio >= 0.8))
    with twin(bench) as url:
        job = write(bench, url, bench.rows)
        sync(job)
        count_writes(url)
        seconds, stream = sync(job)
        writes = told(url)["rules"][0]["injected"]
    unchanged = f"{count(stream['unchanged'])} in {seconds:.1f} s"
    asked.append(target("writes of a re-sync", "0", str(writes), writes == 0))
    throughput = table(
        ["asserts/s, no limit", "product", "plain loop of reqwest"],
        [[f"{CONCURRENCY} at a time", count(ours), count(fastest)]],
    )
    kept = table(["", "kept of it", "answered 429"], rows)
    return f"{kept}\n\n{throughput}\n\nRe-sync of unchanged rows: {unchanged}.\n\n{targets(asked)}"
