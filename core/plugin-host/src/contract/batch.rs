//! A batch of signatures: one instance makes them one after another, and is replaced when
//! something went wrong in it, so that whatever one person's data did, the others come.

use std::time::{Duration, Instant};

use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::signature::{Signature, SignatureInput};

use crate::budget::{Cancelled, Stop};
use crate::settings::Limits;

/// Signatures of a batch: what a guest thread is kept busy with at most.
const MAX_BATCH: usize = 500;
/// Failures of a batch that are the template's own fault. Each may have cost a whole call's
/// time: a template that is broken is not tried 500 times.
const MAX_FAULTS: usize = 8;
/// How much longer a whole batch may take than one call may compute.
const TIME: u32 = 10;

/// A signature of each input, or why there is none.
pub type Signatures = Vec<Result<Signature, PluginFailure>>;

/// Is told what became of each call, and when it began.
type Note<'a> = dyn Fn(Instant, &Result<Signature, PluginFailure>) + 'a;

/// See the module.
pub struct Batch<'a> {
    inputs: &'a [SignatureInput],
    time: Duration,
    cancelled: Cancelled,
    note: &'a Note<'a>,
}

impl<'a> Batch<'a> {
    /// Of these inputs.
    pub fn new(inputs: &'a [SignatureInput], limits: &Limits, cancelled: Cancelled, note: &'a Note<'a>) -> Self {
        Self { inputs, time: limits.computing * TIME, cancelled, note }
    }

    /// Renders each input. `instantiate` makes an instance, `render` uses it.
    pub fn render<I>(
        &self,
        instantiate: impl Fn() -> Result<I, PluginFailure>,
        render: impl Fn(&mut I, &SignatureInput) -> Result<Signature, PluginFailure>,
    ) -> Result<Signatures, PluginFailure> {
        let count = self.inputs.len();
        if count > MAX_BATCH {
            let message = format!("a batch of {count} signatures; at most {MAX_BATCH} are rendered at once");
            return Err(PluginFailure::new(FailKind::Limit, message));
        }
        let (since, mut faults) = (Instant::now(), 0);
        let mut instance: Option<I> = None;
        let mut rendered = Vec::with_capacity(count);
        for input in self.inputs {
            if let Some(failure) = self.given_up(faults, since) {
                rendered.push(Err(failure));
                continue;
            }
            let started = Instant::now();
            let outcome = match &mut instance {
                Some(instance) => render(instance, input),
                None => instantiate().and_then(|fresh| render(instance.insert(fresh), input)),
            };
            if let Err(failure) = &outcome {
                instance = None;
                faults += usize::from(failure.is_own_fault());
            }
            (self.note)(started, &outcome);
            rendered.push(outcome);
        }
        Ok(rendered)
    }

    /// Why the rest is not rendered.
    fn given_up(&self, faults: usize, since: Instant) -> Option<PluginFailure> {
        if self.cancelled.is_set() {
            return Some(PluginFailure::new(FailKind::Unavailable, Stop::Cancelled.to_string()));
        }
        if faults >= MAX_FAULTS {
            let message = format!("not rendered: the plugin had failed {faults} times in this batch");
            return Some(PluginFailure::new(FailKind::Internal, message));
        }
        let message = || format!("not rendered: the batch had taken more than {:?} already", self.time);
        (since.elapsed() > self.time).then(|| PluginFailure::new(FailKind::Deadline, message()))
    }
}
