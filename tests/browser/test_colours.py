"""Labels are told apart by their colours: by everybody, in both themes."""

from __future__ import annotations

import itertools
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.browser.visits import DESKTOP, Look, visiting
from tests.support.cluster import Cluster

NAMES = ("positive", "neutral", "negative", "failed", "without-text")
#: How people see who lack one kind of cone, as matrices for linear RGB (Machado, Oliveira and Fernandes 2009).
SIGHTS = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
LEAST = 0.1  #: distance in OKLab, where 0.02 is the least that people notice
Colour = tuple[float, float, float]


def linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def times(matrix: tuple[Colour, ...], colour: Colour) -> Colour:
    x, y, z = (sum(a * b for a, b in zip(row, colour, strict=True)) for row in matrix)
    return x, y, z


def oklab(colour: Colour) -> Colour:
    """https://bottosson.github.io/posts/oklab/"""
    cones = times(
        (
            (0.4122214708, 0.5363325363, 0.0514459929),
            (0.2119034982, 0.6806995451, 0.1073969566),
            (0.0883024619, 0.2817188376, 0.6299787005),
        ),
        colour,
    )
    l, m, s = (max(cone, 0) ** (1 / 3) for cone in cones)  # noqa: E741  as they are called
    return times(
        (
            (0.2104542553, 0.7936177850, -0.0040720468),
            (1.9779984951, -2.4285922050, 0.4505937099),
            (0.0259040371, 0.7827717662, -0.8086757660),
        ),
        (l, m, s),
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_two_labels_look_alike(browser: Browser, cluster: Cluster, scheme: Literal["light", "dark"]) -> None:
    with visiting(browser, cluster, Look("en", DESKTOP, scheme)) as visit:
        page = visit.open("/")
        seen = page.evaluate(
            """(names) => names.map((name) => {
                const probe = document.createElement('span');
                probe.style.color = `var(--${name})`;
                document.body.append(probe);
                return getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
            })""",
            NAMES,
        )
    colours = {
        name: (linear(r / 255), linear(g / 255), linear(b / 255)) for name, (r, g, b) in zip(NAMES, seen, strict=True)
    }
    alike = []
    for sight, matrix in SIGHTS.items():
        places = {name: oklab(times(matrix, colour)) for name, colour in colours.items()}
        for one, other in itertools.combinations(NAMES, 2):
            distance = sum((a - b) ** 2 for a, b in zip(places[one], places[other], strict=True)) ** 0.5
            if distance < LEAST:
                alike.append((sight, one, other, round(distance, 3)))
    assert alike == []
