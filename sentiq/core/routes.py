"""Routes as they are written, in settings and as the name of a model: `zh=sentiq-small-zh,*=my-xlmr`."""

from __future__ import annotations

from sentiq.core.language_codes import CODES
from sentiq.core.languages import language_code

ROUTE = "="  #: between a language and its model; no id of a model has it
OTHERS = "*"  #: every language without a route of its own


def parse_routes(written: str) -> dict[str, str]:
    """Return the name of the model of each language, in their order.

    Raises ValueError that says what is wrong with which part, and what to write instead.
    """
    found: dict[str, str] = {}
    for part in written.split(","):
        language, equals, model = (word.strip() for word in part.partition(ROUTE))
        if not equals or not language or not model or ROUTE in model:
            raise ValueError(
                f"{part.strip()!r} is no route: write a language and its model, with commas between routes:"
                " zh=sentiq-small-zh,*=my-xlmr (docs/languages.md)"
            )
        if language not in CODES and language != OTHERS:
            code = language_code(language)
            remedy = f"write {code}" if code else "write the code of ISO 639, as zh, en or ja, or * for all others"
            raise ValueError(f"{language!r} in {part.strip()!r} is no code of a language: {remedy} (docs/languages.md)")
        if language in found:
            raise ValueError(
                f"{language!r} has two models, {found[language]!r} and {model!r}: write each language once, with one"
                " model (docs/languages.md)"
            )
        found[language] = model
    if OTHERS not in found:
        raise ValueError(
            f"no model answers other languages than {', '.join(found)}: add {OTHERS}{ROUTE}MODEL, as in"
            f" {written.strip()},{OTHERS}{ROUTE}my-xlmr (docs/languages.md)"
        )
    return found
