"""What a person hands over (files, folders, zip archives) as data files by name. What else lies there is named."""

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from data.readers import FORMATS
from data.receipt import Finding, Severity

LIMIT_DELIVERY = 8 * 1024**3  # bytes unpacked from all archives of one delivery: four files of the largest size
MOST_RATIO = 200  # unpacked to packed; tables of a trial pack 10- to 40-fold, an archive made to fill a disk 1,000-fold
RATIO_FROM = 1024 * 1024  # bytes up to which the ratio is not asked for: an almost empty table packs well too
MOST_MEMBERS = 10_000  # of an archive; a delivery has some 50 files
_DIRECTORY = 64 * 1024 * 1024  # bytes of an archive's table of contents, which is read whole
_BLOCK = 1024 * 1024  # bytes unpacked at once
_END = struct.Struct("<4s4H2LH")  # the end record of an archive: its members and the size of its table of contents

_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OverflowError)


def collect(paths: list[Path], scratch: Path) -> tuple[dict[str, Path], list[Finding]]:
    """The data files by name, and what is wrong with the rest. `scratch`: an empty folder for the files of archives.

    A folder gives the files and archives in it, not those of its folders; an archive gives those of its folders too,
    named `archive.zip/folder/ae.xpt`. Links, pipes and devices are refused and never opened.
    """
    found = _Delivery(scratch)
    for path in paths:
        found.named(path)
    if not found.files and not any(one.severity == "error" for one in found.findings):
        message = f"there is no file ending in {', '.join(sorted(FORMATS))}; name the folder of the data files"
        found.report("error", "no data", message)
    return found.files, found.findings


@dataclass
class _Delivery:
    """What was found so far."""

    scratch: Path
    files: dict[str, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)  # the names, as a file system without upper case would hold them
    unpacked: int = 0  # bytes
    full: bool = False  # LIMIT_DELIVERY was reached: nothing more is unpacked

    def report(self, severity: Severity, rule: str, message: str, name: str = "") -> None:
        self.findings.append(Finding(severity, rule, message, _shown(name)))

    # ---- files and folders ---------------------------------------------------------------------------------------
    def named(self, path: Path) -> None:
        """What a person named: a file, a folder or an archive."""
        try:
            kind = path.lstat().st_mode
            if stat.S_ISLNK(kind) and path.is_dir():  # the link is the person's choice, what lies behind it is a folder
                kind = stat.S_IFDIR
            if stat.S_ISDIR(kind):
                self._folder(path)
            elif self._is_plain(path.name, kind) and not self._take(path.name, path):
                message = f"none of {', '.join(sorted(FORMATS))}, .zip; export it in one of these formats"
                self.report("error", "unknown format", message, path.name)
        except (FileNotFoundError, NotADirectoryError):
            message = "there is nothing at this path; look for a slip in its name"
            self.report("error", "no such file", message, str(path))
        except (OSError, ValueError) as error:
            self._unreadable(path.name, error)

    def _folder(self, folder: Path) -> None:
        for path in sorted(folder.iterdir()):
            try:
                self._in_folder(path)
            except OSError as error:
                self._unreadable(path.name, error)

    def _in_folder(self, path: Path) -> None:
        kind = path.lstat().st_mode
        if stat.S_ISDIR(kind):
            self.report("note", "not read", "a folder in the folder; name it to import it", path.name)
        elif path.name.startswith(".") or (self._is_plain(path.name, kind) and not self._take(path.name, path)):
            self._not_read(path.name)

    def _is_plain(self, name: str, kind: int) -> bool:
        if stat.S_ISLNK(kind):
            message = "a link, which may point anywhere; put the file itself in its place"
            self.report("error", "not a file", message, name)
        elif not stat.S_ISREG(kind):
            self.report("error", "not a file", "a pipe, a socket or a device; put a file in its place", name)
        return stat.S_ISREG(kind)

    def _take(self, name: str, path: Path) -> bool:
        """False where it is no data file and no archive."""
        suffix = path.suffix.lower()
        if suffix != ".zip" and suffix not in FORMATS:
            return False
        if self._is_sound(name) and self._is_new(name):
            path.open("rb").close()  # OSError where it cannot be read
            if suffix == ".zip":
                self._archive(name, path)
            else:
                self.files[name] = path
        return True

    def _is_sound(self, name: str) -> bool:
        if _shown(name) == name:
            return True
        message = "the name holds characters that cannot be shown; rename the file in plain letters and digits"
        self.report("error", "file name", message, name)
        return False

    def _is_new(self, name: str) -> bool:
        same = unicodedata.normalize("NFC", name).casefold()
        if same in self.taken:
            self.report("error", "same name twice", "two files have this name; rename one", name)
            return False
        self.taken.add(same)
        return True

    def _not_read(self, name: str) -> None:
        self.report("note", "not read", "not a data file of a known format", name)

    def _unreadable(self, name: str, error: Exception) -> None:
        message = f"the file cannot be opened: {getattr(error, 'strerror', None) or 'its name is no name of a file'}"
        self.report("error", "cannot be opened", message, name)

    # ---- archives ------------------------------------------------------------------------------------------------
    def _archive(self, name: str, path: Path) -> None:
        try:
            announced = _announced(path)
            with zipfile.ZipFile(path) as archive:
                _check_members(archive, announced)
                for member in archive.infolist():
                    self._member(name, archive, member)
        except _TooMany as error:
            self.report("error", "too large", str(error), name)
        except _DAMAGED:
            self._damaged(name)

    def _member(self, archive_name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        inside = _decoded(member).replace("\\", "/")
        name = f"{archive_name}/{inside}"
        parts = inside.rstrip("/").split("/")
        kind = stat.S_IFMT(member.external_attr >> 16)
        suffix = PurePosixPath(inside).suffix.lower()
        if ".." in parts or "" in parts or "." in parts or re.match("[A-Za-z]:", inside):
            message = "the name leads out of the archive; pack the files again under their plain names"
            self.report("error", "file name", message, name)
        elif inside.endswith("/") or not self._is_sound(name) or not self._is_plain(name, kind or stat.S_IFREG):
            pass  # a folder, whose files are members too; or it was said what is wrong
        elif suffix == ".zip":
            message = "an archive in the archive; unpack it, and pack its files beside the others"
            self.report("error", "archive in an archive", message, name)
        elif parts[0] == "__MACOSX" or parts[-1].startswith(".") or suffix not in FORMATS:
            self._not_read(name)
        elif member.flag_bits & 0x1:
            message = "the archive is encrypted; unpack it with its password and hand over the files"
            self.report("error", "encrypted", message, name)
        elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            self.report("error", "cannot be unpacked", "packed in a rare way; pack it again as a plain zip", name)
        elif self._is_new(name) and not self.full:
            self._unpack(name, suffix, archive, member)

    def _unpack(self, name: str, suffix: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        self.scratch.mkdir(parents=True, exist_ok=True)
        target = self.scratch / f"{len(self.taken):06}{suffix}"  # a name of ours: nothing in the archive chooses it
        whole = False
        try:
            with archive.open(member) as packed, target.open("xb") as file:
                for block in self._counted(packed, member):
                    file.write(block)
            self.files[name] = target
            whole = True
        except _TooMany as error:
            self.report("error", "too large", str(error), name)
        except _DAMAGED:
            self._damaged(name)
        except OSError as error:
            message = f"it cannot be unpacked: {error.strerror}; unpack it and name the folder"
            self.report("error", "cannot be unpacked", message, name)
        finally:
            if not whole:
                target.unlink(missing_ok=True)

    def _counted(self, packed, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """The unpacked bytes, counted as they come: what the archive says of its sizes is not believed."""
        size = 0
        while block := packed.read(_BLOCK):
            size += len(block)
            self.unpacked += len(block)
            if size > RATIO_FROM and size > MOST_RATIO * member.compress_size:
                raise _TooMany(f"it unpacks to more than {MOST_RATIO} times its size, as no table does; pack it again")
            if self.unpacked > LIMIT_DELIVERY:
                self.full = True
                raise _TooMany(f"the archives unpack to more than {LIMIT_DELIVERY:,} bytes; hand over less at once")
            yield block

    def _damaged(self, name: str) -> None:
        self.report("error", "cannot be unpacked", "the archive is damaged or cut short; transfer it again", name)


class _TooMany(Exception):
    """More bytes or members than a delivery has."""


def _announced(path: Path) -> int:
    """How many members the archive says it has; _TooMany before a table of contents is read that fills the memory."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _END.size - 0xFFFF))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile
    *_, members, size, _, _ = _END.unpack_from(tail, at)
    if members > MOST_MEMBERS or size > _DIRECTORY:
        raise _TooMany(f"the archive holds more than {MOST_MEMBERS:,} files; hand over the data files only")
    return members


def _check_members(archive: zipfile.ZipFile, announced: int) -> None:
    """BadZipFile where members are lost, or share bytes: a small archive that unpacks without end is made so."""
    if len(archive.infolist()) != announced:
        raise zipfile.BadZipFile
    end = 0
    for member in sorted(archive.infolist(), key=lambda one: one.header_offset):
        if member.header_offset < end:
            raise zipfile.BadZipFile
        end = member.header_offset + zipfile.sizeFileHeader + member.compress_size
    if end > archive.start_dir:
        raise zipfile.BadZipFile


def _decoded(member: zipfile.ZipInfo) -> str:
    """The member's name. Windows writes it in the encoding of its country, and `zipfile` reads it as IBM's of 1981."""
    name = member.orig_filename  # `filename` ends at a zero byte
    if member.flag_bits & 0x800 or name.isascii():
        return name
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
    return name


def _shown(name: str) -> str:
    """The name as it can be printed: what is no UTF-8 and what directs the output is replaced."""
    return "".join("\ufffd" if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") else one for one in name)
