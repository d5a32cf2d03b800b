"""A hostile file and what may come of it, and syncing a list of them."""

import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from torture.program import Job, Program, Run, in_parallel
from torture.report import Faults

INVALID = "source_data_invalid"


@dataclass
class Case:
    """Files, and what may come of them; a part that is `None` may be anything that is in order."""

    name: str
    files: dict[str, bytes]
    # The rows that become records, in order.
    rows: list | None = None
    # The codes with which rows are refused, in order.
    refused: list[str] | None = field(default_factory=list)
    # The codes with which the run may end; with none, it is done.
    ends: tuple[str, ...] | None = ()
    config: dict[str, object] = field(default_factory=dict)
    path: str | None = None
    # Where the error or the first refused row must say to be.
    place: str = ""


def check(
    program: Program,
    faults: Faults,
    connector: str,
    cases: list[Case],
    attributes: dict[str, object],
    held: Callable[[Run], list],
) -> None:
    """Syncs each case and compares."""

    def look(case: Case) -> None:
        path = case.path or next(iter(case.files))
        job = Job(connector, {"path": path, **case.config}, attributes)
        found = program.sync(case.name, faults, job, case.files)
        faults.looked_at()
        if case.rows is not None:
            faults.equal(f"{case.name}: records", held(found), case.rows)
        if case.refused is not None:
            codes = [reject["code"] for reject in found.rejects]
            faults.equal(f"{case.name}: refused", codes, case.refused)
        if case.ends is not None and found.code not in (case.ends or (None,)):
            faults.add(
                case.name, f"ended with {found.message:.400}, expected {case.ends}"
            )
        told = [found.message, *(str(reject["position"]) for reject in found.rejects)]
        if case.place not in "\n".join(told):
            faults.add(case.name, f"expected the place {case.place} in {told!r:.400}")

    in_parallel(look, cases)


def mutilated(kind: str, file: str, whole: bytes, number: int) -> list[Case]:
    """Copies with a few bytes changed, from a fixed seed: only that nothing is lost is checked."""
    # Bytes with a meaning somewhere, so that many changes hit the grammar.
    telling = b'",;\t|\n\r\\[]{}:\x00\xff\xc3\xef\xbb\xbf0e-'
    chance = random.Random(20240607)
    cases = []
    for place in range(number):
        changed = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(changed))
            way = chance.random()
            if way < 0.4:
                changed[at] = chance.choice(telling)
            elif way < 0.7:
                changed.insert(at, chance.choice(telling))
            else:
                del changed[at : at + chance.randint(1, 9)]
        cases.append(
            Case(f"mutilated {kind} {place}", {file: bytes(changed)}, None, None, None)
        )
    return cases


def damaged_archives(file: str, whole: bytes, rows: list) -> list[Case]:
    """Compressed files that are none, or that end too early."""
    packed = gzip.compress(whole, mtime=0)
    return [
        Case("gzip", {f"{file}.gz": packed}, rows),
        Case(
            "gzip in two members",
            {f"{file}.gz": gzip.compress(whole[:20]) + gzip.compress(whole[20:])},
            rows,
        ),
        Case("gzip by setting", {file: packed}, rows, config={"compression": "gzip"}),
        Case("no gzip at all", {f"{file}.gz": whole}, [], ends=(INVALID,)),
        Case("a gzip header alone", {f"{file}.gz": packed[:10]}, [], ends=(INVALID,)),
        Case("gzip cut short", {f"{file}.gz": packed[:-9]}, None, ends=(INVALID,)),
        Case(
            "gzip with a wrong sum",
            {f"{file}.gz": packed[:-8] + bytes(8)},
            None,
            ends=(INVALID,),
        ),
        Case("no zstd at all", {f"{file}.zst": whole}, [], ends=(INVALID,)),
        Case(
            "a zstd header alone",
            {f"{file}.zst": b"\x28\xb5\x2f\xfd"},
            [],
            ends=(INVALID,),
        ),
        Case(
            "zstd that is random",
            {f"{file}.zst": b"\x28\xb5\x2f\xfd" + random.Random(1).randbytes(400)},
            [],
            ends=(INVALID,),
        ),
    ]
