"""The verbs of devices: register model and device, bind, unbind (办法37条: purpose-built, never a phone)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sifang.kernel.errors import BadInput
from sifang.kernel.time import utc_now
from sifang.ledger.services import record
from sifang.monitoring import powers
from sifang.monitoring.errors import NotLawful, lawfully
from sifang.monitoring.models import Binding, Device, DeviceKind, DeviceModel, Measure
from sifang.monitoring.services.seen import not_ahead, see_measure
from sifang.people.access import Purpose, acting
from sifang.people.models import Officer


@dataclass(frozen=True)
class ModelFacts:
    """A make and model with its test report; `quality` as DeviceModel describes it."""

    maker: str
    model: str
    kind: DeviceKind
    protocol: str
    test_report_no: str = ""
    tested_on: date | None = None
    quality: Mapping[str, object] = field(default_factory=dict)


def register_model(officer: Officer, facts: ModelFacts) -> DeviceModel:
    """Put a model on the list. A phone is no device (办法37条). Raises NotLawful, NotFound."""
    powers.need_operator(officer)
    if facts.kind == DeviceKind.PHONE:
        raise NotLawful(reason="移动电话不得作为电子定位装置", article="办法37条")
    if not facts.test_report_no.strip() or facts.tested_on is None:
        raise NotLawful(reason="型号须有检测报告号和检测日期", article="办法37条")
    columns = {name: getattr(facts, name) for name in ModelFacts.__dataclass_fields__}
    with acting(officer, Purpose.OPERATE), lawfully():
        model = DeviceModel.objects.create(**columns | {"quality": dict(facts.quality)})
        record("device_model_registered", {"model": str(model.id), "by": str(officer.id)})
    return model


def register_device(
    officer: Officer,
    model: DeviceModel,
    *,
    terminal_id: str,
    county_code: str,
    auth_code: str | None = None,
    imei: str = "",
    iccid: str = "",
    carrier: str = "",
) -> Device:
    """Register a device; its authentication code is kept as SHA-256 only. Leading zeros do not count.

    Raises BadInput for an empty terminal id, NotFound for officers who do not run devices.
    """
    powers.need_operator(officer)
    name = terminal_id.strip().lstrip("0")
    if not name:
        raise BadInput(reason="终端号不能为空")
    digest = hashlib.sha256(auth_code.encode()).digest() if auth_code else None
    with acting(officer, Purpose.OPERATE), lawfully():
        device = Device.objects.create(
            model=model,
            terminal_id=name,
            county_code=county_code,
            auth_code_hash=digest,
            imei=imei,
            iccid=iccid,
            carrier=carrier,
        )
        record("device_registered", {"device": str(device.id), "by": str(officer.id)})
    return device


def retire_device(officer: Officer, device: Device) -> None:
    """Take a device out of use; it must not be worn. Raises NotLawful."""
    powers.need_operator(officer)
    with acting(officer, Purpose.OPERATE), lawfully():
        if Binding.objects.filter(device=device, unbound_at=None).exists():
            raise NotLawful(reason="装置仍在佩戴，不能停用", article="社区矫正法29条")
        Device.objects.filter(id=device.id).update(retired_at=utc_now())
        record("device_retired", {"device": str(device.id), "by": str(officer.id)})


def bind_device(officer: Officer, measure: Measure, device: Device, *, at: datetime | None = None) -> Binding:
    """Let the person wear a device under a live measure that was made known (社区矫正法29条, 办法37条).

    The database refuses a phone, a model without test report, a device worn by somebody else, a second
    device, a measure not in force. Raises NotFound, BeyondPower, NotLawful, NoSuchMoment.
    """
    moment = not_ahead(at)
    with acting(officer, Purpose.MEASURE), lawfully():
        seen = see_measure(measure.id)
        powers.need_case_officer(officer, seen.person, "社区矫正法29条")
        binding = Binding.objects.create(measure=seen, device=device, bound_at=moment, bound_by=officer)
        record(
            "device_bound",
            {"binding": str(binding.id), "measure": str(seen.id), "device": str(device.id)},
        )
    return binding


def unbind_device(officer: Officer, binding: Binding, *, at: datetime | None = None) -> Binding:
    """Take a device off. Raises NotFound, BeyondPower, NotLawful, NoSuchMoment."""
    moment = not_ahead(at)
    with acting(officer, Purpose.MEASURE), lawfully():
        seen = see_measure(binding.measure_id)
        powers.need_case_officer(officer, seen.person, "社区矫正法29条")
        found = Binding.objects.select_for_update().get(id=binding.id)
        found.unbound_at = moment
        found.save(update_fields=["unbound_at"])
        record("device_unbound", {"binding": str(found.id), "by": str(officer.id)})
    return found
