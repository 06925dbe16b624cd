"""A generated RD on a live DaCHS: imported, valid, published, loaded while the server runs, and found by TAP."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import psycopg
import pytest
import pyvo
import requests
from lxml import etree

from epncore.model.collection import parse
from epncore.model.columns import COLUMNS, mandatory
from rd_templates.render import write_rd

if TYPE_CHECKING:
    from epncore.testing.dachs_lab import DachsLab

pytestmark = pytest.mark.live

SCHEMA = "rendered"
TITLE = "\"Io\" & 'Jupiter' <DAM> ]]> \\schema \\nosuch C:\\temp Nançay"
COLLECTION = parse(
    {
        "schema": SCHEMA,
        "title": TITLE,
        "description": f"{TITLE}\n   badly indented\n\nand %(s)s {{e}}.",
        "creators": ["Lamy, L.", "O\\'Neil & <Çınar>, T."],
        "created": "2024-07-16",
        "licence": "CC-BY-4.0",
        "subjects": ["solar-system-astronomy"],
        "publisher": "A \\publisher",
        "contact_name": "A \\desk",
        "contact_email": "maser@example.org",
        "doi": "10.25935/dv2f-x016",
        "bibcode": "2000A&AS..100..100L",
        "reference_url": "https://example.org/?a=1&b=2",
        "instruments": ["Nançay \\array"],
        "documentation": [{"url": "https://example.org/guide?a=1&b=2", "title": "The \\guide"}],
        "columns": [
            {"name": "polar", "description": "A \\schema, <&> Ω", "ucd": "meta.code;phys.polarization"},
            {"name": "sweeps", "type": "integer", "description": "Sweeps", "ucd": "meta.number"},
            {"name": "strength", "type": "double", "unit": "V**2.m**-2.Hz**-1", "description": "Strength"},
            {"name": "checked", "type": "timestamp", "description": "Day of the check", "ucd": "time.processing"},
        ],
        "product": [{"sources": ["*.cdf"], "grammar": "istp", "granule_gid": "edr"}],
    },
    "collection.toml",
)
OPTIONAL = (
    "access_url",
    "access_format",
    "access_estsize",
    "time_scale",
    "time_refposition",
    "coverage",
    "datalink_url",
)
DAY = dt.datetime(2020, 1, 2, 3, 4, 5)
ROW = {
    "granule_uid": "one",
    "granule_gid": "edr",
    "obs_id": "one",
    "dataproduct_type": "ds",
    "measurement_type": "phot.flux.density",
    "processing_level": 3,
    "target_name": "Jupiter#Io",
    "target_class": "planet#satellite",
    "time_min": 2458849.5,
    "time_max": 2458850.5,
    "spatial_frame_type": "none",
    "instrument_host_name": "Nancay",
    "instrument_name": "NDA",
    "service_title": SCHEMA,
    "creation_date": DAY,
    "modification_date": DAY,
    "release_date": DAY,
    "polar": "LH",
    "checked": DAY,
}


@pytest.fixture(scope="module")
def served(dachs: DachsLab, tmp_path_factory: pytest.TempPathFactory) -> DachsLab:
    own = (column.column() for column in COLLECTION.columns)
    columns = tuple(column.at("none") for column in (*mandatory(), *(COLUMNS[name] for name in OPTIONAL), *own))
    dachs.install(write_rd(COLLECTION, columns, tmp_path_factory.mktemp("rd")).parent)
    dachs.dachs("imp", f"{SCHEMA}/q")
    assert dachs.validate(f"{SCHEMA}/q") == []
    dachs.dachs("pub", f"{SCHEMA}/q")
    with psycopg.connect(dachs.admin_dsn) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY {SCHEMA}.epn_core ({', '.join(ROW)}) FROM STDIN") as copy:
            copy.write_row(tuple(ROW.values()))
        cursor.execute(f"INSERT INTO {SCHEMA}.ledger (path, status) VALUES ('one.cdf', 'loaded')")
        cursor.execute(f"INSERT INTO {SCHEMA}.runs (id, started) VALUES (1, now())")
        cursor.execute(f"INSERT INTO {SCHEMA}.links (id, ord, semantics) VALUES ('one', 0, '#this')")
    dachs.dachs("limits", f"{SCHEMA}/q")
    dachs.dachs("imp", "-m", f"{SCHEMA}/q")
    dachs.reload()
    return dachs


@pytest.fixture(scope="module")
def tap(served: DachsLab) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(served.tap_url)


def test_the_tests_within_the_rd_pass(served: DachsLab) -> None:
    done = served.dachs("test", "-v", f"{SCHEMA}/q", check=False)
    assert "0 of 9 bad" in done.stdout, done.stdout


def test_importing_again_keeps_the_rows(served: DachsLab) -> None:
    served.dachs("imp", f"{SCHEMA}/q")
    with psycopg.connect(served.admin_dsn) as connection:
        for table in ("epn_core", "ledger", "links", "runs"):
            assert connection.execute(f"SELECT count(*) FROM {SCHEMA}.{table}").fetchone() == (1,)


def test_rows_come_back_as_they_were_loaded(tap: pyvo.dal.TAPService) -> None:
    answer = tap.run_sync(f"SELECT * FROM {SCHEMA}.epn_core").to_table()
    assert len(answer.colnames) == len(mandatory()) + len(OPTIONAL) + len(COLLECTION.columns)
    assert (answer["granule_uid"][0], answer["polar"][0], answer["time_min"][0]) == ("one", "LH", 2458849.5)
    assert answer["sweeps"].mask[0]
    assert answer["access_estsize"].mask[0]


def test_tap_schema_tells_of_own_columns(tap: pyvo.dal.TAPService) -> None:
    wanted = "column_name, datatype, unit, ucd, description"
    query = f"SELECT {wanted} FROM TAP_SCHEMA.columns WHERE table_name='{SCHEMA}.epn_core'"
    found = {row["column_name"]: row for row in tap.run_sync(query)}
    for column in COLLECTION.columns:
        assert (found[column.name]["unit"] or "", found[column.name]["ucd"]) == (column.unit, column.ucd)
    types = {column.name: found[column.name]["datatype"] for column in COLLECTION.columns}
    assert types == {"polar": "char", "sweeps": "int", "strength": "double", "checked": "char"}
    assert found["polar"]["description"] == "A \\schema, <&> Ω"


@pytest.mark.parametrize("table", ["ledger", "links", "runs"])
def test_hidden_tables_are_hidden(tap: pyvo.dal.TAPService, table: str) -> None:
    names = {
        row["table_name"]
        for row in tap.run_sync(f"SELECT table_name FROM TAP_SCHEMA.tables WHERE schema_name='{SCHEMA}'")
    }
    assert names == {f"{SCHEMA}.epn_core"}
    with pytest.raises(pyvo.dal.DALQueryError, match="permission denied"):
        tap.run_sync(f"SELECT * FROM {SCHEMA}.{table}")


def test_the_registry_record_says_what_the_config_says(served: DachsLab) -> None:
    wanted = {"verb": "GetRecord", "metadataPrefix": "ivo_vor", "identifier": f"ivo://x-epnlab/{SCHEMA}/q/epn_core"}
    answer = requests.get(f"{served.url}/oai.xml", params=wanted, timeout=30)
    record = etree.fromstring(answer.content)

    def texts(path: str) -> list[str]:
        # DaCHS breaks long lines.
        return [" ".join(element.text.split()) for element in record.iterfind(f".//{path}")]

    assert texts("title")[0] == TITLE
    assert texts("content/description") == [f"{TITLE} badly indented and %(s)s {{e}}."]
    assert texts("curation/creator/name") == ["Lamy, L.", "O\\'Neil & <Çınar>, T."]
    assert (texts("curation/publisher"), texts("curation/contact/name")) == (["A \\publisher"], ["A \\desk"])
    assert (texts("instrument"), texts("altIdentifier")) == (["Nançay \\array"], ["doi:10.25935/dv2f-x016"])
    assert texts("content/source") == ["2000A&AS..100..100L"]
    assert texts("content/referenceURL") == ["https://example.org/?a=1&b=2"]
    assert "ivo://ivoa.net/std/epntap#table-2.0" in texts("utype")


def test_the_page_of_the_table_shows_title_and_own_columns(served: DachsLab) -> None:
    page = requests.get(f"{served.url}/tableinfo/{SCHEMA}.epn_core", timeout=30)
    page.encoding = "utf-8"
    assert page.status_code == 200
    assert "Ω" in page.text


def test_recreate_empties_all_tables_together(served: DachsLab) -> None:
    served.dachs("imp", f"{SCHEMA}/q", "recreate")
    with psycopg.connect(served.admin_dsn) as connection:
        for table in ("epn_core", "ledger", "links", "runs"):
            assert connection.execute(f"SELECT count(*) FROM {SCHEMA}.{table}").fetchone() == (0,)
