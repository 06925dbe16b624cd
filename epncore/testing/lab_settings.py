"""The files a laboratory writes: settings of PostgreSQL and DaCHS, and the vocabularies DaCHS would fetch."""

from __future__ import annotations

import importlib.resources
import json
import quopri

# Nothing in a laboratory is worth a disk's flush.
POSTGRES_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "jit=off",
)

# DaCHS cuts Datalink answers at [db] defaultLimit and TAP answers at [async] defaultMAXREC. `sendmail: true` is the
# program of that name: nothing is mailed.
GAVO_RC = """\
[general]
rootDir: {root}
group: {group}
gavoGroup: {group}
logLevel: info
sendmail: true
[web]
bindAddress: 127.0.0.1
serverPort: {port}
serverURL: http://127.0.0.1:{port}
user: {user}
sitename: Laboratory
[db]
profilePath: {root}/etc
indexWorkMem: 64
defaultLimit: 1000000
[async]
defaultExecTimeSync: 120
defaultMAXREC: 1000000
maxTAPRunning: 4
[ivoa]
authority: x-epnlab
"""

# Written before `dachs init`, which keeps what it finds. `dachs pub` refuses to work without these.
DEFAULT_META = """\
publisher: Laboratory
contact.name: Lab Person
contact.address: 1 Nowhere Street
contact.email: lab@example.org
creator.name: Lab, P.
_noresultwarning: Your query did not match any data.
authority.creationDate: 2024-01-01T00:00:00
authority.title: Laboratory
authority.shortName: epnlab
authority.description: A throw-away authority for tests
authority.managingOrg: ivo://x-epnlab/org
organization.title: Laboratory
organization.description: A throw-away organisation for tests
organization.referenceURL: http://example.org
site.description: A throw-away data center for tests
"""


def vocabulary_cache_name(name: str) -> str:
    """Give the name under which DaCHS keeps an IVOA vocabulary in its cache.

    Parameters
    ----------
    name : str
        The vocabulary as in its URL, for instance ``datalink/core``.

    Returns
    -------
    str
        The URL as quoted-printable with slashes quoted too; what DaCHS's own defuseFileName makes of it.
    """
    quoted = quopri.encodestring(f"http://www.ivoa.net/rdf/{name}".encode()).decode("ascii")
    return quoted.replace("\n", " ").replace("/", "=2F")


def vocabularies() -> list[tuple[str, str]]:
    """Give the vocabularies we ship: name and content, which is the JSON that DaCHS would have fetched."""
    folder = importlib.resources.files("epncore.testing") / "vocabularies"
    contents = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".json")]
    return [(json.loads(content)["uri"].removeprefix("http://www.ivoa.net/rdf/"), content) for content in contents]
