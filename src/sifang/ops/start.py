"""What `sifang up` and `sifang demo` do and say."""

import os
import subprocess
import sys
import time

from sifang.ops.logs import configure
from sifang.ops.runtime import AlreadyRunning, holder, read_state
from sifang.ops.secret_files import data_folder, private_folder
from sifang.ops.settings import Settings, read
from sifang.ops.supervisor import Demo, Supervisor, check_ports, say

DETACHED_PATIENCE_S = 600

SIGN_INS = (
    ("fengban", "冯班", "指挥中心值班员", "看实时地图，接手并处理报警"),
    ("wangke", "王科", "历下区司法局工作人员", "对象、措施、轨迹回放（说明用途，留查看记录）"),
    ("lisuo", "李所", "司法所工作人员", "只见本所的对象"),
    ("zhengju", "郑局", "县级司法行政部门负责人", "批准电子定位（社区矫正法 29 条）"),
    ("zhaojian", "赵检", "检察官", "同样看见报警和谁查看过"),
    ("zhouwai", "周外", "其他县区工作人员", "看不见历下的任何人"),
    ("sysadmin", "系统管理员", "系统管理员", "定位装置和被拒收的数据"),
)


def start(*, is_demo: bool, is_detached: bool, persons: int | None = None, tracked: int | None = None) -> int:
    """Start the installation; in the foreground this returns when everything has ended."""
    settings = read()
    if (pid := holder(settings.data)) is not None:
        raise AlreadyRunning(data=settings.data, pid=pid)
    demo = Demo(settings, persons, tracked) if is_demo else None
    if is_detached:
        check_ports(settings)
        return _detach(settings, is_demo=is_demo, persons=persons, tracked=tracked)
    configure(data_folder(settings.data) / "logs", "supervisor", settings.log_level)
    greeting = greet(settings, is_demo=is_demo)
    return Supervisor(settings, demo=demo, ready=lambda: say(greeting)).run()


def greet(settings: Settings, *, is_demo: bool) -> str:
    """Return what is said when everything serves: the address, the sign-ins, what to look at."""
    lines = ["", f"四方已就绪  Sifang is ready   →   {settings.url}", ""]
    if is_demo:
        lines.append("登录名（密码都是 sifang-demo） Sign-ins (password sifang-demo):")
        lines += [f"  {name:<9} {who}，{role}：{what}" for name, who, role, what in SIGN_INS]
        lines += [
            "",
            "可以这样看：",
            "  1. 用 fengban 登录，打开“指挥”：约一分钟内有人移动，有报警出现在右侧队列",
            "  2. 点开一个报警：证据（定位、距离、概率）、条款和法条；接手 → 核实 → 处理 → 关闭",
            "  3. 用 wangke 打开一个对象，说明用途后回放轨迹；再看“谁查看过”",
            "  4. 换 zhouwai 登录：同样的地址，什么也没有",
            "Look: sign in as fengban, open 指挥 (Command), wait a minute, open an alarm, handle it.",
            "",
        ]
    lines.append("Ctrl-C 结束全部服务；sifang status 看运行情况。  Ctrl-C stops everything.")
    return "\n".join(lines)


def _detach(settings: Settings, *, is_demo: bool, persons: int | None, tracked: int | None) -> int:
    """Start a supervisor in a session of its own and wait until it serves or ends."""
    words = ["demo" if is_demo else "up"]
    words += [f"--persons={persons}"] if persons is not None else []
    words += [f"--tracked={tracked}"] if tracked is not None else []
    logs = private_folder(data_folder(settings.data) / "logs")
    path = logs / "supervisor.out"
    with path.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (our own program)
            [sys.executable, "-m", "sifang.ops.main", *words],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, env=os.environ,
        )  # fmt: skip
    until = time.monotonic() + DETACHED_PATIENCE_S
    shown = 0
    while time.monotonic() < until:
        text = path.read_text(encoding="utf-8", errors="replace")
        sys.stdout.write(text[shown:])
        sys.stdout.flush()
        shown = len(text)
        if process.poll() is not None:
            return process.returncode or 1
        if holder(settings.data) and read_state(settings.data).get("is_ready"):
            time.sleep(0.3)
            say(path.read_text(encoding="utf-8", errors="replace")[shown:])
            return 0
        time.sleep(0.2)
    say(f"{DETACHED_PATIENCE_S} 秒内没有就绪，见 {path}")
    return 1
