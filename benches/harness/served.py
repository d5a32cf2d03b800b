"""Servers that are put under load: the product, and the peers that keep records in SQLite."""

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .bench import RELEASE, ROOT, Bench, remove

DIRECTUS = "directus@11.3.5"
PATIENCE_SECONDS = 300


@dataclass
class Served:
    """A server that answers."""

    url: str
    script: str
    people: Path
    headers: list[str] = field(default_factory=list)
    process: int = 0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def running(command: list[str | Path], log: Path, **options: Any) -> Iterator[int]:
    """A program, until it is no longer needed."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **options
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def ask(url: str, body: Any = None, token: str = "") -> Any:
    """One request; its answer."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return json.loads(text) if is_json and text else None


def wait_for(url: str, log: Path) -> None:
    """Waits until a server answers."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            ask(url)
            return
        time.sleep(0.1)
    sys.exit(f"{url} does not answer:\n{log.read_text()[-2000:]}")


def write_people(people: Path, rows: Any) -> None:
    """The records that a script asks for: id and e-mail."""
    people.write_text("".join(f"{id}\t{email}\n" for id, email in rows))


@contextlib.contextmanager
def headwater(bench: Bench, records: int) -> Iterator[Served]:
    """The product, as it is released, with its defaults and an API key."""
    file, _ = bench.contacts("people", "--rows", str(records))
    database = bench.path("load-headwater.db")
    remove(database)
    bench.sync(file, database, created=records, rejected=0)
    program = RELEASE / "headwater"
    make = ["keys", "create", "--workspace", database, "--name", "load"]
    made = subprocess.run(
        [program, *make, "--scope", "*"], capture_output=True, text=True, check=True
    )
    key = made.stdout.strip()
    people = bench.path("load-headwater.tsv")
    with contextlib.closing(sqlite3.connect(database)) as opened:
        write_people(people, opened.execute("SELECT id, primary_email FROM contact"))
    address = f"127.0.0.1:{free_port()}"
    log = bench.path("load-headwater.log")
    serve = [program, "serve", "--workspace", database, "--listen", address]
    with running(serve, log) as process:
        wait_for(f"http://{address}/api/v2/health", log)
        headers = [f"Authorization: Bearer {key}"]
        yield Served(f"http://{address}", "headwater.lua", people, headers, process)
    remove(database)


@contextlib.contextmanager
def datasette(bench: Bench, records: list[tuple[str, str]]) -> Iterator[Served]:
    """Datasette on a bare table with the e-mail as its key, and a log that is written ahead."""
    database = bench.path("load-datasette.db")
    remove(database)
    with contextlib.closing(sqlite3.connect(database)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute(
            "CREATE TABLE contact (primary_email TEXT PRIMARY KEY, title TEXT)"
        )
        made.executemany("INSERT INTO contact VALUES (?2, 'Title')", records)
        made.commit()
    people = bench.path("load-datasette.tsv")
    write_people(people, records)
    program = bench.venv / "bin" / "datasette"
    secret = ["--secret", "load"]
    token = subprocess.run(
        [program, "create-token", "root", *secret],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # It serves a file under the name of the file.
    served = bench.path("peer.db")
    remove(served)
    database.rename(served)
    port = free_port()
    log = bench.path("load-datasette.log")
    serve = [program, "serve", served, "--port", str(port), "--root", *secret]
    serve += ["--setting", "num_sql_threads", "3"]
    url = f"http://127.0.0.1:{port}"
    with running(serve, log) as process:
        wait_for(f"{url}/-/versions.json", log)
        yield Served(
            url, "datasette.lua", people, [f"Authorization: Bearer {token}"], process
        )
    remove(served)


def install_directus(bench: Bench) -> Path:
    """Directus from its registry; its modules for SQLite and sandboxes are compiled."""
    folder = ROOT / "target" / "bench" / "directus"
    program = folder / "node_modules" / "directus" / "cli.js"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        install = [
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            DIRECTUS,
        ]
        subprocess.run(install, cwd=folder, check=True, stdout=sys.stderr)
    return program


@contextlib.contextmanager
def directus(bench: Bench, records: list[tuple[str, str]]) -> Iterator[Served]:
    """Directus on SQLite, one collection with two fields, and its own static token."""
    program = install_directus(bench)
    database = bench.path("load-directus.db")
    remove(database)
    port, token = free_port(), "load-token"
    environment = {
        **os.environ,
        "DB_CLIENT": "sqlite3",
        "DB_FILENAME": str(database),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SECRET": "load",
        "ADMIN_EMAIL": "load@example.org",
        "ADMIN_PASSWORD": "load",
        "ADMIN_TOKEN": token,
        "TELEMETRY": "false",
        "LOG_LEVEL": "error",
        "NODE_ENV": "production",
        "RATE_LIMITER_ENABLED": "false",
    }
    command = ["node", str(program)]
    options = {"env": environment, "cwd": bench.path("")}
    subprocess.run([*command, "bootstrap"], check=True, stdout=sys.stderr, **options)
    log = bench.path("load-directus.log")
    url = f"http://127.0.0.1:{port}"
    with running([*command, "start"], log, **options) as process:
        wait_for(f"{url}/server/ping", log)
        key = {"is_primary_key": True, "has_auto_increment": True}
        fields = [{"field": "id", "type": "integer", "meta": {}, "schema": key}]
        fields += [
            {"field": name, "type": "string"} for name in ("primary_email", "title")
        ]
        made = {"collection": "contact", "schema": {}, "meta": {}, "fields": fields}
        ask(f"{url}/collections", made, token)
        with contextlib.closing(sqlite3.connect(database)) as filled:
            filled.execute("PRAGMA journal_mode = WAL")
            insert = "INSERT INTO contact (primary_email, title) VALUES (?, 'Title')"
            filled.executemany(insert, ((email,) for _, email in records))
            filled.execute("CREATE UNIQUE INDEX load_email ON contact (primary_email)")
            filled.commit()
            people = bench.path("load-directus.tsv")
            write_people(
                people, filled.execute("SELECT id, primary_email FROM contact")
            )
        yield Served(
            url, "directus.lua", people, [f"Authorization: Bearer {token}"], process
        )
    remove(database)
