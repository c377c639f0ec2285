"""SM2 signatures with SM3 (GB/T 32918.2, GB/T 32918.5) by the OpenSSL that the interpreter is linked with.

Why that library and no package of SM2: docs/decisions/0009-keys-and-certificates.md. It is called through its
documented EVP functions, with keys of fixed size that were checked here first, so that no key of a stranger's making
is parsed in C.
Where Python comes without a shared OpenSSL 3, or with one built without SM2, `require` says so.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from interconn.identity import armour
from interconn.standard.errors import ConfigurationError

USER_ID: Final = b"1234567812345678"
"""The default distinguishing id (GB/T 32918.5, GM/T 0009): the Z value that is hashed before the message needs one."""
LONGEST_SIGNATURE: Final = 80

_SPKI: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
"""All that comes before x and y in a SubjectPublicKeyInfo: named curve sm2p256v1, uncompressed point."""
_FIELD: Final = 2**256 - 2**224 - 2**96 + 2**64 - 1
_B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93


@dataclass(frozen=True)
class Sm2PublicKey:
    """A point of the curve.

    Attributes:
        der: its SubjectPublicKeyInfo.
    """

    der: bytes
    _handle: _Handle = field(repr=False, compare=False)

    @property
    def pem(self) -> str:
        """The SubjectPublicKeyInfo as PEM."""
        return armour.write("PUBLIC KEY", self.der)

    @classmethod
    def parse(cls, der: bytes) -> Sm2PublicKey:
        """Read a SubjectPublicKeyInfo with named curve and uncompressed point.

        Raises:
            ValueError: it is none of SM2, or its point does not lie on the curve.
        """
        if len(der) != len(_SPKI) + 64 or not der.startswith(_SPKI):
            raise ValueError("no SM2 public key with named curve and uncompressed point")
        x, y = (int.from_bytes(part) for part in (der[-64:-32], der[-32:]))
        if not (x < _FIELD and y < _FIELD and (y * y - x * x * x + 3 * x - _B) % _FIELD == 0):
            raise ValueError("the point does not lie on the curve")
        library = _library()
        return cls(der, _Handle(_decoded(library, library.d2i_PUBKEY, der)))

    def verify(self, signature: bytes, content: bytes) -> bool:
        """Return whether a signature (DER) over `content` is this key's."""
        if len(signature) > LONGEST_SIGNATURE:
            return False
        library = _library()
        with _digest(library, self._handle) as context:
            library.check(library.EVP_DigestVerifyInit_ex(context, None, b"SM3", None, None, self._handle.key, None))
            good = library.EVP_DigestVerify(context, signature, len(signature), content, len(content))
        library.ERR_clear_error()  # a signature that does not parse leaves its reason behind
        return bool(good == 1)


@dataclass(frozen=True)
class Sm2PrivateKey:
    """A private key, held by OpenSSL; its random numbers are OpenSSL's, seeded by the operating system."""

    _handle: _Handle = field(repr=False)

    @classmethod
    def generate(cls) -> Sm2PrivateKey:
        """Make a key."""
        library = _library()
        context = library.present(library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None))
        key = ctypes.c_void_p()
        try:
            library.check(library.EVP_PKEY_keygen_init(context))
            library.check(library.EVP_PKEY_generate(context, ctypes.byref(key)))
        finally:
            library.EVP_PKEY_CTX_free(context)
        assert key.value
        return cls(_Handle(key.value))

    @classmethod
    def parse(cls, pem: bytes) -> Sm2PrivateKey:
        """Read a private key of this node's own: PKCS#8 in PEM, not encrypted.

        Raises:
            ValueError: it is no SM2 key.
        """
        library = _library()
        handle = _Handle(_decoded(library, library.d2i_AutoPrivateKey, armour.read("PRIVATE KEY", pem.decode("ascii"))))
        if not library.EVP_PKEY_is_a(handle.key, b"SM2"):
            raise ValueError("no SM2 private key")
        return cls(handle)

    @property
    def pem(self) -> bytes:
        """The key as unencrypted PKCS#8 PEM; secret."""
        library = _library()
        information = library.present(library.EVP_PKEY2PKCS8(self._handle.key))
        try:
            return armour.write("PRIVATE KEY", _encoded(library, library.i2d_PKCS8_PRIV_KEY_INFO, information)).encode()
        finally:
            library.PKCS8_PRIV_KEY_INFO_free(information)

    def public_key(self) -> Sm2PublicKey:
        """Return its public half."""
        library = _library()
        return Sm2PublicKey.parse(_encoded(library, library.i2d_PUBKEY, self._handle.key))

    def sign(self, content: bytes) -> bytes:
        """Return the signature over `content`, DER."""
        library = _library()
        size = ctypes.c_size_t(LONGEST_SIGNATURE)
        signature = ctypes.create_string_buffer(LONGEST_SIGNATURE)
        with _digest(library, self._handle) as context:
            library.check(library.EVP_DigestSignInit_ex(context, None, b"SM3", None, None, self._handle.key, None))
            library.check(library.EVP_DigestSign(context, signature, ctypes.byref(size), content, len(content)))
        return signature.raw[: size.value]


def require() -> None:
    """Check that SM2 is to be had here.

    Raises:
        ConfigurationError: it is not; the message says what to do.
    """
    _library()


def available() -> bool:
    """Return whether SM2 is to be had here."""
    try:
        require()
    except ConfigurationError:
        return False
    return True


# --- OpenSSL ----------------------------------------------------------------------------------------------


class _Handle:
    """An EVP_PKEY, freed with this object. OpenSSL lets several threads use one at once as long as none changes it."""

    def __init__(self, key: int) -> None:
        self.key = key

    def __del__(self) -> None:
        # At the end of the process names may be gone; so is the process.
        if _library is not None:
            _library().EVP_PKEY_free(self.key)


class _OpenSsl:
    """The functions that are used, with their types: without these ctypes would cut pointers to 32 bits."""

    _POINTER: Final = ctypes.c_void_p
    _SIGNATURES: Final[dict[str, tuple[Any, ...]]] = {
        # name: result, arguments
        "ERR_clear_error": (None,),
        "EVP_DigestSign": (ctypes.c_int, _POINTER, _POINTER, _POINTER, ctypes.c_char_p, ctypes.c_size_t),
        "EVP_DigestSignInit_ex": (
            ctypes.c_int, _POINTER, _POINTER, ctypes.c_char_p, _POINTER, _POINTER, _POINTER, _POINTER
        ),
        "EVP_DigestVerify": (
            ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t
        ),
        "EVP_DigestVerifyInit_ex": (
            ctypes.c_int, _POINTER, _POINTER, ctypes.c_char_p, _POINTER, _POINTER, _POINTER, _POINTER
        ),
        "EVP_MD_CTX_free": (None, _POINTER),
        "EVP_MD_CTX_new": (_POINTER,),
        "EVP_MD_CTX_set_pkey_ctx": (None, _POINTER, _POINTER),
        "EVP_PKEY2PKCS8": (_POINTER, _POINTER),
        "EVP_PKEY_CTX_free": (None, _POINTER),
        "EVP_PKEY_CTX_new_from_name": (_POINTER, _POINTER, ctypes.c_char_p, ctypes.c_char_p),
        "EVP_PKEY_CTX_new_from_pkey": (_POINTER, _POINTER, _POINTER, ctypes.c_char_p),
        "EVP_PKEY_CTX_set1_id": (ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_int),
        "EVP_PKEY_free": (None, _POINTER),
        "EVP_PKEY_generate": (ctypes.c_int, _POINTER, _POINTER),
        "EVP_PKEY_is_a": (ctypes.c_int, _POINTER, ctypes.c_char_p),
        "EVP_PKEY_keygen_init": (ctypes.c_int, _POINTER),
        "PKCS8_PRIV_KEY_INFO_free": (None, _POINTER),
        "d2i_AutoPrivateKey": (_POINTER, _POINTER, _POINTER, ctypes.c_long),
        "d2i_PUBKEY": (_POINTER, _POINTER, _POINTER, ctypes.c_long),
        "i2d_PKCS8_PRIV_KEY_INFO": (ctypes.c_int, _POINTER, _POINTER),
        "i2d_PUBKEY": (ctypes.c_int, _POINTER, _POINTER),
    }  # fmt: skip

    def __init__(self, library: ctypes.CDLL) -> None:
        for name, (result, *arguments) in self._SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def check(self, result: int) -> None:
        """Raise if a call did not succeed."""
        if result != 1:
            self.ERR_clear_error()
            raise RuntimeError("OpenSSL failed at an SM2 operation")

    def present(self, pointer: int | None) -> int:
        """Return what a call made, or raise if it made nothing."""
        if not pointer:
            self.ERR_clear_error()
            raise RuntimeError("OpenSSL failed at an SM2 operation")
        return pointer


@cache
def _library() -> _OpenSsl:
    import _ssl

    why = ""
    # The functions are looked up through the module that links to OpenSSL: this is the one library that the
    # interpreter's own TLS uses and that the distribution keeps up to date.
    try:
        library = _OpenSsl(ctypes.CDLL(getattr(_ssl, "__file__", None)))
        context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
        if context:
            library.EVP_PKEY_CTX_free(context)
            return library
        library.ERR_clear_error()
        why = f"{_ssl.OPENSSL_VERSION} was built without SM2"
    except (OSError, AttributeError):
        why = f"the functions of {_ssl.OPENSSL_VERSION} cannot be reached from this Python"
    raise ConfigurationError(
        f"SM3_SM2 is not to be had on this machine: {why}",
        where="auth_type",
        hint="It needs a Python linked with a shared OpenSSL 3 that has SM2 (Debian, Ubuntu, openEuler, Anolis)",
    )


@contextmanager
def _digest(library: _OpenSsl, handle: _Handle) -> Iterator[int]:
    context = library.present(library.EVP_MD_CTX_new())
    key_context = None
    try:
        key_context = library.present(library.EVP_PKEY_CTX_new_from_pkey(None, handle.key, None))
        library.check(library.EVP_PKEY_CTX_set1_id(key_context, USER_ID, len(USER_ID)))
        library.EVP_MD_CTX_set_pkey_ctx(context, key_context)
        yield context
    finally:
        library.EVP_MD_CTX_free(context)
        if key_context:
            library.EVP_PKEY_CTX_free(key_context)


def _decoded(library: _OpenSsl, function: Any, der: bytes) -> int:
    place = ctypes.c_char_p(der)
    key = function(None, ctypes.byref(place), len(der))
    if not key:
        library.ERR_clear_error()
        raise ValueError("no SM2 key")
    return int(key)


def _encoded(library: _OpenSsl, function: Any, what: int) -> bytes:
    size = function(what, None)
    if size <= 0:
        library.check(size)
    buffer = ctypes.create_string_buffer(size)
    library.check(int(function(what, ctypes.byref(ctypes.c_void_p(ctypes.addressof(buffer)))) == size))
    return buffer.raw
