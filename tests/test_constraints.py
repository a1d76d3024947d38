"""The files of pinned versions agree with pyproject.toml."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]


def requirements(extras):
    """Return the requirement of each name, of the library and some extras."""
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    found = {canonicalize_name(r.name): r for r in map(Requirement, lines)}
    return {name: r for name, r in found.items() if name != PROJECT["name"]}


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): Version(version) for name, version in pairs}


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-lowest.txt"])
def test_pins_are_allowed(name):
    allowed = requirements(PROJECT["optional-dependencies"])
    versions = pins(name)
    for requirement in allowed.keys() & versions:
        assert versions[requirement] in allowed[requirement].specifier, requirement


def test_all_requirements_are_pinned():
    assert (
        requirements(PROJECT["optional-dependencies"]).keys()
        <= pins("constraints.txt").keys()
    )


def test_lowest_versions_are_the_lower_bounds():
    extras = PROJECT["optional-dependencies"].keys() - {"bench", "docs"}
    lowest = pins("constraints-lowest.txt")
    bounds = requirements(extras)
    for name, requirement in bounds.items():
        (bound,) = requirement.specifier
        assert bound.operator == ">="
        release = Version(bound.version).release
        assert lowest[name].release[: len(release)] == release, name
