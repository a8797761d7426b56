//! `weft gateway`.

use super::args::Gateway;
use super::exit::Exit;
use crate::error::Error;
use crate::gateway;
use crate::home::Home;

impl Gateway {
    pub(crate) fn run(self, home: &Home) -> Result<Exit, Error> {
        gateway::run(home, self.listen).map(|()| Exit::Success)
    }
}
