"""The descriptors that `make bench` measures against are sound: they import, and tell what our rows tell."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import psycopg
import pytest

from epncore.testing.dachs_lab import DachsLab

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "tests" / "bench"
SAME = ("dataproduct_type", "target_name", "spectral_range_min", "spectral_range_max", "spectral_sampling_step_min",
        "spectral_sampling_step_max", "time_sampling_step_min", "creation_date", "access_estsize")  # fmt: skip
HALF_A_SECOND_JD = 0.5 / 86400


def test_the_peer_for_ecallisto_tells_what_our_rows_tell(dachs: DachsLab, tmp_path: Path) -> None:
    runpy.run_path(str(BENCH / "made_files.py"))["ecallisto"](tmp_path, 4)
    dachs.install(BENCH / "dachs_ecallisto")
    data = dachs.inputs_dir / "dachs_ecallisto" / "data"
    shutil.copytree(tmp_path / "data", data)
    try:
        dachs.dachs("imp", "dachs_ecallisto/q")
        with psycopg.connect(dachs.admin_dsn) as conn:
            table = "SELECT split_part(obs_id, '_', 1), to_jsonb(e) FROM dachs_ecallisto.epn_core AS e"
            found = dict(conn.execute(table).fetchall())
    finally:
        dachs.dachs("drop", "-f", "dachs_ecallisto/q", check=False)
        shutil.rmtree(data)
    expected = {
        path.name.partition("_")[0]: json.loads(path.read_text())
        for path in (ROOT / "sample_data" / "ecallisto" / "expected").glob("*.json")
    }
    assert found.keys() == expected.keys()
    for station, row in expected.items():
        packed = {"access_estsize"} if row["file_name"].endswith(".gz") else set()
        for name in set(SAME) - packed:
            assert found[station][name] == pytest.approx(row[name]), (station, name)
        assert found[station]["time_min"] == pytest.approx(row["time_min"], abs=HALF_A_SECOND_JD, rel=0)


@pytest.mark.parametrize("name", ["dachs_ecallisto", "dachs_istp"])
def test_dachs_finds_no_fault_with_the_peers(dachs: DachsLab, name: str) -> None:
    dachs.install(BENCH / name)
    said = dachs.dachs("val", f"{name}/q", check=False).stdout
    assert said.split()[-1] == "OK", said
