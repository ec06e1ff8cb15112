"""TLS as this machine trusts it: its own certificates, SSL_CERT_FILE, and certifi's where it has none."""

import functools
import ssl


@functools.cache
def context() -> ssl.SSLContext:
    import certifi  # reading the certificates takes time that plain HTTP need not spend

    trusted = ssl.create_default_context()
    trusted.load_verify_locations(certifi.where())
    return trusted
