"""How our pictures look: SVG in greys and colours that can be read on white and on black."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

from pygal.style import Style

# Importing pygal adds a finder of an old form, for maps that we do not draw: each later import would warn of it.
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]

STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#808890",
    foreground_strong="#808890",
    foreground_subtle="#80889060",
    colors=("#2f81f7", "#3fb950", "#db8b0b", "#a371f7"),
    font_family="sans-serif",
    label_font_size=12,
    major_label_font_size=12,
    title_font_size=15,
    legend_font_size=13,
)


def still(svg: bytes) -> str:
    """Without what only a pointer would bring to life."""
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    root = ET.fromstring(svg)  # noqa: S314 -- our own; comments go with it
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith("}script") or child.get("class") in ("dots", "tooltip", "text-overlay"):
                parent.remove(child)
    return ET.tostring(root, encoding="unicode") + "\n"
