//! Asking the server that runs with this configuration, at its own address.

use ci_rescue::config::Config;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::Arc;

/// How it is called, and its address without a path.
///
/// # Errors
/// A sentence: its certificate cannot be read.
pub fn server(config: &Config) -> Result<(reqwest::ClientBuilder, String), String> {
    let client = reqwest::Client::builder().no_proxy();
    let Some(path) = &config.server.tls_cert_file else {
        return Ok((client, format!("http://{}", config.server.listen)));
    };
    let failed = |why: String| format!("{}: {}: {why}", config.name("server.tls_cert_file"), path.display());
    let certificate = CertificateDer::from_pem_file(path).map_err(|why| failed(why.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| failed(why.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Itself { certificate, provider }))
        .with_no_client_auth();
    Ok((client.use_preconfigured_tls(tls), format!("https://{}", config.server.listen)))
}

/// Its address is seldom what the certificate is for; so whoever shows this very certificate, and has its key, is believed.
#[derive(Debug)]
struct Itself {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Itself {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *shown == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
