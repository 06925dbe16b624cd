"""Which database the toolkit talks to, how it connects, and the SQL that makes a role for the loader.

A password never gets into an error, a log or a `repr`: what people see of a connection string goes through `redact`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from epncore.app import embedded
from epncore.model.bookkeeping import HIDDEN_TABLES
from epncore.model.errors import AwayError, DatabaseError, NotNowError, UsageError

TABLES = ("epn_core", *(table.name for table in HIDDEN_TABLES))
"""The tables of a collection's schema that the loader writes."""

_CONNECT_SECONDS = 10
_HIDDEN = "***"
# libpq, "Parameter Key Words"; the last three are of PostgreSQL 18.
_SECRETS = {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
_SCHEME = re.compile(r"\s*(postgres(?:ql)?(?:\+\w+)?://)", re.IGNORECASE)
# scheme://[user[:password]@]hosts-and-database[?options], and nothing that could be read in two ways.
_URL = re.compile(r"(?:(?P<user>[^:@/?#]*)(?P<password>:[^@/?#]*)?@)?(?P<place>[^@?#]*)(?:\?(?P<options>[^@#]*))?")
# What is no port after a colon may be a password that lost its "@host"; the colons of [::1] are none.
_ODD_PORT = re.compile(r":(?!\d*(?:[,/]|$))(?![^\[]*\])")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# What a server or libpq says, our sentence, the next step, the error; the first that is found counts.
_REFUSALS: tuple[tuple[str, str, str, type[DatabaseError]], ...] = (
    (
        "no password supplied", "the database wants a password",
        "Put it in ~/.pgpass (mode 0600) or in PGPASSWORD", DatabaseError,
    ),
    (
        "authentication failed", "the database does not let this user in",
        "Check the user and the password (~/.pgpass)", DatabaseError,
    ),
    (
        "pg_hba.conf", "the database does not let this user in from here",
        "Ask its operator for a pg_hba line", DatabaseError,
    ),
    (
        "role .* does not exist", "the database does not know this user",
        "Check the user in the DSN, or create the role", DatabaseError,
    ),
    (
        "database .* does not exist", "there is no such database",
        "Create it (createdb), or name another in the DSN", DatabaseError,
    ),
    (
        "too many clients|connection slots", "the database has no free connection",
        "Try again when others are done", NotNowError,
    ),
    (
        "starting up|shutting down|recovery", "the database is starting or stopping",
        "Try again in a moment", NotNowError,
    ),
    (
        "could not translate host name|resolve host", "the host of the database is not known",
        "Check the host in the DSN", DatabaseError,
    ),
    ("timeout", "the database does not answer", "Check the host, the port and the firewall", AwayError),
    (
        "refused|No such file|not accepting|closed the connection", "no database server answers there",
        "Start the server (`epncore db start` for the private one), or check host and port", AwayError,
    ),
    (
        "certificate|SSL", "the encrypted connection to the database fails",
        "Check sslmode and the certificates", DatabaseError,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Database:
    """A database, known but not connected.

    Attributes
    ----------
    dsn : str
        Connection string for libpq. May hold a password: show `describe` instead.
    origin : str
        Where it was found, for people: "--dsn", "EPNCORE_DSN", "private PostgreSQL 18".
    server : Server or None
        The private server, if it is that.
    """

    dsn: str = field(repr=False)
    origin: str
    server: embedded.Server | None = None

    def describe(self) -> str:
        """Say which database this is.

        Returns
        -------
        str
            Without a password.
        """
        if self.server:
            return f"{self.origin} in {self.server.data}"
        return f"{redact(self.dsn)} (from {self.origin})"

    def connect(self) -> psycopg.Connection:
        """Open a connection: UTC, no autocommit, ten seconds at most unless the DSN says otherwise.

        Returns
        -------
        psycopg.Connection
            To be closed by the caller (`with`). SQLAlchemy takes this method as
            ``create_engine("postgresql+psycopg://", creator=database.connect)``.

        Raises
        ------
        DatabaseError
            If the server cannot be reached or refuses; says what to do next.
        """
        given = conninfo_to_dict(self.dsn)
        options = given.pop("options", None) or os.environ.get("PGOPTIONS", "")
        settings = {"application_name": "epncore", "connect_timeout": _CONNECT_SECONDS, **given}
        try:
            connection = psycopg.connect(make_conninfo("", **settings), options=f"{options} -c TimeZone=UTC".strip())
            if connection.info.parameter_status("TimeZone") != "UTC":  # PGTZ wins over options; a pooler drops them
                connection.autocommit = True
                connection.execute("SET TIME ZONE 'UTC'")
                connection.autocommit = False
            return connection  # noqa: TRY300  (the errors of SET are errors of connecting)
        except psycopg.OperationalError as exc:
            refusal = self._refusal(str(exc))
        # Outside of the handler: the original could quote the DSN in a traceback.
        raise refusal

    def _refusal(self, said: str) -> DatabaseError:
        first = next((line.strip() for line in said.splitlines() if line.strip()), "no reason given")
        for secret in _secrets_of(self.dsn):
            first = first.replace(secret, _HIDDEN)
        for pattern, sentence, step, kind in _REFUSALS:
            if re.search(pattern, said, re.IGNORECASE):
                return kind(f"{sentence}: {first}", path=self.describe(), hint=step)
        return DatabaseError(
            f"the database cannot be reached: {first}", path=self.describe(), hint="Try the same DSN with psql"
        )


def resolve(dsn: str | None = None) -> Database:
    """Find the database to use; the private server is started if it comes to that.

    Parameters
    ----------
    dsn : str, optional
        What `--dsn` gave: a libpq URL or key=value string.

    Returns
    -------
    Database
        The first of: `dsn`, the environment's EPNCORE_DSN, a private server with the programs of the wheel, one with
        those of the system.

    Raises
    ------
    UsageError
        If libpq cannot read the connection string.
    DatabaseError
        If none was given and there are no PostgreSQL programs, or they do not come up.
    """
    for given, origin in ((dsn, "--dsn"), (os.environ.get("EPNCORE_DSN"), "EPNCORE_DSN")):
        if given and given.strip():
            _check(given, origin)
            return Database(given, origin)
    server = embedded.start()
    return Database(server.dsn, f"private PostgreSQL {server.binaries.major}", server)


def redact(dsn: str) -> str:
    """A connection string that may be shown.

    Parameters
    ----------
    dsn : str
        A URL or a key=value string, also a broken one.

    Returns
    -------
    str
        The same without its secrets. Where a string can be read in more than one way (an "@" in a password that was
        not percent-encoded), or not at all, nothing of it is shown.
    """
    scheme = _SCHEME.match(dsn)
    if scheme:
        parts = _URL.fullmatch(dsn[scheme.end() :].rstrip())
        return scheme[1] + (_shown(parts) if parts and not _ODD_PORT.search(parts["place"]) else _HIDDEN)
    try:
        given = conninfo_to_dict(dsn)
    except (psycopg.Error, UnicodeError, ValueError):
        return _HIDDEN
    for key, value in given.items():
        if key in _SECRETS:
            given[key] = _HIDDEN
        elif key == "dbname" and re.search("://|=", str(value)):  # a whole DSN as the database's name
            given[key] = redact(str(value))
    return make_conninfo("", **given)


def grant_sql(schema: str, role: str) -> str:
    """The SQL that makes a role which can load a collection, and nothing more.

    Parameters
    ----------
    schema : str
        Schema of the collection; its tables exist.
    role : str
        Login role to make. No password is written: the operator sets it, or lets it in by peer.

    Returns
    -------
    str
        Statements in one transaction, for a person to read and run with psql as owner of the schema. To be run again
        when DaCHS has dropped and imported the tables anew, because their grants go with them.

    Raises
    ------
    UsageError
        If a name is not a plain SQL name.
    """
    for word, name in (("schema", schema), ("role", role)):
        if not _NAME.fullmatch(name) or name.startswith("pg_") or name in ("public", "none", "information_schema"):
            raise UsageError(
                f"{name!r} is not a plain SQL name for a {word}",
                hint="Use small letters, digits and underscores, a letter first, 63 at most, not pg_...",
            )
    who = sql.Identifier(role).as_string()
    where = sql.Identifier(schema).as_string()
    tables = ", ".join(sql.Identifier(schema, table).as_string() for table in TABLES)
    return _GRANT.format(role=who, role_text=f"'{role}'", schema=where, tables=tables)


_GRANT = """\
-- A role that may load the collection in schema {schema}, and nothing more. Read it, then run it in that database as
-- the owner of the schema:  psql -v ON_ERROR_STOP=1 -f this-file
-- The role has no password. If it needs one:  \\password {role}   (psql asks for it, and sends only its hash)
BEGIN;
DO $do$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {role_text}) THEN
        CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {role_text}
                  AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)) THEN
        RAISE EXCEPTION 'role % exists and may do more than load', {role_text};
    END IF;
    -- The loader stages each batch in a temporary table.
    EXECUTE pg_catalog.format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO {role}', pg_catalog.current_database());
END
$do$;
REVOKE ALL ON SCHEMA {schema} FROM {role};
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role};
COMMIT;
"""


def is_ambiguous(url: str) -> bool:
    """Whether a URL may be cut in the middle of a password, a part of which a driver would quote as a host or a port.

    Parameters
    ----------
    url : str
        Of a database; what is no URL is not ambiguous.
    """
    _, scheme, rest = url.partition("://")
    before, sign, _ = rest.rpartition("@")
    return bool(scheme and sign and set("/?#@") & set(before))


def _check(dsn: str, origin: str) -> None:
    try:
        given = conninfo_to_dict(dsn)
        ports = str(given.get("port", "") or "").split(",")
        sound = all(port.strip().isdigit() or not port.strip() for port in ports) and not is_ambiguous(dsn)
    except (psycopg.Error, UnicodeError, ValueError):
        sound = False
    # Outside of the handler: libpq quotes the part it cannot read, which may be a piece of the password.
    if not sound:
        raise UsageError(
            f"the connection string of {origin} cannot be read",
            hint="Give postgresql://user@host:5432/name (percent-encode / @ : # ? in a password) "
            "or 'host=... dbname=... user=...'",
        )


def _shown(parts: re.Match[str]) -> str:
    user, password, place, options = parts.group("user", "password", "place", "options")
    text = f"{user}{':' + _HIDDEN if password else ''}@{place}" if user is not None else place
    if options is None:
        return text
    return text + "?" + "&".join(_shown_option(option) for option in options.split("&"))


def _shown_option(option: str) -> str:
    key, _, value = option.partition("=")
    name = unquote(key).lower()  # libpq decodes keywords too
    if name not in _KEYWORDS or name in _SECRETS:
        return f"{key if name in _KEYWORDS else ''}={_HIDDEN}".lstrip("=")
    return f"{key}={value}" if name != "dbname" or "://" not in unquote(value) else f"{key}={_HIDDEN}"


def _secrets_of(dsn: str) -> list[str]:
    given = conninfo_to_dict(dsn)
    return [str(given[key]) for key in _SECRETS if given.get(key)]


_KEYWORDS = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
