//! Encryption that tells strangers nothing: TLS 1.3 with raw public keys (RFC 7250) that live as long as an alias.
//!
//! The server shows an ephemeral Ed25519 key, the client none, and neither believes anything of it: who the other is, is
//! proven inside, by signatures over the exporter of this very connection. So there are no certificates to check here,
//! only that the other end holds the key that it shows.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{
    CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// The application protocol: its version is the session's.
const ALPN: &[u8] = b"okibi/1";
/// PKCS#8 of an Ed25519 key is this and 32 bytes (RFC 8410, section 7).
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The server's side, with a key made from 32 random bytes.
pub(super) fn server(seed: &[u8; 32]) -> Result<rustls::ServerConfig, Error> {
    let der = [&PKCS8_HEAD[..], seed].concat();
    let key = ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(der))?;
    let public = key
        .public_key()
        .ok_or_else(|| Error::General("the key has no public half".into()))?;
    let certificate = CertificateDer::from(public.to_vec());
    let certified = CertifiedKey::new(vec![certificate], key);
    let resolver = AlwaysResolvesServerRawPublicKeys::new(Arc::new(certified));
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Nothing may be sent before the exporter of this connection is known.
    config.max_early_data_size = 0;
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The client's side.
pub(super) fn client() -> Result<rustls::ClientConfig, Error> {
    let mut config = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(HoldsItsKey(provider())))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed connection would tell that both have met.
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_sni = false;
    Ok(config)
}

/// Any key will do, if the server has it.
#[derive(Debug)]
struct HoldsItsKey(Arc<CryptoProvider>);

impl ServerCertVerifier for HoldsItsKey {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(key.as_ref());
        let schemes = &self.0.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signature, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
