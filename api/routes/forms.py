"""Options in the fields of a form, which say the same as those of a query."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from api.http.problems import from_validation, pointer
from api.http.queries import is_list
from api.ingest.arriving.multipart import Form
from api.schemas.jobs import ReadingQuery
from sentiq.core.errors import FieldError, InvalidInput

Query = TypeVar("Query", bound=ReadingQuery)


def with_fields(query: Query, form: Form) -> Query:
    """Return the options of a form: those of its fields, over those of the query. Raises InvalidInput.

    A field without a value is left out: browsers send those that nobody has filled in. But null_values without one
    says, as in a query, that no cell stands for a missing value.
    """
    given = {name: values for name, all_ in form.fields.items() if (values := [value for value in all_ if value])}
    if "null_values" in form.fields:
        given.setdefault("null_values", [""])
    known = type(query).model_fields
    asked: dict[str, object] = {}
    for name, values in given.items():
        if name in known and is_list(known[name].annotation):
            asked[name] = values
        elif len(values) == 1:
            asked[name] = values[0]
        else:
            detail = f"`{name}` is given {len(values)} times; give it once."
            raise InvalidInput(detail, errors=(FieldError("repeated_parameter", detail, pointer(name)),))
    named = {} if query.filename or not form.file_name else {"filename": form.file_name}
    try:
        return type(query).model_validate(named | query.model_dump(exclude_unset=True) | asked)
    except ValidationError as error:
        raise from_validation(error) from None
