"""Whatever is given in place of what is expected ends in an exception, never worse."""

import inspect

import headwater as hw
import pytest

WRONG = [
    None,
    7,
    -1,
    1.5,
    True,
    "",
    "x",
    b"x",
    [],
    [1],
    {},
    {1: 2},
    {"x": object()},
    object,
    set(),
]


class Hostile:
    """Raises whatever it is asked."""

    def __getattr__(self, name):
        raise RuntimeError("no")

    def __iter__(self):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None


def methods():
    """Every public method of a workspace."""
    for name, method in inspect.getmembers(hw.Workspace, inspect.isfunction):
        if not name.startswith("_") and name not in ("close", "snapshot"):
            yield name, inspect.signature(method)


@pytest.mark.parametrize(
    ("name", "signature"), list(methods()), ids=lambda one: str(one)[:20]
)
def test_no_argument_does_harm(ws, name, signature):
    method = getattr(ws, name)
    parameters = list(signature.parameters.values())[1:]
    good = {"record_type": "contact", "id": "01a20a46-feca-7654-a24f-4ce742e8730e"}
    for wrong in [*WRONG, Hostile()]:
        for place in parameters:
            given = {
                one.name: wrong if one is place else good.get(one.name, {})
                for one in parameters
                if one is place or one.default is inspect.Parameter.empty
            }
            try:
                result = method(**given)
                if inspect.isgenerator(result) or isinstance(result, hw.Query):
                    list(result)
            except (
                hw.HeadwaterError,
                TypeError,
                ValueError,
                RuntimeError,
                OverflowError,
            ):
                pass
    assert ws.create("contact", {"first_name": "Sarah"})["first_name"] == "Sarah"


@pytest.mark.parametrize(
    "wrong", [None, 7, b"x", ["crm.db"], object(), "", "postgres://x/y"]
)
def test_what_is_no_workspace_is_not_opened(wrong):
    with pytest.raises((hw.HeadwaterError, TypeError)):
        hw.open(wrong)


@pytest.mark.parametrize(
    "options",
    [
        {"duplicates": "maybe"},
        {"history": "on"},
        {"create": "yes"},
        {"id_seed": -1},
        {"id_seed": 2**64},
        {"clock": "noon"},
        {"actor": 7},
    ],
)
def test_wrong_options_are_refused(tmp_path, options):
    with pytest.raises((hw.HeadwaterError, TypeError, ValueError, OverflowError)):
        hw.open(tmp_path / "crm.db", **options)


def test_values_without_an_end_or_a_meaning_are_refused(ws):
    endless = []
    endless.append(endless)
    with pytest.raises(hw.FieldValueInvalidError, match="nests deeper"):
        ws.create("contact", {"first_name": endless})
    with pytest.raises(hw.FieldValueInvalidError, match="surrogate"):
        ws.create("contact", {"first_name": "\ud800"})
    with pytest.raises(TypeError, match="first_name cannot be a .*set"):
        ws.create("contact", {"first_name": {1}})
    with pytest.raises(TypeError, match="keys of attributes must be str"):
        ws.create("contact", {1: "x"})
    with pytest.raises(hw.FieldValueInvalidError):
        ws.create("contact", {"first_name": "x", "sms_consent": 2**80})
    with pytest.raises(hw.FieldValueInvalidError):
        ws.create("account", {"name": "x", "estimated_annual_revenue": float("inf")})
    with pytest.raises(hw.InvalidRequestError):
        ws.get("contact", "no id")


def test_a_connector_that_lies_about_arrow_is_refused(ws):
    class Liar:
        def __arrow_c_stream__(self, requested_schema=None):
            return 7

    class Other:
        def __arrow_c_array__(self, requested_schema=None):
            return (7, 8)

    for wrong in (Liar(), Other()):
        with pytest.raises((TypeError, ValueError)):
            ws.create_many("contact", wrong)
