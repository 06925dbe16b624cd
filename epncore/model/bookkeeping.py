"""The hidden tables beside epn_core, as data: both the RD and the toolkit's own DDL are made from them.

``ledger`` remembers what became of each file, ``links`` holds what Datalink answers, ``runs`` tells of each ingest.
They live in the schema of their collection and are declared in its RD, see docs/adr/0007-one-schema-one-owner.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

BookType = Literal["text", "smallint", "integer", "bigint", "double", "timestamp"]

MOST_NS = 2**63 - 1
"""Times of files are kept as nanoseconds in 64 bits, from 1677 to 2262; one beyond is kept as this, or minus this."""


@dataclass(frozen=True, slots=True)
class BookColumn:
    """One column of a hidden table.

    Attributes
    ----------
    name : str
    type : {"text", "smallint", "integer", "bigint", "double", "timestamp"}
        ``timestamp`` is UTC without a zone, as everywhere.
    not_null : bool
    description : str
        For people.
    later : bool
        Whether the tables of an older version lack it, and do without: `epncore migrate` adds it when it runs.
    """

    name: str
    type: BookType
    not_null: bool
    description: str
    later: bool = False


@dataclass(frozen=True, slots=True)
class BookTable:
    """A hidden table.

    Attributes
    ----------
    name : str
        Without the schema.
    description : str
        For people.
    columns : tuple of BookColumn
    key : tuple of str
        The columns of the primary key.
    indexes : tuple of tuple of str
        Columns of each further index.
    """

    name: str
    description: str
    columns: tuple[BookColumn, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(column.name for column in self.columns)


class Stamp(NamedTuple):
    """What made a line of the ledger, beside the file: columns of the ledger by their names (docs/adr/0015).

    Where `grammar`, `grammar_version` or `reading` differ, the file is read again; where only `config` or `linking` do,
    row and links are made anew from the table.
    """

    grammar: str
    grammar_version: int
    reading: str
    config: str
    linking: str

    def __str__(self) -> str:
        return ".".join(map(str, self))


LEDGER = BookTable(
    "ledger",
    "What became of each file of the collection.",
    (
        BookColumn("path", "text", True, "Root of its product as the config writes it, and the path below that"),
        BookColumn("size_bytes", "bigint", False, "Size when it was read last"),
        BookColumn("mtime_ns", "bigint", False, "Modification time then, nanoseconds since 1970-01-01 UTC"),
        BookColumn("inode", "bigint", False, "Number of the file in its file system then"),
        BookColumn("ctime_ns", "bigint", False, "When the file system changed anything of it last, as mtime_ns"),
        BookColumn("companions", "text", False, "Size, mtime_ns, inode and ctime_ns of each file that belongs to it"),
        BookColumn("family", "text", False, "Its path without its version, where a later version replaces it"),
        BookColumn("version", "text", False, "Its version there, numbers joined by dots"),
        BookColumn("status", "text", True, "What became of it"),
        BookColumn("place", "text", False, "Where in the file it went wrong"),
        BookColumn("reason", "text", False, "Why it gave no row"),
        BookColumn("granule_uid", "text", False, "The row it gave"),
        BookColumn("row_hash", "text", False, "Fingerprints of that row and of its links, joined by a dot"),
        BookColumn("given", "text", False, "Which columns the file itself filled"),
        BookColumn("digest", "text", False, "MD5 of its content, and of its companions', where that was computed"),
        BookColumn("grammar", "text", False, "Grammar that read it"),
        BookColumn("grammar_version", "integer", False, "Version of that grammar"),
        BookColumn("reading", "text", False, "Fingerprint of what else a reading depends on; empty: read it again"),
        BookColumn("config", "text", False, "Fingerprint of the keys of the config that its row depends on"),
        BookColumn("linking", "text", False, "Fingerprint of the keys of the config that its links depend on"),
        BookColumn("release_date", "timestamp", False, "When a row that is withheld or only listed becomes public"),
        BookColumn("product", "integer", False, "Number of its product in the config, from 0"),
        BookColumn("since", "timestamp", False, "When it was first found bad for this reason, UTC"),
    ),
    key=("path",),
    indexes=(("granule_uid",), ("family",)),
)
"""One row a file: what makes an unchanged re-run write nothing, and a bad file known by name and reason."""

LINKS = BookTable(
    "links",
    "Links of the granules in epn_core.",
    (
        BookColumn("id", "text", True, "granule_uid that this link belongs to"),
        BookColumn("ord", "smallint", True, "Place of the link among those of its granule, from 0"),
        BookColumn("access_url", "text", False, "URL of the thing, or of the service where service_def is given"),
        BookColumn("service_def", "text", False, "Kind of service descriptor to write"),
        BookColumn("service_args", "text", False, "Fixed parameters of that service, a JSON object"),
        BookColumn("error_message", "text", False, "Why there is no link"),
        BookColumn("description", "text", False, "What the link leads to"),
        BookColumn("semantics", "text", True, "Term of http://www.ivoa.net/rdf/datalink/core"),
        BookColumn("local_semantics", "text", False, "Name of this kind of link, the same for all granules"),
        BookColumn("content_type", "text", False, "Media type"),
        BookColumn("content_length", "bigint", False, "Size in bytes"),
    ),
    key=("id", "ord"),
)
"""One row a link, in the words of DataLink 1.1."""

RUNS = BookTable(
    "runs",
    "What became of each ingest.",
    (
        BookColumn("id", "bigint", True, "Number of the run, from 1"),
        BookColumn("started", "timestamp", True, "When it began, UTC"),
        BookColumn("ended", "timestamp", False, "When it ended, UTC"),
        BookColumn("outcome", "text", False, "finished, stopped, failed or broken off; nothing while it runs"),
        BookColumn("reason", "text", False, "Why it failed"),
        BookColumn("version", "text", False, "Version of the toolkit"),
        BookColumn("host", "text", False, "Machine that it ran on"),
        BookColumn("files_new", "bigint", False, "Files whose row was added"),
        BookColumn("files_changed", "bigint", False, "Files whose row was rewritten"),
        BookColumn("files_unchanged", "bigint", False, "Files whose row stayed as it was"),
        BookColumn("files_vanished", "bigint", False, "Files that were no longer there"),
        BookColumn("files_withheld", "bigint", False, "Files whose proprietary period was not over"),
        BookColumn("files_quarantined", "bigint", False, "Files that gave no row"),
        BookColumn("newly_quarantined", "bigint", False, "How many of these gave no row for the first time"),
        BookColumn("row_count", "bigint", False, "Rows of the table in the end"),
        BookColumn(
            "rows_lacking", "bigint", False, "Rows that the ledger knows and the table lacks in the end", later=True
        ),
        BookColumn("rows_unknown", "bigint", False, "Rows of the table that the ledger does not know then", later=True),
        BookColumn("files_pruned", "bigint", False, "Files no longer there, removed with their rows", later=True),
        BookColumn("files_renamed", "bigint", False, "Files whose row was taken over from another path", later=True),
    ),
    key=("id",),
)
"""One row an ingest, the last `epncore.app.runs.KEPT_RUNS` of them."""

HIDDEN_TABLES = (LEDGER, LINKS, RUNS)
