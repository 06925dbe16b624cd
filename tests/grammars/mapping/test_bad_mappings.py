"""A wrong mapping is found before any file is read: with the file, the key, and what would be right."""

from __future__ import annotations

import pytest

from epncore.model.errors import ConfigError

from .conftest import COLLECTION, mapped, plan_of

TIME, SPECTRAL = "[product.mapping.time_axis]\n", "[product.mapping.spectral_axis]\n"

# Mapping, key below product.0.mapping, message.
BAD = [
    (
        'targt_name = { key = "A" }',
        "targt_name",
        "no such column; did you mean target_name?; own ones go to [[columns]]",
    ),
    ('granule_uid = { key = "A" }', "granule_uid", "it is set by the key granule_uid at the top"),
    ('target_name = "OBJECT"', "target_name", "a table is wanted, as { key = \"OBJECT\" }, not 'OBJECT'"),
    ("target_name = { key = 3 }", "target_name.key", "a name or a list of names is wanted, not 3"),
    ("target_name = { key = [] }", "target_name.key", None),
    (
        'target_name = { ky = "A" }',
        "target_name.ky",
        "no such key; did you mean key?; known here: hdu, key, column, text, unit, values, format, required",
    ),
    (
        'target_name = { attribute = "A" }',
        "target_name.attribute",
        "no such key; known here: hdu, key, column, text, unit, values, format, required",
    ),
    (
        "target_name = {}",
        "target_name",
        "say where it stands, in one way: key (a card, or several), column (of a table) or text (a template of cards)",
    ),
    (
        'target_name = { key = "A", column = "B" }',
        "target_name",
        "say where it stands, in one way: key (a card, or several), column (of a table) or text (a template of cards)",
    ),
    (
        'target_name = { key = "A=B" }',
        "target_name.key",
        "'A=B' is no keyword of a card, as OBJECT or ESO DET NAME are",
    ),
    ('target_name = { key = "A", hdu = -1 }', "target_name.hdu", "an HDU is a number from 0, or its EXTNAME, not -1"),
    (
        'target_name = { key = "A", hdu = true }',
        "target_name.hdu",
        "an HDU is a number from 0, or its EXTNAME, not True",
    ),
    (
        'time_min = { key = "A", unit = "MHz" }',
        "time_min.unit",
        "time_min is a time, which has a format: iso, jd, mjd, unix, %Y-%m-%d...",
    ),
    (
        'time_min = { key = "A", format = "%H:%M" }',
        "time_min.format",
        "'%H:%M' does not tell the day: it needs %Y with %m and %d, or %Y with %j",
    ),
    (
        'time_min = { key = "A", format = "%c" }',
        "time_min.format",
        "'%c' is no format of a time: %c is not read here; known are iso, jd, mjd, unix, "
        "or a format as %Y/%m/%d %H:%M:%S.%f",
    ),
    (
        'time_min = { key = "A", format = "ISO" }',
        "time_min.format",
        "'ISO' is no format of a time: known are iso, jd, mjd, unix, or a format as %Y/%m/%d %H:%M:%S.%f",
    ),
    (
        'target_name = { key = "A", format = "iso" }',
        "target_name.format",
        "target_name is no time; formats are for times",
    ),
    (
        'spectral_range_min = { key = "A", unit = "eV" }',
        "spectral_range_min.unit",
        "'eV' does not convert to 'Hz', the unit of spectral_range_min",
    ),
    (
        'spectral_sampling_step_min = { key = "A", unit = "m" }',
        "spectral_sampling_step_min.unit",
        "'m' does not convert to 'Hz', the unit of spectral_sampling_step_min",
    ),
    ('c1min = { key = "A", unit = "km" }', "c1min.unit", "'km' does not convert to 'deg', the unit of c1min"),
    (
        'own_speed = { key = "A", unit = "s" }',
        "own_speed.unit",
        "'s' does not convert to 'km/s', the unit of own_speed",
    ),
    (
        'time_exp_min = { key = "A", unit = "sek" }',
        "time_exp_min.unit",
        "'sek' is no unit; MHz, kHz, s, deg, km for example",
    ),
    ('processing_level = { key = "A", unit = "s" }', "processing_level.unit", "processing_level has no unit"),
    ('target_name = { key = "A", unit = "s" }', "target_name.unit", "target_name is no number"),
    (
        'target_name = { text = "{A" }',
        "target_name.text",
        "'{A' is no template (expected '}' before end of string); fields look like {stem}",
    ),
    (
        'target_name = { text = "{A.b!r:>3}" }',
        "target_name.text",
        "{A.b!r:>3} is no field: a name alone in braces is, as {OBJECT}",
    ),
    ('target_name = { text = "{}" }', "target_name.text", "{} is no field: a name alone in braces is, as {OBJECT}"),
    (
        'target_name = { text = "Sun" }',
        "target_name.text",
        "'Sun' names nothing in braces; a value that is always the same goes to [constants]",
    ),
    (
        'processing_level = { key = "A", values = { L1 = "x" } }',
        "processing_level.values.L1",
        "processing_level is a whole number, not 'x'",
    ),
    (
        'processing_level = { key = "A", values = { L1 = 4 } }',
        "processing_level.values.L1",
        "processing_level = 4, but processing_level is one of 1, 2, 3, 5, 6. "
        "4 -> 5: CODMAC level 4 (resampled) is written 5 (REC: processing_level)",
    ),
    (
        'time_min = { key = "A", format = "jd", values = { a = 2450000.5 } }',
        "time_min.values",
        "a table of values needs no unit or format: it says what is written",
    ),
    (
        'time_exp_min = { key = ["A", "B"] }',
        "time_exp_min",
        'time_exp_min is no list: name one, or join them by text = "{A} {B}"',
    ),
    (
        TIME + 'column = "T"\nunit = "MHz"',
        "time_axis.unit",
        "'MHz' is no unit of durations; s, ms, min, h or d for example",
    ),
    (
        TIME + 'column = "T"\nformat = "jd"\nunit = "d"',
        "time_axis.format",
        "with a format the values are times by themselves: no unit, origin or step",
    ),
    (
        TIME + 'column = "T"\nstep = 1',
        "time_axis",
        "say where the axis stands, in one way: column (of a table), or step and count (cards or numbers)",
    ),
    (TIME + 'step = 1\ncount = "N"', "time_axis", "a line of times needs its unit, and an origin: what its zero is"),
    (TIME + "step = 1", "time_axis", "a line has step and count, and may have start and reference"),
    (
        TIME + 'column = "T"\norigin = { moment = "noon" }',
        "time_axis.origin.moment",
        "'noon' is no time as 2024-01-31T12:00:00",
    ),
    (
        TIME + 'column = "T"\norigin = { key = "A", unit = "s" }',
        "time_axis.origin.unit",
        "no such key; known here: hdu, key, moment, format",
    ),
    (
        TIME + 'column = "T"\norigin = {}',
        "time_axis.origin",
        'say what zero is, in one way: key (cards with a time) or moment ("2000-01-01T12:00:00")',
    ),
    (
        '[product.mapping.time_axs]\ncolumn = "T"',
        "time_axs",
        "no such column; did you mean time_axis?; own ones go to [[columns]]",
    ),
    (
        SPECTRAL + 'column = "F"\nunit = "keV"',
        "spectral_axis.unit",
        "'keV' is no unit of frequencies, nor of wavelengths",
    ),
    (
        SPECTRAL + 'step = "D"\ncount = "N"\nstart = "S"',
        "spectral_axis",
        "a line of frequencies needs its unit, MHz for example",
    ),
    (SPECTRAL + 'step = "D"\ncount = "N"\nunit = "Hz"', "spectral_axis", "a line of frequencies needs its start"),
    (SPECTRAL + 'step = []\ncount = "N"', "spectral_axis.step", "a name or a number is wanted, not []"),
]


@pytest.mark.parametrize(("mapping", "key", "message"), BAD, ids=[f"{bad[1]}-{n}" for n, bad in enumerate(BAD)])
def test_a_wrong_mapping_is_told_with_file_key_and_what_is_right(mapping: str, key: str, message: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        mapped(mapping)
    error = caught.value
    assert (error.path, error.place) == ("collection.toml", f"product.0.mapping.{key}")
    if message is not None:
        assert error.message == message


def test_a_grammar_without_a_mapping_says_which_have_one() -> None:
    with pytest.raises(ConfigError) as caught:
        mapped('target_name = { key = "A" }', "ecallisto")
    assert caught.value.place == "product.0.mapping"
    known = "mapped_cdf, mapped_fits, mapped_table"
    assert caught.value.message == f"grammar 'ecallisto' takes no mapping; known here: {known}"


def test_a_mapping_is_needed() -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of(f'{COLLECTION}grammar = "mapped_cdf"\n')
    assert (caught.value.place, caught.value.message) == ("product.0.mapping", "this key is needed")


def test_keys_of_options_and_mapping_are_told_each_in_its_table() -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of(f'{COLLECTION}grammar = "mapped_cdf"\n[product.options]\nx = 1')
    assert caught.value.place == "product.0.options.x"
    assert caught.value.hint == "Also wrong:\n  product.0.mapping: this key is needed"


def test_keys_of_fits_are_none_of_cdf() -> None:
    with pytest.raises(ConfigError) as caught:
        mapped('target_name = { key = "A" }', "mapped_cdf")
    assert caught.value.place == "product.0.mapping.target_name.key"
    assert "known here: variable, attribute, text" in caught.value.message
