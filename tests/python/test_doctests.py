"""The examples in the documentation of the package run."""

import doctest
import importlib
import pkgutil

import headwater
import pytest

FLAGS = (
    doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
)
MODULES = ["headwater"] + [
    f"headwater.{module.name}"
    for module in pkgutil.iter_modules(headwater.__path__)
    if module.name not in ("_headwater", "__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name), optionflags=FLAGS).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [finder.find(importlib.import_module(name)) for name in MODULES]
    assert sum(bool(test.examples) for tests in found for test in tests) >= 25
