"""`sifang line import`: an authority's own boundary line replaces the public one, fences move with it."""

import argparse
import json
import os
import sys
from datetime import date
from pathlib import Path

from sifang.kernel.errors import BadInput


def line_import(words: list[str]) -> int:
    """Import one line, as the operator of this installation. Raises BadLine, ShiftedLine, BadInput."""
    parser = argparse.ArgumentParser(prog="sifang line import", description="导入边界线（WGS-84 GeoJSON）")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--area", required=True, help="行政区划代码：370100 市区、370124、370126")
    parser.add_argument("--source", required=True, help="来源机关与文件")
    parser.add_argument("--date", required=True, type=date.fromisoformat, help="来源日期 YYYY-MM-DD")
    parser.add_argument("--boundary-m", required=True, type=float, help="测绘精度（米，68%%）")
    asked = parser.parse_args(words)
    try:
        geojson = json.loads(asked.file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(reason=f"{asked.file} 不是 GeoJSON") from error
    os.environ["SIFANG_PROCESS"] = "owner"
    os.environ["DJANGO_SETTINGS_MODULE"] = "sifang.ops.django_settings"

    import django

    django.setup()
    from sifang.monitoring.services.lines import import_line
    from sifang.people.access import system

    with system("migration"):
        done = import_line(
            geojson,
            area_code=asked.area,
            source=asked.source,
            source_date=asked.date,
            boundary_m=asked.boundary_m,
        )
    sys.stdout.write(f"已导入 {asked.area}：{done.vertices} 个顶点，{done.fences} 个围栏随之更换\n")
    return 0
