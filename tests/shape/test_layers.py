"""Imports go down only, those for the type checker included."""

from __future__ import annotations

import tomllib

import pytest

from shape.sources import MODULES, PACKAGE, ROOT, imported, named, parsed

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]
(LAYERS,) = (each["layers"] for each in CONTRACTS["contracts"] if each["type"] == "layers")
HEIGHT = {
    name.strip("() "): height
    for height, peers in enumerate(reversed(LAYERS))
    for name in peers.split("|")
}
INSIDE = [path for path in MODULES if path != PACKAGE / "__init__.py"]


def layer(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def borrowed(path):
    """The layers whose names a module imports; `custseg` when it goes through the face."""
    for name in imported(parsed(path)):
        top, _, rest = name.partition(".")
        if top == "custseg":
            yield rest.split(".")[0] if rest.split(".")[0] in HEIGHT else "custseg"


@pytest.mark.parametrize("path", INSIDE, ids=named)
def test_a_module_imports_from_its_own_layer_or_below(path):
    own = layer(path)
    above = {
        other for other in borrowed(path) if other != own and HEIGHT.get(other, 99) >= HEIGHT[own]
    }
    assert above == set()


def test_every_part_of_the_package_has_a_place_among_the_layers():
    assert {layer(path) for path in INSIDE} <= set(HEIGHT)
