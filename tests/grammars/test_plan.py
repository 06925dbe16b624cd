"""A plan joins grammar and config; `row` and `explain` walk the same steps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epncore.model import collection as config
from epncore.model.columns import COLUMNS, Column, mandatory
from epncore.model.errors import ConfigError, FileError, HeaderError, NotGranuleError, UnreadableError
from epncore.model.row import CellError, Found, Missing
from grammars import plan as plans
from grammars import registry
from grammars.plan import compile_plans
from grammars.protocol import GrammarOptions, SourceFile, Step, constant, fact

MTIME = dt.datetime(2024, 7, 16, 12, 0, 0, 500000, tzinfo=dt.UTC)


class Options(GrammarOptions):
    gain: float = 1.0


@dataclass
class Header:
    """Counts how often it was opened and closed."""

    opened: int = 0
    closed: int = 0

    def __enter__(self):
        self.opened += 1
        return self

    def __exit__(self, kind, error, trace):
        self.closed += 1


@dataclass
class Grammar:
    """A grammar as the tests want it."""

    given: list[Step] = field(default_factory=list)
    name: str = "fake"
    version: int = 1
    format: str = "fits"
    generic: bool = False
    options: type[GrammarOptions] = Options
    columns: tuple[Column, ...] = ()
    recognises: Any = lambda header: True
    examine: Any = lambda header, options: SimpleNamespace(gain=getattr(options, "gain", None))

    def steps(self, options):
        return self.given


@pytest.fixture
def header(monkeypatch):
    opened = Header()
    reader = SimpleNamespace(format="fits", open=lambda path: opened)
    monkeypatch.setattr(plans, "readers", lambda: {"fits": reader})
    return opened


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "A_1.fit.gz"
    path.write_bytes(b"x" * 1025)
    return SourceFile(path, "2024/A_1.fit.gz", 1025, int(MTIME.timestamp()) * 10**9 + 500_000_000)


@pytest.fixture
def plan_of(monkeypatch, header):
    """A function that compiles the first plan of a grammar and keys of the config."""

    def compiled(grammar, product=(), /, **keys):
        point = SimpleNamespace(name="fake", value="tests:fake", load=lambda: grammar)
        monkeypatch.setattr(registry, "entries", lambda: {"fake": point})
        data = {
            "schema": "juno", "title": "t", "description": "d", "creators": ["c"], "created": dt.date(2024, 1, 1),
            "licence": "CC0-1.0", "subjects": ["solar-physics"],
            "product": [{"sources": ["*"], "grammar": "fake", "granule_gid": "g", **dict(product)}],
        } | keys  # fmt: skip
        return compile_plans(config.parse(data, "collection.toml"), "x/collection.toml")[0]

    return compiled


def explained(plan, file):
    with plan.opened(file) as granule:
        return {e.column.name: (e.value, e.source) for e in plan.explain(granule)}


def read(plan, file):
    return dict(zip((column.name for column in plan.columns), plan.read(file), strict=True))


def test_overrides_go_before_the_file_and_the_file_before_constants(plan_of, file):
    steps = [constant(name, f"file {name}", "header") for name in ("target_name", "instrument_name")]
    tables = {
        "constants": {"target_name": "c1", "instrument_name": "c2", "instrument_host_name": "c3", "publisher": "c4"},
        "overrides": {"target_name": "o1", "publisher": "o4"},
    }
    values = explained(plan_of(Grammar(steps), **tables), file)
    assert values["target_name"] == ("o1", "collection.toml, overrides.target_name")
    assert values["instrument_name"] == ("file instrument_name", "header")
    assert values["instrument_host_name"] == ("c3", "collection.toml, constants.instrument_host_name")
    assert values["publisher"] == ("o4", "collection.toml, overrides.publisher")


def test_tables_of_the_product_go_before_those_of_the_collection(plan_of, file):
    plan = plan_of(Grammar(), {"constants": {"publisher": "own"}}, constants={"publisher": "shared", "species": "H2O"})
    assert (read(plan, file)["publisher"], read(plan, file)["species"]) == ("own", "H2O")


@pytest.mark.parametrize(
    "nothing", [None, "", " \x00", (), ("", " "), float("nan"), Missing("no key"), Found(None, "k"), Found("", "k")]
)
def test_a_constant_steps_in_where_the_file_says_nothing(plan_of, file, nothing):
    plan = plan_of(Grammar([constant("target_name", nothing)]), constants={"target_name": "Io"})
    assert explained(plan, file)["target_name"] == ("Io", "collection.toml, constants.target_name")


@pytest.mark.parametrize("value", [0, 0.0])
def test_a_zero_of_the_file_is_a_value(plan_of, file, value):
    plan = plan_of(Grammar([constant("time_exp_min", value)]), constants={"time_exp_min": 5.0})
    assert read(plan, file)["time_exp_min"] == 0.0


def test_what_the_grammar_tells_goes_before_the_common_steps(plan_of, file):
    created = dt.datetime(2020, 1, 1)
    values = explained(plan_of(Grammar([constant("creation_date", created, "DATE")])), file)
    assert values["creation_date"] == (created, "DATE")
    assert values["service_title"] == ("juno", "collection.toml, schema")


def test_the_reason_of_a_missing_value_reaches_explain(plan_of, file):
    values = explained(plan_of(Grammar([Step("time_min", "DATE-OBS", lambda _: Missing("DATE-OBS is blank"))])), file)
    assert values["time_min"] == (None, "DATE-OBS is blank")
    assert values["s_region"] == (None, "nothing in the file or the config tells")


def test_a_found_value_brings_its_own_source(plan_of, file):
    values = explained(plan_of(Grammar([Step("target_name", "s", lambda _: Found("Io", "key OBJECT"))])), file)
    assert values["target_name"] == ("Io", "key OBJECT")


@pytest.mark.parametrize(
    ("column", "value", "cell", "noted"),
    [
        ("instrument_host_name", "Nançay", "Nancay", True),
        ("instrument_host_name", ("Nançay", "NDA"), "Nancay#NDA", True),
        ("instrument_host_name", " NDA  1 ", "NDA 1", False),
        ("s_region", "0 0 1 0 1 1", "0.0 0.0 1.0 0.0 1.0 1.0", False),
        ("time_exp_min", 1, 1.0, False),
    ],
)
def test_the_source_says_when_letters_were_written_in_ascii(plan_of, file, column, value, cell, noted):
    found, source = explained(plan_of(Grammar([constant(column, value, "key")])), file)[column]
    assert (found, source) == (cell, "key; written in plain ASCII" if noted else "key")


def test_columns_stand_in_the_order_of_the_standard_whatever_the_order_of_steps(plan_of, file):
    own = Column("juno_mode", "own", "text")
    steps = [
        constant("juno_mode", "x"),
        constant("species", "H2O"),
        constant("publisher", "p"),
        constant("target_name", "Io"),
    ]
    plan = plan_of(Grammar(steps, columns=(own,)))
    names = [column.name for column in plan.columns]
    assert names[:46] == [column.name for column in mandatory()]
    assert names[46:] == ["file_name", "datalink_url", "publisher", "species", "juno_mode"]
    order = [step.column for step in plan.steps]
    assert (
        order.index("juno_mode") < order.index("target_name") < order.index("granule_uid") < order.index("release_date")
    )
    assert read(plan, file)["species"] == "H2O"


def test_all_plans_of_a_collection_have_the_same_columns(monkeypatch, plan_of):
    first = {"sources": ["*.a"], "grammar": "fake", "granule_gid": "g", "constants": {"species": "H2O"}}
    plan_of(Grammar())  # registers the grammar
    data = {
        "schema": "juno", "title": "t", "description": "d", "creators": ["c"], "created": "2024-01-01",
        "licence": "CC0-1.0", "subjects": ["solar-physics"],
        "product": [first, {**first, "sources": ["*.b"], "constants": {}}],
    }  # fmt: skip
    one, two = compile_plans(config.parse(data, "c"))
    assert one.columns == two.columns
    assert one.fingerprint != two.fingerprint


def test_units_follow_the_frame_and_the_kind_of_particles(plan_of):
    steps = [constant("particle_spectral_range_min", 1.0)]
    keys = {"spatial_frame_type": "body", "constants": {"particle_spectral_type": "mass"}}
    columns = {c.name: c for c in plan_of(Grammar(steps), **keys).columns}
    assert (columns["c1min"].unit, columns["c1min"].ucd) == ("deg", "pos.bodyrc.lon;stat.min")
    assert columns["particle_spectral_range_min"].unit == "amu"


def test_a_table_has_one_kind_of_particle_axis(plan_of):
    product = {"sources": ["*"], "grammar": "fake", "granule_gid": "g"}
    kinds = [{**product, "constants": {"particle_spectral_type": kind}} for kind in ("mass", "energy")]
    with pytest.raises(ConfigError, match="one table cannot hold energy and mass"):
        plan_of(Grammar(), product=kinds)


@pytest.mark.parametrize(
    ("grammar", "product", "place", "words"),
    [
        (Grammar([constant("no_column", 1)]), {}, None, "grammar 'fake' fills 'no_column', which is no column"),
        (Grammar([constant("ra", 1), constant("ra", 2)]), {}, None, "has two steps for 'ra'"),
        (Grammar(), {"grammar": "fke"}, "product.0.grammar", "no grammar 'fke'; known here: fake"),
        (Grammar(), {"options": {"gian": 1}}, "product.0.options.gian", "did you mean gain?; known here: gain"),
        (Grammar(), {"options": {"gain": "x"}}, "product.0.options.gain", "valid number, unable to parse"),
        (Grammar(options=GrammarOptions), {"options": {"x": 1}}, "product.0.options.x", "known here: none"),
    ],
)  # fmt: skip
def test_what_cannot_become_a_plan_is_a_config_error(plan_of, grammar, product, place, words):
    with pytest.raises(ConfigError) as caught:
        plan_of(grammar, product)
    assert (caught.value.path, caught.value.place) == ("x/collection.toml", place)
    assert words in str(caught.value)


def test_options_reach_the_grammar_as_it_declared_them(plan_of, file):
    plan = plan_of(Grammar([fact("time_exp_min", "gain", "option gain")]), {"options": {"gain": 3}})
    assert explained(plan, file)["time_exp_min"] == (3.0, "option gain")


def test_own_columns_are_filled_and_typed(plan_of, file):
    own = [{"name": "juno_gain", "type": "double", "description": "Gain"}]
    plan = plan_of(Grammar([constant("juno_gain", 2)]), columns=own)
    assert read(plan, file)["juno_gain"] == 2.0


_answers = st.one_of(
    st.none(), st.text(max_size=20), st.floats(), st.integers(0, 9), st.lists(st.text(max_size=5)),
    st.builds(Missing, st.text(min_size=1)), st.builds(Found, st.text(max_size=9), st.just("found")),
)  # fmt: skip


def test_row_and_explain_give_the_same_values(plan_of, file):
    answers = {}
    names = ("target_name", "time_min", "processing_level", "creation_date", "obs_id")
    steps = [Step(name, name, lambda _, name=name: answers[name]) for name in names]
    plan = plan_of(Grammar(steps), constants={"target_name": "Io"})

    @given(st.fixed_dictionaries(dict.fromkeys(names, _answers)))
    def agree(given_answers):
        answers.update(given_answers)
        outcomes = []
        for walk in (plan.read, lambda f: tuple(v for v, _ in explained(plan, f).values())):
            try:
                outcomes.append(walk(file))
            except HeaderError as error:
                outcomes.append((error.message, error.path, error.place))
        assert outcomes[0] == outcomes[1]

    agree()


def _raise(error):
    def fail(*_):
        raise error

    return fail


@pytest.mark.parametrize(
    "error", [NotGranuleError("empty", path="/abs", place="HDU 1"), RuntimeError("bug"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("where", ["recognises", "examine", "step"])
def test_the_header_is_closed_whatever_fails(plan_of, header, file, where, error):
    grammar = Grammar([Step("target_name", "s", _raise(error))] if where == "step" else [])
    if where != "step":
        setattr(grammar, where, _raise(error))
    with pytest.raises(type(error)) as caught:
        plan_of(grammar).read(file)
    assert (header.opened, header.closed) == (1, 1)
    if isinstance(error, FileError):
        assert (caught.value.path, caught.value.place) == ("2024/A_1.fit.gz", "HDU 1")


def test_the_header_is_closed_after_a_good_row(plan_of, header, file):
    plan_of(Grammar()).read(file)
    assert (header.opened, header.closed) == (1, 1)


def test_a_file_that_the_grammar_does_not_recognise_is_said(plan_of, header, file):
    with pytest.raises(HeaderError, match=r"A_1\.fit\.gz: not what grammar 'fake' reads"):
        plan_of(Grammar(recognises=lambda _: False)).read(file)
    assert header.closed == 1


@pytest.mark.parametrize(
    ("content", "found", "place"),
    [
        (b"SIMPLE  =                    T", "truncated", "byte 7"),
        (b"", "an empty file (0 bytes)", None),
        (b"<html>", "it is an HTML page", None),
        (b"\xcd\xf3\x00\x01\x00\x00\xff\xff", "a cdf file, but grammar 'fake' reads fits", None),
    ],
)
def test_a_file_that_cannot_be_opened_says_its_path_and_what_it_is(monkeypatch, plan_of, file, content, found, place):
    reader = SimpleNamespace(open=_raise(UnreadableError("truncated", path="/abs", place="byte 7")))
    monkeypatch.setattr(plans, "readers", lambda: {"fits": reader})
    plan = plan_of(Grammar())
    file.path.write_bytes(content)
    with pytest.raises(UnreadableError) as caught:
        plan.read(file)
    assert (caught.value.path, caught.value.message, caught.value.place) == ("2024/A_1.fit.gz", found, place)


@pytest.mark.parametrize("constants", [{}, {"processing_level": 3}])
@pytest.mark.parametrize(
    ("answer", "place"),
    [
        (lambda _: 2.7, "key LEVEL"),
        (lambda _: Found("x", "key OTHER"), "key OTHER"),
        (_raise(CellError("no level")), "key LEVEL"),
        (_raise(HeaderError("no level")), "key LEVEL"),
        (_raise(HeaderError("no level", place="card 3")), "card 3"),
    ],
)
def test_a_wrong_value_is_blamed_on_where_it_came_from(plan_of, file, constants, answer, place):
    plan = plan_of(Grammar([Step("processing_level", "key LEVEL", answer)]), constants=constants)
    with pytest.raises(HeaderError) as caught:
        plan.read(file)
    assert (caught.value.path, caught.value.place) == ("2024/A_1.fit.gz", place)


def test_the_fingerprint_changes_with_version_and_config_only(plan_of):
    first = plan_of(Grammar()).fingerprint
    assert plan_of(Grammar()).fingerprint == first
    others = {
        plan_of(Grammar(version=2)).fingerprint,
        plan_of(Grammar(), {"options": {"gain": 2.0}}).fingerprint,
        plan_of(Grammar(), constants={"species": "H2O"}).fingerprint,
    }
    assert len(others | {first}) == 4
    assert plan_of(Grammar(), title="y", description="y", creators=["y"]).fingerprint == first


def test_every_value_has_a_column_of_the_table(plan_of):
    plan = plan_of(Grammar())
    assert {step.column for step in plan.steps} <= {column.name for column in plan.columns} <= set(COLUMNS)
