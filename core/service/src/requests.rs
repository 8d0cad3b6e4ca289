//! Ids of requests, made by the hundred: one call of the random source for many.

use std::sync::{Arc, Mutex, PoisonError};

use estampe_domain::RequestId;
use estampe_domain::ports::{Clock, Random};

/// Random bytes fetched at once. A system call costs more than all the rest of an id.
const STOCK: usize = 2_048;

/// Makes ids; each thread has its own, so that its lock is always free.
pub struct RequestIds {
    clock: Arc<dyn Clock>,
    stock: Stock,
}

impl RequestIds {
    pub(crate) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { clock, stock: Stock(Mutex::new((vec![0; STOCK], STOCK)), random) }
    }

    /// A new one, of this moment.
    pub fn next_id(&self) -> RequestId {
        RequestId::new(self.clock.now(), &self.stock)
    }
}

/// Random bytes and how many of them are used, filled again from the true source. An id
/// is no secret: that its bytes lie in memory for a while does no harm.
struct Stock(Mutex<(Vec<u8>, usize)>, Arc<dyn Random>);

impl Random for Stock {
    fn fill(&self, bytes: &mut [u8]) {
        let (stock, used) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *used + bytes.len() > stock.len() {
            self.1.fill(stock);
            *used = 0;
        }
        match stock.get(*used..*used + bytes.len()) {
            Some(fresh) => {
                bytes.copy_from_slice(fresh);
                *used += bytes.len();
            }
            None => self.1.fill(bytes),
        }
    }
}
