"""The columns of EPNcore 2.0: the one table that DDL, row types, descriptors, rules and documents derive from.

The table itself is ``columns.csv`` beside this file: the 174 parameters of EPN-TAP 2.0 (REC-EPNTAP-2.0, 2022-08-22,
Table 1 and section 3), a line each, in the order of the document. Units and UCDs that depend on another value
are written as a name in braces: ``{c1}`` by ``spatial_frame_type``, ``{particle}`` by ``particle_spectral_type``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

ColumnType = Literal["text", "integer", "double", "timestamp", "region", "moc"]
Level = Literal["mandatory", "optional", "extension", "own"]

TABLE_UTYPE = "ivo://ivoa.net/std/epntap#table-2.0"
"""Utype of the table, not of its schema (REC, EPN-TAP and the VO Registry)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an epn_core table.

    Attributes
    ----------
    name : str
        As in the REC, lower case.
    level : {"mandatory", "optional", "extension", "own"}
        Mandatory columns stand in every table, the others where they are used.
    type : {"text", "integer", "double", "timestamp", "region", "moc"}
        ``integer`` has 32 bits (DaCHS); ``timestamp`` is UTC without a zone; ``region`` is DALI text.
    unit, ucd, xtype : str
        As the REC gives them; a name in braces depends on another value, see `at`.
    not_null : bool
        True where the REC forbids NULL.
    hash_list : {"", "yes", "practice"}
        Whether values may be lists joined by ``#``.
    pair : str
        The other end of a min/max pair, or empty.
    wraps : bool
        True where min > max is legal (longitudes).
    extension : str
        Name of the extension it comes from.
    description : str
        For people.
    """

    name: str
    level: Level
    type: ColumnType
    unit: str = ""
    ucd: str = ""
    xtype: str = ""
    not_null: bool = False
    hash_list: str = ""
    pair: str = ""
    wraps: bool = False
    extension: str = ""
    description: str = ""

    def at(self, frame: str, particle_spectral_type: str = "energy") -> Column:
        """The column with the unit and UCD that a spatial frame (and a kind of particle axis) give it.

        Parameters
        ----------
        frame : str
            A value of ``spatial_frame_type``.
        particle_spectral_type : str
            ``energy``, ``mass`` or ``mass/charge``.

        Returns
        -------
        Column
            Without braces in ``unit`` and ``ucd``.

        Notes
        -----
        REC, list of parameters, notes 1 and 2, and the particle spectroscopy extension.
        """
        if "{" not in self.unit + self.ucd:
            return self
        units, ucds = _substitutes(frame, particle_spectral_type)
        ucd = self.ucd.format_map(ucds)
        # In frame "none" coordinates mean nothing: no UCD is left at all.
        ucd = "" if ucd.startswith(";") else ucd
        return Column(
            self.name, self.level, self.type, self.unit.format_map(units), ucd, self.xtype, self.not_null,
            self.hash_list, self.pair, self.wraps, self.extension, self.description,
        )  # fmt: skip


# REC Table 1, note 1: (UCD, unit) of the three coordinates of each frame.
FRAMES: Mapping[str, tuple[tuple[str, str], tuple[str, str], tuple[str, str]]] = MappingProxyType(
    {
        "celestial": (("pos.eq.ra", "deg"), ("pos.eq.dec", "deg"), ("pos.distance", "AU")),
        "body": (("pos.bodyrc.lon", "deg"), ("pos.bodyrc.lat", "deg"), ("pos.bodyrc.alt", "km")),
        "cartesian": (("pos.cartesian.x", "km"), ("pos.cartesian.y", "km"), ("pos.cartesian.z", "km")),
        "spherical": (("pos.spherical.r", "m"), ("pos.spherical.colat", "deg"), ("pos.spherical.azi", "deg")),
        "cylindrical": (("pos.cylindrical.r", "km"), ("pos.cylindrical.azi", "deg"), ("pos.cylindrical.z", "km")),
        "none": (("", ""), ("", ""), ("", "")),
    }
)

# UCD and unit of a particle axis by the terms of PARTICLE_SPECTRAL_TYPES.
_PARTICLE = {"energy": ("phys.energy", "eV"), "mass": ("phys.mass", "amu"), "mass/charge": ("phys.mass", "amu/qe")}


def _substitutes(frame: str, particle_spectral_type: str) -> tuple[dict[str, str], dict[str, str]]:
    units, ucds = {}, {}
    for axis, (ucd, unit) in zip(("c1", "c2", "c3"), FRAMES[frame], strict=True):
        units[axis], ucds[axis] = unit, ucd
        ucds[f"{axis}_resol"] = "" if not ucd else "pos.angResolution" if unit == "deg" else "pos.resolution"
    ucds["particle"], units["particle"] = _PARTICLE[particle_spectral_type]
    return units, ucds


def _read() -> dict[str, Column]:
    known = set(get_args(ColumnType))
    columns = {}
    text = files(__package__).joinpath("columns.csv").read_text("ascii")
    for line in csv.DictReader(text.splitlines()):
        if line["type"] not in known:
            raise ValueError(f"columns.csv, {line['name']}: no type {line['type']!r}")
        columns[line["name"]] = Column(
            name=line["name"],
            level=line["level"],  # type: ignore[arg-type]
            type=line["type"],  # type: ignore[arg-type]
            unit=line["unit"],
            ucd=line["ucd"],
            xtype=line["xtype"],
            not_null=line["not_null"] == "yes",
            hash_list=line["hash_list"],
            pair=line["pair"],
            wraps=line["wraps"] == "yes",
            extension=line["extension"],
            description=line["description"],
        )
    return columns


COLUMNS: Mapping[str, Column] = MappingProxyType(_read())
"""All 174 parameters of EPNcore 2.0 by name, in the order of the REC."""


COMPUTED: Mapping[str, str] = MappingProxyType(
    {
        "granule_uid": "the key granule_uid at the top",
        "granule_gid": "granule_gid of the product",
        "obs_id": "the key obs_id at the top",
        "service_title": "the key schema",
        "spatial_frame_type": "the key spatial_frame_type at the top",
    }
)
"""Columns that no constants set, and what of a collection.toml does."""


@cache
def mandatory() -> tuple[Column, ...]:
    """The columns that every epn_core table has, in the order of the REC."""
    return tuple(column for column in COLUMNS.values() if column.level == "mandatory")


def pairs(columns: Mapping[str, Column]) -> list[tuple[str, str]]:
    """Names of the (min, max) pairs of which both ends are among `columns`, in their order."""
    return [(c.name, c.pair) for c in columns.values() if c.name.endswith("min") and c.pair in columns]
