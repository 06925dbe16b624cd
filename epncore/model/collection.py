"""A collection as its ``collection.toml`` describes it. Nobody else reads TOML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from astropy import units as u
from astropy.io.votable.ucd import parse_ucd
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from epncore.model.columns import COLUMNS, COMPUTED, FRAMES, Column
from epncore.model.config_errors import config_error, did_you_mean
from epncore.model.config_file import read_toml
from epncore.model.config_types import (
    STRICT,
    Bibcode,
    ColumnName,
    CompanionName,
    Date,
    Doi,
    Gid,
    GrammarName,
    IdTemplate,
    Licence,
    Mail,
    MediaType,
    Subject,
    Text,
    Url,
    UrlTemplate,
    VersionPattern,
)
from epncore.model.globs import matcher
from epncore.model.linking import Das2, Documentation, Format, Preview
from epncore.model.mending import mend
from epncore.model.row import CellError, Value, digest, to_cell
from epncore.model.rules import RowChecker
from epncore.model.source_table import SourceTable
from epncore.model.units import parse_period
from epncore.model.vocabularies import RESERVED_WORDS, SUBJECTS

FILE_NAME = "collection.toml"

# Schemas that DaCHS and PostgreSQL keep for themselves.
_SCHEMAS_TAKEN = {"public", "ivoa", "tap_schema", "tap_upload", "dc", "information_schema"} | RESERVED_WORDS


def _schema(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or name in _SCHEMAS_TAKEN or name.startswith("pg_"):
        raise ValueError("a schema is a plain SQL name: a to z, digits and _, at most 40, no reserved word")
    return name


def _ucd(text: str) -> str:
    try:
        parse_ucd(text, check_controlled_vocabulary=True)
    except ValueError as error:
        raise ValueError(f"{error}; see the UCD list, https://www.ivoa.net/documents/UCD1+") from None
    return text


def _unit(text: str) -> str:
    try:
        u.Unit(text, format="vounit", parse_strict="raise")
    except ValueError:
        raise ValueError(f"{text!r} is no VOUnit; for example Hz, V**2.m**-2.Hz**-1, or an empty text") from None
    return text


Schema = Annotated[str, AfterValidator(_schema)]
Ucd = Annotated[str, AfterValidator(_ucd)]
VOUnit = Annotated[str, AfterValidator(_unit)]
Cells = dict[str, Any]


class _Table(BaseModel):
    model_config = STRICT


class OwnColumn(_Table):
    """A column that EPNcore does not have (REC section 2.3)."""

    name: ColumnName
    type: Literal["text", "integer", "double", "timestamp"] = "text"
    unit: VOUnit = ""
    ucd: Ucd = "meta.note"
    description: Text

    @field_validator("name")
    @classmethod
    def _is_new(cls, name: str) -> str:
        if name in COLUMNS:
            raise ValueError(f"{name} is a column of EPNcore already: use it as it is")
        if name in RESERVED_WORDS:
            raise ValueError(f"{name} is a word of SQL or ADQL: put something before it, such as the schema")
        return name

    def column(self) -> Column:
        """As the table of columns has it."""
        return Column(
            self.name, "own", self.type, self.unit, self.ucd,
            xtype="timestamp" if self.type == "timestamp" else "", description=self.description,
        )  # fmt: skip


class Product(_Table):
    """Files of one kind and what they become."""

    sources: list[Text] = []
    table: SourceTable | None = None
    root: Text = "."
    outside_root: bool = False
    grammar: GrammarName
    options: dict[str, Any] = {}
    mapping: dict[str, Any] = {}
    granule_gid: Gid
    access_format: MediaType | None = None
    access_url: UrlTemplate | None = None
    thumbnail_url: UrlTemplate | None = None
    formats: list[Format] = []
    previews: list[Preview] = []
    das2: Das2 | None = None
    derived_from: list[Text] = []
    md5: bool = False
    companions: list[CompanionName] = []
    keep: Literal["all", "latest"] = "all"
    version_in_name: VersionPattern = r"[_-][vV]([0-9]+(?:\.[0-9]+)*)"
    constants: Cells = {}
    overrides: Cells = {}

    @model_validator(mode="after")
    def _has_files_or_rows(self) -> Product:
        if bool(self.sources) == (self.table is not None):
            raise ValueError("sources: a product has files, by sources, or rows, by [product.table]: one of them")
        if self.table is None:
            return self
        for key in ("root", "md5", "companions", "keep", "outside_root"):
            if key in self.model_fields_set:
                raise ValueError(f"{key}: it is for files; rows of a table have none")
        if self.access_url and not self.access_format:
            raise ValueError("access_format: with rows of a table, say what access_url leads to")
        return self

    def reading_keys(self) -> str:
        """The keys by which a file must be read again when they change; all others a row can follow without that."""
        return self.model_dump_json(include={"outside_root", "options", "mapping", "companions"})

    @field_validator("sources")
    @classmethod
    def _are_below_root(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            if pattern.startswith(("/", "~")) or ".." in Path(pattern).parts:
                raise ValueError(
                    f"{pattern!r} leaves the root: set root to the folder and let sources be patterns below"
                )
            try:
                matcher([pattern])
            except re.error as error:
                raise ValueError(
                    f"{pattern!r} is no pattern ({error.msg}): brackets name single signs, as [0-9] or [abc]"
                ) from None
        return patterns


_FOR_THE_REGISTRY = {
    "title", "description", "creators", "created", "licence", "subjects", "publisher", "contact_name", "contact_email",
    "instruments", "facilities", "serve_previews",
}  # fmt: skip
"""Keys that reach the descriptor alone. Any other, and any that is yet to come, makes files be read anew."""


class Collection(_Table):
    """One schema with one epn_core table: what a provider writes down once.

    `load` reads it from a file; every field is a key of the ``collection.toml``.
    """

    schema_name: Schema = Field(alias="schema")
    title: Text
    description: Text
    creators: Annotated[list[Text], Field(min_length=1)]
    created: Date
    licence: Licence
    subjects: Annotated[list[Subject], Field(min_length=1)]
    publisher: Text | None = None
    contact_name: Text | None = None
    contact_email: Mail | None = None
    doi: Doi | None = None
    reference_url: Url | None = None
    bibcode: Bibcode | None = None
    instruments: list[Text] = []
    facilities: list[Text] = []
    spatial_frame_type: str = "none"
    granule_uid: IdTemplate = "{gid}_{stem}"
    obs_id: IdTemplate = "{stem}"
    release_after: str | None = None
    embargoed: Literal["leave_out", "list"] | None = None
    datalink: bool = True
    serve_previews: bool = False
    constants: Cells = {}
    overrides: Cells = {}
    columns: list[OwnColumn] = []
    documentation: list[Documentation] = []
    product: Annotated[list[Product], Field(min_length=1)]

    @field_validator("subjects")
    @classmethod
    def _are_of_the_field(cls, subjects: list[str]) -> list[str]:
        if not set(subjects) & set(SUBJECTS):
            raise ValueError(f"EPN-TAP wants at least one of {', '.join(SUBJECTS)} (REC section 4)")
        return subjects

    @field_validator("spatial_frame_type")
    @classmethod
    def _is_a_frame(cls, frame: str) -> str:
        if frame not in FRAMES:
            raise ValueError(f"a frame is one of {', '.join(FRAMES)}")
        return frame

    @field_validator("release_after")
    @classmethod
    def _is_a_period(cls, text: str | None) -> str | None:
        if text is not None and parse_period(text) is None:
            raise ValueError(f"{text!r} is no period; write P1Y for a year, P6M for six months, P90D for ninety days")
        return text

    @model_validator(mode="after")
    def _fits_together(self) -> Collection:
        if self.release_after and not self.embargoed:
            raise ValueError(
                'embargoed: with release_after, say what happens before that: embargoed = "leave_out" gives no row, '
                '"list" gives a row without access_url'
            )
        self._check_links()
        if self.contact_email and not self.contact_name:
            raise ValueError(
                'contact_name: with contact_email, say who answers, as "Help desk": the registry knows no contact '
                "without a name, and one without it would hide the server's own"
            )
        gids = [product.granule_gid for product in self.product if product.table]
        if len(set(gids)) < len(gids):
            raise ValueError("product: tables need a granule_gid each: it is part of the names of their rows")
        own_names = [own.name for own in self.columns]
        for number, name in enumerate(own_names):
            if name in own_names[:number]:
                raise ValueError(f"columns.{number}.name: two columns are named {name}")
        known = {**COLUMNS, **{own.name: own.column() for own in self.columns}}
        for kind, shared in (("constants", self.constants), ("overrides", self.overrides)):
            check_cells(shared, kind, known)
            for number, product in enumerate(self.product):
                cells, place = getattr(product, kind), f"product.{number}.{kind}"
                check_cells(cells, place, known)
                # Each is right by itself; together they may still not fit. Constants may never meet overrides: the
                # file goes between.
                _check_rules({kind: shared, place: cells}, known)
        return self

    def _check_links(self) -> None:
        gids = {product.granule_gid for product in self.product}
        for number, product in enumerate(self.product):
            for origin in product.derived_from:
                place = f"product.{number}.derived_from"
                if origin == product.granule_gid:
                    raise ValueError(f"{place}: {origin} cannot derive from itself; name other granule_gids")
                if origin not in gids:
                    known = ", ".join(sorted(gids - {product.granule_gid})) or "no other"
                    close = did_you_mean(origin, gids)
                    raise ValueError(f"{place}: no product has the granule_gid {origin!r}{close}; known: {known}")
            for kind in ("constants", "overrides"):
                if self.datalink and "datalink_url" in self.cells(product, kind):
                    raise ValueError(f"{kind}.datalink_url: the server fills it; with datalink = false it is yours")

    def cells(self, product: Product, kind: Literal["constants", "overrides"]) -> dict[str, Value]:
        """Constants (or overrides) for a product: its own go before the collection's."""
        return {**getattr(self, kind), **getattr(product, kind)}

    def fingerprint(self, product: Product) -> str:
        """32 hexadecimal digits that change when a key does that can reach a row of `product`."""
        keys = self.model_dump(by_alias=True, exclude={*_FOR_THE_REGISTRY, *_LINK_KEYS, "product"})
        # Some keys choose files; they are no part of what these become.
        return digest(repr((keys, product.model_dump(exclude={*_CHOOSING_KEYS, *_PRODUCT_LINK_KEYS}))))

    def links_fingerprint(self) -> str:
        """32 hexadecimal digits that change when a key does that only links depend on."""
        include = dict.fromkeys(_LINK_KEYS, True) | {"product": {"__all__": _PRODUCT_LINK_KEYS}}
        return digest(self.model_dump_json(by_alias=True, include=include))


# A row does not depend on these: where they change, no file has to be read again.
_LINK_KEYS = {"documentation", "doi", "reference_url", "bibcode"}
_CHOOSING_KEYS = {"sources", "table", "keep", "version_in_name"}
_PRODUCT_LINK_KEYS = {"formats", "previews", "das2", "derived_from"}


def check_cells(cells: Cells, place: str, known: Mapping[str, Column]) -> None:
    """Each value fits its column, and breaks no rule by itself.

    Raises
    ------
    ValueError
        ``place.name: what is wrong``.
    """
    for name, value in cells.items():
        _check_cell(place, name, value, known)
        _check_rules({place: {name: value}}, known)


def _check_cell(place: str, name: str, value: Any, known: Mapping[str, Column]) -> None:
    complaint = no_column(name, known)
    if complaint:
        raise ValueError(f"{place}.{name}: {complaint}")
    try:
        cell = to_cell(known[name], value)
    except CellError as error:
        raise ValueError(f"{place}.{name}: {error}") from None
    if cell is None:
        raise ValueError(f"{place}.{name}: empty; leave the key out where there is no value")


def no_column(name: str, known: Iterable[str]) -> str:
    """Why a config cannot give values to a column of this name; empty where it can."""
    if name in COMPUTED:
        return f"it is set by {COMPUTED[name]}"
    return "" if name in known else f"no such column{did_you_mean(name, known)}; own ones go to [[columns]]"


def _check_rules(tables: dict[str, Cells], known: Mapping[str, Column]) -> None:
    """No rule is broken by these values, of which later tables go before earlier ones."""
    places = {name: f"{place}.{name}" for place, cells in tables.items() for name in cells}
    values = {name: value for cells in tables.values() for name, value in cells.items()}
    row = {name: to_cell(known[name], value) for name, value in values.items()}
    for broken in RowChecker([known[name] for name in row]).broken(list(row.values())):
        if broken.rule.severity != "error":
            continue
        name = broken.rule.columns[-1]
        _, note = mend(name, str(row[name]))
        raise ValueError(f"{places[name]}: {broken.found}, but {broken.rule.checks}. {note or broken.rule.mend}")


def load(folder: Path) -> Collection:
    """Read the collection.toml of a folder.

    Parameters
    ----------
    folder : pathlib.Path
        The collection's folder, or the path of the file itself.

    Returns
    -------
    Collection

    Raises
    ------
    ConfigError
        With the file, the key, what was found and what would be right.
    """
    path = folder if folder.suffix == ".toml" else folder / FILE_NAME
    return parse(read_toml(path, if_missing="`epncore new NAME` writes one"), str(path))


def parse(data: dict[str, Any], path: str) -> Collection:
    """Check what a TOML file said.

    Raises
    ------
    ConfigError
        As `load`; for one thing that is wrong, with the next ones in its hint.
    """
    try:
        return Collection.model_validate(data)
    except ValidationError as error:
        raise config_error(error, Collection, path) from None
