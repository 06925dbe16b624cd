"""docs/collections.md says what the sample collections say of themselves; and what they say holds."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from epncore.model.collection import load
from epncore.model.errors import ConfigError
from epncore.testing.collections_document import about, document

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_data"
FOLDERS = sorted(path.parent for path in SAMPLES.glob("*/collection.toml"))


def test_the_document_says_what_the_collections_say(request: pytest.FixtureRequest) -> None:
    path, text = ROOT / "docs" / "collections.md", document(SAMPLES)
    if request.config.getoption("--update-expectations"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_real_files_that_are_named_are_there(folder: Path, real_data: Path) -> None:
    for name in (*about(folder)["real_files"], *about(folder).get("master_files", [])):
        assert (real_data / name).is_file()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_subjects_are_terms_that_were_seen_in_the_thesaurus(folder: Path) -> None:
    terms = json.loads(files("epncore.testing").joinpath("vocabularies/uat.json").read_text("utf-8"))["terms"]
    assert set(load(folder).subjects) <= set(terms)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_doi_of_data_is_a_key_of_the_collection_and_no_reference_to_an_article(folder: Path) -> None:
    collection = load(folder)
    values = [collection.constants, collection.overrides]
    values += [words for product in collection.product for words in (product.constants, product.overrides)]
    references = [str(words["bib_reference"]) for words in values if "bib_reference" in words]
    of_data = ("10.25935/", "10.57780/", "10.17189/")  # PADC, ESA, PDS
    assert not [text for text in references if text.startswith(of_data)]
    assert collection.doi is None or collection.doi.startswith(of_data)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "real_files: this key is needed"),
        ("real_files = []\nyear = 1", "year: no such key"),
        ('real_files = []\n[[document]]\ntitle = "t"', "document.0.url: this key is needed"),
        (
            'real_files = []\n[[document]]\ntitle = "t"\nurl = "u"\nused_for = "f"\nunread = "x"',
            "document.0.unread: no such key",
        ),
    ],
)
def test_what_an_about_lacks_is_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "about.toml").write_text(f'instrument = "x"\nformat = "y"\n{text}')
    with pytest.raises(ConfigError) as caught:
        about(tmp_path)
    assert words in str(caught.value)
