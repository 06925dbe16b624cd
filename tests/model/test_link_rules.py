"""Right answers and documents break no rule; with one thing wrong they break the rule on that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from epncore.model.datalink_terms import SEMANTICS
from epncore.model.rules import RULES
from epncore.model.rules.datalink import DATALINK_RULES
from epncore.model.rules.links import LINK_RULES, is_local

from .link_mutants import GOOD_ANSWERS, GOOD_DOCUMENT, HIDDEN, MUTANTS, THIS, document, links, served

LINKED = (*LINK_RULES, *DATALINK_RULES)


def counts(table):
    return {rule.id: len(found) for rule in LINKED if (found := rule.complaints(table))}


def test_right_links_break_no_rule():
    assert counts(served()) == {}
    assert counts(served(answers={}, document=replace(GOOD_DOCUMENT, rows=(THIS,), services=()))) == {}


def test_each_rule_has_a_mutant_and_stands_among_all_rules():
    assert list(MUTANTS) == [rule.id for rule in LINKED]
    assert set(LINKED) <= set(RULES)


@pytest.mark.parametrize(
    ("rule", "mutant"),
    [pytest.param(rule, each, id=f"{rule}-{n}") for rule, those in MUTANTS.items() for n, each in enumerate(those)],
)
def test_one_thing_wrong_breaks_the_rule_on_it(rule, mutant):
    found = counts(mutant.facts)
    assert found.keys() == {rule, *mutant.entails}
    assert found[rule] == mutant.count


@pytest.mark.parametrize(
    ("declared", "answered", "url"),
    [
        ("application/x-cdf", "application/octet-stream", "https://x.org/a.cdf"),
        ("application/x-cdf", "", "https://x.org/a.cdf"),
        ("application/fits", "image/fits", "https://x.org/a.fits"),
        ("application/fits", "application/x-gzip", "https://x.org/a.fit.gz?b=1"),
        ("application/x-votable+xml;content=datalink", "text/xml", "https://x.org/a"),
        ("", "text/html", "https://x.org/a"),
    ],
)
def test_types_that_are_the_same(declared, answered, url):
    one = replace(GOOD_ANSWERS["access_url"], declared_type=declared, media_type=answered, url=url)
    assert counts(served(GOOD_ANSWERS | {"access_url": one})) == {}


@pytest.mark.parametrize(
    ("kbyte", "size_bytes"), [(0, 300), (1, 1), (1, 1024), (1000, 1_000_000), (977, 1_000_000), (0, 0), (5, None)]
)
def test_sizes_in_kilobytes_of_either_kind_are_right(kbyte, size_bytes):
    one = replace(GOOD_ANSWERS["access_url"], declared_kbyte=kbyte, size_bytes=size_bytes)
    assert counts(served(GOOD_ANSWERS | {"access_url": one})) == {}


def test_what_the_standard_allows():
    for term in (*(f"#{each}" for each in SEMANTICS), "http://www.example.org/rdf/terms#spectrum"):
        assert counts(links(THIS, THIS | {"semantics": term}).facts) == {}
    embargo = HIDDEN | {"semantics": "#this", "error_message": "DefaultFault"}
    assert counts(links(embargo).facts) == {}
    assert counts(document(content_type='Application/X-VOTable+XML; charset=utf-8; content="datalink"').facts) == {}
    # The document of one granule may have any ID.
    assert counts(document(url="https://vo.example.org/links/a.xml", rows=(THIS | {"ID": "ivo://x/y"},)).facts) == {}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "dachs.local"])
def test_hosts_that_nobody_else_reaches(host):
    assert is_local(host)
    assert not is_local("vo.example.org")
    assert not is_local("145.238.186.33")
