//! Encryption: a certificate chain and its key, from PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headwater::{Error, ErrorCode, Result};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The files that encryption needs, in PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The server's certificate and those between it and its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Reads them.
    ///
    /// # Errors
    /// `config_invalid` at `tls_certificate` or `tls_key`.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor> {
        let failed = |cause: pem::Error| refused("tls_certificate", &self.certificate, cause);
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .map_err(failed)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
        if chain.is_empty() {
            return Err(failed(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|cause| refused("tls_key", &self.key, cause))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|cause| refused("tls_key", &self.key, cause))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// A file that is no use; what it holds is not repeated.
fn refused(
    field: &str,
    path: &Path,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::new(ErrorCode::ConfigInvalid, format!("cannot use {}: {cause}", path.display()))
        .at_field(field)
        .hint("give PEM files: the certificate chain, and the private key that belongs to it")
        .because(cause)
}
