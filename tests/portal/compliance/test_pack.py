"""An evidence pack, unpacked and checked by its own verifier, in a Python that has nothing of the portal."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from portal.compliance.seals import merkle, operations, pack, verify_pack
from tests.portal.compliance.test_access import entries, logged
from tests.support.world import World

Check = Callable[..., tuple[int, str]]
PACK = "/compliance/seal/pack.zip"


@pytest.fixture
def folder(
    world: World, store: Session, seal: Callable[[], int], client_for: Any, tmp_path: Path, monkeypatch: Any
) -> Path:
    """A pack of the entries of one person, who has seven of fifteen that lie in seals of four, and one in none."""
    monkeypatch.setattr(operations, "BATCH", 4)
    other = world.amy.people[0].user
    for number in range(15):
        who = {} if number % 2 else {"actor_id": other.id, "actor_name": "Ünal “Q” \u2028"}
        logged(store, world.summit, **who)
    seal()
    logged(store, world.summit)
    answer = client_for(world.summit.compliance).get(f"{PACK}?who={world.summit.admin.id}")
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    with ZipFile(io.BytesIO(answer.data)) as packed:
        packed.extractall(tmp_path)
    return tmp_path


@pytest.fixture
def check(folder: Path) -> Check:
    """Runs the pack's verifier apart from the portal; its exit status and what it says."""

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-I", "-S", str(folder / "verify_pack.py"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        return done.returncode, done.stdout + done.stderr

    return run


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().split("\n") if line]


def _change(file: Path, number: int, **values: Any) -> None:
    told = _lines(file)
    told[number] |= values
    file.write_text("".join(json.dumps(one) + "\n" for one in told))


def test_a_sound_pack(folder: Path, check: Check, world: World, store: Session) -> None:
    status, said = check()
    assert (status, "7 entries are what was sealed, under 4 seals; 1 had no seal yet." in said) == (0, True), said
    [entry] = entries(store, world.summit, "seal.pack")
    assert (entry.detail["count"], entry.detail["filters"]) == (8, ["who"])


def test_an_entry_that_was_edited(folder: Path, check: Check) -> None:
    line = _lines(folder / "entries.jsonl")[2]["line"]
    _change(folder / "entries.jsonl", 2, line=line.replace('"done"', '"refused"'))
    status, said = check()
    assert status == 1 and "(line 3) is not what was sealed in seal" in said and "1 fault found." in said


def test_an_entry_twice_and_one_of_no_seal(folder: Path, check: Check) -> None:
    _change(folder / "entries.jsonl", 1, **_lines(folder / "entries.jsonl")[0])
    _change(folder / "entries.jsonl", 3, seal=99)
    _, said = check()
    assert "is there twice" in said and "its seal 99 is missing or wrong" in said


def test_a_seal_that_was_edited_or_signed_by_another(folder: Path, check: Check) -> None:
    statement = _lines(folder / "seals.jsonl")[0]["statement"]
    _change(folder / "seals.jsonl", 0, statement=statement.replace('"count":4', '"count":5'))
    status, said = check()
    assert status == 1 and "its signature is wrong" in said and "is not the one that was anchored" in said
    other = Ed25519PrivateKey.generate()
    _change(folder / "seals.jsonl", 0, statement=statement, signature=other.sign(statement.encode()).hex())
    status, said = check()
    assert status == 1 and "its signature is wrong" in said and "anchored" not in said


def test_keys_and_anchor_from_elsewhere(folder: Path, check: Check, tmp_path: Path) -> None:
    [(name, key)] = json.loads((folder / "keys.json").read_text()).items()
    assert check("--key", f"{name}={key}")[0] == 0
    assert check("--key", f"{name}={Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()}")[0] == 1
    status, said = check("--key", f"another={key}")
    assert status == 1 and "which is not known" in said
    elsewhere = tmp_path / "elsewhere.seals"
    elsewhere.write_text("".join((folder / "anchor.txt").read_text().splitlines(keepends=True)[1:]))
    status, said = check("--anchor", str(elsewhere))
    assert status == 1 and "Seal 1 of" in said and "is not in the anchor" in said
    assert check("--nonsense")[0] == 2


def test_signatures_are_judged_as_the_library_does() -> None:
    for number in range(8):
        key, data = Ed25519PrivateKey.generate(), bytes([number]) * number
        public, made = key.public_key().public_bytes_raw(), key.sign(data)
        assert verify_pack.is_signed(public, data, made)
        assert not verify_pack.is_signed(public, data + b"x", made)
        assert not verify_pack.is_signed(public, data, made[:-1] + bytes([made[-1] ^ 1]))
        beyond = (int.from_bytes(made[32:], "little") + verify_pack.Q).to_bytes(32, "little")
        assert not verify_pack.is_signed(public, data, made[:32] + beyond), "the same signature in another form"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_every_path_leads_to_the_root(count: int) -> None:
    told = [f"line {number}" for number in range(count)]
    leaves = [merkle.leaf(line.encode()) for line in told]
    for place, line in enumerate(told):
        path = [[side, beside.hex()] for side, beside in merkle.path(leaves, place)]
        assert verify_pack.climbed(line, path) == merkle.root(leaves).hex()


def test_too_much_for_one_pack(
    world: World, store: Session, seal: Callable[[], int], client_for: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(pack, "MOST_LEAVES", 0)
    logged(store, world.summit)
    seal()
    answer = client_for(world.summit.compliance).get(PACK)
    assert answer.status_code == 409 and "Narrow the dates" in answer.text
    assert entries(store, world.summit, "seal.pack") == []


def test_one_entry_with_its_proof(
    world: World, store: Session, seal: Callable[[], int], client_for: Any, tmp_path: Path
) -> None:
    """Its page names its seal as soon as it has one, and gives a pack of it alone."""
    first, foreign = logged(store, world.summit), logged(store, world.lakeside)
    officer = client_for(world.summit.compliance)
    place, proof = f"/compliance/access/{first.id}", f"/compliance/seal/entries/{first.id}/pack.zip"
    assert "None yet; it comes within a minute" in officer.get(place).text
    seal()
    shown = officer.get(place).text
    assert 'Seal <span class="figure">1</span></a>' in shown and proof in shown
    answer = officer.get(proof)
    with ZipFile(io.BytesIO(answer.data)) as packed:
        packed.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(tmp_path / "verify_pack.py")], capture_output=True, text=True, check=False
    )
    assert "1 entry is what was sealed, under 1 seal; 0 had no seal yet." in done.stdout, done.stdout + done.stderr
    [entry] = entries(store, world.summit, "seal.pack")
    assert (entry.subject_ids, entry.detail["count"]) == ([first.id], 1)
    assert officer.get(f"/compliance/seal/entries/{foreign.id}/pack.zip").status_code == 404
