//! TLS: the certificate and its key, read anew when their files change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::ServerConfig;

/// How often the files are looked at.
pub(super) const LOOK: Duration = Duration::from_secs(30);

/// Where the certificate of the service is. Whoever renews it replaces both files; the service needs no restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate and those that lead to its root, as PEM, its own first.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
}

/// A certificate that connections are opened with.
pub struct Tls {
    files: TlsFiles,
    current: RwLock<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// When the files were changed last.
    changed: [Option<SystemTime>; 2],
}

impl Tls {
    /// Reads the files. The error is a sentence that names the one that is wrong.
    pub fn open(files: TlsFiles) -> Result<Self, String> {
        let current = Current::read(&files)?;
        Ok(Self { files, current: RwLock::new(current) })
    }

    /// What opens the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&current.config))
    }

    /// Takes other files if there are any. Those that cannot be used are logged, and the old ones stay.
    pub(super) fn refresh(&self) {
        let changed = self.files.changed();
        if self.current.read().unwrap_or_else(PoisonError::into_inner).changed == changed {
            return;
        }
        match Current::read(&self.files) {
            Ok(new) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
                tracing::info!(certificate = %self.files.certificate.display(), "a new certificate is used");
            }
            // One of the two may not be written yet: it is tried again.
            Err(reason) => tracing::error!(reason, "the certificate has changed and cannot be used; the old one stays"),
        }
    }
}

impl Current {
    fn read(files: &TlsFiles) -> Result<Self, String> {
        // Before they are read: what changes meanwhile is seen by the next look.
        let changed = files.changed();
        let chain = CertificateDer::pem_slice_iter(&read("certificate", &files.certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong("certificate", &files.certificate, &error))?;
        if chain.is_empty() {
            return Err(wrong("certificate", &files.certificate, &"there is no CERTIFICATE in it"));
        }
        let key = PrivateKeyDer::from_pem_slice(&read("key", &files.key)?)
            .map_err(|error| wrong("key", &files.key, &error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| wrong("key", &files.key, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), changed })
    }
}

impl TlsFiles {
    fn changed(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
    }
}

fn read(field: &str, path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error: io::Error| wrong(field, path, &error))
}

fn wrong(field: &str, path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("tls.{field} is {}: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(files: &TlsFiles) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&files.certificate, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    }

    fn current(tls: &Tls) -> Arc<ServerConfig> {
        Arc::clone(&tls.current.read().unwrap().config)
    }

    #[test]
    fn files_that_are_replaced_are_used_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: folder.path().join("chain.pem"), key: folder.path().join("key.pem") };
        let error = Tls::open(files.clone()).err().unwrap();
        assert!(error.starts_with("tls.certificate is ") && error.contains("chain.pem"), "{error}");
        put(&files);
        let tls = Tls::open(files.clone()).unwrap();
        let first = current(&tls);
        tls.refresh();
        assert!(Arc::ptr_eq(&first, &current(&tls)), "nothing has changed");

        let later = |path: &Path, seconds| {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(seconds)).unwrap();
        };
        fs::write(&files.key, "half written").unwrap();
        later(&files.key, 10);
        tls.refresh();
        assert!(Arc::ptr_eq(&first, &current(&tls)), "the old one stays");
        put(&files);
        later(&files.key, 20);
        tls.refresh();
        assert!(!Arc::ptr_eq(&first, &current(&tls)), "the new one is used");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: folder.path().join("chain.pem"), key: folder.path().join("key.pem") };
        put(&files);
        fs::write(&files.certificate, "nothing").unwrap();
        let error = Tls::open(files.clone()).err().unwrap();
        assert!(error.contains("there is no CERTIFICATE in it"), "{error}");
        put(&files);
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&files.key, other.signing_key.serialize_pem()).unwrap();
        let error = Tls::open(files).err().unwrap();
        assert!(error.starts_with("tls.key is "), "a key of another certificate: {error}");
    }
}
