//! TLS by certificate files. The key's file must be its owner's alone; both can be exchanged while the service runs.

use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use crate::secret_file::opened_to_others;

/// Why there is no TLS.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read the key.
    #[error("{path}: mode is {mode:04o}, so that others may read the key; chmod 600 {path}")]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file is not what it should be; nothing of it is quoted.
    #[error("{path}: expected {expected} in PEM")]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What should stand there.
        expected: &'static str,
    },
    /// Certificate and key do not belong together, or are of a kind that is not spoken.
    #[error("{path}: certificate and key cannot be used together")]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
    },
}

/// TLS for a [`crate::Server`]. Clones are the same.
#[derive(Clone)]
pub struct Tls {
    config: Arc<RwLock<Arc<ServerConfig>>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Reads certificate chain and key.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self { config: Arc::new(RwLock::new(config(certificate, key)?)) })
    }

    /// Reads them again, for connections that come from now on; on an error what was in force stays.
    pub fn reload(&self, certificate: &Path, key: &Path) -> Result<(), TlsError> {
        let config = config(certificate, key)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let read = |path: &Path| std::fs::read(path).map_err(|source| TlsError::Io { path: path.to_owned(), source });
    let found = std::fs::metadata(key).map_err(|source| TlsError::Io { path: key.to_owned(), source })?;
    if let Some(mode) = opened_to_others(key, found.permissions().mode()) {
        return Err(TlsError::OpenToOthers { path: key.to_owned(), mode });
    }
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(certificate)?).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let Some(chain) = chain else {
        return Err(TlsError::NotPem { path: certificate.to_owned(), expected: "a certificate" });
    };
    let secret = zeroize::Zeroizing::new(read(key)?);
    let secret = PrivateKeyDer::from_pem_slice(&secret)
        .map_err(|_| TlsError::NotPem { path: key.to_owned(), expected: "a private key" })?;
    let unusable = || TlsError::Unusable { path: certificate.to_owned() };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| unusable())?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|_| unusable())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_checked_and_never_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mode = |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        assert!(matches!(Tls::read(&certificate, &key), Err(TlsError::OpenToOthers { mode: 0o644, .. })));
        mode(0o600);
        let tls = Tls::read(&certificate, &key).unwrap();
        tls.reload(&certificate, &key).unwrap();
        assert!(matches!(Tls::read(&certificate, &folder.path().join("no")), Err(TlsError::Io { .. })));
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&key, other.signing_key.serialize_pem()).unwrap();
        assert!(matches!(tls.reload(&certificate, &key), Err(TlsError::Unusable { .. })));
        std::fs::write(&key, "s3cret").unwrap();
        let error = tls.reload(&certificate, &key).unwrap_err().to_string();
        assert!(error.ends_with("expected a private key in PEM") && !error.contains("s3cret"), "{error}");
        std::fs::write(&certificate, "").unwrap();
        assert!(matches!(Tls::read(&certificate, &key), Err(TlsError::NotPem { expected: "a certificate", .. })));
    }
}
