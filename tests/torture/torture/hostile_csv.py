"""CSV files as nobody should write them."""

import gzip
from pathlib import Path

from torture import texts
from torture.cases import INVALID, Case, check, damaged_archives, mutilated
from torture.program import Job, Program, Run
from torture.report import Faults

COLUMNS = ["a", "b", "c"]
PLAIN = 'a,b,c\n1,"x, y",Łódź\n2,"say ""hi""",\n3,"two\nlines",z\n'
LONGEST_ROW = 64 << 20


def run(program: Program, data: Path, faults: Faults) -> None:
    """Syncs every case, and the ones that need a mapping of their own."""
    del data  # made here
    cases = [*grammar(), *encodings(), *sizes(), *several_files()]
    cases += damaged_archives("t.csv", PLAIN.encode(), texts.rows(PLAIN))
    cases += mutilated("CSV", "t.csv", PLAIN.encode() * 3, 120)

    def held(found: Run) -> list:
        return texts.stored(found.records, COLUMNS)

    check(program, faults, "csv", cases, texts.attributes(COLUMNS), held)
    many_columns(program, faults)


def read(name: str, text: str, **more: object) -> Case:
    """A case for which Python's parser tells the rows."""
    return Case(name, {"t.csv": text.encode()}, texts.rows(text), **more)


def grammar() -> list[Case]:
    """Quotes, line ends, headers, delimiters."""
    long = "more cells than the header"
    return [
        Case("an empty file", {"t.csv": b""}, [], ends=(INVALID,), place="t.csv"),
        Case("blank lines alone", {"t.csv": b"\n\r\n\n"}, [], ends=(INVALID,)),
        Case(
            "a byte order mark alone", {"t.csv": b"\xef\xbb\xbf"}, [], ends=(INVALID,)
        ),
        read("a header alone", "a,b,c\n"),
        read("a header without line end", "a,b,c"),
        read("no line end at the end", "a,b,c\n1,2,3"),
        read("carriage returns alone", "a,b,c\r1,2,3\r4,5,6\r"),
        read("line ends of every kind", "a,b,c\n1,2,3\r\n4,5,6\r7,8,9\n\r\n10,,12"),
        read("blank lines between", "a,b,c\n\n1,2,3\n\n\n4,5,6\n\n"),
        read("blanks around cells", "a,b,c\n 1 ,\t2\t, \n"),
        read("a NUL in a cell", "a,b,c\n1\x002,\x00,3\n"),
        read("control characters", "a,b,c\n\x01\x02\x1b[31m,\x7f\x85,\u2028\u2029\n"),
        read("quotes inside of plain cells", 'a,b,c\n1",2"2,3""3\n4,5,6\n'),
        read("nothing but quotes", 'a,b,c\n"""","""""",""\n'),
        read("cells that look like formulas", 'a,b,c\n=1+1,@SUM(A1),"-2+3"\n'),
        read("short lines", "a,b,c\n1\n2,3\n,,4\n,\n"),
        Case(
            "text after a closing quote",
            {"t.csv": b'a,b,c\n1,2,3\n"x"y,5,6\n7,8,9\n'},
            [{"a": "1", "b": "2", "c": "3"}, {"a": "7", "b": "8", "c": "9"}],
            [INVALID],
            place="3",
        ),
        Case(
            "a quote that is never closed",
            {"t.csv": b'a,b,c\n1,2,3\n4,"5,6\n7,8,9\n'},
            [{"a": "1", "b": "2", "c": "3"}],
            ends=(INVALID,),
            place="line 3",
        ),
        Case(
            "an open quote in the header",
            {"t.csv": b'a,"b,c\n1,2,3\n'},
            [],
            ends=(INVALID,),
        ),
        Case(
            long,
            {"t.csv": b"a,b,c\n1,2,3\n1,2,3,4\n5,6,7,\n8,9,10\n"},
            [{"a": "1", "b": "2", "c": "3"}, {"a": "8", "b": "9", "c": "10"}],
            [INVALID, INVALID],
            place="3",
        ),
        Case(
            "a column twice",
            {"t.csv": b"a,b,a\n1,2,3\n"},
            [],
            ends=(INVALID, "config_invalid"),
        ),
        Case("columns without names", {"t.csv": b",,a\n1,2,3\n"}, [{"a": "3"}]),
        Case(
            "semicolons",
            {"t.csv": b"a;b;c\n1;2,5;3\n"},
            [{"a": "1", "b": "2,5", "c": "3"}],
        ),
        Case(
            "tabs", {"t.csv": b"a\tb\tc\n1\t2\t3\n"}, [{"a": "1", "b": "2", "c": "3"}]
        ),
        Case("bars", {"t.csv": b"a|b|c\n1|2|3\n"}, [{"a": "1", "b": "2", "c": "3"}]),
        Case(
            "the wrong delimiter",
            {"t.csv": b"x;a\n1;2\n"},
            [{}],
            config={"delimiter": ","},
        ),
    ]


def encodings() -> list[Case]:
    """Byte order marks, and encodings named or not."""
    rows = texts.rows(PLAIN)
    latin = "a,b,c\n1,é,ü\n2,x,y\n".encode("latin-1")
    plain = [{"a": "2", "b": "x", "c": "y"}]
    cases = [
        Case("UTF-8 with a mark", {"t.csv": b"\xef\xbb\xbf" + PLAIN.encode()}, rows),
        Case(
            "UTF-16LE with a mark",
            {"t.csv": b"\xff\xfe" + PLAIN.encode("utf-16-le")},
            rows,
        ),
        Case(
            "UTF-16BE with a mark",
            {"t.csv": b"\xfe\xff" + PLAIN.encode("utf-16-be")},
            rows,
        ),
        Case(
            "Latin-1 that is not named", {"t.csv": latin}, plain, [INVALID], place="2"
        ),
        Case(
            "UTF-16 that is not named",
            {"t.csv": PLAIN.encode("utf-16-le")},
            None,
            None,
            None,
        ),
        Case("half a letter", {"t.csv": b"a,b,c\n1,\xc3,3\n2,x,y\n"}, plain, [INVALID]),
        Case(
            "an overlong letter",
            {"t.csv": b"a,b,c\n1,\xc0\xaf,3\n2,x,y\n"},
            plain,
            [INVALID],
        ),
        Case(
            "a surrogate",
            {"t.csv": b"a,b,c\n1,\xed\xa0\x80,3\n2,x,y\n"},
            plain,
            [INVALID],
        ),
        Case(
            "Latin-1 in the header",
            {"t.csv": b"\xe9,b,c\n1,x,y\n"},
            [],
            ends=(INVALID,),
        ),
        Case(
            "no such encoding",
            {"t.csv": PLAIN.encode()},
            [],
            ends=("config_invalid",),
            config={"encoding": "klingon"},
        ),
    ]
    for name, label in (("utf-16-le", "utf-16le"), ("cp1250", "windows-1250")):
        file = {"t.csv": PLAIN.encode(name)}
        cases.append(
            Case(f"{label} that is named", file, rows, config={"encoding": label})
        )
    odd = {"t.csv": "a,b,c\n1,2,3\n".encode("utf-16-le") + b"\x00"}
    cases.append(
        Case(
            "half a unit of UTF-16",
            odd,
            None,
            None,
            None,
            config={"encoding": "utf-16le"},
        )
    )
    return cases


def sizes() -> list[Case]:
    """Cells, rows and files of a size."""
    big = "x" * (1 << 20)
    many = "a,b,c\n" + "".join(f"{n},{n}²,\n" for n in range(20_000))
    too_long = gzip.compress(
        b"a,b,c\n1,2,3\n" + b"y" * (LONGEST_ROW + 1), compresslevel=1
    )
    return [
        read("a cell of a megabyte", f'a,b,c\n1,"{big}",3\n4,5,6\n'),
        read("megabytes of quotes", 'a,b,c\n1,"' + '""' * (1 << 19) + '",3\n4,5,6\n'),
        read("many rows", many),
        read("many empty rows", "a,b,c\n" + ",\n" * 5000),
        Case("a megabyte of line ends", {"t.csv": b"a,b,c\n" + b"\n" * (1 << 20)}, []),
        Case(
            "a row without end",
            {"t.csv.gz": too_long},
            [{"a": "1", "b": "2", "c": "3"}],
            ends=(INVALID,),
            place="line 3",
        ),
    ]


def several_files() -> list[Case]:
    """Patterns, and paths that lead nowhere."""
    gone = ("source_unavailable", "config_invalid", INVALID)
    return [
        Case(
            "files with other columns",
            {
                "1.csv": b"a,b\n1,2\n",
                "2.csv": b"c;b\n3;4\n",
                "3.csv": b"b\n",
                "4.csv": b"c,a\n5,6",
            },
            [{"a": "1", "b": "2"}, {"c": "3", "b": "4"}, {"c": "5", "a": "6"}],
            path="*.csv",
        ),
        Case(
            "an empty file among others",
            {"1.csv": b"a\n1\n", "2.csv": b"", "3.csv": b"a\n2\n"},
            [{"a": "1"}, {"a": "2"}],
            path="*.csv",
        ),
        Case(
            "no file", {"t.csv": b""}, [], ends=gone, path="gone.csv", place="gone.csv"
        ),
        Case("a pattern without files", {"t.csv": b""}, [], ends=gone, path="x*.csv"),
        Case("a folder", {"t.csv": b""}, [], ends=gone, path="."),
        Case("a bad pattern", {"t.csv": b""}, [], ends=gone, path="[.csv"),
    ]


def many_columns(program: Program, faults: Faults) -> None:
    """Ten thousand columns, of which the first and the last are used."""
    names = [f"c{number}" for number in range(10_000)]
    cells = [f"v{number}" for number in range(10_000)]
    file = "\n".join([",".join(names), ",".join(cells), ",".join(cells[:2])]).encode()
    used = [names[0], names[-1]]
    job = Job("csv", {"path": "wide.csv"}, texts.attributes(used))
    found = program.sync("many columns", faults, job, {"wide.csv": file})
    expected = [{"c0": "v0", "c9999": "v9999"}, {"c0": "v0"}]
    faults.equal("many columns", texts.stored(found.records, used), expected)
    faults.looked_at()
