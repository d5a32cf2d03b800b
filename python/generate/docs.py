"""Writes a page of documentation for each class of the package: docs.py FOLDER."""

import inspect
import sys
from pathlib import Path

import headwater as hw
import headwater.aio

MODULES = {"headwater": hw, "headwater.aio": headwater.aio, "headwater.connectors": hw.connectors}


def is_public(name: str) -> bool:
    """Whether a name is for users."""
    return not name.startswith("_")


def doc(thing: object) -> str:
    """What is written of it; the roles of the markup become plain code."""
    text = inspect.getdoc(thing) or ""
    for role in (":class:", ":meth:", ":func:"):
        text = text.replace(f"{role}`~", "`").replace(f"{role}`", "`")
    return fenced(text.replace("``", "`"))


def fenced(text: str) -> str:
    """Text whose examples stand in blocks of code."""
    lines, is_example = [], False
    for line in text.splitlines():
        starts, ends = line.startswith(">>> ") and not is_example, is_example and not line.strip()
        if starts:
            lines.append("```python")
        if ends:
            lines.append("```")
        is_example = (is_example or starts) and not ends
        lines.append(line)
    return "\n".join([*lines, "```"] if is_example else lines)


def signature(name: str, member: object) -> str:
    """How it is called."""
    try:
        return f"{name}{inspect.signature(member)}".replace("'", "")
    except (TypeError, ValueError):
        return name


def page(name: str, cls: type) -> str:
    """The page of a class."""
    bases = [base.__name__ for base in cls.__mro__[1:-1] if base.__name__ not in ("Mapping",)]
    text = f"# {name}\n\n{doc(cls)}\n"
    if bases:
        text += f"\nBases: {', '.join(f'`{base}`' for base in bases)}\n"
    for member_name, member in vars(cls).items():
        if not is_public(member_name) or isinstance(member, (staticmethod, classmethod)):
            continue
        if isinstance(member, property):
            text += f"\n## {member_name}\n\n{doc(member)}\n"
        elif inspect.isfunction(member):
            text += f"\n## {signature(member_name, member)}\n\n{doc(member)}\n"
        elif isinstance(member, (str, int)) and issubclass(cls, Exception):
            text += f"\n* `{member_name}`: {member!r}\n"
    return text


def pages() -> dict[str, str]:
    """Every page by the name of its file, and one that lists them."""
    made: dict[str, str] = {}
    index = "# headwater\n\n" + doc(hw) + "\n"
    for module_name, module in MODULES.items():
        index += f"\n## {module_name}\n\n"
        names = getattr(module, "__all__", [name for name in vars(module) if is_public(name)])
        for name in sorted(names):
            thing = getattr(module, name)
            full = f"{module_name}.{name}"
            if inspect.isclass(thing) and thing.__module__.startswith("headwater"):
                made[f"{full}.md"] = page(full, thing)
                index += f"* [{name}]({full}.md)\n"
            elif inspect.isfunction(thing) and thing.__module__.startswith("headwater"):
                made[f"{full}.md"] = f"# {signature(full, thing)}\n\n{doc(thing)}\n"
                index += f"* [{name}]({full}.md)\n"
    return {"index.md": index, **made}


def main() -> None:
    """Writes the pages."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)
    print(f"{folder}: {len(list(folder.iterdir()))} pages")


if __name__ == "__main__":
    main()
