"""JSON files as nobody should write them."""

import json
from decimal import Decimal
from pathlib import Path

from torture import texts
from torture.cases import INVALID, Case, check, damaged_archives, mutilated
from torture.program import Job, Program, Run
from torture.report import Faults

WHOLE_ROW = {"last_name": {"value": "x"}, "title": {"expression": "row | tojson"}}
ROWS = [{"a": "Łódź 𝄞", "b": [1, {"c": None}]}, {"a": "]}", "b": True}, {"a": "z"}]
ARRAY = json.dumps(ROWS, ensure_ascii=False)
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
GOOD = {"a": "good"}
DEEPEST = 127


def run(program: Program, data: Path, faults: Faults) -> None:
    """Syncs every case, and the ones that need a mapping of their own."""
    del data  # made here
    cases = [*grammar(), *encodings(), *nesting(), *sizes()]
    cases += damaged_archives("t.json", ARRAY.encode(), ROWS)
    cases += mutilated("array", "t.json", ARRAY.encode() * 1, 80)
    cases += mutilated("lines", "t.jsonl", LINES.encode() * 3, 80)

    def held(found: Run) -> list:
        return [json.loads(str(record["title"])) for record in found.records]

    check(program, faults, "json", cases, WHOLE_ROW, held)

    def titles(found: Run) -> list:
        return [record["title"] for record in found.records]

    check(program, faults, "json", surrogates(), texts.attributes(["a"]), titles)
    numbers(program, faults)


def array(
    name: str, text: str, rows: list, refused: int | None = 0, **more: object
) -> Case:
    """A case of a file with an array."""
    return Case(
        name,
        {"t.json": text.encode()},
        rows,
        None if refused is None else [INVALID] * refused,
        **more,
    )


def lines(
    name: str, text: str, rows: list, refused: int | None = 0, **more: object
) -> Case:
    """A case of a file of JSON Lines."""
    return Case(
        name,
        {"t.jsonl": text.encode()},
        rows,
        None if refused is None else [INVALID] * refused,
        **more,
    )


def grammar() -> list[Case]:
    """Rows that are none, text that is no JSON, files that are of another format."""
    fails: dict[str, object] = {"ends": (INVALID,)}
    return [
        array("an empty file", "", [], **fails),
        array("an empty array", " [ ] ", []),
        array("two arrays", '[{"a": 1}][{"a": 2}]', [{"a": 1}], **fails),
        array(
            "rows that are no objects",
            '[1, "x", null, true, [], [{}], {"a": 1}]',
            [{"a": 1}],
            6,
        ),
        array("a comma too many", '[{"a": 1},]', [{"a": 1}], **fails),
        array("a comma too few", '[{"a": 1} {"a": 2}]', [{"a": 1}], **fails),
        array(
            "a key without quotes",
            '[{"a": 1}, {a: 2}]',
            [{"a": 1}],
            **fails,
            place="element 2",
        ),
        array("single quotes", "[{'a': 1}]", [], **fails),
        array("a comment", '[{"a": 1}, /* no */ {"a": 2}]', [{"a": 1}], **fails),
        array("NaN", '[{"a": NaN}]', [], **fails),
        array("Infinity", '[{"a": 1}, {"a": -Infinity}]', [{"a": 1}], **fails),
        array("a line end in a string", '[{"a": "x\ny"}]', [], **fails),
        array("a NUL in a string", '[{"a": "x\x00y"}]', [], **fails),
        array("a NUL between rows", '[{"a": 1},\x00{"a": 2}]', [{"a": 1}], **fails),
        array("an escaped NUL", '[{"a": "x\\u0000y"}]', [{"a": "x\x00y"}]),
        array("a key twice", '[{"a": 1, "a": 2}]', [{"a": 2}]),
        array("an empty key", '[{"": 1}]', [{"": 1}]),
        array("an empty row", "[{}]", [{}]),
        array("a document", '{"a": {"b": [1]}}', [{"a": {"b": [1]}}]),
        array("markup", "<html><body>Not found</body></html>", [], 1),
        lines("an empty file of lines", "", []),
        lines("no line end at the end", LINES.rstrip("\n"), ROWS),
        lines("blank lines", "\n \n" + LINES.replace("\n", "\r\n\r\n"), ROWS),
        lines(
            "a bad line",
            '{"a": 1}\n{"a": \n{"a": 3}\n',
            [{"a": 1}, {"a": 3}],
            1,
            place="2",
        ),
        lines("two rows in a line", '{"a": 1} {"a": 2}\n{"a": 3}\n', [{"a": 3}], 1),
        lines("commas after lines", '{"a": 1},\n{"a": 2},\n{"a": 3}\n', [{"a": 3}], 2),
        lines(
            "lines that are no objects", '1\n[]\nnull\n"x"\n{"a": 1}\n', [{"a": 1}], 4
        ),
        lines(
            "a NUL for a line", '{"a": 1}\n\x00\n{"a": 2}\n', [{"a": 1}, {"a": 2}], 1
        ),
        array(
            "no such rows",
            ARRAY,
            [],
            config={"rows": "data.items"},
            ends=(INVALID, "config_invalid"),
        ),
        array(
            "rows in a document",
            '{"x": [[{}]], "data": ' + ARRAY + ', "y": "]"}',
            ROWS,
            config={"rows": "data"},
        ),
        array(
            "an unfinished document",
            '{"x": 1, "data": ' + ARRAY,
            ROWS,
            config={"rows": "data"},
            **fails,
        ),
    ]


def encodings() -> list[Case]:
    """Byte order marks, and encodings named or not."""
    latin = '[{"a": "é"}, {"a": "good"}]'.encode("latin-1")
    cases = [
        Case("UTF-8 with a mark", {"t.json": b"\xef\xbb\xbf" + ARRAY.encode()}, ROWS),
        Case(
            "UTF-16LE with a mark",
            {"t.json": b"\xff\xfe" + ARRAY.encode("utf-16-le")},
            ROWS,
        ),
        Case(
            "UTF-16BE with a mark",
            {"t.json": b"\xfe\xff" + ARRAY.encode("utf-16-be")},
            ROWS,
        ),
        Case(
            "lines of UTF-16",
            {"t.jsonl": b"\xff\xfe" + LINES.encode("utf-16-le")},
            ROWS,
        ),
        Case(
            "Latin-1 that is not named", {"t.json": latin}, [GOOD], [INVALID], place="1"
        ),
        Case(
            "UTF-16 that is not named",
            {"t.json": ARRAY.encode("utf-16-le")},
            [],
            None,
            (INVALID,),
        ),
        Case("UTF-32", {"t.json": ARRAY.encode("utf-32-le")}, [], None, (INVALID,)),
        Case(
            "UTF-16 that is named",
            {"t.json": ARRAY.encode("utf-16-be")},
            ROWS,
            config={"encoding": "utf-16be"},
        ),
    ]
    cut = {"t.json": "[{}]".encode("utf-16-le") + b"\x20"}
    cases.append(
        Case(
            "half a unit of UTF-16",
            cut,
            None,
            None,
            None,
            config={"encoding": "utf-16le"},
        )
    )
    return cases


def surrogates() -> list[Case]:
    """Escapes of half a letter: no text can hold one, so its row is refused."""
    bad = [
        "\\ud800",
        "\\udc00",
        "x\\ud800y",
        "\\ud800\\ud800",
        "\\udc00\\ud800",
        "\\ud834\\u0061",
    ]
    cases = [
        Case(
            f"a surrogate {text} in {key}",
            {"t.json": f'[{row}, {{"a": "good"}}]'.encode()},
            ["good"],
            None,
        )
        for text in bad
        for key, row in (
            ("a value", f'{{"a": "{text}"}}'),
            ("a key", f'{{"{text}": 1, "a": "x"}}'),
        )
    ]
    for case in cases:
        case.refused = [INVALID]
    cases.append(
        Case("a pair of surrogates", {"t.json": b'[{"a": "\\ud834\\udd1e"}]'}, ["𝄞"])
    )
    return cases


def nesting() -> list[Case]:
    """Brackets upon brackets: no stack may end with them."""
    deep = 100_000

    def nested(levels: int) -> object:
        value: object = 1
        for _ in range(levels):
            value = [value]
        return value

    just = {"a": nested(DEEPEST - 1)}
    over = json.dumps({"a": nested(DEEPEST)})
    good = json.dumps(GOOD)
    return [
        array("nested as deep as may be", f"[{json.dumps(just)}]", [just]),
        array("nested too deep by one", f"[{over}, {good}]", [GOOD], 1),
        array("brackets that open", "[" * deep, [], None, ends=(INVALID,)),
        array("brackets that close", "[" * deep + "]" * deep, [], 1),
        array("objects that open", '{"a":' * deep, [], None, ends=(INVALID,)),
        array(
            "a deep value", f'[{{"a": {"[" * deep}{"]" * deep}}}, {good}]', [GOOD], 1
        ),
        array(
            "a deep object",
            "[" + '{"a":' * deep + "1" + "}" * deep + f", {good}]",
            [GOOD],
            1,
        ),
        lines("a deep line", f'{{"a": {"[" * deep}{"]" * deep}}}\n{good}\n', [GOOD], 1),
        lines("a line that opens", f"{'[' * deep}\n{good}\n", [GOOD], 1),
        array(
            "deep beside rows",
            f'{{"x": {"[" * deep}{"]" * deep}, "data": {ARRAY}}}',
            ROWS,
            config={"rows": "data"},
        ),
    ]


def sizes() -> list[Case]:
    """Strings, rows and files of a size."""
    big, wide = {"a": "x" * (1 << 20)}, {f"k{n}": n for n in range(10_000)}
    escaped = "\\u00e9" * (1 << 16)
    return [
        array("a string of a megabyte", json.dumps([big, GOOD]), [big, GOOD]),
        array(
            "a string of escapes", f'[{{"a": "{escaped}"}}]', [{"a": "é" * (1 << 16)}]
        ),
        array("ten thousand keys", json.dumps([wide, GOOD]), [wide, GOOD]),
        array(
            "a megabyte of blanks",
            "[" + " \n" * (1 << 19) + json.dumps(GOOD) + "]",
            [GOOD],
        ),
        array("many rows", json.dumps([GOOD] * 20_000), [GOOD] * 20_000),
        lines("many lines", (json.dumps(GOOD) + "\n") * 20_000, [GOOD] * 20_000),
    ]


def numbers(program: Program, faults: Faults) -> None:
    """Numbers of any size as text and as amounts: kept to the last digit, or the double
    that is nearest, or refused; never another number."""
    written = [
        "1e400",
        "-1e400",
        "1e-400",
        "9" * 50,
        "0." + "1" * 50,
        "-0",
        "1E5",
        "0.1",
        "1e28",
    ]
    written += [
        "1e29",
        "12345678901234.567",
        "-98765432109876543",
        "123456789012345678901",
    ]
    rows = ",".join(f'{{"n": "{n}", "v": {text}}}' for n, text in enumerate(written))
    for attribute in ("description", "estimated_annual_revenue"):
        place = f"numbers as {attribute}"
        job = Job("json", {"path": "n.json"}, {"name": "n", attribute: "v"}, "account")
        found = program.sync(place, faults, job, {"n.json": f"[{rows}]".encode()})
        for record in found.records:
            text, stored = (
                written[int(str(record["display_name"]))],
                str(record[attribute]),
            )
            if Decimal(stored) not in (Decimal(text), Decimal(repr(float(text)))):
                faults.add(place, f"{text} became {stored}")
        codes = {reject["code"] for reject in found.rejects}
        faults.equal(
            f"{place}: refused", codes - {INVALID, "field_value_invalid"}, set()
        )
        faults.looked_at(len(written))
