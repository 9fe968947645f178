"""A certificate authority of one's own, for `clary exec`: trusted by that program alone, kept in the data folder."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from clary.app.data_folder import write_private

_LIFETIME = datetime.timedelta(days=365)
_RENEW_BEFORE = datetime.timedelta(days=7)


class CertificateAuthority:
    """Signs leaf certificates for host names.

    The private key is readable by the owner only. The certificate is renewed when it is about to expire.

    Args:
        folder: keeps the key, the certificate and the bundle of all trusted certificates.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._key_file = folder / "authority-key.pem"
        self._certificate_file = folder / "authority.pem"
        self.bundle = folder / "bundle.pem"
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._load_or_make()

    def context(self, host: str) -> ssl.SSLContext:
        """A server-side TLS context with a certificate for `host`; made once per host."""
        if host not in self._contexts:
            leaf = self._folder / "leaf.pem"
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = self._leaf(host, key)
            write_private(leaf, _pem(certificate) + _pem(self._certificate) + _key_pem(key))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["http/1.1"])
            context.load_cert_chain(leaf)
            leaf.unlink()
            self._contexts[host] = context
        return self._contexts[host]

    def _load_or_make(self) -> None:
        try:
            key = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
            certificate = x509.load_pem_x509_certificate(self._certificate_file.read_bytes())
        except FileNotFoundError:
            self._make()
        else:
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            self._key, self._certificate = key, certificate
            if certificate.not_valid_after_utc - _RENEW_BEFORE < datetime.datetime.now(datetime.UTC):
                self._make()
        self._write_bundle()

    def _make(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Clary on this machine")])
        self._certificate = (
            _builder(name, name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        write_private(self._key_file, _key_pem(self._key))
        write_private(self._certificate_file, _pem(self._certificate))

    def _leaf(self, host: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
        return (
            _builder(name, self._certificate.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )

    def _write_bundle(self) -> None:
        trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
        pems = [ssl.DER_cert_to_PEM_cert(der) for der in trusted if isinstance(der, bytes)]
        write_private(self.bundle, "".join(pems) + _pem(self._certificate))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
