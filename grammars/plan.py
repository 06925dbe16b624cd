"""A plan: the ordered steps from a file to a row, for one product of a collection.

`compile_plan` joins what a grammar declares with what a collection.toml says. `Plan.row` walks the steps to a plain
tuple; `Plan.explain` walks the same steps and tells where each value came from, so that provenance costs nothing per
row and cannot drift from the code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pydantic import ValidationError

from epncore.model import collection as config
from epncore.model.columns import COLUMNS, Column, mandatory
from epncore.model.config_errors import config_error
from epncore.model.errors import ConfigError, FileError, HeaderError, UnavailableError, UnreadableError
from epncore.model.mending import version as mending_version
from epncore.model.row import Cell, CellError, Found, Missing, Row, Value, digest, to_cell
from grammars import common
from grammars.kept import FileNeededError, Kept, Recollection, mask, noted, remembered
from grammars.protocol import COLUMNS_KEY, Granule, SourceFile, Step, constant
from grammars.registry import grammar_of, grammars, reader_for, readers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from epncore.model.collection import Collection, Product
    from grammars.protocol import Grammar, GrammarOptions, Header, Reader

VERSION = 1
"""Goes up when readers or common steps give other rows of the same files than before: all files are read again then."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One value of a row and where it came from.

    Attributes
    ----------
    column : Column
    value : Cell
    source : str
        Where it was found, or why there is none.
    """

    column: Column
    value: Cell
    source: str


_Taken: TypeAlias = tuple[Cell, Value, str]
"""What a step gave: the cell, what it was made of, and where that comes from."""


class _Prepared(NamedTuple):
    """A step; of a constant one what it gives, and whether that is the grammar's (`Granule.given`)."""

    column: Column
    step: Step
    taken: _Taken | None
    given: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """How files of one product become rows.

    Attributes
    ----------
    columns : tuple of Column
        Of the table: mandatory ones, optional ones in use, own ones.
    steps : tuple of Step
        In the order in which they run: later ones may use earlier cells.
    grammar : Grammar
    reader : Reader
        Of the grammar's format. It is found with the plan, so that worker processes, which are forks, have it.
    options : GrammarOptions
    reading : str
        Fingerprint of what a reading depends on beside the file and the grammar: `VERSION`, the table of obsolete
        values, what the config tells the grammar.
    config : str
        Fingerprint of what the config says of rows; not of what it says to the registry, or of other products.
    remembering : tuple of Step
        The same steps, but for those of the grammar: these know what the file gave when it was read.
    told : tuple of str
        Columns that the grammar has steps for, in its order.
    overridden : frozenset of str
        Columns of the config's overrides.
    """

    columns: tuple[Column, ...]
    steps: tuple[Step, ...]
    grammar: Grammar
    reader: Reader
    options: GrammarOptions
    reading: str
    config: str
    remembering: tuple[Step, ...]
    told: tuple[str, ...]
    overridden: frozenset[str]

    @property
    def fingerprint(self) -> str:
        """Changes when the same file may give another row."""
        return digest(f"{self.grammar.name} {self.grammar.version} {self.reading} {self.config}")

    def read(self, file: SourceFile) -> Row:
        """Open a file and make its row.

        Raises
        ------
        FileError
            With path, place and reason.
        """
        with self.opened(file) as granule:
            return self.row(granule)

    def opened(self, file: SourceFile, header: Header | None = None) -> _Opened:
        """A context that opens a file with the reader of the grammar and lets the grammar look at it.

        Parameters
        ----------
        file : SourceFile
        header : Header, optional
            Of a row of a table, which is open already.
        """
        return _Opened(self, file, header)

    def row(self, granule: Granule) -> Row:
        """Walk the steps; the cells stand in the order of `columns`."""
        return self._row(granule, self._prepared)

    def mask(self, granule: Granule) -> str:
        """What the reading of a granule learnt, for `anew`."""
        return mask(self.told, granule.given, self.overridden, granule.looked_at)

    def anew(self, file: SourceFile, kept: Kept) -> tuple[Row, str]:
        """Make the row of a file that was read before, without opening it: as a reading would under this config.

        Returns
        -------
        row : tuple of Cell
        mask : str
            What is known of the reading from now on.

        Raises
        ------
        FileNeededError
            Where only the file can tell.
        FileError
            Where it can give no row.
        """
        known = Recollection(kept, self.told)
        granule = Granule(file, None, known, digest=kept.digest)
        if kept.digest is None and any(step.column == "access_md5" for step in self.steps):
            raise FileNeededError
        row = self._row(granule, self._prepared_anew)
        known.check(granule.row)
        return row, known.mask(self.overridden)

    def _row(self, granule: Granule, steps: tuple[_Prepared, ...]) -> Row:
        self._walk(granule, steps)
        return tuple(map(granule.row.get, self._by_name))

    def explain(self, granule: Granule) -> list[Explained]:
        """Walk the same steps and keep the sources; in the order of `columns`."""
        taken = zip(self._prepared, self._walk(granule, self._prepared), strict=True)
        sources = {
            prepared.column.name: (cell, _full_source(cell, value, source)) for prepared, (cell, value, source) in taken
        }
        return [Explained(c, *sources.get(c.name, (None, _untold(c)))) for c in self.columns]

    def _walk(self, granule: Granule, steps: tuple[_Prepared, ...]) -> list[_Taken]:
        row, all_taken = granule.row, []
        for column, step, known, given in steps:
            if given:
                granule.given |= given
            taken = known or _take(column, step, granule)
            row[column.name] = taken[0]
            all_taken.append(taken)
        return all_taken

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def _prepared(self) -> tuple[_Prepared, ...]:
        return tuple(map(self._prepare, self.steps))

    @cached_property
    def _prepared_anew(self) -> tuple[_Prepared, ...]:
        return tuple(map(self._prepare, self.remembering))

    def _prepare(self, step: Step) -> _Prepared:
        """Ask a constant step once, for all files."""
        column, nothing = self._by_name[step.column], Granule(SourceFile(Path(), "", 0, 0), None)
        try:
            taken = _take(column, step, nothing) if step.is_constant else None
        except FileError:
            taken = None  # each file will say what is wrong with it
        return _Prepared(column, step, taken, frozenset(nothing.given if taken else ()))


def _take(column: Column, step: Step, granule: Granule) -> _Taken:
    source = step.source
    try:
        answer = step.value(granule)
        if isinstance(answer, Missing):
            return None, None, answer.reason
        if isinstance(answer, Found):
            source = answer.source
            return to_cell(column, answer.value), answer.value, source
        return to_cell(column, answer), answer, source
    except CellError as error:
        raise HeaderError(str(error), path=granule.file.relative, place=source) from None
    except FileError as error:  # readers are lazy: a step may be the first to meet the damage
        raise _at(error, granule.file, source) from None


def _untold(column: Column) -> str:
    if column.name.startswith(("c1", "c2", "c3")) and not column.ucd:
        return "spatial_frame_type is none: there are no coordinates"
    return "nothing in the file or the config tells"


def _full_source(cell: Cell, value: Value, source: str) -> str:
    words = value if isinstance(value, (tuple, list)) else (value,)
    as_it_was = all(word.isascii() for word in words if isinstance(word, str))
    return f"{source}; written in plain ASCII" if isinstance(cell, str) and not as_it_was else source


class _Opened:
    """Opens, checks, examines; closes again whatever happens."""

    def __init__(self, plan: Plan, file: SourceFile, header: Header | None) -> None:
        self.plan, self.file, self.given = plan, file, header

    def __enter__(self) -> Granule:
        plan, file = self.plan, self.file
        try:
            self.header = (self.given or plan.reader.open(file.path)).__enter__()
        except UnavailableError as error:
            raise _at(error, file) from None
        except FileError as error:
            raise _at(_what_it_is(file.path, plan.grammar) or error, file) from None
        try:
            if not plan.grammar.recognises(self.header):
                raise HeaderError(
                    f"not what grammar {plan.grammar.name!r} reads",
                    path=file.relative,
                    hint="`epncore inspect FILE` tells which grammar takes it",
                )
            return Granule(file, self.header, plan.grammar.examine(self.header, plan.options))
        except FileError as error:
            self.header.__exit__(None, None, None)
            raise _at(error, file) from None
        except BaseException:
            self.header.__exit__(None, None, None)
            raise

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.header.__exit__(None, None, None)


def _what_it_is(path: Path, grammar: Grammar) -> FileError | None:
    """A better word on a file that does not open: that it is empty, an HTML page, of another format."""
    try:
        reader = reader_for(path)
    except FileError as error:
        return error
    if reader.format == grammar.format:
        return None
    return UnreadableError(f"a {reader.format} file, but grammar {grammar.name!r} reads {grammar.format}")


def _at(error: FileError, file: SourceFile, place: str | None = None) -> FileError:
    return type(error)(error.message, path=file.relative, place=error.place or place, hint=error.hint)


def compile_plans(collection: Collection, path: str = config.FILE_NAME) -> list[Plan]:
    """A plan for each product of a collection; all have the same columns.

    Parameters
    ----------
    collection : Collection
    path : str
        Of the collection.toml, for messages.

    Raises
    ------
    ConfigError
        Where a grammar does not exist, an option of it is wrong, or a step goes to no column.
    """
    plans = [_compile(collection, number, path) for number in range(len(collection.product))]
    used = {step.column for plan in plans for step in plan.steps}
    known = _known_columns(collection, plans, path)
    optional = tuple(c for c in known.values() if c.level != "mandatory" and c.name in used)
    frame, particles = collection.spatial_frame_type, _particle_spectral_type(collection, path)
    columns = tuple(column.at(frame, particles) for column in (*mandatory(), *optional))
    return [replace(plan, columns=columns) for plan in plans]


def _particle_spectral_type(collection: Collection, path: str) -> str:
    """The one kind of particle axis that a table has units for."""
    name = "particle_spectral_type"
    cells = [
        {**collection.cells(product, "constants"), **collection.cells(product, "overrides")}
        for product in collection.product
    ]
    kinds = sorted({str(given[name]) for given in cells if name in given})
    if len(kinds) > 1:
        raise ConfigError(
            f"one table cannot hold {' and '.join(kinds)}: its columns have one unit each", path=path, place=name
        )
    return kinds[0] if kinds else "energy"


def _compile(collection: Collection, number: int, path: str) -> Plan:
    product = collection.product[number]
    place = f"product.{number}"
    try:
        grammar, source = grammar_of(product.grammar, Path(path).parent)
    except ConfigError as error:
        if error.path:  # the grammar's own file
            raise
        raise ConfigError(error.message, path=path, place=f"{place}.grammar", hint=error.hint) from None
    if (product.table is None) == (grammar.format == "table"):
        wanted = "rows of a table, by [product.table]" if product.table is None else "files"
        raise ConfigError(f"grammar {grammar.name!r} reads {wanted}", path=path, place=f"{place}.grammar")
    options = _options(collection, product, grammar, path, place)
    of_grammar = {step.column: noted(step) for step in _steps(grammar, options, path)}
    remembering = {column: remembered(column) for column in of_grammar}
    overridden = frozenset(collection.cells(product, "overrides"))
    own = [repr(column) for column in collection.columns if column.name in of_grammar]
    particles = _particle_spectral_type(collection, path)  # products share it: units of a mapping go by it
    told = [VERSION, mending_version(), particles, collection.spatial_frame_type, own, product.reading_keys()]
    told += [source] if source else []  # stands for the version of a grammar that is a file
    return Plan(
        (), _merge(collection, product, of_grammar, grammar.format), grammar, readers()[grammar.format], options,
        digest(repr(tuple(told))), collection.fingerprint(product),
        _merge(collection, product, remembering, grammar.format), tuple(of_grammar), overridden,
    )  # fmt: skip


def _steps(grammar: Grammar, options: GrammarOptions, path: str) -> Iterator[Step]:
    seen = set()
    for step in grammar.steps(options):
        if step.column in seen:
            raise ConfigError(f"grammar {grammar.name!r} has two steps for {step.column!r}", path=path)
        seen.add(step.column)
        yield step


def _options(collection: Collection, product: Product, grammar: Grammar, path: str, place: str) -> GrammarOptions:
    """Options and mapping of a product, checked by the grammar, which gets to know the columns of the table."""
    given = dict(product.options)
    if product.mapping:
        if "mapping" not in grammar.options.model_fields:
            able = ", ".join(name for name, g in grammars().items() if "mapping" in g.options.model_fields)
            raise ConfigError(
                f"grammar {grammar.name!r} takes no mapping; known here: {able}", path=path, place=f"{place}.mapping"
            )
        given["mapping"] = product.mapping
    own = (*grammar.columns, *(own.column() for own in collection.columns))
    known = {**COLUMNS, **{column.name: column for column in own if column.name not in COLUMNS}}
    frame, particles = collection.spatial_frame_type, _particle_spectral_type(collection, path)
    try:
        return grammar.options.model_validate(
            given, context={COLUMNS_KEY: {name: column.at(frame, particles) for name, column in known.items()}}
        )
    except ValidationError as error:

        def key_of(key: str) -> str:
            return f"{place}.{key}" if key.split(".")[0] == "mapping" else f"{place}.options.{key}"

        raise config_error(error, grammar.options, path, key_of) from None


def _merge(
    collection: Collection, product: Product, of_grammar: Mapping[str, Step], file_format: str
) -> tuple[Step, ...]:
    """Overrides go before the grammar, the grammar before constants; what follows from other cells comes last."""
    steps = dict(of_grammar)
    for name, value in collection.cells(product, "constants").items():
        steps[name] = common.with_fallback(steps.get(name), name, value)
    for name, value in collection.cells(product, "overrides").items():
        steps[name] = constant(name, value, f"{config.FILE_NAME}, overrides.{name}")
    for step in common.steps(collection, product, file_format):
        given = steps.pop(step.column, None)
        steps[step.column] = common.prefer(given, step) if given else step  # popped: the common ones run last
    return tuple(steps.values())


def _known_columns(collection: Collection, plans: list[Plan], path: str) -> Mapping[str, Column]:
    known = dict(COLUMNS)
    for plan in plans:
        known.update({column.name: column for column in plan.grammar.columns if column.name not in COLUMNS})
    known.update({own.name: own.column() for own in collection.columns})
    for plan in plans:
        for step in plan.steps:
            if step.column not in known:
                raise ConfigError(
                    f"grammar {plan.grammar.name!r} fills {step.column!r}, which is no column",
                    path=path,
                    hint="Declare it under [[columns]] with unit, UCD and description",
                )
    return known
