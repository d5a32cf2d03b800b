"""Every class and function of the package is documented, on a page of its own."""

import importlib.util
import inspect
from pathlib import Path

import headwater as hw
import pytest

GENERATOR = Path(__file__).resolve().parents[2] / "python/generate/docs.py"


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("generate_docs", GENERATOR)
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    return generator.pages()


def test_every_class_has_its_page(pages):
    for name in hw.__all__:
        thing = getattr(hw, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert f"headwater.{name}.md" in pages, name
            assert f"({f'headwater.{name}.md'})" in pages["index.md"]


def test_everything_public_says_what_it_is():
    public = {name: getattr(hw, name) for name in hw.__all__}
    classes = {name: one for name, one in public.items() if inspect.isclass(one)}
    said = {
        name: one for name, one in public.items() if inspect.isfunction(one)
    } | classes
    for name, cls in classes.items():
        for member_name, member in vars(cls).items():
            is_said = inspect.isfunction(member) or isinstance(member, property)
            if is_said and not member_name.startswith("_"):
                said[f"{name}.{member_name}"] = member
    silent = [name for name, one in said.items() if not inspect.getdoc(one)]
    assert silent == []


def test_a_page_shows_members_and_examples(pages):
    page = pages["headwater.Workspace.md"]
    assert "## assert_many(self, record_type" in page
    assert "```python\n>>> import headwater as hw" in page
    assert page.count("```") % 2 == 0
