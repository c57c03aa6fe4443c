import sys

import pytest

from pes.labelling.pyscf_program import PySCF


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"method": "ccsdt"}, r"`method` must be one of hf, dft, .*got 'ccsdt'"),
        ({"dipole": "mulliken"}, "`dipole` must be one of none, scf"),
        ({"functional": "b3lyp"}, "`functional` goes with `method: dft`"),
        ({"method": "dft"}, "`functional` goes with `method: dft`"),
    ],
)
def test_unknown_methods(settings: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PySCF(**settings)


def test_pyscf_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyscf", None)
    monkeypatch.delitem(sys.modules, "pes.labelling.pyscf_calculation", raising=False)
    with pytest.raises(ValueError, match=r"needs the package pyscf: pip install 'pes\[abinitio\]'"):
        PySCF().check(("O", "H", "H"))
