//! `weft gateway`: runs the server.

use weft_agent::{Error, Home};
use weft_gateway::Build;

use super::{args::Gateway, exit::Exit};

const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    revision: env!("CLAWFT_REVISION"),
    target: env!("CLAWFT_TARGET"),
};

impl Gateway {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        weft_gateway::run(home, self.listen, BUILD).map(|()| Exit::Success)
    }
}
