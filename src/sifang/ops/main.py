"""The command `sifang`. Each command loads only what it needs; the small ones start without Django."""

import argparse
import errno
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from sifang.kernel.errors import SifangError

WORDS = {  # what the system refuses, for an office administrator
    errno.EACCES: "没有权限", errno.EPERM: "没有权限", errno.ENOENT: "没有这个文件或目录",
    errno.ENOSPC: "磁盘已满", errno.EROFS: "这里只能读，不能写", errno.ENOTDIR: "不是目录",
}  # fmt: skip
GATEWAYS = ("jt808", "osmand", "owntracks")


def parser() -> argparse.ArgumentParser:
    """Return the whole command line; `run` of the chosen command is the function that answers."""
    top = argparse.ArgumentParser(prog="sifang", description="四方：社区矫正四方协同平台")
    commands = top.add_subparsers(title="命令", required=True, metavar="命令")

    def add(name: str, run: Callable[[argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(run=run)
        return command

    up = add("up", _up, "启动全部服务（前台运行，Ctrl-C 结束）")
    demo = add("demo", _demo, "启动演示城市：演示数据和模拟定位装置")
    for command in (up, demo):
        command.add_argument("--detach", action="store_true", help="在后台运行，用 sifang down 结束")
    demo.add_argument(
        "--persons", type=_number, metavar="N", help="在矫人数（默认 3292；年内另有按比例已解矫的）"
    )
    demo.add_argument("--tracked", type=_number, metavar="N", help="其中电子定位的人数（默认 100）")
    add("down", _down, "结束正在运行的服务")
    add("status", _status, "运行情况").add_argument("--json", action="store_true", help="输出 JSON")
    add("doctor", _doctor, "检查这套安装有什么问题")
    for name, words in (("backup", "备份数据库，密钥另放"), ("restore", "恢复到空的数据目录；先照销毁清单")):
        command = add(name, _backup, words)
        command.set_defaults(verb=name)
        command.add_argument("folder", metavar="DIR", help="备份所在的目录")
        command.add_argument("--keys", metavar="DIR", help="密钥另放的目录（默认 DIR/keys）")
    decode = add("decode", _decode, "解码定位装置报文：每行一条输入，每行一条 JSON")
    decode.add_argument("protocol", choices=GATEWAYS)
    decode.add_argument("file", nargs="?", metavar="FILE", help="输入文件（默认标准输入）")
    coords = add("coords", _coords, "坐标转换：标准输入每行“经度 纬度”")
    coords.add_argument("systems", nargs="*", metavar="SRC DST", help="wgs84、gcj02、bd09")
    fence = add("fence", _fence, "围栏引擎对一条轨迹的判断")
    fence.add_argument("words", nargs=argparse.REMAINDER, metavar="FENCE.geojson TRACK.csv [--json]")
    track = add("track", _track, "核对导出的轨迹文件是否完整、未改动（不连数据库）")
    track.add_argument("verb", choices=("check",))
    track.add_argument("file", metavar="FILE", help="CSV、GPX 或 JSON")
    law = add("law", _law, "法律依据：law list、law show、law due、law import-texts")
    law.add_argument("words", nargs=argparse.REMAINDER, metavar="list|show|due|import-texts …")
    line = add("line", _line, "导入测绘机关的边界线，代替公开数据")
    line.add_argument("verb", choices=("import",))
    line.add_argument("words", nargs=argparse.REMAINDER, metavar="FILE …")
    bench = add("bench", _bench, "并排测量：与已知方法在同一次运行中比较（需要源代码目录）")
    bench.add_argument("name", metavar="NAME", help="如 engine、geometry、postgis、intake、storage")
    bench.add_argument("words", nargs=argparse.REMAINDER, metavar="[选项]")
    for name, run, words in (
        ("officer", _officer, "工作人员账号：officer add、password、list"),
        ("agency", _agency, "机构：agency add、list"),
        ("register", _register, "登记册：register import、template"),
        ("case", _case, "案件档案：case export、import"),
    ):
        add(name, run, words).add_argument("words", nargs=argparse.REMAINDER, metavar="add …")
    return top


def _number(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"“{text}”不是数目")
    return int(text)


def _up(asked: argparse.Namespace) -> int:
    from sifang.ops.start import start

    return start(is_demo=False, is_detached=asked.detach)


def _demo(asked: argparse.Namespace) -> int:
    from sifang.ops.start import start

    return start(is_demo=True, is_detached=asked.detach, persons=asked.persons, tracked=asked.tracked)


def _down(_asked: argparse.Namespace) -> int:
    from sifang.ops.runtime import stop_running
    from sifang.ops.settings import read

    did_run = stop_running(read().data)
    sys.stdout.write("已停止。\n" if did_run else "没有运行。\n")
    return 0


def _status(asked: argparse.Namespace) -> int:
    from sifang.ops.settings import read
    from sifang.ops.status import in_words, status

    answer = status(read())
    sys.stdout.write((json.dumps(answer, ensure_ascii=False) if asked.json else in_words(answer)) + "\n")
    return 0


def _backup(asked: argparse.Namespace) -> int:
    from sifang.ops.backup import main as backup

    return backup(asked.verb, asked.folder, asked.keys)


def _doctor(_asked: argparse.Namespace) -> int:
    from sifang.ops.doctor import report
    from sifang.ops.settings import read

    text, is_well = report(read())
    sys.stdout.write(f"{text}\n")
    return 0 if is_well else 1


def _decode(asked: argparse.Namespace) -> int:
    decode_line: Callable[[str], dict[str, object]]
    decode_line = import_module(f"sifang.gateways.{asked.protocol}.decoder").decode_line
    # a lone CR ends no line: as many answers as lines
    file = asked.file and Path(asked.file).open(encoding="utf-8", errors="replace", newline="\n")  # noqa: SIM115 (closed below)
    with file or sys.stdin as source:
        for line in source:
            try:
                answer = decode_line(line.rstrip("\r\n"))
            except Exception as error:  # noqa: BLE001 (the promise: never a traceback)
                answer = {"error": "bad_frame", "detail": type(error).__name__}
                answer |= {} if asked.protocol == "jt808" else {"status": 400}
            sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 0


def _coords(asked: argparse.Namespace) -> int:
    from sifang.kernel.coords_cli import main as coords

    return coords(asked.systems, sys.stdin, sys.stdout)


def _fence(asked: argparse.Namespace) -> int:
    run: Callable[[list[str]], int] = import_module("sifang.monitoring.engine.cli").main
    return run(asked.words)


def _track(asked: argparse.Namespace) -> int:
    run: Callable[[str], int] = import_module("sifang.monitoring.export.check").main
    return run(asked.file)


def _law(asked: argparse.Namespace) -> int:
    from sifang.ops.law_command import law

    return law(asked.words)


def _line(asked: argparse.Namespace) -> int:
    from sifang.ops.line_command import line_import

    return line_import(asked.words)


def _bench(asked: argparse.Namespace) -> int:
    from sifang.ops.bench_command import bench

    return bench(asked.name, asked.words)


def _officer(asked: argparse.Namespace) -> int:
    from sifang.ops.officer_command import officer

    return officer(asked.words)


def _agency(asked: argparse.Namespace) -> int:
    from sifang.ops.officer_command import agency

    return agency(asked.words)


def _register(asked: argparse.Namespace) -> int:
    from sifang.ops.register_command import register

    return register(asked.words)


def _case(asked: argparse.Namespace) -> int:
    from sifang.ops.case_command import case

    return case(asked.words)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a SifangError is one line on standard error and exit code 1."""
    sys.stdin = sys.stdin or io.StringIO()  # closed by the caller: nothing comes
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace", newline="\n")
    try:
        words = list(sys.argv[1:] if argv is None else argv)
        own = words[1:] if words[:1] == ["fence"] else None  # options may stand before the files
        asked = parser().parse_args(words if own is None else ["fence"])
        asked.words = getattr(asked, "words", []) if own is None else own
        code: int = asked.run(asked)
        sys.stdout.flush()
    except SifangError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        sys.stderr.write(f"{WORDS.get(error.errno or 0, error.strerror)}：{error.filename or ''}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
