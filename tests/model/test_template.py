"""Templates hold fields and nothing else, and URLs are quoted."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epncore.model.template import FIELDS, Template


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{nme}", "{nme} is no field; known here: {schema}, {gid}"),
        ("{}", "{} is no field"),
        ("{0}", "{0} is no field"),
        ("{0.__class__}", "{0.__class__} is no field"),
        ("{stem.__class__.__mro__}", "is no field"),
        ("{stem[0]}", "{stem[0]} is no field"),
        ("{stem!r}", "{stem} is no field"),
        ("{stem:>9999999999}", "is no field"),
        ("{stem:{name}}", "is no field"),
        ("{stem", "is no template"),
        ("stem}", "is no template"),
        ("{stem!}", "is no template"),
        ("{ stem }", "{ stem } is no field"),
    ],
)
def test_anything_but_a_known_field_is_refused(text, words):
    with pytest.raises(ValueError, match=r"is no (field|template)") as caught:
        Template(text)
    assert words in str(caught.value)


def test_only_the_named_fields_may_be_used():
    with pytest.raises(ValueError, match=r"\{uid\} is no field; known here: \{stem\}"):
        Template("{uid}", ["stem"])


def test_fields_are_filled_in_as_they_are():
    template = Template("{gid}_{stem}-{{x}}-{stem}")
    assert template.render({"gid": "a b", "stem": "ç#"}) == "a b_ç#-{x}-ç#"
    assert template.fields == {"gid", "stem"}


@pytest.mark.parametrize(
    ("value", "in_name", "in_path"),
    [
        ("a b.cdf", "a%20b.cdf", "a%20b.cdf"),
        ("a#b?c%20&d=e+f", "a%23b%3Fc%2520%26d%3De%2Bf", "a%23b%3Fc%2520%26d%3De%2Bf"),
        ("../../etc", "..%2F..%2Fetc", "../../etc"),
        ("Nançay", "Nan%C3%A7ay", "Nan%C3%A7ay"),
        ("a\nb\x00", "a%0Ab%00", "a%0Ab%00"),
        ("<\"'>", "%3C%22%27%3E", "%3C%22%27%3E"),
        ("caf\udce9.cdf", "caf%E9.cdf", "caf%E9.cdf"),
        ("a:b@c", "a%3Ab%40c", "a%3Ab%40c"),
    ],
)
def test_hostile_names_are_quoted_in_urls(value, in_name, in_path):
    values = {"name": value, "path": value}
    assert Template("https://x.org/{name}").render_url(values) == f"https://x.org/{in_name}"
    assert Template("https://x.org/{path}").render_url(values) == f"https://x.org/{in_path}"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_quoted_value_is_plain_ascii_and_gives_back_the_value(value):
    url = Template("{name}").render_url({"name": value})
    assert url.isascii()
    assert not set(url) & set(" \n\r\t#?&/\"'<>")
    assert unquote(url) == value


def test_the_literal_parts_of_a_url_stay_as_they_are():
    url = Template("https://x.org/get?id={uid}&f=%20#top").render_url({"uid": "a&b"})
    assert url == "https://x.org/get?id=a%26b&f=%20#top"


@given(st.text(st.sampled_from("{}!:.[]ab stem")))
def test_no_text_is_more_than_a_template_or_an_error(text):
    try:
        template = Template(text)
    except ValueError:
        return
    assert template.fields <= set(FIELDS)
