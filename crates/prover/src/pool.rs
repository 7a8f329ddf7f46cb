//! Many proofs at once.
//!
//! Every commitment is known before the first proof (architecture.md §4), so batches are proved in any order. A worker has
//! one batch at a time: it computes the witness, which is sequential, on its own thread, then proves on the threads that all
//! workers share. So one worker's witness is made while others prove, many proofs keep every core busy, and the last one
//! of a list has all of them. A worker starts only when the memory of its proof is free.

use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use ark_bn254::Fr;
use maci_circuits::Inputs;
use maci_keys::ProvingKey;
use maci_verifier::Proof;

use crate::cancel::Cancel;
use crate::error::ProveError;
use crate::groth16::Work;
use crate::memory;
use crate::prove::{Proved, assign, prove_assignment};
use crate::timings::Timings;
use crate::witness::WitnessDigest;

/// Groth16's r and s for a key, the public inputs and the witness digest. The same arguments must give the same values,
/// so that a proof does not depend on who made it or when (D16).
pub type Randomness<'a> = dyn Fn(&ProvingKey, &[Fr], WitnessDigest) -> (Fr, Fr) + Sync + 'a;

/// One batch to prove.
pub struct Job {
    /// The key of the batch's circuit.
    pub key: Arc<ProvingKey>,
    /// Makes the batch's inputs, when its turn comes: they are not all in memory at once.
    pub inputs: Box<dyn FnOnce() -> Inputs + Send>,
}

impl core::fmt::Debug for Job {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Job")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Job {
    /// A batch whose inputs are there.
    pub fn new(key: Arc<ProvingKey>, inputs: Inputs) -> Self {
        Self {
            key,
            inputs: Box::new(move || inputs),
        }
    }
}

/// What the pool reports, on the thread that called it.
// A few hundred bytes, a few times a minute: a box would buy nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A worker began a batch.
    Started {
        /// Position in the list of jobs.
        index: usize,
    },
    /// A proof is finished and verified.
    Finished {
        /// Position in the list of jobs.
        index: usize,
        /// The proof.
        proof: Proof,
        /// How long it took.
        elapsed: Duration,
        /// How long each step took; steps of other proofs may have run on the same threads.
        timings: Timings,
    },
}

/// How many proofs run at once, on how many cores, in how much memory.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    workers: usize,
    threads: usize,
    memory: u64,
}

/// Bytes of a proving thread's stack.
const STACK: usize = 16 << 20;

/// Memory that is left to the rest of the system when the limit is not given.
const RESERVE: u64 = 256 << 20;

impl Pool {
    /// One proof per core, in the memory that is free now.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            workers: cores,
            threads: cores,
            memory: memory::available().map_or(u64::MAX, |free| free.saturating_sub(RESERVE)),
        }
    }

    /// Uses that many threads in all.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self.workers = self.workers.min(self.threads);
        self
    }

    /// Runs that many proofs at once, on the threads that they share.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.workers = workers.clamp(1, self.threads);
        self
    }

    /// Keeps the running proofs' estimated memory below a limit. One proof always runs.
    #[must_use]
    pub fn with_memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// Proves a list of batches and returns the proofs in the list's order.
    ///
    /// Each proof is reported as soon as it is verified, so that the caller can keep it. The first error stops the rest; what
    /// was reported stays good.
    pub fn prove(
        &self,
        jobs: Vec<Job>,
        randomness: &Randomness<'_>,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Vec<Proof>, ProveError> {
        let count = jobs.len();
        let workers = self.workers.min(count).max(1);
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            // A thread that waits for a part of one proof may begin another.
            .stack_size(STACK)
            .build()
            .map_err(|_| ProveError::Thread)?;
        let queue = Queue::new(jobs, self.memory);
        let (sender, receiver) = mpsc::channel();
        let mut proofs: Vec<Option<Proof>> = vec![None; count];
        let mut first_error = None;
        std::thread::scope(|scope| {
            let handles: Vec<_> = (0..workers)
                .map(|_| {
                    let sender = sender.clone();
                    let (queue, threads) = (&queue, &threads);
                    scope.spawn(move || work(queue, threads, randomness, cancel, &sender))
                })
                .collect();
            drop(sender);
            for message in receiver {
                match message {
                    Ok(event) => {
                        if let Event::Finished { index, proof, .. } = &event {
                            proofs[*index] = Some(*proof);
                        }
                        on_event(event);
                    }
                    Err(error) => {
                        queue.close();
                        first_error.get_or_insert(error);
                    }
                }
            }
            // A panic ended its worker alone; here it becomes the job's error.
            for handle in handles {
                if handle.join().is_err() {
                    first_error.get_or_insert(ProveError::Thread);
                }
            }
        });
        if let Some(error) = first_error {
            return Err(error);
        }
        cancel.check()?;
        proofs
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .ok_or(ProveError::Thread)
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

/// What a worker sends.
type Message = Result<Event, ProveError>;

fn work(
    queue: &Queue,
    threads: &rayon::ThreadPool,
    randomness: &Randomness<'_>,
    cancel: &Cancel,
    sender: &mpsc::Sender<Message>,
) {
    // A worker that ends in a panic takes the rest of the list with it.
    let _close = CloseOnPanic(queue);
    while let Some((index, job, _ticket)) = queue.next() {
        if cancel.is_stopping() {
            let _ = sender.send(Err(ProveError::Cancelled));
            return;
        }
        let _ = sender.send(Ok(Event::Started { index }));
        let started = Instant::now();
        let key = &job.key;
        let mut work = Work::new(cancel);
        let result = assign(key, (job.inputs)(), &mut work).and_then(|assignment| {
            let draw = |public: &[Fr], digest| randomness(key, public, digest);
            threads.install(|| {
                work.begin();
                prove_assignment(key, &assignment, draw, work)
            })
        });
        let message = result.map(|Proved { proof, timings }| Event::Finished {
            index,
            proof,
            elapsed: started.elapsed(),
            timings,
        });
        let failed = message.is_err();
        let _ = sender.send(message);
        if failed {
            return;
        }
    }
}

struct CloseOnPanic<'a>(&'a Queue);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

/// Jobs in order, each handed out when its memory fits.
struct Queue {
    state: Mutex<State>,
    freed: Condvar,
    limit: u64,
}

struct State {
    waiting: std::collections::VecDeque<(usize, Job)>,
    running: usize,
    used: u64,
}

/// The memory of a job that may run; dropping it gives the memory back.
struct Ticket<'a> {
    needs: u64,
    queue: &'a Queue,
}

impl Queue {
    fn new(jobs: Vec<Job>, limit: u64) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: jobs.into_iter().enumerate().collect(),
                running: 0,
                used: 0,
            }),
            freed: Condvar::new(),
            limit,
        }
    }

    fn next(&self) -> Option<(usize, Job, Ticket<'_>)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let needs = memory::estimate(&state.waiting.front()?.1.key);
            if state.running == 0 || state.used.saturating_add(needs) <= self.limit {
                let (index, job) = state.waiting.pop_front()?;
                state.running += 1;
                state.used = state.used.saturating_add(needs);
                return Some((index, job, Ticket { needs, queue: self }));
            }
            state = self
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Hands out nothing more.
    fn close(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.clear();
        self.freed.notify_all();
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut state = self
            .queue
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.running -= 1;
        state.used = state.used.saturating_sub(self.needs);
        self.queue.freed.notify_all();
    }
}
