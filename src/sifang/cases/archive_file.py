"""The file of one case: a zip of case.json, its documents as PDF, a README and a manifest of digests. Pure.

The same case gives the same bytes: fixed times, fixed order, nothing compressed. Every file but the manifest
stands in the manifest with its SHA-256; nothing else may be in the zip.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sifang.kernel.errors import SifangError

FORMAT = "sifang-case/1"
MANIFEST, CASE, README = "manifest.json", "case.json", "README.md"
MOST_BYTES = 200 * 1024 * 1024
MOST_FILES = 5_000
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # a zip must give each file a time; it says nothing here
WORDS = """# 社区矫正案件档案

一个案件的可移植档案，由“四方”导出，格式 sifang-case/1。

- case.json：对象、决定、各项程序、行为记录（谁、依据哪一版程序的哪一行、事实、理由）、
  送达、应办事项、文书目录。
- documents/：当时制作的文书，逐字节原样；文书号见文件名和 case.json。
- manifest.json：除它自己以外每个文件的 SHA-256。

核对：文件与 manifest.json 不符，说明被改动过，导入时会指明是哪一个。manifest.json 本身没有签名：
请向移交机构核对整个档案的 SHA-256（导出时已告知并记入其存证）。

档案里没有定位数据，没有查看记录，没有报警。内容是个人信息，只能用于社区矫正；未成年人的身份依法保密
（社区矫正法54条）。
"""


class BadArchive(SifangError):
    """案件档案不能导入：{reason}。"""

    code: ClassVar[str] = "bad_archive"
    status: ClassVar[int] = 400


@dataclass(frozen=True)
class Archive:
    """A case as it came out of a file whose digests agree. `sha256`: over the whole file, hex."""

    case: dict[str, Any]
    documents: dict[str, bytes]
    sha256: str


def digest(data: bytes) -> str:
    """Return SHA-256 as hex."""
    return hashlib.sha256(data).hexdigest()


def pack(case: Mapping[str, Any], documents: Mapping[str, bytes]) -> bytes:
    """Return the archive; `documents` by their file names, such as documents/001.pdf."""
    files = {CASE: _json(case), README: WORDS.encode(), **documents}
    files[MANIFEST] = _json(
        {"format": FORMAT, "files": {name: digest(data) for name, data in sorted(files.items())}}
    )
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as packed:
        for name, data in sorted(files.items()):
            about = zipfile.ZipInfo(name, LONG_AGO)
            about.external_attr = 0o600 << 16
            about.create_system = 3
            packed.writestr(about, data)
    return kept.getvalue()


def unpack(data: bytes) -> Archive:
    """Return the case of an archive. Raises BadArchive, naming the file that was changed."""
    try:
        files = _files(data)
    except BadArchive:
        raise
    except Exception as error:  # a broken zip fails in many ways
        raise BadArchive(reason="不是完好的 zip 文件") from error
    manifest = _parsed(files.pop(MANIFEST, b""), MANIFEST)
    if manifest.get("format") != FORMAT or not isinstance(manifest.get("files"), dict):
        raise BadArchive(reason=f"不是 {FORMAT} 格式")
    told = manifest["files"]
    for name in sorted(told.keys() | files.keys()):
        if name not in files:
            raise BadArchive(reason=f"缺少文件 {name}")
        if name not in told:
            raise BadArchive(reason=f"多出文件 {name}")
        if digest(files[name]) != told[name]:
            raise BadArchive(reason=f"文件 {name} 被改动过，摘要不符")
    case = _parsed(files.pop(CASE, b""), CASE)
    documents = {name: content for name, content in files.items() if name.startswith("documents/")}
    _check_documents(case, documents)
    return Archive(case, documents, digest(data))


def _files(data: bytes) -> dict[str, bytes]:
    if len(data) > MOST_BYTES:
        raise BadArchive(reason="文件过大")
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        listed = packed.infolist()
        if len(listed) > MOST_FILES or sum(one.file_size for one in listed) > MOST_BYTES:
            raise BadArchive(reason="文件过大")
        if len({one.filename for one in listed}) != len(listed):
            raise BadArchive(reason="同一个文件名出现两次")
        return {one.filename: packed.read(one) for one in listed}


def _check_documents(case: Mapping[str, Any], documents: Mapping[str, bytes]) -> None:
    """The index inside case.json must say of each document what the manifest says."""
    index = {one["file"]: one["sha256"] for one in case.get("documents", []) if isinstance(one, dict)}
    for name in sorted(index.keys() | documents.keys()):
        if name not in documents or index.get(name) != digest(documents[name]):
            raise BadArchive(reason=f"文书 {name} 与目录记载不符")
        if not documents[name].startswith(b"%PDF-"):
            raise BadArchive(reason=f"文书 {name} 不是 PDF")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadArchive(reason=f"{name} 不是 JSON") from error
    if not isinstance(found, dict):
        raise BadArchive(reason=f"{name} 不是 JSON 对象")
    return found
