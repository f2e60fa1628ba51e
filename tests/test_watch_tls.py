"""The JT/T 808 port speaks TLS when a certificate is set, from the settings to the commit."""

import asyncio
import ssl
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sifang.gateways.jt808.tests.terminal import connected
from sifang.kernel.time import utc_now
from sifang.monitoring.tests.conftest import desk  # noqa: F401 (a fixture)
from tests.test_watch_process import ELSEWHERE, acknowledged, installation  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def certificate(folder):
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(utc_now() - timedelta(hours=1))
        .not_valid_after(utc_now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(signed.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return folder / "cert.pem", folder / "key.pem"


def test_with_a_certificate_terminals_speak_tls_and_nobody_speaks_without(installation, tmp_path):  # noqa: F811
    cert, key = certificate(tmp_path)
    installation.up(SIFANG_JT808_TLS_CERT=str(cert), SIFANG_JT808_TLS_KEY=str(key))

    async def story():
        async with connected(installation.port, tls=ssl.create_default_context(cafile=cert)) as terminal:
            assert terminal.writer.get_extra_info("ssl_object").version() in {"TLSv1.2", "TLSv1.3"}
            assert await terminal.sign_in("a1") == 0
            assert await acknowledged(terminal, installation.body(ELSEWHERE))
        async with connected(installation.port) as terminal:
            with pytest.raises((EOFError, ConnectionError, TimeoutError, KeyError)):
                await terminal.sign_in("a1")
        with pytest.raises(ssl.SSLCertVerificationError):
            async with connected(installation.port, tls=ssl.create_default_context()):
                pass

    asyncio.run(story())
    assert len(installation.journal()) == 1
