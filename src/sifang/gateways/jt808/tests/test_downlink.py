"""What the platform asks of a terminal, over real loopback sockets; and TLS."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sifang.gateways.jt808.downlink import NoAnswer, NotConnected
from sifang.gateways.jt808.messages.parameters import write_parameters
from sifang.gateways.jt808.tests.terminal import NUMBER, connected, location, serving
from sifang.monitoring.intake.testing import FakeIntake, device_ref


def run(scenario):
    return uvloop.run(asyncio.wait_for(scenario, 20))  # as the watch process does


def word(value):
    return value.to_bytes(2, "big")


def ack(asked, result=0):
    return word(asked["serial"]) + bytes.fromhex(asked["message_id"]) + bytes([result])


@pytest.mark.parametrize("layout", ["2013", "2019"])
def test_a_text_reaches_the_screen_and_its_answer_comes_back(layout):
    async def scenario():
        async with serving() as (server, port), connected(port, layout=layout) as terminal:
            assert await terminal.sign_in() == 0
            asked = asyncio.create_task(server.send_text(NUMBER, "请于今日17时前到司法所报到"))
            text = await terminal.hear()
            assert (text["message_id"], text["body"]["text"]) == ("8300", "请于今日17时前到司法所报到")
            terminal.send(0x0001, ack(text))
            assert await asked is True

    run(scenario())


def test_a_text_to_nobody_is_refused_and_a_hang_up_is_no_answer():
    async def scenario():
        async with serving() as (server, port):
            with pytest.raises(NotConnected):
                await server.send_text(NUMBER, "x")
            async with connected(port) as terminal:
                assert await terminal.sign_in() == 0
                asked = asyncio.create_task(server.send_text(NUMBER, "x"))
                await terminal.hear()
            with pytest.raises(NoAnswer):
                await asked

    run(scenario())


@pytest.mark.parametrize(("kept", "confirmed"), [(60, True), (300, False)])
def test_a_setting_is_believed_only_when_it_is_read_back(kept, confirmed):
    """The device acknowledges either way (jt808.md e-7, hazard 2)."""

    async def scenario():
        async with serving() as (server, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            asked = asyncio.create_task(server.set_parameters(NUMBER, {0x0029: 60}))
            told = await terminal.hear()
            assert told["body"]["parameters"][0]["value"] == 60
            terminal.send(0x0001, ack(told))
            query = await terminal.hear()
            assert query["message_id"] == "8104"
            terminal.send(0x0104, word(query["serial"]) + write_parameters({0x0029: kept}))
            setting = await asked
            assert (setting.acknowledged, setting.confirmed) == (True, confirmed)
            assert setting.differing == ({} if confirmed else {"0029": "0000012c"})

    run(scenario())


def test_a_position_that_was_asked_for_goes_the_way_of_every_fix():
    async def scenario():
        intake = FakeIntake(device_ref(NUMBER), holding=True)
        async with serving(intake) as (server, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            asked = asyncio.create_task(server.query_position(NUMBER))
            query = await terminal.hear()
            assert query["message_id"] == "8201"
            terminal.send(0x0201, word(query["serial"]) + location())
            await asked
            assert await terminal.says_nothing() is True
            intake.commit()
            assert (await terminal.hear())["body"]["ack_id"] == "0201"
            assert len(intake.fixes) == 1

    run(scenario())


def test_attributes_are_asked_for():
    async def scenario():
        async with serving() as (server, port), connected(port) as terminal:
            assert await terminal.sign_in() == 0
            asked = asyncio.create_task(server.read_attributes(NUMBER))
            assert (await terminal.hear())["message_id"] == "8107"
            terminal.send(0x0107, bytes(34) + bytes.fromhex("89860012345678901234") + b"\x01h\x01f\x01\x01")
            assert (await asked)["iccid"] == "89860012345678901234"

    run(scenario())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return path


def test_the_port_may_speak_tls(certificate):
    async def scenario():
        at_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        at_server.load_cert_chain(certificate)
        at_terminal = ssl.create_default_context(cafile=str(certificate))
        at_terminal.check_hostname = False
        async with serving(tls=at_server) as (_, port), connected(port, tls=at_terminal) as terminal:
            assert await terminal.sign_in() == 0
            assert (await terminal.ask(0x0200, location()))["body"]["result"] == 0

    run(scenario())
