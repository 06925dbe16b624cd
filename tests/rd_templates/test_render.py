"""The RD as XML: everything of the config is in it, once, and nothing in a text can break out of its place."""

from __future__ import annotations

import stat
import textwrap
import unittest
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from epncore.model.bookkeeping import HIDDEN_TABLES
from epncore.model.collection import Collection, parse
from epncore.model.columns import COLUMNS, FRAMES, Column, mandatory
from epncore.model.errors import UsageError
from epncore.model.indices import INDICES
from rd_templates.render import render_rd, write_rd

HOSTILE = "a \"b\" 'c' <d/> & &amp; ]]> --> {{ e }} {% f %} %(g)s Nançay Ω"


def collection(**keys: Any) -> Collection:
    config = {
        "schema": "nda",
        "title": "Dynamic spectra",
        "description": "Of Jupiter.",
        "creators": ["Lamy, L.", "Cecconi, B."],
        "created": "2024-07-16",
        "licence": "CC-BY-4.0",
        "subjects": ["solar-system-astronomy", "jupiter"],
        "product": [{"sources": ["*.cdf"], "grammar": "istp", "granule_gid": "edr"}],
    }
    return parse(config | keys, "collection.toml")


def columns(of: Collection, *names: str) -> tuple[Column, ...]:
    own = (column.column() for column in of.columns)
    return tuple(c.at(of.spatial_frame_type) for c in (*mandatory(), *(COLUMNS[name] for name in names), *own))


def rendered(of: Collection, *names: str) -> etree._Element:
    return etree.fromstring(render_rd(of, columns(of, *names)).encode())


def metas(root: etree._Element, name: str) -> list[str]:
    return [element.text or "" for element in root.findall(f"meta[@name='{name}']")]


def table(root: etree._Element, name: str) -> etree._Element:
    (found,) = root.findall(f"table[@id='{name}']")
    return found


def test_metadata_of_the_config_are_there() -> None:
    root = rendered(
        collection(
            publisher="PADC",
            contact_name="Maser Team",
            contact_email="maser@example.org",
            doi="10.25935/dv2f-x016",
            bibcode="2000A&AS..100..100L",
            instruments=["NDA", "Routine"],
            facilities=["Nançay"],
        )
    )
    assert root.get("schema") == "nda"
    expected = {
        "title": ["Dynamic spectra"],
        "description": ["Of Jupiter."],
        "creationDate": ["2024-07-16T00:00:00"],
        "creator": ["Lamy, L.", "Cecconi, B."],
        "subject": ["solar-system-astronomy", "jupiter"],
        "publisher": ["PADC"],
        "contact.name": ["Maser Team"],
        "contact.email": ["maser@example.org"],
        "doi": ["10.25935/dv2f-x016"],
        "source": ["2000A&AS..100..100L"],
        "instrument": ["NDA", "Routine"],
        "facility": ["Nançay"],
        "contentLevel": ["Research"],
        "type": ["Archive"],
        "coverage.waveband": ["Radio"],
        "schema-rank": ["100"],
    }
    assert {name: metas(root, name) for name in expected} == expected


@pytest.mark.parametrize(
    "name", ["publisher", "contact.name", "contact.email", "doi", "source", "facility", "_related"]
)
def test_what_the_config_does_not_tell_is_left_out(name: str) -> None:
    # An empty element would hide what the server has in its defaultmeta.txt.
    assert metas(rendered(collection()), name) == []


@pytest.mark.parametrize(
    ("licence", "text", "uri"),
    [
        ("CC-BY-4.0", "CC-BY-4.0", "https://spdx.org/licenses/CC-BY-4.0.html"),
        ("CC0-1.0", "CC0-1.0", "https://spdx.org/licenses/CC0-1.0.html"),
        ("https://example.org/terms?a=1&b=2", "See https://example.org/terms?a=1&b=2", "https://example.org/terms?a=1&b=2"),
    ],
)  # fmt: skip
def test_a_licence_is_an_spdx_identifier_or_a_url(licence: str, text: str, uri: str) -> None:
    root = rendered(collection(licence=licence))
    assert (metas(root, "rights"), metas(root, "rights.rightsURI")) == ([text], [uri])


def test_documents_and_the_reference_url_are_linked() -> None:
    root = rendered(
        collection(
            reference_url="https://example.org/?a=1&b=2",
            documentation=[{"url": "https://example.org/guide.pdf", "title": "Guide"}],
        )
    )
    (related,) = root.findall("meta[@name='_related']")
    assert (related.get("title"), related.text) == ("Guide", "https://example.org/guide.pdf")
    # DaCHS computes one for each table, which hides one of the RD.
    assert metas(table(root, "epn_core"), "referenceURL") == ["https://example.org/?a=1&b=2"]


def test_texts_come_back_as_they_were() -> None:
    root = rendered(
        collection(
            title=HOSTILE,
            description=HOSTILE,
            creators=[HOSTILE],
            publisher=HOSTILE,
            contact_name=HOSTILE,
            instruments=[HOSTILE],
            facilities=[HOSTILE],
            documentation=[{"url": "https://example.org/", "title": HOSTILE}],
            columns=[{"name": "own", "description": HOSTILE}],
        )
    )
    for name in ("title", "description", "creator", "publisher", "contact.name", "instrument", "facility"):
        assert metas(root, name) == [HOSTILE]
    assert root.find("meta[@name='_related']").get("title") == HOSTILE
    assert table(root, "epn_core").find("column[@name='own']").get("description") == HOSTILE


def test_no_text_can_call_a_macro() -> None:
    r"""In metadata DaCHS expands \name; two backslashes stand for one. In descriptions of columns it does not."""
    text = r"\schema \nosuch C:\temp \\ end\ "
    root = rendered(collection(title=text, columns=[{"name": "own", "description": text}]))
    assert metas(root, "title") == [r"\\schema \\nosuch C:\\temp \\\\ end\\"]
    assert table(root, "epn_core").find("column[@name='own']").get("description") == text.strip()


def test_what_xml_cannot_carry_becomes_a_space() -> None:
    root = rendered(
        collection(title="a\x00b\x1fc\ufffed\U0001f4e1e", columns=[{"name": "own", "description": "a\x08b"}])
    )
    assert metas(root, "title") == ["a b c d\U0001f4e1e"]
    assert table(root, "epn_core").find("column[@name='own']").get("description") == "a b"


def test_paragraphs_stay_and_indentation_goes() -> None:
    # DaCHS refuses a text whose lines are indented less than its second one.
    root = rendered(collection(description="One\n   two\nthree.\n\n\n  Four\r\nfive.\n"))
    assert metas(root, "description") == ["One two three.\n\nFour five."]


def test_url_elements_of_the_tests_are_free_of_macros() -> None:
    root = rendered(collection(title=r"\schema"), "access_url")
    for url in root.findall("regSuite/regTest/url"):
        assert "\\" not in "".join((*url.attrib.values(), url.text))


@pytest.mark.parametrize("frame", FRAMES)
def test_epn_core_is_what_the_mixin_makes_in_the_frame(frame: str) -> None:
    root = rendered(collection(spatial_frame_type=frame))
    epn_core = table(root, "epn_core")
    mixin = epn_core.find("mixin")
    assert dict(epn_core.attrib) == {"id": "epn_core", "onDisk": "True", "adql": "True", "primary": "granule_uid"}
    assert (mixin.get("spatial_frame_type"), mixin.text) == (frame, "//epntap2#table-2_0")
    assert mixin.get("optional_columns") is None
    assert epn_core.find("publish").get("sets") == "local,ivo_managed"
    assert epn_core.findall("column") == []
    assert [index.get("columns").split(", ") for index in epn_core.findall("index")] == [list(i) for i in INDICES]


@pytest.mark.parametrize(
    ("frame", "attribute"), [("celestial", "sourceTable"), ("body", "timeTable"), ("none", "timeTable")]
)
def test_only_sky_coordinates_become_coverage_on_the_sky(frame: str, attribute: str) -> None:
    updater = rendered(collection(spatial_frame_type=frame)).find("coverage/updater")
    assert updater.get(attribute) == "epn_core"
    assert (updater.get("sourceTable") is None) is (frame != "celestial")


def test_every_column_beyond_the_mandatory_ones_is_asked_for_by_name() -> None:
    optional = [column.name for column in COLUMNS.values() if column.level != "mandatory"]
    mixin = table(rendered(collection(), *optional), "epn_core").find("mixin")
    assert mixin.get("optional_columns").split() == optional


def test_own_columns_keep_type_unit_ucd_and_description() -> None:
    own = [
        {"name": "polar", "description": "Polarisation", "ucd": "meta.code;phys.polarization"},
        {"name": "sweeps", "type": "integer", "description": "Number of sweeps", "ucd": "meta.number"},
        {"name": "gain", "type": "double", "unit": "dB", "description": "Gain", "ucd": "instr.setup"},
        {"name": "checked", "type": "timestamp", "description": "Day of the check", "ucd": "time.processing"},
    ]
    found = table(rendered(collection(columns=own)), "epn_core").findall("column")
    assert [dict(column.attrib) for column in found] == [
        {"name": "polar", "type": "text", "ucd": "meta.code;phys.polarization", "description": "Polarisation"},
        {"name": "sweeps", "type": "integer", "ucd": "meta.number", "description": "Number of sweeps"},
        {"name": "gain", "type": "double precision", "unit": "dB", "ucd": "instr.setup", "description": "Gain"},
        {"name": "checked", "type": "timestamp", "ucd": "time.processing", "description": "Day of the check"},
    ]
    assert [c.find("values").get("nullLiteral") if len(c) else None for c in found] == [None, "-2147483648", None, None]


@pytest.mark.parametrize("book", HIDDEN_TABLES, ids=lambda book: book.name)
def test_hidden_tables_are_as_the_bookkeeping_has_them_and_not_for_tap(book: Any) -> None:
    hidden = table(rendered(collection()), book.name)
    assert hidden.get("adql") is None
    assert hidden.get("onDisk") == "True"
    assert hidden.get("primary").split(", ") == list(book.key)
    assert [index.get("columns").split(", ") for index in hidden.findall("index")] == [list(i) for i in book.indexes]
    found = hidden.findall("column")
    assert [column.get("name") for column in found] == list(book.names)
    for column, told in zip(found, book.columns, strict=True):
        assert (column.get("required") == "True") is told.not_null
        # VOTable has no NULL for integers, so DaCHS wants to know which number means it.
        needs_literal = told.type in {"smallint", "integer", "bigint"} and not told.not_null
        assert (column.find("values") is not None) is needs_literal


@pytest.mark.parametrize("book", HIDDEN_TABLES, ids=lambda book: book.name)
def test_keys_and_indexes_name_columns(book: Any) -> None:
    assert len(set(book.names)) == len(book.names)
    assert {*book.key, *(name for index in book.indexes for name in index)} <= set(book.names)
    assert all(column.not_null for column in book.columns if column.name in book.key)


def test_all_tables_are_made_and_dropped_together() -> None:
    root = rendered(collection())
    made = {d.get("id"): [m.get("table") for m in d.findall("make")] for d in root.findall("data")}
    tables = ["epn_core", *(table.name for table in HIDDEN_TABLES)]
    assert made == {"create": tables, "recreate": tables}
    assert root.find("data[@id='create']").get("updating") == "True"
    # Without auto="False" each plain `dachs imp` would drop all rows.
    assert root.find("data[@id='recreate']").get("auto") == "False"


def test_tables_stand_before_what_refers_to_them() -> None:
    # DaCHS resolves references while it reads.
    tags = [element.tag for element in rendered(collection()) if isinstance(element.tag, str) and element.tag != "meta"]
    assert tags == ["table", "table", "table", "table", "coverage", "data", "data", "service", "regSuite"]


def test_the_regression_tests_know_the_columns() -> None:
    root = rendered(collection(columns=[{"name": "polar", "description": "Polarisation"}]), "access_url")
    queries = {test.get("title"): test.find("url").get("QUERY") for test in root.findall("regSuite/regTest")}
    (selected,) = (query for title, query in queries.items() if "mandatory" in title)
    assert selected.removeprefix("SELECT TOP 1 ").split(" FROM ")[0].split() == [
        f"{c.name}{',' if c is not mandatory()[-1] else ''}" for c in mandatory()
    ]
    (code,) = (t.find("code").text for t in root.findall("regSuite/regTest") if "tells the columns" in t.get("title"))
    assert f", {len(mandatory()) + 2})" in code


def test_the_regression_tests_say_when_the_table_is_empty() -> None:
    root = rendered(collection())
    (code,) = (t.find("code").text for t in root.findall("regSuite/regTest") if "mandatory" in t.get("title"))

    class Empty(unittest.TestCase):
        assertHTTPStatus = getFirstVOTableRow = lambda *_: None  # noqa: N815

    with pytest.raises(AssertionError, match="epn_core is empty: `epncore ingest` fills it"):
        exec(textwrap.dedent(code), {"self": Empty()})


def test_the_same_config_gives_the_same_bytes() -> None:
    assert render_rd(collection(), columns(collection())) == render_rd(collection(), columns(collection()))


def test_the_file_is_written_where_dachs_looks(tmp_path: Path) -> None:
    of = collection(title="Nançay")
    path = write_rd(of, columns(of), tmp_path / "inputs")
    assert path == tmp_path / "inputs" / "nda" / "q.rd"
    assert path.read_bytes() == render_rd(of, columns(of)).encode("utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["q.rd"]
    # DaCHS runs as another user.
    assert stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044


def test_a_file_that_says_the_same_is_left_alone(tmp_path: Path) -> None:
    of = collection()
    before = write_rd(of, columns(of), tmp_path).stat()
    assert write_rd(of, columns(of), tmp_path).stat().st_ino == before.st_ino
    changed = collection(title="Other")
    assert write_rd(changed, columns(changed), tmp_path).stat().st_ino != before.st_ino


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "nda").write_text("in the way")
    with pytest.raises(UsageError) as caught:
        write_rd(collection(), columns(collection()), tmp_path)
    assert caught.value.path == str(tmp_path / "nda" / "q.rd")


def with_das2(**keys: Any) -> Collection:
    product = {"sources": ["*.cdf"], "grammar": "istp", "granule_gid": "edr"}
    das2 = {"server": "https://das2.example.org/server", "dataset": "nda/{gid}"}
    return collection(product=[{**product, "das2": das2}], **keys)


def test_rows_lead_to_the_datalink_service() -> None:
    root = rendered(collection(), "datalink_url")
    epn_core, service = table(root, "epn_core"), root.find("service")
    associated = epn_core.find("meta[@name='_associatedDatalinkService']")
    assert {meta.get("name"): meta.text for meta in associated} == {"serviceId": "dl", "idColumn": "granule_uid"}
    assert (service.get("id"), service.get("allowed")) == ("dl", "dlmeta")
    assert [script.get("type") for script in epn_core.findall("script")] == ["afterMeta", "beforeDrop"]


def test_only_a_das2_server_makes_a_service_that_redirects() -> None:
    service = rendered(with_das2(), "datalink_url").find("service")
    assert service.get("allowed") == "dlmeta,dlget"
    assert service.find("datalinkCore/dataFunction") is not None
    assert rendered(collection()).find("service/datalinkCore/dataFunction") is None


def test_no_link_of_the_config_stands_in_the_descriptor() -> None:
    # They are in the table of links: where a URL changes, nothing has to be imported anew.
    assert "das2.example.org" not in render_rd(with_das2(), columns(with_das2(), "datalink_url"))


@pytest.mark.parametrize("embargo", [{}, {"release_after": "P1Y", "embargoed": "list"}])
def test_code_is_python_and_free_of_macros(embargo: dict[str, str]) -> None:
    root = rendered(with_das2(**embargo), "datalink_url")
    for code in (*root.iterfind("service//code"), *root.iterfind("table/script")):
        compile("def code():\n" + textwrap.indent(textwrap.dedent(code.text), "  ") + "  yield", "q.rd", "exec")
        assert "\\" not in code.text


def test_without_datalink_there_is_no_service() -> None:
    root = rendered(collection(datalink=False))
    assert root.find("service") is None
    assert root.find("table/meta[@name='_associatedDatalinkService']") is None
    assert root.find("table/script") is None
