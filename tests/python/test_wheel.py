"""The wheel, in an environment that has nothing else: no package, and no program but Python."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
COUNTING = """
import headwater as hw

class Numbers(hw.Connector):
    config_schema = {"type": "object", "properties": {"count": {"type": "integer"}}}

    def read(self, stream, checkpoint):
        for number in range(checkpoint or 0, self.config["count"]):
            yield {"primary_email": f"p{number}@acme.example"}
            yield hw.Checkpoint(number + 1)
"""
JOB = """
[source]
connector = "python:numbers_of:Numbers"
config = { count = 12 }
[target]
workspace = "crm.db"
[[streams]]
record_type = "contact"
match = "primary_email"
"""


def wheel():
    """The one that `make python` has built."""
    given = os.environ.get("HEADWATER_WHEEL")
    found = (
        [Path(given)]
        if given
        else list((REPOSITORY / "target/wheels-dev").glob("*.whl"))
    )
    assert len(found) == 1, "build the wheel first: make python"
    return found[0]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The folder of the environment's programs."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "--quiet"]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", wheel()], check=True)
    return folder / "bin"


@pytest.fixture
def run(environment, tmp_path):
    """Runs a program of the environment in a folder of the test's own."""

    def run(*command, status=0):
        done = subprocess.run(
            [environment / command[0], *command[1:]],
            check=False,
            cwd=tmp_path,
            env={"PATH": str(environment), "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stderr
        return done.stdout

    return run


def test_the_wheel_holds_what_it_needs_and_fits_every_python():
    assert "-cp310-abi3-" in wheel().name
    with zipfile.ZipFile(wheel()) as archive:
        names = set(archive.namelist())
    for name in ("__init__.py", "py.typed", "_headwater.pyi", "_headwater.abi3.so"):
        assert f"headwater/{name}" in names
    for connector in ("csv", "json"):
        assert f"headwater/connectors/libheadwater_connector_{connector}.so" in names


def test_the_example_of_the_readme_runs(run, tmp_path):
    readme = (REPOSITORY / "python/README.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(examples) >= 3
    # What is at a URL is tried in test_remote.
    examples = [one for one in examples if "https://" not in one]
    (tmp_path / "people.csv").write_text(
        "First Name,Primary Email\nBob,bob@acme.example\n"
    )
    code = "\n".join(examples) + "\nassert report.counts['created'] == 1, report\n"
    assert "Sarah" in run("python", "-c", code)


EXAMPLE = """
import headwater as hw

with hw.open("crm.db") as ws:
    sarah = ws.create("contact", {"first_name": "Sarah", "primary_email": "sarah.chen@acme.com"})
    ws.patch("contact", sarah.id, {"title": "CTO", "department": None})
    report = ws.assert_many("contact", df, match="primary_email")
    report.counts; report.rejects.to_pandas()
    for record in ws.query("contact", where=hw.field("updated_at") >= "2026-01-01", sort="-updated_at"): ...
hw.sync("job.toml", progress=True)
"""
FRAMES = {
    "pandas": "import pandas\ndf = pandas.DataFrame(columns)",
    "polars": "import polars\ndf = polars.DataFrame(columns)",
    "pyarrow": "import pyarrow\ndf = pyarrow.table(columns)",
    "an Arrow stream": "import pyarrow\ndf = pyarrow.table(columns).to_reader()",
    "dicts": "df = [dict(zip(columns, row)) for row in zip(*columns.values())]",
}


@pytest.mark.parametrize("frame", FRAMES)
def test_the_documented_example_runs_word_for_word(environment, run, tmp_path, frame):
    # The libraries for frames are those of the tests; the package is the environment's own.
    (libraries,) = environment.parent.glob("lib/python*/site-packages")
    (libraries / "frames.pth").write_text(str(Path(pandas.__file__).parents[1]))
    (tmp_path / "people.csv").write_text("E-Mail\nbob@acme.example\n")
    (tmp_path / "job.toml").write_text(
        JOB.replace("python:numbers_of:Numbers", "csv")
        .replace("{ count = 12 }", '{ path = "people.csv" }')
        .replace(
            "[[streams]]", '[[streams]]\nattributes = { primary_email = "E-Mail" }'
        )
    )
    columns = {"primary_email": ["sarah.chen@acme.com", "none"], "title": ["CEO", "X"]}
    told = """
assert hw.__file__.startswith(sys.prefix), hw.__file__
assert (report.counts["updated"], report.counts["rejected"]) == (1, 1), report
assert record["title"] == "CEO", record
print(len(report.rejects.to_pandas()), *hw.open("crm.db").runs()[0].counts.values())
"""
    code = f"import sys\ncolumns = {columns}\n{FRAMES[frame]}\n{EXAMPLE}{told}"
    assert run("python", "-c", code).startswith("1 1 1 ")
    (libraries / "frames.pth").unlink()


def test_the_command_syncs_and_shows(run, tmp_path):
    (tmp_path / "people.csv").write_text(
        "First Name,Primary Email\nBob,bob@acme.example\nX,no\n"
    )
    sync = [
        "sync",
        "people.csv",
        "--to",
        "crm.db",
        "--type",
        "contact",
        "--match",
        "email",
    ]
    report = json.loads(run("headwater", *sync, "--format", "json", status=2))
    assert (report["streams"][0]["created"], report["streams"][0]["rejected"]) == (1, 1)
    assert "bob@acme.example" in run(
        "headwater", "record", "query", "contact", "--workspace", "crm.db"
    )
    assert "csv" in run("headwater", "connectors", "list")
    tested = run(
        "headwater",
        "connectors",
        "test",
        "json",
        "--config",
        '{"path": "people.json"}',
        status=1,
    )
    assert "passed" in tested
    assert run("python", "-m", "headwater", "--version").startswith("headwater ")
    run("headwater", "no-such-command", status=1)


def test_the_command_runs_connectors_in_python(run, tmp_path):
    (tmp_path / "numbers_of.py").write_text(COUNTING)
    (tmp_path / "job.toml").write_text(JOB)
    report = json.loads(run("headwater", "sync", "job.toml", "--format", "json"))
    assert report["streams"][0]["created"] == 12
    assert "rows -> contact: ok" in run("headwater", "check", "job.toml")
    tested = run(
        *("headwater", "connectors", "test", "python:numbers_of:Numbers"),
        *("--config", '{"count": 40}'),
    )
    assert "failed" not in tested and "resumes from every checkpoint" in tested
    described = json.loads(
        run("headwater", "connectors", "info", "python:numbers_of:Numbers")
    )
    assert described["name"] == "numbers"


def test_nothing_else_is_needed(run):
    code = "import headwater, sys; print([m for m in ('pandas', 'pyarrow') if m in sys.modules])"
    assert run("python", "-c", code) == "[]\n"
    run("python", "-c", "import headwater.aio, headwater.progress")
