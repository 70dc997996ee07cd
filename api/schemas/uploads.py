"""Files to look at before a job is made of them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.jobs import FileDocument, ReadingQuery


class UploadPath(BaseModel):
    upload_id: str = Field(max_length=64)


class UploadQuery(ReadingQuery):
    model_config = ConfigDict(extra="forbid")


class ColumnDocument(BaseModel):
    number: int = Field(description="from 1; columns may be named by it")
    name: str
    samples: list[str]


class UploadDocument(BaseModel):
    id: str
    object: str = "upload"
    filename: str
    bytes: int
    created_at: str
    expires_at: str
    format: FileDocument = Field(description="how it would be read")
    options: list[str] = Field(
        description="of reading that this format obeys; any other is refused", examples=[["encoding", "text_column"]]
    )
    sheets: list[str] = Field(description="of a workbook")
    columns: list[ColumnDocument]
    preview: list[list[str]] = Field(description="cells of the first rows, without the header")
