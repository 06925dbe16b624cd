"""Every real file at hand ends as a right row or as a quarantine entry with path, place and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from epncore.app.database import Database
from epncore.app.ingest import ingest

pytestmark = pytest.mark.live

COLLECTION = """
schema = "real_files"
title = "Real files"
description = "Of many instruments."
creators = ["Many"]
created = 2024-01-01
licence = "CC0-1.0"
subjects = ["solar-system-astronomy"]

[constants]
target_class = "sky"
processing_level = 2

[[product]]
root = "{root}"
sources = ["ecallisto/*", "damaged/*.fit*", "nenufar/*.fits"]
grammar = "ecallisto"
granule_gid = "fits"

[[product]]
root = "{root}"
sources = ["cdf/*.cdf", "damaged/*.cdf"]
grammar = "istp"
granule_gid = "cdf"
"""

ROWS = {
    "ecallisto/GAURI_20151104_033000_59.fit",
    "ecallisto/GAURI_20151104_034500_59.fit",
    "ecallisto/GAURI_20151104_035959_59.fit",
    "ecallisto/GREENLAND_20240716_130442_62.fit.gz",
    "ecallisto/GREENLAND_20240716_131942_62.fit.gz",
    "ecallisto/Arecibo-Observatory_20220302_173000_62.fit.gz",
    "ecallisto/Arecibo-Observatory_20220430_134501_63.fit.gz",
    "ecallisto/BIR_20110607_062400_10.fit",
    "damaged/end_24h.fit",
    "damaged/end_before_start.fit",
    "damaged/gz_named.fit",
    "damaged/latin1.fit",
    "cdf/vg1_pws_wf_2023-10-24T03_v1.0.cdf",
    "cdf/psp_fld_l2_mag_rtn_1min_20200104_v02.cdf",
    "cdf/de2_ion2s_rpa_19830213_v01.cdf",
    "cdf/ac_h2_sis_20101105_v06.cdf",
    "cdf/solo_L2_epd-ept-north-hcad_20200713_V02.cdf",
}

# Words of the reason for which each other file has no row.
QUARANTINED = {
    "damaged/bad_date.fit": "07/06/11",
    "damaged/no_end.fit": "END",
    "damaged/trunc_header.fit": "END",
    "damaged/trunc.fit.gz": "gzip",
    "damaged/trunc_tiny.fit.gz": "gzip",
    "nenufar/XST.fits": "not what grammar 'ecallisto' reads",
    "cdf/solo_l2_rpw-lfr-surv-swf-e_00000000_v01.cdf": "no records",
    "cdf/erg_pwe_hfa_l3_1min_00000000_v01.cdf": "no records",
    "cdf/a_cdf.cdf": "not what grammar 'istp' reads",
    "cdf/a_compressed_cdf.cdf": "not what grammar 'istp' reads",
    "cdf/a_rle_compressed_cdf.cdf": "not what grammar 'istp' reads",
    "cdf/testutf8.cdf": "not what grammar 'istp' reads",
    "cdf/rvariable.cdf": "not what grammar 'istp' reads",
    "cdf/not_a_cdf.cdf": "of no format that is read here",
    "damaged/empty.cdf": "an empty file",
    "damaged/lfs_pointer.cdf": "Git LFS pointer",
    "damaged/flip.cdf": "a record of kind 0 where ADR should be",
    "damaged/trunc_data.cdf": "truncated: the CDF should have 318593 bytes",
    "damaged/trunc_head.cdf": "truncated: the CDF should have 318593 bytes",
    "damaged/trunc_z.cdf": "truncated: packed content of 6120 bytes",
}


def test_each_real_file_ends_as_a_row_or_with_a_reason(real_data: Path, database: Database, tmp_path: Path) -> None:
    (tmp_path / "collection.toml").write_text(COLLECTION.replace("{root}", str(real_data.resolve())), "utf-8")
    summary = ingest(tmp_path, database)
    root = f"{real_data.resolve()}/"
    with database.connect() as conn:
        rows = {
            path.removeprefix(root)
            for (path,) in conn.execute("SELECT path FROM real_files.ledger WHERE status = 'row'")
        }
    assert rows == ROWS
    assert summary.rows == summary.new == len(ROWS)
    reasons = {each.path.removeprefix(root): each for each in summary.quarantined}
    assert reasons.keys() == QUARANTINED.keys(), "none is lost from the summary"
    for path, words in QUARANTINED.items():
        assert words in reasons[path].reason, path
        assert reasons[path].where, path
    assert ingest(tmp_path, database).unchanged == len(ROWS)
