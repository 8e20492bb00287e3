"""The folder in which this machine's simulators keep their keys from one start to the next."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tayari_simulator.apis.core.security_credential import made_key

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:  # loaded when a key is read: it takes 0.1 s, a fifth of the simulator's start
    from cryptography.hazmat.primitives.asymmetric import rsa

KEY_FILE: Final = "initiator-key.pem"
_PROBE: Final = b"is this key whole?"


def state_folder(environ: Mapping[str, str]) -> Path:
    """`$TAYARI_STATE`, or `tayari` in the user's state folder."""
    if chosen := environ.get("TAYARI_STATE"):
        return Path(chosen)
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tayari"


def keep_once(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read. Of several processes the first one's stays, whole from the start."""
    handle, fresh = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        Path(fresh).unlink()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While the block runs, no other thread or process makes a key of this folder, or removes an old one."""
    if sys.platform == "win32":
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def initiator_key(chosen: Path | None = None) -> rsa.RSAPrivateKey:
    """The key pair for initiators' passwords that all simulators of a state folder share.

    The real sandbox has one certificate for all, too: a merchant that keeps its certificate at a fixed place can use it
    in several instances, and in the next run. Where nothing can be kept, each simulator has a key of its own.
    """
    try:
        folder = chosen or state_folder(os.environ)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _kept(folder / KEY_FILE)
    except (OSError, RuntimeError):  # or there is no home folder
        return made_key()


def _kept(file: Path) -> rsa.RSAPrivateKey:
    """The key of this file; one that is missing, or is no good key, is made anew. Raises OSError.

    Looked at again once nobody else makes one: else two that find a bad key would each replace it.
    """
    key = _read(file)
    if key is None:
        with alone(file.parent):
            key = _read(file)
            if key is None:
                key = made_key()
                file.unlink(missing_ok=True)
                keep_once(file, _written(key))
    return key


def _written(key: rsa.RSAPrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see above

    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _read(file: Path) -> rsa.RSAPrivateKey | None:
    """The key of a file; None: there is none, or it does not open what it closes. Raises OSError."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    try:
        key = serialization.load_pem_private_key(  # to prove that its numbers fit would hold all threads for 33 ms
            file.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
        if not isinstance(key, rsa.RSAPrivateKey):
            return None
        closed = key.public_key().encrypt(_PROBE, padding.PKCS1v15())
        return key if key.decrypt(closed, padding.PKCS1v15()) == _PROBE else None  # in 1 ms
    except (FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it has a password
        return None
