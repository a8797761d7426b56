//! A certificate authority for one run, and certificates that are valid, or invalid in one way each.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};
use wasmtime::{Result, error::Context as _};

/// The file of the authority's certificate, in DER.
pub(crate) const AUTHORITY: &str = "authority.der";

/// The name in the certificates. `.test` is reserved for tests.
pub(crate) const NAME: &str = "provider.test";

/// The certificate that a server presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// A certificate for [`NAME`] signed by the authority.
    Trusted,
    /// One signed by another authority.
    Untrusted,
    /// One signed by the authority that has expired.
    Expired,
}

impl Presented {
    /// All certificates, with their names.
    pub(crate) const ALL: [(Self, &'static str); 3] = [
        (Self::Trusted, "trusted"),
        (Self::Untrusted, "untrusted"),
        (Self::Expired, "expired"),
    ];
}

/// A certificate authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Returns a new authority called `name`, with a key that is not stored.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?);
        issuer.map(Self).context("could not make an authority")
    }

    /// Returns its own certificate in DER, which clients have to trust.
    pub(crate) fn certificate(&self) -> &[u8] {
        self.0.der()
    }

    /// Returns the TLS settings of a server that presents this certificate.
    pub(crate) fn acceptor(&self, presented: Presented) -> Result<TlsAcceptor> {
        match presented {
            Presented::Trusted => self.sign(params()?),
            Presented::Untrusted => Self::new("an authority that nobody knows")?.sign(params()?),
            Presented::Expired => {
                let mut params = params()?;
                params.not_before = date_time_ymd(2000, 1, 1);
                params.not_after = date_time_ymd(2001, 1, 1);
                self.sign(params)
            }
        }
    }

    fn sign(&self, params: CertificateParams) -> Result<TlsAcceptor> {
        let key = KeyPair::generate()?;
        let chain = vec![params.signed_by(&key, &self.0)?.der().clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Arc::new(config).into())
    }
}

fn params() -> Result<CertificateParams> {
    Ok(CertificateParams::new([NAME.to_owned()])?)
}
