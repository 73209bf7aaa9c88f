"""What counts as the same data."""

import pytest
import yaml

from viewlearn.report.run_reader import RunReader, SharedData


def key(folder, **arguments) -> str:
    folder.mkdir()
    data = {"class_path": "audio.SyntheticVowels", "init_args": {"seed": 0, "std": 24.8179, **arguments}}
    (folder / "config.yaml").write_text(yaml.safe_dump({"data": data}))
    return RunReader(folder, 0, SharedData()).data_key


@pytest.mark.parametrize(
    "other, same",
    [({"planes": True, "std": 24.818}, True), ({"seed": 1}, False), ({"std": 24.7}, False), ({"snr_db": 3.0}, False)],
)
def test_planes_and_rounding_make_no_other_data(tmp_path, other, same):
    assert (key(tmp_path / "a", planes=False) == key(tmp_path / "b", **other)) is same
