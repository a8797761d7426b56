//! An authority made for one run, and certificates that are right, and wrong in one way each.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};
use wasmtime::{Result, error::Context as _};

/// The file that the authority's certificate is in, in DER.
pub(crate) const AUTHORITY: &str = "authority.der";

/// The name that the certificates are made out to. `.test` is reserved: it can be nobody's.
pub(crate) const NAME: &str = "provider.test";

/// A way for a server to present itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// By a certificate for [`NAME`] that the authority signed.
    Trusted,
    /// By one that another authority signed.
    Untrusted,
    /// By one that the authority signed, and that ended long ago.
    Expired,
}

impl Presented {
    /// All of them, with the names that they go by.
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Trusted, "trusted"), (Self::Untrusted, "untrusted"), (Self::Expired, "expired")];
}

/// Signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one that goes by `name`, with a key that is kept nowhere.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?);
        issuer.map(Self).context("could not make an authority")
    }

    /// Its own certificate, in DER: what a client has to trust.
    pub(crate) fn certificate(&self) -> &[u8] {
        self.0.der()
    }

    /// What a server needs that presents itself as told.
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
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        Ok(Arc::new(config).into())
    }
}

fn params() -> Result<CertificateParams> {
    Ok(CertificateParams::new([NAME.to_owned()])?)
}
