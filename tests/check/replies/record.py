"""Records what a DaCHS answers, for `replies.Recorded` to play: ``python record.py http://localhost/tap nda_routine``.

Writes ``dachs/`` beside this file, and from it ``old/``: the same rows as a service of TAP 1.0 on a database that folds
names to upper case would tell them. Addresses of the server become those of vo.example.org.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import requests
from lxml import etree

FOLDER = Path(__file__).parent
NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"
PUBLIC = "http://vo.example.org"

DATABASE_TYPES = {"char": "VARCHAR", "unicodeChar": "VARCHAR", "double": "DOUBLE", "float": "REAL", "int": "INTEGER"}
OLD_TABLES = ("schema_name", "table_name", "table_type", "description", "utype")
OLD_COLUMNS = (
    "table_name", "column_name", "description", "unit", "ucd", "utype", "datatype", "size", "principal",
    "indexed", "std",
)  # fmt: skip
KEPT = {"QUERY_STATUS", "inputParams"}
NUMBERS = {"size", "principal", "indexed", "std"}


def main(url: str, schema: str) -> None:
    """Record the table of a schema."""
    table = f"{schema}.epn_core"
    base = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    answers = {
        "tap_schema.tables.xml": answer(url, f"SELECT * FROM tap_schema.tables WHERE table_name = '{table}'"),
        "tap_schema.columns.xml": answer(url, f"SELECT * FROM tap_schema.columns WHERE table_name = '{table}'"),
        f"{table}.xml": answer(url, f"SELECT * FROM {table} ORDER BY granule_uid"),
        "tables.vosi": one_schema(get(f"{url}/tables", detail="min"), schema),
        f"{table}.vosi": etree.fromstring(get(f"{url}/tables/{table}")),
        "record.oai": record(f"{base}/oai.xml", schema),
    }
    for name, root in answers.items():
        text = etree.tostring(root, encoding="unicode").replace(base, PUBLIC)
        for end in ("</FIELD>", "<TABLEDATA>", "</TR>", "</column>", "</Resource>"):
            text = text.replace(end, f"{end}\n")
        (FOLDER / "dachs" / name).write_text(f"{text}\n", "utf-8")
    for name in ("tap_schema.tables", "tap_schema.columns", table):
        write_old(name)


def get(url: str, **parameters: str) -> bytes:
    found = requests.get(url, params=parameters, timeout=60)
    found.raise_for_status()
    return found.content


def answer(url: str, adql: str) -> etree._Element:
    """A VOTable, without what tells of the machine and the minute, and without notes."""
    root = etree.fromstring(get(f"{url}/sync", LANG="ADQL", REQUEST="doQuery", FORMAT="votabletd", QUERY=adql))
    for name in ("INFO", "GROUP"):
        remove(each for each in root.iter(f"{{{NAMESPACE}}}{name}") if each.get("name") not in KEPT)
    return root


def remove(elements: Iterable[etree._Element]) -> None:
    for each in list(elements):
        each.getparent().remove(each)


def one_schema(document: bytes, schema: str) -> etree._Element:
    root = etree.fromstring(document)
    remove(each for each in root.findall("schema") if each.findtext("name") != schema)
    return root


def record(url: str, schema: str) -> etree._Element:
    listed = etree.fromstring(get(url, verb="ListIdentifiers", metadataPrefix="ivo_vor"))
    (name,) = (each.text for each in listed.iter("{*}identifier") if each.text.endswith(f"/{schema}/q/epn_core"))
    root = etree.fromstring(get(url, verb="GetRecord", metadataPrefix="ivo_vor", identifier=name))
    remove(each for each in root.iter("{*}responseDate", "{*}datestamp", "{*}column"))
    return root


def write_old(name: str) -> None:
    root = etree.parse(FOLDER / "dachs" / f"{name}.xml").getroot()
    fields = [dict(each.attrib) for each in root.iter(f"{{{NAMESPACE}}}FIELD")]
    rows = [
        dict(zip([each["name"] for each in fields], [cell.text or "" for cell in row], strict=True))
        for row in root.iter(f"{{{NAMESPACE}}}TR")
    ]
    if name == "tap_schema.tables":
        fields, rows = old_metadata(OLD_TABLES, rows)
    elif name == "tap_schema.columns":
        fields, rows = old_metadata(OLD_COLUMNS, rows)
    else:
        fields = [{"name": each["name"].upper(), **kept(each)} for each in fields]
        rows = [{key.upper(): "" if value == "NaN" else value for key, value in row.items()} for row in rows]
    schema, _, table = name.partition(".")
    last = table if schema == "tap_schema" else table.upper()
    (FOLDER / "old" / f"{schema.upper()}.{last}.xml").write_text("\n".join(old_votable(fields, rows)) + "\n", "utf-8")


def kept(field: dict[str, str]) -> dict[str, str]:
    """What a FIELD of old says."""
    return {key: field[key] for key in ("arraysize", "datatype", "ucd", "unit") if key in field}


def old_metadata(
    names: tuple[str, ...], rows: list[dict[str, str]]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """TAP_SCHEMA of TAP 1.0: types of the database, and a table's name without its schema."""
    fields = [
        {"name": name, "datatype": "int"} if name in NUMBERS else {"name": name, "datatype": "char", "arraysize": "*"}
        for name in names
    ]
    told = []
    for row in rows:
        old = {name: row[name] for name in names}
        old |= {name: "" for name in NUMBERS & {*names} if row[name] == "-1"}
        old["table_name"] = old["table_name"].rpartition(".")[2].upper()
        for name in {"schema_name", "column_name"} & {*names}:
            old[name] = old[name].upper()
        if "datatype" in names:
            old["datatype"] = DATABASE_TYPES[old["datatype"]]
        told.append(old)
    return fields, told


def old_votable(fields: list[dict[str, str]], rows: list[dict[str, str]]) -> Iterator[str]:
    yield (
        f'<VOTABLE version="1.3" xmlns="{NAMESPACE}"><RESOURCE type="results">'
        '<INFO name="QUERY_STATUS" value="OK"/><TABLE>'
    )
    for field in fields:
        yield element("FIELD", **field)
    yield "<DATA><TABLEDATA>"
    for row in rows:
        line = etree.Element("TR")
        for field in fields:
            etree.SubElement(line, "TD").text = row[field["name"]] or None
        yield etree.tostring(line, encoding="unicode")
    yield "</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"


def element(tag: str, **attributes: str) -> str:
    return str(etree.tostring(etree.Element(tag, attributes), encoding="unicode"))


if __name__ == "__main__":
    main(*sys.argv[1:])
