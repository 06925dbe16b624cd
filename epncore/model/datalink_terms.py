"""The words of DataLink 1.1 (REC-DataLink-1.1, 2023): columns of a document, terms of its vocabulary, faults."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

STANDARD_ID = "ivo://ivoa.net/std/DataLink#links-1."
"""How the INFO standardID of a document begins (section 3.3.1)."""

MEDIA_TYPE = "application/x-votable+xml"
"""Of a document, with the parameter ``content=datalink`` (section 3.3)."""


class LinkField(NamedTuple):
    """What the standard says of a column of a document."""

    ucd: str
    datatype: str = "char"
    unit: str = ""
    required: bool = True


FIELDS: Mapping[str, LinkField] = MappingProxyType(
    {
        "ID": LinkField("meta.id;meta.main"),
        "access_url": LinkField("meta.ref.url"),
        "service_def": LinkField("meta.ref"),
        "error_message": LinkField("meta.code.error"),
        "description": LinkField("meta.note"),
        "semantics": LinkField("meta.code"),
        "content_type": LinkField("meta.code.mime"),
        "content_length": LinkField("phys.size;meta.file", "long", "byte"),
        "content_qualifier": LinkField("", required=False),
        "local_semantics": LinkField("meta.id.assoc", required=False),
        "link_auth": LinkField("meta.code", required=False),
        "link_authorized": LinkField("meta.code", "boolean", required=False),
    }
)
"""Columns of a document (section 3.2)."""

SEMANTICS = frozenset(
    {
        "this", "progenitor", "derivation", "auxiliary", "weight", "error", "noise", "calibration", "bias", "dark",
        "flat", "preview", "preview-image", "preview-plot", "thumbnail", "proc", "cutout", "documentation",
        "detached-header", "coderived", "counterpart", "package",
    }
)  # fmt: skip
"""Terms of http://www.ivoa.net/rdf/datalink/core; none of them is deprecated."""

FAULTS = ("NotFoundFault", "UsageFault", "TransientFault", "FatalFault", "DefaultFault")
"""How an error_message begins (section 3.4)."""

LINK_AUTH = ("false", "optional", "true")
"""Values of link_auth (section 3.2.10)."""
