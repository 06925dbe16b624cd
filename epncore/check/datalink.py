"""Reads a Datalink document, as far as rules look at it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from astropy.io import votable
from astropy.io.votable.exceptions import VOTableSpecError
from astropy.io.votable.tree import Group
from lxml import etree

from epncore.check.record import SAFE_PARSER
from epncore.model.rules.facts import DatalinkDocument, ServedColumn, ServiceDescriptor

MOST_BYTES = 4 << 20
"""Of a document: some thousand links."""

MOST_ROWS = 1000
"""That are looked at."""


def read_document(empty: DatalinkDocument, content: bytes) -> DatalinkDocument:
    """A document with what its content says.

    Parameters
    ----------
    empty : DatalinkDocument
        Where it was found.
    content : bytes
        Of the answer.

    Returns
    -------
    DatalinkDocument
        With a `problem` where the content is no VOTable with a table in it.
    """
    if len(content) > MOST_BYTES:
        return replace(empty, problem=f"it has {len(content)} bytes: too many for a list of links")
    try:
        # astropy takes what is cut off in the middle, and knows no limits to entities.
        if etree.fromstring(content, SAFE_PARSER).getroottree().docinfo.internalDTD is not None:
            return replace(empty, problem="it is no VOTable: it has a DOCTYPE")
        with warnings.catch_warnings():
            # What matters of it, rules look at.
            warnings.simplefilter("ignore")
            return _read(empty, votable.parse(io.BytesIO(content)))
    except (
        etree.XMLSyntaxError,
        VOTableSpecError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
    ) as error:
        return replace(empty, problem=f"it is no VOTable: {' '.join(str(error).split())[:300]}")


def _read(empty: DatalinkDocument, tree: Any) -> DatalinkDocument:
    resources = list(_all(tree.resources))
    holder = next((each for each in resources if each.tables and each.type == "results"), None) or next(
        (each for each in resources if each.tables), None
    )
    if holder is None:
        return replace(empty, problem="it holds no table")
    table = holder.tables[0]
    names = [field.name for field in table.fields]
    return replace(
        empty,
        resource_type=holder.type,
        standard_id=next((i.value for i in (*holder.infos, *tree.infos) if i.name.lower() == "standardid"), ""),
        fields=tuple(
            ServedColumn(field.name, _text(field.unit), _text(field.ucd), _text(field.datatype), _text(field.arraysize))
            for field in table.fields
        ),
        field_ids=tuple(field.ID for field in (*table.fields, *table.params) if field.ID),
        rows=tuple(dict(zip(names, map(_cell, row), strict=True)) for row in table.array[:MOST_ROWS]),
        services=tuple(_service(each) for each in resources if (each.utype or "").lower() == "adhoc:service"),
    )


def _all(resources: Iterable[Any]) -> Iterator[Any]:
    for each in resources:
        yield each
        yield from _all(each.resources)


def _service(resource: Any) -> ServiceDescriptor:
    values = {param.name.lower(): _text(param.value) for param in resource.params}
    inputs = [
        param
        for group in resource.groups
        if isinstance(group, Group) and (group.name or "").lower() == "inputparams"
        for param in group.entries
    ]
    return ServiceDescriptor(
        id=resource.ID or "",
        access_url=values.get("accessurl", ""),
        standard_id=values.get("standardid", ""),
        refs={getattr(param, "name", None) or param.ref: _text(param.ref) for param in inputs},
    )


def _cell(value: Any) -> str | None:
    if value is np.ma.masked or value is None:
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return _text(value) or None


def _text(value: object) -> str:
    return "" if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
