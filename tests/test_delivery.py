"""What a person hands over: files, folders, archives, any mixture, and what may harm."""

import os
import socket
import stat
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import delivery
from data.delivery import collect

CSV = b"DOMAIN,AETERM\nAE,Fever\n"


@pytest.fixture
def scratch(tmp_path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "ae.csv").write_bytes(CSV)
    return tmp_path / "cut"


def archive(path: Path, **files: bytes) -> Path:
    return packed(path, [(name.replace("_csv", ".csv"), content) for name, content in files.items()])


def packed(path: Path, members, method=zipfile.ZIP_DEFLATED) -> Path:
    """`members`: names or ZipInfo with their content, written as they are."""
    with zipfile.ZipFile(path, "w", method) as file:
        for member, content in members:
            file.writestr(member, content)
    return path


def said(findings) -> list[tuple[str, str, str]]:
    return [(one.severity, one.rule, one.file) for one in findings]


# ---- files and folders ---------------------------------------------------------------------------------------------
def test_a_file_a_folder_and_an_archive_in_any_mixture(folder, scratch, tmp_path):
    archive(folder / "Labs.ZIP", lb_csv=CSV, **{"deep/er/vs.csv": CSV})
    (tmp_path / "dm.xpt").write_bytes(b"x")
    files, findings = collect([tmp_path / "dm.xpt", folder], scratch)
    assert list(files) == ["dm.xpt", "Labs.ZIP/lb.csv", "Labs.ZIP/deep/er/vs.csv", "ae.csv"]
    assert findings == [] and files["ae.csv"] == folder / "ae.csv"
    unpacked = [path for name, path in files.items() if "ZIP" in name]
    assert all(path.read_bytes() == CSV and path.parent == scratch and path.suffix == ".csv" for path in unpacked)


def test_nothing_is_unpacked_and_no_folder_made_without_an_archive(folder, scratch):
    collect([folder], scratch)
    assert not scratch.exists()


def test_what_is_no_data_is_named_and_left(folder, scratch):
    (folder / "define.xml").write_bytes(b"x")
    (folder / "._ae.csv").write_bytes(b"x")
    (folder / "older").mkdir()
    files, findings = collect([folder], scratch)
    assert list(files) == ["ae.csv"]
    assert [one.line() for one in findings] == [
        "NOTE not read: ._ae.csv: not a data file of a known format",
        "NOTE not read: define.xml: not a data file of a known format",
        "NOTE not read: older: a folder in the folder; name it to import it",
    ]


def test_a_file_that_was_named_must_be_one_that_is_read(folder, scratch):
    (folder / "ae.docx").write_bytes(b"x")
    _, findings = collect([folder / "ae.docx"], scratch)
    assert said(findings) == [("error", "unknown format", "ae.docx")]
    assert findings[0].message.startswith("none of .csv, .dsjc, .json, .ndjson, .parquet, .tsv, .xpt, .zip")


def test_nothing_at_all(tmp_path, folder, scratch):
    (tmp_path / "empty").mkdir()
    _, findings = collect([tmp_path / "empty"], scratch)
    assert [one.line() for one in findings] == [
        "ERROR no data: there is no file ending in .csv, .dsjc, .json, .ndjson, .parquet, .tsv, .xpt; "
        "name the folder of the data files"
    ]
    _, findings = collect([tmp_path / "gone", folder / "ae.csv" / "x"], scratch)
    assert {one.rule for one in findings} == {"no such file"} and len(findings) == 2
    assert findings[0].message == "there is nothing at this path; look for a slip in its name"


def test_two_names_that_differ_in_case_alone_are_one(folder, scratch):
    (folder / "AE.CSV").write_bytes(CSV)
    files, findings = collect([folder, folder / "ae.csv"], scratch)
    assert list(files) == ["AE.CSV"]
    assert said(findings) == [("error", "same name twice", "ae.csv")] * 2
    one = packed(folder.parent / "x.zip", [("a/ae.csv", CSV), ("b/ae.csv", CSV), ("A/AE.csv", CSV)])
    files, findings = collect([one], scratch)
    assert list(files) == ["x.zip/a/ae.csv", "x.zip/b/ae.csv"]
    assert said(findings) == [("error", "same name twice", "x.zip/A/AE.csv")]


def test_a_link_is_refused_in_a_folder_and_by_name(folder, scratch, tmp_path):
    (tmp_path / "secret.csv").write_bytes(CSV)
    (folder / "lb.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "vs.csv").symlink_to(tmp_path / "gone")
    (folder / "sub").symlink_to(tmp_path)
    files, findings = collect([folder, folder / "lb.csv"], scratch)
    assert list(files) == ["ae.csv"]
    assert said(findings) == [("error", "not a file", name) for name in ("lb.csv", "sub", "vs.csv", "lb.csv")]
    assert findings[0].message == "a link, which may point anywhere; put the file itself in its place"


def test_a_folder_that_a_person_names_through_a_link_is_read(folder, scratch, tmp_path):
    (tmp_path / "latest").symlink_to(folder)
    assert list(collect([tmp_path / "latest"], scratch)[0]) == ["ae.csv"]


def test_a_pipe_a_socket_and_a_device_are_refused_and_never_opened(folder, scratch):
    os.mkfifo(folder / "lb.csv")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "vs.csv"))
        begun = time.perf_counter()
        files, findings = collect([folder, folder / "lb.csv", Path("/dev/zero")], scratch)
    assert time.perf_counter() - begun < 1 and list(files) == ["ae.csv"]
    assert said(findings) == [("error", "not a file", name) for name in ("lb.csv", "vs.csv", "lb.csv", "zero")]


def test_a_name_that_cannot_be_shown_is_refused_and_shown_with_marks(folder, scratch):
    for name in (b"l\nb.csv", b"v\x1b[2Js.csv", b"\xff\xfe.csv", "e\u202evsc.csv".encode()):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(CSV)
    (folder / "发热.csv").write_bytes(CSV)
    files, findings = collect([folder], scratch)
    assert list(files) == ["ae.csv", "发热.csv"]
    assert {one.rule for one in findings} == {"file name"} and len(findings) == 4
    assert {one.file for one in findings} == {"l\ufffdb.csv", "v\ufffd[2Js.csv", "\ufffd\ufffd.csv", "e\ufffdvsc.csv"}
    assert all(one.line().isprintable() for one in findings)


def test_a_file_that_cannot_be_opened_is_named(folder, scratch, monkeypatch):
    def locked(path, *told, **more):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", locked)
    files, findings = collect([folder, folder / "ae.csv"], scratch)
    assert files == {} and [one.line() for one in findings] == [
        "ERROR cannot be opened: ae.csv: the file cannot be opened: Permission denied",
        "ERROR same name twice: ae.csv: two files have this name; rename one",
    ]
    monkeypatch.setattr(Path, "iterdir", locked)
    _, findings = collect([folder, Path("a\0b")], scratch)
    assert said(findings) == [("error", "cannot be opened", "cut"), ("error", "cannot be opened", "a\ufffdb")]
    assert not any(str(folder) in one.line() for one in findings)


# ---- archives ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    ["../ae.csv", "a/../../ae.csv", "/etc/ae.csv", "C:\\ae.csv", "c:ae.csv", "..\\ae.csv", "a//ae.csv", "./ae.csv"],
)
def test_a_member_whose_name_leads_elsewhere_is_refused(tmp_path, scratch, name):
    one = packed(tmp_path / "x.zip", [(name, CSV), ("lb.csv", CSV)])
    files, findings = collect([one], scratch)
    assert list(files) == ["x.zip/lb.csv"]
    assert [(one.severity, one.rule) for one in findings] == [("error", "file name")]
    assert [path.name for path in tmp_path.rglob("*.csv")] == [files["x.zip/lb.csv"].name]


def test_a_member_with_a_control_character_in_its_name_is_refused(tmp_path, scratch):
    raw = packed(tmp_path / "x.zip", [("aeX.csv", CSV), ("lb\x1b.csv", CSV)]).read_bytes()
    (tmp_path / "x.zip").write_bytes(raw.replace(b"aeX.csv", b"ae\0.csv"))
    files, findings = collect([tmp_path / "x.zip"], scratch)
    assert files == {} and said(findings) == [
        ("error", "file name", "x.zip/ae\ufffd.csv"), ("error", "file name", "x.zip/lb\ufffd.csv"),
    ]  # fmt: skip


def test_a_link_a_device_an_archive_and_no_data_in_an_archive(tmp_path, scratch):
    link, device = zipfile.ZipInfo("lb.csv"), zipfile.ZipInfo("vs.csv")
    link.external_attr, device.external_attr = (stat.S_IFLNK | 0o777) << 16, stat.S_IFCHR << 16
    members = [(link, b"/etc/passwd"), (device, b""), ("in.zip", b"x"), ("a.docx", b"x"), ("__MACOSX/._ae.csv", b"x")]
    files, findings = collect([packed(tmp_path / "x.zip", [*members, ("sub/", b""), ("sub/ae.csv", CSV)])], scratch)
    assert list(files) == ["x.zip/sub/ae.csv"]
    assert said(findings) == [
        ("error", "not a file", "x.zip/lb.csv"),
        ("error", "not a file", "x.zip/vs.csv"),
        ("error", "archive in an archive", "x.zip/in.zip"),
        ("note", "not read", "x.zip/a.docx"),
        ("note", "not read", "x.zip/__MACOSX/._ae.csv"),
    ]


def test_an_encrypted_member_is_refused(tmp_path, scratch):
    raw = bytearray(archive(tmp_path / "x.zip", ae_csv=CSV).read_bytes())
    raw[raw.index(b"PK\3\4") + 6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(raw)
    _, findings = collect([tmp_path / "x.zip"], scratch)
    assert said(findings) == [("error", "encrypted", "x.zip/ae.csv")]
    assert "unpack it with its password" in findings[0].message


def test_a_rare_compression_is_refused(tmp_path, scratch):
    _, findings = collect([packed(tmp_path / "x.zip", [("ae.csv", CSV)], zipfile.ZIP_LZMA)], scratch)
    assert said(findings) == [("error", "cannot be unpacked", "x.zip/ae.csv")]


def test_the_names_of_a_chinese_and_of_a_western_windows(tmp_path, scratch):
    for encoding, name in (("gb18030", "发热"), ("utf-8", "发热"), ("cp437", "é")):
        raw = packed(tmp_path / "x.zip", [("~" * len(name.encode(encoding)) + ".csv", CSV)]).read_bytes()
        raw = raw.replace(b"~" * len(name.encode(encoding)), name.encode(encoding))
        (tmp_path / "x.zip").write_bytes(raw)
        files, findings = collect([tmp_path / "x.zip"], scratch / encoding)
        assert (list(files), findings) == ([f"x.zip/{name}.csv"], [])


def test_every_prefix_of_an_archive_and_every_damaged_byte_is_named_and_nothing_is_left(tmp_path, scratch):
    whole = archive(tmp_path / "x.zip", ae_csv=CSV * 20, lb_csv=b"x" * 50).read_bytes()
    good = {"x.zip/ae.csv": CSV * 20, "x.zip/lb.csv": b"x" * 50}
    damaged = [whole[:end] for end in range(len(whole))]
    damaged += [whole[:at] + bytes([byte]) + whole[at + 1 :] for at in range(len(whole)) for byte in (0, 255)]
    for number, content in enumerate(damaged):
        (tmp_path / "x.zip").write_bytes(content)
        folder = scratch / str(number)
        files, findings = collect([tmp_path / "x.zip"], folder)
        same = [good.get(name, content) == path.read_bytes() for name, path in files.items() if name in good]
        assert all(same) and (findings or len(files) == 2)
        assert sorted(folder.glob("*")) == sorted(files.values())
    _, findings = collect([tmp_path / "x.zip"], scratch / "again")
    (tmp_path / "x.zip").write_bytes(whole[:-30])
    _, findings = collect([tmp_path / "x.zip"], scratch / "last")
    assert [one.line() for one in findings] == [
        "ERROR cannot be unpacked: x.zip: the archive is damaged or cut short; transfer it again"
    ]


def test_a_bomb_is_stopped_before_it_fills_the_disk(tmp_path, scratch):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = packer.compress(bytes(1024**2)) + packer.flush(zlib.Z_FULL_FLUSH)
    one = packed(tmp_path / "x.zip", [("ae.csv", bytes(64 * 1024**2)), ("lb.csv", CSV)])
    assert len(zeros) * 64 < 200_000
    files, findings = collect([one], scratch)
    assert list(files) == ["x.zip/lb.csv"] and said(findings) == [("error", "too large", "x.zip/ae.csv")]
    assert "more than 200 times its size" in findings[0].message
    assert sum(path.stat().st_size for path in scratch.iterdir()) == len(CSV)


def test_what_all_archives_unpack_to_is_limited(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(delivery, "LIMIT_DELIVERY", 100)
    monkeypatch.setattr(delivery, "_BLOCK", 10)
    first, second = (
        archive(tmp_path / "a.zip", ae_csv=b"x" * 90),
        archive(tmp_path / "b.zip", lb_csv=b"x" * 90, vs_csv=b"x"),
    )
    files, findings = collect([first, second], scratch)
    assert list(files) == ["a.zip/ae.csv"] and said(findings) == [("error", "too large", "b.zip/lb.csv")]
    assert findings[0].message == "the archives unpack to more than 100 bytes; hand over less at once"


def test_members_that_share_bytes_are_refused(tmp_path, scratch):
    """One body under two names in the table of contents, which is how an archive unpacks without end."""
    raw = archive(tmp_path / "x.zip", ae_csv=CSV * 9, lb_csv=CSV * 9).read_bytes()
    second = raw.index(b"PK\1\2", raw.index(b"PK\1\2") + 4)
    offset = second + 42  # where the entry says that its member begins
    (tmp_path / "x.zip").write_bytes(raw[:offset] + bytes(4) + raw[offset + 4 :])
    files, findings = collect([tmp_path / "x.zip"], scratch)
    assert files == {} and said(findings) == [("error", "cannot be unpacked", "x.zip")]


def test_an_archive_of_too_many_members_is_refused_before_they_are_read(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(delivery, "MOST_MEMBERS", 3)
    _, findings = collect([packed(tmp_path / "x.zip", [(f"{n}.csv", CSV) for n in range(4)])], scratch)
    assert said(findings) == [("error", "too large", "x.zip")] and "more than 3 files" in findings[0].message
    monkeypatch.setattr(delivery, "_DIRECTORY", 20)
    _, findings = collect([packed(tmp_path / "y.zip", [("a.csv", CSV)])], scratch)
    assert said(findings) == [("error", "too large", "y.zip")]


def test_a_full_disk_is_told(tmp_path, scratch, monkeypatch):
    def full(self, packed, member):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(delivery._Delivery, "_counted", full)
    _, findings = collect([archive(tmp_path / "x.zip", ae_csv=CSV)], scratch)
    assert findings[0].message == "it cannot be unpacked: No space left on device; unpack it and name the folder"
    assert list(scratch.iterdir()) == []


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(st.sampled_from("a./\\:C~发\n"), min_size=1, max_size=8), unique=True, max_size=4))
def test_no_name_in_an_archive_leads_out_of_the_scratch_folder(tmp_path, names):
    one = packed(tmp_path / "x.zip", [(f"{name}.csv", CSV) for name in names])
    before = set(tmp_path.rglob("*"))
    scratch = tmp_path / f"s{time.perf_counter_ns()}"
    files, findings = collect([one], scratch)
    assert set(tmp_path.rglob("*")) - before == ({scratch, *files.values()} if files else set())
    assert len(files) + len([one for one in findings if one.rule != "no data"]) == len(names)
