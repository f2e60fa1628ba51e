"""Authentication codes that the installation can give again: derived, never stored.

A device that has lost its code gets the same one at its next registration, and the database holds only the
hash. A device whose code was set otherwise (by its maker, by hand) is never told a code.
"""

import base64
import hashlib
import hmac

from sifang.monitoring.intake.session import DeviceRef

CODE_LENGTH = 16


class AuthCodes:
    """Derives codes from the installation's secret (≥ 16 bytes); without a secret it gives none."""

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret

    def code_of(self, terminal_id: str) -> str | None:
        """Return the code of this terminal id (leading zeros do not count), or None without a secret."""
        if self._secret is None:
            return None
        digest = hmac.digest(self._secret, b"auth-code:" + terminal_id.lstrip("0").encode(), hashlib.sha256)
        return base64.b32encode(digest).decode()[:CODE_LENGTH]

    def code_for(self, device: DeviceRef) -> str | None:
        """Return the code to tell `device` at registration, None when its code is another one."""
        code = self.code_of(device.terminal_id)
        return code if code is not None and device.accepts_code(code) else None
