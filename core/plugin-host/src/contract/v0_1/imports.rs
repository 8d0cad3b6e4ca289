//! What a plugin may call: the contract's imports, each a thin door to a capability.

use estampe_domain::permission::Permission;
use estampe_domain::plugin::PluginFailure;
use wasmtime::{Error, Result};

use super::bindings::estampe::plugin::{clock, config, file, log, state, types};
use super::convert::{Fields, refusal};
use crate::call::Call;
use crate::log::Level;

impl types::Host for Call {}

impl log::Host for Call {
    fn write(&mut self, level: log::Level, message: String) -> Result<()> {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.log.write(level, &message);
        Ok(())
    }
}

impl clock::Host for Call {
    fn now(&mut self) -> Result<i64> {
        Ok(self.clock.now().as_micros())
    }

    fn cancelled(&mut self) -> Result<bool> {
        Ok(self.budget.cancelled())
    }
}

impl config::Host for Call {
    fn get(&mut self, key: String) -> Result<Option<String>> {
        Ok(self.config.get(&key).cloned())
    }

    fn fields(&mut self) -> Result<Vec<String>> {
        let carried = Fields::of(&self.given, &self.info);
        let asks = &self.info.asks;
        let reads_mapped = asks.ldap.is_none() || self.given.grants.cover(&Permission::LdapReadMapped);
        let is_read = |name: &str| reads_mapped || asks.fields.read.iter().any(|own| own.eq_ignore_ascii_case(name));
        let told = self.given.fields.iter().filter(|name| carried.are_let_through(name) && is_read(name));
        Ok(told.cloned().collect())
    }
}

impl file::Host for Call {
    fn stat(&mut self, input: String) -> Result<Result<file::Info, types::Failure>> {
        let outcome = self.waiting(|call| call.files.stat(&input)).map_err(Error::new)?;
        Ok(answer(outcome.map(|info| file::Info { size: info.size, name: info.name })))
    }

    fn read(&mut self, input: String, offset: u64, length: u32) -> Result<Result<Vec<u8>, types::Failure>> {
        let outcome = self.waiting(|call| call.files.read(&input, offset, length));
        Ok(answer(outcome.map_err(Error::new)?))
    }
}

impl state::Host for Call {
    fn checkpoint(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.checkpoint.clone())
    }

    fn same_photos(&mut self, photos: Vec<(String, String)>) -> Result<Vec<bool>> {
        self.same_photos(photos).map_err(Error::new)
    }

    fn get(&mut self, key: String) -> Result<Option<Vec<u8>>> {
        Ok(self.state.get(&key))
    }

    fn set(&mut self, key: String, value: Option<Vec<u8>>) -> Result<Result<(), types::Failure>> {
        Ok(answer(self.state.set(key, value)))
    }
}

pub(super) fn answer<T>(outcome: std::result::Result<T, PluginFailure>) -> Result<T, types::Failure> {
    outcome.map_err(refusal)
}
