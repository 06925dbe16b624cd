"""A collection.toml is read, or the ConfigError says which file, which key, what was found and what would be right."""

from __future__ import annotations

import copy
import datetime as dt

import pytest

from epncore.model import collection as config
from epncore.model.errors import ConfigError

FULL = """
schema = "juno_waves"
title = "Juno / Waves"
description = "Nançay and Juno"
creators = ["Kurth, W. S."]
created = 2024-07-16
licence = "https://creativecommons.org/licenses/by/4.0/"
subjects = ["planetary-science", "radio-astronomy"]
publisher = "PADC"
contact_name = "Help"
contact_email = "help@example.org"
doi = "10.5072/example"
reference_url = "https://example.org/juno"
bibcode = "2017SSRv..213..347K"
instruments = ["Waves"]
facilities = ["Juno"]
spatial_frame_type = "body"
granule_uid = "{gid}_{year}_{stem}"
obs_id = "{year}{month}{day}"
release_after = "P1Y"
embargoed = "list"
[constants]
target_name = ["Jupiter", "Io"]
target_class = "planet#satellite"
processing_level = 3
juno_gain = 2.5
[overrides]
instrument_host_name = "Juno"
[[columns]]
name = "juno_gain"
type = "double"
unit = "V**2.m**-2.Hz**-1"
ucd = "phot.flux.density"
description = "Gain"
[[documentation]]
url = "https://example.org/guide.pdf"
title = "Guide"
[[product]]
sources = ["a/**/*.cdf", "b/*.cdf"]
root = "data"
grammar = "istp"
granule_gid = "Spectra v1.0"
access_format = "application/x-cdf"
access_url = "https://example.org/{path}?x={uid}"
thumbnail_url = "https://example.org/{obs_id}.png"
md5 = true
options = { any = 1 }
constants = { processing_level = 2 }
[[product]]
sources = ["c/*.cdf"]
grammar = "istp"
granule_gid = "Spectra v1.0"
"""


def parsed(data):
    return config.parse(data, "x/collection.toml")


def changed(minimal, path, value):
    """A copy of a config with one key set; `path` is dotted, `value` None takes the key away."""
    data = copy.deepcopy(minimal)
    *way, last = path.split(".")
    place = data
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


def test_the_minimal_config_is_right(minimal):
    collection = parsed(minimal)
    assert collection.schema_name == "jupiter"
    assert (collection.granule_uid, collection.obs_id, collection.spatial_frame_type) == (
        "{gid}_{stem}",
        "{stem}",
        "none",
    )
    assert collection.product[0].access_format is None
    assert collection.cells(collection.product[0], "constants") == {}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("place", ["", "collection.toml"])
def test_the_full_config_is_right(tmp_path, place, mark):
    (tmp_path / "collection.toml").write_bytes(mark + FULL.encode())
    collection = config.load(tmp_path / place)
    first, second = collection.product
    assert collection.description == "Nançay and Juno"
    assert collection.created == dt.date(2024, 7, 16)
    assert collection.cells(first, "constants") == {
        "target_name": ["Jupiter", "Io"], "target_class": "planet#satellite", "processing_level": 2, "juno_gain": 2.5,
    }  # fmt: skip
    assert collection.cells(second, "constants")["processing_level"] == 3
    assert collection.cells(second, "overrides") == {"instrument_host_name": "Juno"}
    assert first.granule_gid == second.granule_gid
    own = collection.columns[0].column()
    assert (own.name, own.level, own.type, own.unit) == ("juno_gain", "own", "double", "V**2.m**-2.Hz**-1")


BAD = [
    ("titel", "x", "titel", "no such key; did you mean title?; known here: schema, title"),
    ("schema_name", "x", "schema_name", "no such key; did you mean schema?"),
    ("product.0.acces_url", "x", "product.0.acces_url", "did you mean access_url?"),
    ("columns", [{"nam": "a"}], "columns.0.nam", "no such key; did you mean name?"),
    ("title", None, "title", "this key is needed"),
    ("title", 3, "title", "a text in quotes is wanted, not 3"),
    ("title", "", "title", "a text is wanted that is not blank, not ''"),
    ("creators", [], "creators", "a list of one or more is wanted, not []"),
    ("creators", "A", "creators", "a list is wanted, as [\"A\"], not 'A'"),
    ("creators", 3, "creators", 'a list is wanted, as ["..."], not 3'),
    ("product", [], "product", "a list of one or more is wanted"),
    ("product", {"sources": ["*"]}, "product", "a list of tables is wanted: [[product]] in double brackets"),
    ("product", ["a"], "product.0", "a table is wanted"),
    ("product.0.sources", "data", "product.0.sources", "a list is wanted, as [\"data\"], not 'data'"),
    ("constants", "a", "constants", "a table is wanted, not 'a'"),
    ("product.0.md5", "maybe", "product.0.md5", "true or false is wanted, without quotes, not 'maybe'"),
    ("created", 20240716, "created", "a date is written 2024-07-16, not 20240716"),
    ("created", "soon", "created", "a date is written 2024-07-16, not 'soon'"),
    ("created", dt.datetime(2024, 7, 16, 1), "created", "a date is written 2024-07-16"),
    ("title", int("9" * 4000) ** 2, "title", "not this int"),
    ("schema", "Jupiter", "schema", "a schema is a plain SQL name"),
    ("schema", "1jupiter", "schema", "plain SQL name"),
    ("schema", "ju-piter", "schema", "plain SQL name"),
    ("schema", "a; drop table x", "schema", "plain SQL name"),
    ("schema", "j" * 41, "schema", "at most 40"),
    ("schema", "ivoa", "schema", "no reserved word"),
    ("schema", "pg_x", "schema", "no reserved word"),
    ("schema", "select", "schema", "no reserved word"),
    ("schema", "region", "schema", "no reserved word"),
    (
        "licence",
        "CC BY",
        "licence",
        "an SPDX identifier, as CC-BY-4.0 (https://spdx.org/licenses), or a URL, not 'CC BY'",
    ),
    ("subjects", ["stars"], "subjects", "at least one of exoplanet-astronomy, solar-physics"),
    ("subjects", ["Solar physics"], "subjects.0", "as solar-physics, not 'Solar physics'"),
    ("contact_email", "nobody", "contact_email", "as help@example.org, not 'nobody'"),
    ("contact_email", "help@example.org", "contact_name", "with contact_email, say who answers"),
    ("doi", "https://example.org/10.5072/x", "doi", "a DOI begins with 10. and has a slash, as 10.5072/example, not"),
    ("bibcode", "2017", "bibcode", "a bibcode has 19 characters, as 2017SSRv..213..347K, not '2017'"),
    ("reference_url", "ftp://x.org", "reference_url", "a URL starts with http:// or https://"),
    ("reference_url", "https://x.org/a b", "reference_url", "no spaces or quotes"),
    ("reference_url", "https://x.org/\x00", "reference_url", "a URL starts with"),
    ("spatial_frame_type", "galactic", "spatial_frame_type", "a frame is one of celestial, body"),
    ("release_after", "1 year", "release_after", "is no period; write P1Y for a year"),
    ("release_after", "P1Y", "embargoed", 'embargoed = "leave_out" gives no row'),
    ("embargoed", "hide", "embargoed", "'leave_out' or 'list', not 'hide'"),
    ("granule_uid", "{gid}", "granule_uid", "every file would get the same: use {stem}, {name} or {path}"),
    ("granule_uid", "{stm}", "granule_uid", "{stm} is no field; known here: {schema}, {gid}, {stem}"),
    ("obs_id", "{uid}", "obs_id", "{uid} is no field"),
    ("product.0.access_url", "https://x.org/{nme}", "product.0.access_url", "{nme} is no field"),
    ("product.0.access_url", "{path}", "product.0.access_url", "a URL starts with"),
    (
        "product.0.access_url",
        "https://x.org/Nançay/{name}",
        "product.0.access_url",
        "write other letters percent-encoded",
    ),
    ("product.0.access_url", "https://x.org/{0.__class__}", "product.0.access_url", "is no field"),
    ("product.0.access_format", "CDF", "product.0.access_format", "in lower case is wanted, as application/x-cdf"),
    ("product.0.granule_gid", "a#b", "product.0.granule_gid", "as Spectra v1.0, not 'a#b'"),
    ("product.0.sources", ["/data/*.cdf"], "product.0.sources", "leaves the root"),
    ("product.0.sources", ["~/x.cdf"], "product.0.sources", "leaves the root"),
    ("product.0.sources", ["a/../../*.cdf"], "product.0.sources", "leaves the root: set root to the folder"),
    ("product.0.sources", ["[z-a].fit"], "product.0.sources", "'[z-a].fit' is no pattern (bad character range z-a)"),
    ("product.0.sources", ["*.fit", "a[\\]"], "product.0.sources", "brackets name single signs, as [0-9] or [abc]"),
    ("product.0.sources", [" "], "product.0.sources.0", "a text is wanted that is not blank"),
    ("documentation", [{"url": "x", "title": "y"}], "documentation.0.url", "a URL starts with"),
    ("columns", [{"name": "time_min", "description": "d"}], "columns.0.name", "a column of EPNcore already"),
    ("columns", [{"name": "select", "description": "d"}], "columns.0.name", "a word of SQL or ADQL"),
    ("columns", [{"name": "ctid", "description": "d"}], "columns.0.name", "a word of SQL or ADQL"),
    ("columns", [{"name": "A", "description": "d"}], "columns.0.name", "named by a to z, digits and _"),
    ("columns", [{"name": "a", "description": "d"}] * 2, "columns.1.name", "two columns are named a"),
    ("columns", [{"name": "a", "description": "d", "ucd": "phys.flux.density"}], "columns.0.ucd", "see the UCD list"),
    ("columns", [{"name": "a", "description": "d", "ucd": "em.radio"}], "columns.0.ucd", "not valid as a primary word"),
    ("columns", [{"name": "a", "description": "d", "unit": "V**2/m**2/Hz"}], "columns.0.unit", "no VOUnit"),
    ("columns", [{"name": "a", "description": "d", "type": "blob"}], "columns.0.type", "not 'blob'"),
    ("constants.target_nme", "Io", "constants.target_nme", "no such column; did you mean target_name?"),
    ("product.0.overrides.x", 1, "product.0.overrides.x", "no such column; own ones go to [[columns]]"),
    ("constants.granule_uid", "a", "constants.granule_uid", "it is set by the key granule_uid at the top"),
    ("overrides.service_title", "a", "overrides.service_title", "it is set by the key schema"),
    ("constants.spatial_frame_type", "body", "constants.spatial_frame_type", "it is set by the key"),
    ("constants.processing_level", "3", "constants.processing_level", "a whole number, not '3'"),
    ("constants.time_exp_min", True, "constants.time_exp_min", "is a number, not True"),
    ("constants.creation_date", dt.time(1), "constants.creation_date", "is a date, not"),
    ("constants.target_name", "  ", "constants.target_name", "empty; leave the key out"),
    ("constants.target_name", [], "constants.target_name", "empty; leave the key out"),
    ("constants.time_exp_min", float("nan"), "constants.time_exp_min", "empty; leave the key out"),
]


@pytest.mark.parametrize(
    ("path", "value", "key", "words"), BAD, ids=[f"{key}-{n}" for n, (_, _, key, _) in enumerate(BAD)]
)
def test_a_bad_config_names_file_key_and_what_would_be_right(minimal, path, value, key, words):
    with pytest.raises(ConfigError) as caught:
        parsed(changed(minimal, path, value))
    error = caught.value
    assert (error.path, error.place, error.exit_code) == ("x/collection.toml", key, 2)
    assert words in str(error)


BREAKING = [
    ("target_class", "ring", "'ring', but target_class is a list of asteroid, dwarf_planet"),
    ("target_class", ["planet", "ring"], "'planet#ring', but target_class"),
    ("measurement_type", "em.radio", "phot.flux.density;em.radio is right"),
    ("measurement_type", "phys.flux.density", "phys.flux.density -> phot.flux.density"),
    ("dataproduct_type", "dynamic_spectrum", "dynamic_spectrum -> ds"),
    ("access_format", "CDF", "CDF -> application/x-cdf"),
    ("processing_level", 4, "CODMAC level 4 (resampled) is written 5"),
    ("time_scale", "utc", "time_scale is one of TAI, TT"),
    ("time_scale", "UTC#TT", "time_scale is one of TAI, TT"),
    ("messenger", "radio", "Photon, Radio"),
    ("particle_spectral_type", "charge", "energy, mass, mass/charge"),
    ("target_name", "Io##Europa", "joined by single #"),
    ("target_name", "Barnard's star", "without quotes"),
    ("time_min", 60000.5, "not MJD"),
    ("spectral_range_max", -1.0, "a frequency in Hz"),
    ("access_md5", "0" * 31, "32 hexadecimal digits"),
]


@pytest.mark.parametrize("table", ["constants", "overrides", "product.0.constants", "product.0.overrides"])
@pytest.mark.parametrize(("column", "value", "words"), BREAKING)
def test_a_constant_that_breaks_a_rule_is_found_when_the_config_is_read(minimal, table, column, value, words):
    with pytest.raises(ConfigError) as caught:
        parsed(changed(minimal, f"{table}.{column}", value))
    assert caught.value.place == f"{table}.{column}"
    assert words in str(caught.value)


def test_constants_that_do_not_fit_each_other_are_found_across_tables(minimal):
    minimal["constants"] = {"spectral_range_min": 2e6}
    minimal["product"][0]["constants"] = {"spectral_range_max": 1e6}
    with pytest.raises(ConfigError, match="spectral_range_min is not above spectral_range_max") as caught:
        parsed(minimal)
    assert caught.value.place == "product.0.constants.spectral_range_max"
    minimal["product"][0] |= {"constants": {}, "overrides": {"spectral_range_max": 1e6}}
    assert parsed(minimal)  # the file may tell the other end


def test_the_url_of_a_document_keeps_its_letters(minimal):
    assert parsed({**minimal, "reference_url": "https://x.org/Nançay"}).reference_url == "https://x.org/Nançay"


@pytest.mark.parametrize(
    "doi", ["10.5072/x", "https://doi.org/10.5072/x", "http://dx.doi.org/10.5072/x", "DOI: 10.5072/x"]
)
def test_a_doi_may_be_written_as_a_link(minimal, doi):
    assert parsed({**minimal, "doi": doi}).doi == "10.5072/x"


def test_constants_alone_need_not_make_a_whole_row(minimal):
    minimal["constants"] = {"access_url": "https://x.org/a", "time_min": 2460508.0, "c1min": 350.0, "c1max": 10.0}
    assert parsed(minimal).constants["c1min"] == 350.0


def test_a_mistyped_key_is_told_before_the_key_that_is_missing_for_it(minimal):
    del minimal["title"]
    with pytest.raises(ConfigError) as caught:
        parsed({**minimal, "creators": [], "titel": "x"})
    assert caught.value.place == "titel"
    assert caught.value.message.startswith("no such key; did you mean title?")
    assert caught.value.hint == (
        "Also wrong:\n  creators: a list of one or more is wanted, not []\n  title: this key is needed"
    )


def test_of_many_problems_five_are_told(minimal):
    with pytest.raises(ConfigError) as caught:
        parsed(dict.fromkeys(minimal, 3))
    assert len(str(caught.value).splitlines()) == 6
    assert str(caught.value).endswith("\n  and 3 more")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"title = ", "no TOML: Invalid value"),
        (b"a = 1\r\nlicence = CC-BY-4.0\r\n", "Line 2 is: licence = CC-BY-4.0\nA text stands in quotes, key = "),
        (b'title = "a', "A text stands in quotes"),
        (b"a = 1\na = " + b"2" * 100 + b"\n", "Line 2 is: a = " + "2" * 73 + "..."),
        (b"a = 1\na = 2", "no TOML: Cannot overwrite a value"),
        (b"title = 'Nan\xe7ay'", "byte 12 is not UTF-8. Save it as UTF-8"),
        (b"a = " + b"[" * 100_000, "no TOML: maximum recursion depth exceeded"),
        (b"a = " + b"1" * 5000, "no TOML: Exceeds the limit"),
        (b"title = 0x" + b"f" * 5000, "this key is needed"),
        (b"title." + b"a." * 5000 + b"a = 1", "this key is needed"),
        (b"\x00", "no TOML"),
        (b"", "schema: this key is needed"),
    ],
    ids=range(12),
)
def test_a_file_that_is_no_config_is_a_config_error(tmp_path, content, words):
    (tmp_path / "collection.toml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path)
    assert words in str(caught.value)
    assert caught.value.path == str(tmp_path / "collection.toml")


def test_tables_in_tables_without_end_are_no_value(tmp_path):
    text = FULL.replace('title = "Juno / Waves"', "title." + "a." * 5000 + "a = 1")
    (tmp_path / "collection.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="title: a text in quotes is wanted, not this dict"):
        config.load(tmp_path)


def test_a_missing_file_or_a_folder_in_its_place_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r"no such file\. `epncore new NAME` writes one"):
        config.load(tmp_path)
    (tmp_path / "collection.toml").mkdir()
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\)"):
        config.load(tmp_path)


RESTING = [
    ("title", "y"), ("description", "y"), ("creators", ["y"]), ("created", dt.date(2020, 1, 1)), ("licence", "CC0-1.0"),
    ("subjects", ["solar-physics"]), ("publisher", "y"), ("contact_name", "y"), ("instruments", ["y"]),
    ("facilities", ["y"]), ("product.0.sources", ["y"]), ("serve_previews", True), ("product.0.keep", "latest"),
    ("product.0.version_in_name", "v([0-9])"),
    # Links have a fingerprint of their own (tests/datalink).
    ("doi", "10.5072/y"), ("reference_url", "https://y.org"), ("bibcode", "2017SSRv..213..347K"),
    ("documentation", [{"url": "https://y.org", "title": "y"}]),
]  # fmt: skip
LINKING_OF_PRODUCT = {"formats", "previews", "das2", "derived_from"}
REACHING = [
    ("schema", "y"), ("spatial_frame_type", "body"), ("granule_uid", "{stem}"), ("obs_id", "{name}"),
    ("datalink", False), ("constants.target_name", "Io"),
    ("overrides.target_name", "Io"), ("columns", [{"name": "y", "description": "y"}]),
    ("product.0.md5", True), ("product.0.outside_root", True), ("product.0.root", "y"),
    ("product.0.grammar", "y"), ("product.0.options.a", 1), ("product.0.mapping.a", 1), ("product.0.granule_gid", "y"),
    ("product.0.access_url", "https://y.org/{name}"), ("product.0.access_format", "y/y"),
    ("product.0.thumbnail_url", "https://y.org/{name}"), ("product.0.constants.target_name", "Io"),
    ("product.0.overrides.target_name", "Io"), ("product.0.companions", ["{stem}.DAT"]),
]  # fmt: skip


def _fingerprint(data):
    collection = parsed(data)
    return collection.fingerprint(collection.product[0])


@pytest.mark.parametrize(("path", "value"), RESTING, ids=[path for path, _ in RESTING])
def test_what_only_the_registry_reads_leaves_the_fingerprint_alone(minimal, path, value):
    assert _fingerprint(changed(minimal, path, value)) == _fingerprint(minimal)


def test_another_product_leaves_the_fingerprint_alone(minimal):
    more = {**minimal, "product": [*minimal["product"], {**minimal["product"][0], "granule_gid": "y"}]}
    assert _fingerprint(more) == _fingerprint(minimal)


def test_what_reaches_a_row_or_its_links_changes_the_fingerprint(minimal):
    found = {_fingerprint(changed(minimal, *change)) for change in REACHING}
    found |= {_fingerprint({**minimal, "release_after": "P1Y", "embargoed": how}) for how in ("list", "leave_out")}
    found |= {_fingerprint({**minimal, "release_after": "P2Y", "embargoed": "list"})}
    assert len(found | {_fingerprint(minimal)}) == len(REACHING) + 4


def test_each_key_is_known_to_change_the_fingerprint_or_not():
    tried = {path.split(".")[0] for path, _ in [*RESTING, *REACHING]} | {"release_after", "embargoed", "contact_email"}
    fields = config.Collection.model_fields
    assert tried == {field.alias or name for name, field in fields.items()}
    of_product = {path.split(".")[2] for path, _ in [*RESTING, *REACHING] if path.startswith("product.")}
    of_product |= {"table"}  # chooses rows, which are known by what they hold (tests/app/test_source_rows.py)
    assert of_product | LINKING_OF_PRODUCT == set(config.Product.model_fields)
