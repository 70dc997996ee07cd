"""`sentiq-admin config check`: would the service start with this environment, and does Redis keep what it is given?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from sentiq.admin import redis_checks
from sentiq.admin.checks import Verdict
from sentiq.core.routes import ROUTE, parse_routes
from sentiq.core.settings import PREFIX, Settings


def check(settings: Settings) -> list[str]:
    """Print the settings that are not the default; return what is wrong around them, each with its remedy."""
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if value != field.default:
            shown = "(set, not shown)" if isinstance(value, SecretStr) and name != "redis_url" else value
            print(f"{PREFIX}{name.upper()}: {settings.redis_address if name == 'redis_url' else shown}")
    of_redis = [str(found) for found in redis_checks.check(settings) if found.verdict is Verdict.FAULT]
    return [*_model(settings), *of_redis]


def _model(settings: Settings) -> list[str]:
    """Workers alone have models: elsewhere there is nothing to look at."""
    roots = [root for root in dict.fromkeys(settings.model_roots) if root.is_dir()]
    if not roots:
        return []
    faults = ((routes, _missing(name, roots)) for name, routes in _served(settings).items())
    return [f"{settings.model_setting}: {routes}{fault}" for routes, fault in faults if fault]


def _served(settings: Settings) -> dict[str, str]:
    """Return the names of what workers load, each with the routes that lead to it, to be told before a fault."""
    if not settings.routes:
        return {settings.served_model: ""}
    routes: dict[str, list[str]] = {}
    for language, name in parse_routes(settings.routes).items():
        routes.setdefault(name, []).append(f"{language}{ROUTE}{name}")
    return {name: f"{', '.join(of_model)}: " for name, of_model in routes.items()}


def _missing(name: str, roots: Sequence[Path]) -> str:
    """Return why there is no model or pair of this name, with the remedy; "" where there is one."""
    where = " or ".join(map(str, roots))
    if "+" not in name:
        if any(_names_model(path, name) for root in roots for path in root.glob("*/manifest.json")):
            return ""
        return f"there is no model {name!r} in {where}. Prepare it: docs/models.md."
    pair = name.split("+", 1)
    if any(_names_pair(path, pair) for root in roots for path in root.glob("*/cascade.json")):
        return ""
    return f"no fitted pair {name!r} in {where}. Fit it: sentiq-cascade {' '.join(pair)} TEXTS (docs/cascade.md)."


def _names_model(manifest: Path, model: str) -> bool:
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        return model in (content["id"], f"{content['id']}@{content['version']}")
    except (OSError, ValueError, KeyError, TypeError):
        return False  # a damaged one is none; the worker says why when it starts


def _names_pair(file: Path, pair: Sequence[str]) -> bool:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        names = [content["student"], content["teacher"]]
        return all(asked in (name, name.rpartition("@")[0]) for asked, name in zip(pair, names, strict=True))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
