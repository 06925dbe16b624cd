"""What a service tells of one epn_core table: plain facts, which service rules look at without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Fact = Literal["tables", "columns", "vosi", "result", "record", "answers", "datalinks"]
"""A field of `ServedTable` that is None where the service does not tell it."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that breaks a service rule.

    Attributes
    ----------
    found : str
        A sentence without a full stop.
    column : str
        The column it is about, or empty.
    example : str
        granule_uid or name of what it was found on, or empty.
    """

    found: str
    column: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class ServedColumn:
    """A column as TAP_SCHEMA, VOSI tables or the FIELD of a result describe it; empty text where they say nothing.

    Attributes
    ----------
    name, unit, ucd, datatype, arraysize, xtype, description : str
        ``datatype`` and ``arraysize`` as VOTable writes them (``char``, ``*``).
    is_quoted : bool
        Whether the name was told in quotes, as ADQL then wants it; `name` is without them.
    """

    name: str
    unit: str = ""
    ucd: str = ""
    datatype: str = ""
    arraysize: str = ""
    xtype: str = ""
    description: str = ""
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class TimeSystem:
    """A TIMESYS element of a result: time scale, reference position, and origin (``JD-origin`` or a number)."""

    timescale: str
    refposition: str
    timeorigin: str


@dataclass(frozen=True, slots=True)
class Record:
    """The resource record of a table in the registry.

    Attributes
    ----------
    identifier, title, description, contact, publisher, reference_url : str
    creators, subjects : tuple of str
    tables : mapping of str to str
        Utype by name of the tables that its tableset tells.
    capabilities : tuple of str
        Their standardIDs.
    """

    identifier: str = ""
    title: str = ""
    description: str = ""
    contact: str = ""
    publisher: str = ""
    reference_url: str = ""
    creators: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    tables: Mapping[str, str] | None = None
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address in a row answers.

    Attributes
    ----------
    granule_uid, column, url : str
        Where the address stands.
    declared_type : str
        What the row says of its media type, or empty.
    declared_kbyte : int or None
        What the row says of its size.
    problem : str
        Why there was no answer; empty where there was one.
    status : int
        HTTP status; 0 without an answer.
    media_type : str
        As the server says, without parameters, in lower case.
    size_bytes : int or None
        As the server says; None where it does not.
    """

    granule_uid: str
    column: str
    url: str
    declared_type: str = ""
    declared_kbyte: int | None = None
    problem: str = ""
    status: int = 0
    media_type: str = ""
    size_bytes: int | None = None

    @property
    def ok(self) -> bool:
        """Whether it gave what was asked for."""
        return not self.problem and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class ServiceDescriptor:
    """A RESOURCE of a Datalink document that describes a service.

    Attributes
    ----------
    id : str
        Its XML ID.
    access_url, standard_id : str
        Its parameters of these names, or empty.
    refs : mapping of str to str
        By the name of an input parameter the XML ID that it refers to, or empty.
    """

    id: str
    access_url: str = ""
    standard_id: str = ""
    refs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatalinkDocument:
    """A Datalink document, as far as rules look at it.

    Attributes
    ----------
    granule_uid, url : str
        Where it was found.
    access_url : str
        What the same row says of its data, or empty.
    content_type : str
        Of the HTTP answer, with its parameters.
    problem : str
        Why it is no VOTable; the rest is empty then.
    resource_type : str
        Of the RESOURCE that holds the links.
    standard_id : str
        Value of the INFO of that name.
    fields : tuple of ServedColumn
    field_ids : tuple of str
        XML IDs of the fields.
    rows : tuple of mapping of str to str or None
        A cell a field, as text; None for an empty one.
    services : tuple of ServiceDescriptor
    """

    granule_uid: str
    url: str
    access_url: str = ""
    content_type: str = ""
    problem: str = ""
    resource_type: str = ""
    standard_id: str = ""
    fields: tuple[ServedColumn, ...] = ()
    field_ids: tuple[str, ...] = ()
    rows: tuple[Mapping[str, str | None], ...] = ()
    services: tuple[ServiceDescriptor, ...] = ()


@dataclass(frozen=True, slots=True)
class ServedTable:
    """An epn_core table as its service tells of it; None where it does not tell, or was not asked.

    Attributes
    ----------
    name : str
        With its schema.
    utype : str
    rows : int
    tables : mapping of str to str
        Utype by name of all tables of its schema.
    columns, vosi, result : mapping of str to ServedColumn
        From TAP_SCHEMA, from VOSI tables, and from the answer to ``SELECT TOP 1 *``, by name in lower case.
    frames, particle_types : tuple of str
        Distinct values of spatial_frame_type and particle_spectral_type.
    filled : tuple of str
        Columns among s_region and coverage in which a row has a value.
    time_systems : tuple of (str, str)
        Distinct values of (time_scale, time_refposition).
    timesys : tuple of TimeSystem
        In the answer to ``SELECT TOP 1 *``.
    record : Record
    answers : tuple of Answer
    datalinks : tuple of DatalinkDocument
    """

    name: str
    utype: str = ""
    rows: int = 0
    tables: Mapping[str, str] | None = None
    columns: Mapping[str, ServedColumn] | None = None
    vosi: Mapping[str, ServedColumn] | None = None
    result: Mapping[str, ServedColumn] | None = None
    frames: tuple[str, ...] = ()
    particle_types: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    time_systems: tuple[tuple[str, str], ...] = ()
    timesys: tuple[TimeSystem, ...] = ()
    record: Record | None = None
    answers: tuple[Answer, ...] | None = None
    datalinks: tuple[DatalinkDocument, ...] | None = None
