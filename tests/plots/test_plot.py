"""Plot: a picture for each result, the same each time; names in it are never taken for code."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import custseg as cu
from custseg.plots import canvas
from custseg.plots.plot import PICTURES

SHOP = cu.datasets.simulate(150, 365, seed=1).base()
HOSTILE = "</script><script>alert(1)</script><!-- & 'x' \\\" </b>"
# Pictures in which no name is free.
NAMELESS = {"calibration", "tracking", "alive", "purchases"}
PARAMS = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
TAG = re.compile(r"<[/!?a-zA-Z]")


def hostile_program():
    ladder = cu.Ladder({HOSTILE: 0, "a < b": 100})
    earning = cu.Earn.per("base", 1, per="1.00")
    return cu.Program(
        HOSTILE, earning=earning, tiers=ladder, care=cu.Holiday("x", month=5, day=1, points=9)
    )


def results():
    """A result of each type that has a picture, all names hostile where names are free."""
    book = cu.RuleBook.first(cu.Rule(HOSTILE, "orders > 2"), otherwise="a < b")
    grid = cu.Grid({HOSTILE: "r2-5", "a < b": "r1"})
    scored = cu.RFM(grid=grid).segment(SHOP)
    renamed = SHOP.with_measures(
        SHOP.measures("spend").rename({"spend": HOSTILE})  # a column of a warehouse
    )
    shared = cu.ABC(by=HOSTILE).segment(renamed)
    early, fit = SHOP.as_of("2024-09-30"), cu.PurchaseFit(model="bgnbd", params=PARAMS)
    matrix = cu.PurchaseMatrix.of(fit, T=30, horizon=10, most=5)
    return {
        "calibration": (fit.holdout(early, SHOP.day), None),
        "tracking": (cu.Tracking.of(fit, early, SHOP.day), None),
        "alive": (matrix, None),
        "purchases": (matrix, "purchases"),
        "sizes": (book.segment(SHOP), None),
        "rfm": (scored, "rfm"),
        "abc": (shared, "lorenz"),
        "lorenz": (cu.Lorenz.of_each(np.array([1.0, 5.0]), by=HOSTILE), None),
        "flow": (book.segment(SHOP.as_of("2024-06-30")).flow_to(book.segment(SHOP)), None),
        "track": (cu.track(book, SHOP), None),
        "shares": (cu.track(book, SHOP), "shares"),
        "points": (hostile_program().run(SHOP), None),
        "tiers": (hostile_program().run(SHOP), "tiers"),
    }


@pytest.fixture(scope="module")
def drawn():
    pytest.importorskip("altair")
    return {name: (*each, cu.plot(each[0], kind=each[1])) for name, each in results().items()}


def test_every_kind_of_picture_is_tried_here(drawn):
    tried = {
        (type(result), kind or next(iter(PICTURES[type(result)])))
        for result, kind, _ in drawn.values()
    }
    assert tried == {(of, kind) for of, kinds in PICTURES.items() for kind in kinds}


def test_equal_results_give_equal_pictures(drawn):
    again = results()
    for name, (_, _, chart) in drawn.items():
        assert cu.plot(again[name][0], kind=again[name][1]).to_json() == chart.to_json()


def test_a_name_never_ends_the_script_of_a_page(drawn):
    for name, (_, _, chart) in drawn.items():
        text = chart.to_json()
        assert ("alert(1)" in text) == (name not in NAMELESS), name
        assert not TAG.search(text), name
        assert text.count("&amp;") == 0


def test_names_are_sorted_as_the_scheme_orders_them(drawn):
    for name in ("sizes", "flow", "track", "shares"):
        assert canvas.lines(drawn[name][0].segments)[0] in chart_sorts(drawn[name][2].to_dict())


def chart_sorts(spec):
    """The first name of every order that a picture gives."""
    if isinstance(spec, list):
        return [first for each in spec for first in chart_sorts(each)]
    if not isinstance(spec, dict):
        return []
    own = [spec["sort"][0]] if isinstance(spec.get("sort"), list) else []
    return own + [first for each in spec.values() for first in chart_sorts(each)]


def test_pictures_are_saved_as_images_and_pages(drawn, tmp_path):
    pytest.importorskip("vl_convert")
    for name, (_, _, chart) in drawn.items():
        chart.save(tmp_path / f"{name}.svg")
        assert (tmp_path / f"{name}.svg").read_text(encoding="utf-8").startswith("<svg")
        chart.save(tmp_path / f"{name}.html")
        page = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        assert "</script><script>alert" not in page
    chart.save(tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_has_no_background_of_its_own(drawn):
    for _, _, chart in drawn.values():
        assert chart.to_dict()["background"] == "transparent"


def test_without_altair_the_extra_is_named(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(canvas, "import_module", absent)
    with pytest.raises(cu.MissingExtra) as caught:
        cu.plot(cu.ABC().segment(SHOP))
    assert caught.value.problems[0].fix == 'pip install "custseg[plot]"'


def test_altair_is_loaded_when_something_is_drawn():
    code = "import sys, custseg; custseg.plot; print('altair' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_what_has_no_picture_is_told_with_what_has():
    with pytest.raises(cu.SchemaError) as caught:
        cu.plot(pl.DataFrame({"a": [1]}))
    assert caught.value.problems[0].fix == (
        "give one of Segmentation, Flow, Track, Lorenz, Holdout, Tracking, PurchaseMatrix, Ledger"
    )


@pytest.mark.parametrize(
    ("kind", "fix"),
    [
        ("size", "did you mean 'sizes'?"),
        ("pie", "give one of sizes, rfm, lorenz"),
        (["a"], "give one of sizes, rfm, lorenz"),
    ],
)
def test_an_unknown_kind_is_told_with_the_nearest(kind, fix):
    with pytest.raises(cu.SchemaError) as caught:
        cu.plot(cu.ABC().segment(SHOP), kind=kind)
    problem = caught.value.problems[0]
    assert problem.what == f"there is no picture {kind!r} of a Segmentation"
    assert problem.fix == fix


@pytest.mark.parametrize("kind", ["rfm", "lorenz"])
def test_a_picture_of_another_recipe_is_refused(kind):
    pytest.importorskip("altair")
    with pytest.raises(cu.SchemaError) as caught:
        cu.plot(cu.Lifecycle().segment(SHOP), kind=kind)
    assert caught.value.problems[0].fix.endswith('or kind="sizes"')
