"""What can go wrong between a gateway and the journal."""

from sifang.kernel.errors import SifangError


class KeyMissing(SifangError):
    """没有 {hour} 时的轨迹密钥：已经销毁，或者密钥目录不完整。"""

    code, status = "key_missing", 410


class KeyFolderUnsafe(SifangError):
    """密钥目录 {folder} 可以被其他用户读取（权限 {mode}），应为 0700。"""

    code, status = "key_folder_unsafe", 500


class BlockDamaged(SifangError):
    """轨迹日志块无法打开：内容或者行信息与写入时不符。"""

    code, status = "block_damaged", 500


class ChunksDiffer(SifangError):
    """轨迹分段与日志块不一致（{hour}），日志块没有删除。"""

    code, status = "chunks_differ", 500


class SnapshotUnusable(SifangError):
    """监控状态快照无法使用：{reason}。"""

    code, status = "snapshot_unusable", 500
