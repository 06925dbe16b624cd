"""Writes the collection.toml of a new collection: a commented one, or one made from what a real file tells."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epncore.app.show import written
from epncore.model import collection as config
from epncore.model.errors import ConfigError, FileError, UnknownFormatError, UsageError
from epncore.model.printable import printable
from grammars.mapping.guess import Guess, guesses_cdf, guesses_fits
from grammars.plan import compile_plans
from grammars.protocol import SourceFile
from grammars.registry import by_name_only, grammar_for, grammar_named, grammars, reader_for
from grammars.unused import unused_keys

if TYPE_CHECKING:
    from epncore.model.columns import Column
    from grammars.plan import Explained

_EXAMPLES: dict[str, object] = {
    "target_name": "Jupiter", "target_class": "planet", "processing_level": 2, "dataproduct_type": "ds",
    "measurement_type": "phot.flux.density;em.radio", "instrument_name": "Name of the instrument",
    "instrument_host_name": "Name of the observatory or spacecraft", "publisher": "your data centre",
    "target_region": "magnetosphere", "feature_name": "Type III", "time_refposition": "TOPOCENTER",
}  # fmt: skip
_ALSO = ("target_region", "feature_name", "time_refposition")
"""Optional columns that most collections of radio data fill."""
_GUESSES = {"fits": guesses_fits, "cdf": guesses_cdf}
_OF_IMAGES = ("s_region", "incidence_", "emergence_", "phase_")
"""Beginnings of columns that spectra do not have: nobody need be told that they are empty."""
_NO_COMPANIONS = '# companions = ["{stem}.DAT"]'
"""As the template has it, where no file told of others."""
_NO_FRAME = '# spatial_frame_type = "none"       # celestial, body, cartesian, spherical, cylindrical, none'
"""As the template has it, where no file told coordinates."""
_LISTED = 80
"""Keys of a header that are listed as not used."""


@dataclass(frozen=True, slots=True)
class _Text:
    """What goes to the places that the template leaves open."""

    grammar: str
    options: str
    origin: str = ""
    root: str = "."
    sources: str = "data/**/*"
    companions: str = _NO_COMPANIONS
    frame: str = _NO_FRAME
    constants: str = "".join(
        f"# {name} = {json.dumps(_EXAMPLES[name])}\n"
        for name in ("target_name", "target_class", "processing_level", "publisher")
    )


def new(folder: Path, name: str, grammar: str | None, sample: Path | None) -> Path:
    """Write ``folder/name/collection.toml``.

    Parameters
    ----------
    folder : pathlib.Path
        In which the folder of the collection is made.
    name : str
        Of the schema.
    grammar : str, optional
        That reads the files; by default the one that takes `sample`, without one ``istp``.
    sample : pathlib.Path, optional
        A real file: what it tells is left to it, and what it does not tell is said.

    Returns
    -------
    pathlib.Path
        Of the collection.toml.

    Raises
    ------
    UsageError
        Where the name is none for a schema, there is a collection already, or it cannot be written.
    ConfigError
        Where there is no such grammar.
    FileError
        Where `sample` is nothing that can be read here.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise UsageError(f"{name!r} is no schema name", hint="Use a to z, digits and _, beginning with a letter")
    wanted = _told_by(sample, grammar) if sample else _Text(grammar or "istp", _example(grammar or "istp"))
    text = files("epncore.app").joinpath("new_collection.toml").read_text("utf-8")
    marks = {
        "@NAME@": name, "@TODAY@": dt.datetime.now(dt.UTC).date().isoformat(), "@GRAMMAR@": wanted.grammar,
        "@ORIGIN@\n": wanted.origin, "@ROOT@": _toml(wanted.root), "@SOURCES@": _toml(wanted.sources),
        "@CONSTANTS@\n": wanted.constants, _NO_COMPANIONS: wanted.companions, "@OPTIONS@\n": wanted.options,
        _NO_FRAME: wanted.frame,
    }  # fmt: skip
    # In one pass: what a file holds may look like a mark.
    text = re.sub("|".join(map(re.escape, marks)), lambda found: marks[found[0]], text)
    path = folder / name / config.FILE_NAME
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError("is there already", path=str(path), hint="Remove it, or choose another name") from None
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", path=str(path)) from None
    config.load(path)
    return path


def _example(grammar: str) -> str:
    return getattr(grammar_named(grammar), "example", "# [product.options]                 # options of the grammar\n")


def bare_collection(grammar: str, product: dict[str, Any] | None = None) -> config.Collection:
    """A collection that says nothing of its files but which grammar reads them."""
    return config.parse(
        {
            "schema": "no_collection",
            "title": "no collection",
            "description": "A file looked at alone.",
            "creators": ["nobody"],
            "created": dt.date(2000, 1, 1),
            "licence": "CC0-1.0",
            "subjects": ["solar-system-astronomy"],
            "product": [
                {"sources": ["*"], "grammar": grammar, "granule_gid": grammar.replace("_", "-"), **(product or {})}
            ],
        },
        "no collection",
    )


def alone(path: Path) -> SourceFile:
    """A file that no product names."""
    status = path.stat()
    return SourceFile(path, path.name, status.st_size, status.st_mtime_ns)


def _told_by(path: Path, grammar: str | None) -> _Text:
    """What a real file tells, and for each column that it does not tell, why.

    Raises
    ------
    FileError
        Where it can give no row: it cannot be an example then.
    """
    try:
        file = alone(path)
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", path=str(path)) from None
    if not path.is_file():
        raise UsageError("is no file", path=str(path), hint="--from takes one file of those that the collection has")
    name = grammar or _recognised(path)
    try:
        mapping, options = _mapping(file, name) if by_name_only(grammar_named(name)) else ({}, _example(name))
        plan = compile_plans(bare_collection(name, {"mapping": mapping} if mapping else None))[0]
        with plan.opened(file) as granule:
            explained = plan.explain(granule)
        unused = unused_keys(plan, file)
    except FileError as error:
        raise type(error)(error.message, path=str(path), place=error.place, hint=error.hint) from None
    suffix = "".join(path.suffixes[-2:] if path.suffix == ".gz" else path.suffixes[-1:])
    origin = f"# Made from {printable(path.name)}, of which this tells more:  epncore inspect --unused FILE\n"
    return _Text(
        name, f"{options}\n{_found(explained)}{_left(unused)}", origin, str(path.absolute().parent),
        f"**/*{suffix}", _companions(path), _frame(explained), _constants(explained),
    )  # fmt: skip


def _companions(path: Path) -> str:
    """The files that a label points to."""
    reader = reader_for(path)
    if reader.format != "pds3":
        return _NO_COMPANIONS
    with reader.open(path) as header:
        names = [each.name.replace(path.stem, "{stem}") for each in header.files()]  # type: ignore[attr-defined]
    return f"companions = {_toml(names)}" if names else _NO_COMPANIONS


def _recognised(path: Path) -> str:
    reader = reader_for(path)
    with reader.open(path) as header:
        try:
            return grammar_for(header, reader, str(path)).name
        except UnknownFormatError:
            mapped = [g.name for g in grammars().values() if g.format == reader.format and g.format in _GUESSES]
            able = [name for name in mapped if by_name_only(grammar_named(name))]
            if not able:
                raise
            return able[0]


def _mapping(file: SourceFile, grammar: str) -> tuple[dict[str, Any], str]:
    """The guesses that give a value of this file, as a mapping and as TOML; the others as comments with the reason."""
    reader = reader_for(file.path)
    with reader.open(file.path) as header:
        guesses = list(_GUESSES[reader.format](header))  # type: ignore[operator]
    tried = [(guess, _refusal(file, grammar, guess)) for guess in guesses]
    mapping = {column: entry for (column, entry), reason in tried if not reason}
    if not mapping:
        raise UnknownFormatError(
            f"no grammar recognises this {reader.format} file, and none of its keys has a name that tells a column",
            hint=f"Write a mapping by hand: `epncore new NAME --grammar {grammar}`",
        )
    lines = ["[product.mapping]                   # guessed from names and units: check each"]
    for (column, entry), reason in tried:
        line = f"{column} = {_toml(entry)}"
        lines.append(f"# {line}   # {printable(reason)}" if reason else line)
    return mapping, "\n".join(lines) + "\n"


def _refusal(file: SourceFile, grammar: str, guess: Guess) -> str:
    """Why an entry gives nothing; empty where it does."""
    column, entry = guess
    try:
        plan = compile_plans(bare_collection(grammar, {"mapping": {column: entry}}))[0]
        with plan.opened(file) as granule:
            explained = plan.explain(granule)
    except (ConfigError, FileError) as error:
        return error.message
    filled = {"time_axis": "time_min", "spectral_axis": "spectral_range_min"}.get(column, column)
    (found,) = (each for each in explained if each.column.name == filled)
    return found.source if found.value is None else ""


def _frame(explained: list[Explained]) -> str:
    """The frame of coordinates that the file tells: files of this field give places on the sky or none at all."""
    is_told = any(each.value is not None for each in explained if each.column.name in {"c1min", "c2min"})
    if not is_told:
        return _NO_FRAME
    return 'spatial_frame_type = "celestial"   # of c1 and c2, in degrees: right ascension and declination?'


def is_wanted(column: Column) -> bool:
    """Whether a row of spectra should fill a column, where data or documents tell it."""
    return column.level == "mandatory" and bool(column.ucd) and not column.name.startswith(_OF_IMAGES)


def _constants(explained: list[Explained]) -> str:
    """A comment for each column that the file leaves empty: what could stand there, and why it does not."""
    lines = []
    for each in explained:
        name = each.column.name
        if each.value is None and is_wanted(each.column):
            line = f"# {name} = {json.dumps(_EXAMPLES[name])}" if name in _EXAMPLES else f"# {name} ="
            lines.append(f"{line}   # {printable(each.source)}")
    told = {each.column.name for each in explained if each.value is not None}
    lines += [f"# {name} = {json.dumps(_EXAMPLES[name])}   # optional" for name in _ALSO if name not in told]
    return "\n".join([*lines, '# publisher = "your data centre"']) + "\n"


def _found(explained: list[Explained]) -> str:
    own = [each for each in explained if each.value is not None and "collection.toml" not in each.source]
    lines = [
        f"#   {each.column.name} = {printable(written(each.value))} {each.column.unit}".rstrip()
        + f"  ({printable(each.source)})"
        for each in own
    ]
    return "\n".join(["# What that file tells by itself:", *lines]) + "\n"


def _left(unused: list[str]) -> str:
    if not unused:
        return ""
    more = [f"#   and {len(unused) - _LISTED} more"] if len(unused) > _LISTED else []
    return (
        "\n".join(["# What no column uses of it:", *(f"#   {printable(key)}" for key in unused[:_LISTED]), *more])
        + "\n"
    )


def _toml(value: Any) -> str:
    """A value as TOML writes it in one line.

    Raises
    ------
    UsageError
        Where a text is no Unicode, as the name of a file may be.
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    try:
        str(value).encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(
            "a name that is no UTF-8 cannot stand in a collection.toml", path=printable(str(value))
        ) from None
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
