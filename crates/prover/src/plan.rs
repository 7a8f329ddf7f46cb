//! Depths and batch sizes for a poll that is still to be held, and what proving it will take.
//!
//! Rows of what is recommended are exact: the circuit is synthesised. The others follow a law in the batch size, fitted to
//! small circuits. Time is a proof's evaluation domain times seconds per domain row on one core ([`MEASURED`]); memory
//! follows [`crate::memory`] and the key's own size. Both are estimates for one proof at a time.

use maci_circuits::stats;
use maci_protocol::layout::compact::shape::ProcessShape;
use maci_verifier::{CircuitId, Mode, ParamsError, PollParams};

use crate::memory;

/// What a poll is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Voters who join.
    pub signups: u64,
    /// Messages that they publish.
    pub messages: u64,
    /// Options to vote for.
    pub options: u64,
    /// How votes are paid for.
    pub mode: Mode,
}

/// How fast a machine proves: CPU seconds for each row of the evaluation domain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(pub f64);

/// This prover in vectors on an AMD EPYC (Zen 4): 1.64 s for a proof in a domain of 2^18 rows (`cargo xtask bench prover 18`,
/// which prints the figure of another machine) and 0.12 s for its witness. Without AVX-512 IFMA a proof takes about four
/// times as long.
pub const MEASURED: Speed = Speed(6.8e-6);

/// The sizes of a circuit, measured or predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows of the constraint system.
    pub rows: u64,
    /// Rows with one for each public variable.
    pub qap_rows: u64,
    /// All variables.
    pub variables: u64,
    /// Non-zero entries of the matrices.
    pub entries: u64,
}

impl Size {
    /// Size of the evaluation domain.
    pub const fn domain(&self) -> u64 {
        self.qap_rows.next_power_of_two()
    }

    /// How much of the domain is used, in 0..=1.
    #[allow(clippy::cast_precision_loss)]
    pub fn fill(&self) -> f64 {
        self.qap_rows as f64 / self.domain() as f64
    }

    fn numbers(&self) -> [i128; 4] {
        [self.rows, self.qap_rows, self.variables, self.entries].map(i128::from)
    }

    fn of(numbers: [i128; 4]) -> Self {
        let [rows, qap_rows, variables, entries] =
            numbers.map(|n| u64::try_from(n.max(0)).unwrap_or(u64::MAX));
        Self {
            rows,
            qap_rows,
            variables,
            entries,
        }
    }
}

/// A circuit for one kind of batch, and what all its proofs take.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The circuit.
    pub circuit: CircuitId,
    /// The poll's parameters with this batch size.
    pub params: PollParams,
    /// The circuit's sizes.
    pub size: Size,
    /// How many proofs the poll needs.
    pub proofs: u64,
    /// CPU seconds of one proof.
    pub seconds: f64,
    /// Bytes of the key and of one proof at its peak.
    pub memory: u64,
}

impl Choice {
    /// CPU seconds of all proofs.
    #[allow(clippy::cast_precision_loss)]
    pub fn total_seconds(&self) -> f64 {
        self.seconds * self.proofs as f64
    }
}

/// The recommendation, and what was weighed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Recommended parameters.
    pub params: PollParams,
    /// The recommended processing circuit, its size exact.
    pub process: Choice,
    /// The recommended tally circuit, its size exact.
    pub tally: Choice,
    /// For each evaluation domain the largest message batch that fits, by the law.
    pub considered: Vec<Choice>,
}

/// A poll that cannot be planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No parameters of MACI hold such a poll.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A circuit could not be synthesised.
    #[error("circuit {circuit} could not be synthesised")]
    Synthesis {
        /// The circuit.
        circuit: CircuitId,
        /// Why.
        #[source]
        source: ark_relations::gr1cs::SynthesisError,
    },
    /// The memory is too small for any batch.
    #[error("no batch of this poll can be proved within {bytes} bytes and a domain of 2^21")]
    Memory {
        /// What was allowed.
        bytes: u64,
    },
}

/// Batches that are this much slower in sum than the fastest, but fewer, are preferred: each costs a transaction.
const TOLERANCE: f64 = 1.03;
/// No proof is planned above this domain: it would take gigabytes for each key.
const LARGEST_DOMAIN: u64 = 1 << 21;
/// Entries of a row of Poseidon on two to sixteen inputs: 12 to 19.
const ENTRIES_OF_A_HASH_ROW: i128 = 14;
/// How many messages a batch gives up at most where the law was short.
const MAX_STEPS_BACK: usize = 4;

/// Plans a poll. `memory` bounds the bytes of one proof with its key.
pub fn plan(demand: Demand, speed: Speed, memory: Option<u64>) -> Result<Plan, PlanError> {
    let base = PollParams {
        state_tree_depth: depth_for(demand.signups.saturating_add(1), 2),
        tally_processing_state_tree_depth: 0,
        vote_option_tree_depth: depth_for(demand.options, 5),
        message_batch_size: 1,
        vote_options: demand.options,
        mode: demand.mode,
    }
    .validate()?;
    let planner = Planner {
        base,
        // The contracts publish a message of their own first, and leaf 0 is nobody's.
        messages: demand.messages.saturating_add(1),
        leaves: demand.signups.saturating_add(1),
        speed,
        memory: memory.unwrap_or(u64::MAX),
    };
    let considered = planner.message_batches()?;
    let process = planner.exact(&considered)?;
    let tally = planner.exact(&planner.tally_batches()?)?;
    Ok(Plan {
        params: PollParams {
            message_batch_size: process.params.message_batch_size,
            tally_processing_state_tree_depth: tally.params.tally_processing_state_tree_depth,
            ..base
        },
        process,
        tally,
        considered,
    })
}

/// A poll and the machine that proves it.
struct Planner {
    base: PollParams,
    messages: u64,
    leaves: u64,
    speed: Speed,
    memory: u64,
}

impl Planner {
    fn process(&self, batch: u8, size: Size) -> Choice {
        let params = PollParams {
            message_batch_size: batch,
            ..self.base
        };
        let proofs = params.message_batches(self.messages);
        self.choice(params, params.process_circuit(), size, proofs)
    }

    fn tally(&self, depth: u8, size: Size) -> Choice {
        let params = PollParams {
            tally_processing_state_tree_depth: depth,
            ..self.base
        };
        let proofs = params.tally_batches(self.leaves);
        self.choice(params, params.tally_circuit(), size, proofs)
    }

    #[allow(clippy::cast_precision_loss)]
    fn choice(&self, params: PollParams, circuit: CircuitId, size: Size, proofs: u64) -> Choice {
        let domain = size.domain();
        Choice {
            circuit,
            params,
            size,
            proofs,
            seconds: domain as f64 * self.speed.0,
            memory: memory::predict(domain, size.variables, size.entries),
        }
    }

    /// For each domain the largest message batch that fits it. Beside its trees, which are cut by what is cheapest for the
    /// batch, a circuit grows by the same numbers with each message.
    fn message_batches(&self) -> Result<Vec<Choice>, PlanError> {
        let trees = |batch: u8| {
            let shape = ProcessShape::new(self.base.state_tree_depth, batch);
            let rows = shape.rows(batch.into()) as i128;
            [rows, rows, rows, rows * ENTRIES_OF_A_HASH_ROW]
        };
        let beside = |batch: u8| {
            let choice = self.process(batch, Size::of([0; 4]));
            let (size, trees) = (measure(choice.circuit)?.numbers(), trees(batch));
            Ok::<_, PlanError>(core::array::from_fn::<_, 4, _>(|i| size[i] - trees[i]))
        };
        let (few, more) = (beside(2)?, beside(6)?);
        let law = |batch: u8| {
            let trees = trees(batch);
            Size::of(core::array::from_fn(|i| {
                few[i] + (more[i] - few[i]) * (i128::from(batch) - 2) / 4 + trees[i]
            }))
        };
        let most = u8::try_from(self.messages).unwrap_or(u8::MAX);
        let mut choices: Vec<Choice> = Vec::new();
        for batch in 1..=most {
            let choice = self.process(batch, law(batch));
            match choices.last_mut() {
                Some(last) if last.size.domain() == choice.size.domain() => *last = choice,
                _ => choices.push(choice),
            }
        }
        Ok(choices)
    }

    /// The tally batches of every depth: sizes follow a + b·2^t + c·t, measured at the smallest depths.
    fn tally_batches(&self) -> Result<Vec<Choice>, PlanError> {
        let depths = self.base.state_tree_depth;
        let mut measured = Vec::new();
        for depth in 0..depths.min(3) {
            let choice = self.tally(depth, Size::of([0; 4]));
            measured.push(measure(choice.circuit)?);
        }
        let law = |depth: u8| match measured.as_slice() {
            [zero, one, two] if depth > 2 => {
                let [zero, one, two] = [zero, one, two].map(Size::numbers);
                Size::of(core::array::from_fn(|i| {
                    let b = two[i] - 2 * one[i] + zero[i];
                    let c = one[i] - zero[i] - b;
                    zero[i] - b + (b << depth) + c * i128::from(depth)
                }))
            }
            few => few[usize::from(depth)],
        };
        let choices = (0..depths).map(|depth| self.tally(depth, law(depth)));
        Ok(choices
            .take_while(|choice| choice.size.domain() <= LARGEST_DOMAIN)
            .collect())
    }

    /// The choice with the least CPU time within the memory, synthesised. Where the law was short and the circuit needs
    /// the next domain, a message batch gives up messages.
    fn exact(&self, choices: &[Choice]) -> Result<Choice, PlanError> {
        let fits = |choice: &Choice| {
            choice.memory <= self.memory && choice.size.domain() <= LARGEST_DOMAIN
        };
        let mut left: Vec<Choice> = choices.iter().copied().filter(fits).collect();
        while let Some(best) = preferred(&left) {
            let mut found = self.again(best.params, best.circuit)?;
            for _ in 0..MAX_STEPS_BACK {
                let batch = found.params.message_batch_size;
                let is_process = matches!(found.circuit, CircuitId::MessageProcessor { .. });
                if found.size.domain() <= best.size.domain() || !is_process || batch <= 1 {
                    break;
                }
                let params = PollParams {
                    message_batch_size: batch - 1,
                    ..found.params
                };
                found = self.again(params, params.process_circuit())?;
            }
            if fits(&found) {
                return Ok(found);
            }
            left.retain(|choice| choice.circuit != best.circuit);
        }
        Err(PlanError::Memory { bytes: self.memory })
    }

    fn again(&self, params: PollParams, circuit: CircuitId) -> Result<Choice, PlanError> {
        let size = measure(circuit)?;
        Ok(match circuit {
            CircuitId::VoteTally { .. } => {
                self.tally(params.tally_processing_state_tree_depth, size)
            }
            _ => self.process(params.message_batch_size, size),
        })
    }
}

/// The smallest depth of a tree of this arity with so many leaves, at least 1.
fn depth_for(leaves: u64, arity: u64) -> u8 {
    (1..u8::MAX)
        .find(|depth| {
            arity
                .checked_pow(u32::from(*depth))
                .is_none_or(|all| all >= leaves)
        })
        .unwrap_or(u8::MAX)
}

fn measure(circuit: CircuitId) -> Result<Size, PlanError> {
    let stats = stats(circuit).map_err(|source| PlanError::Synthesis { circuit, source })?;
    Ok(Size {
        rows: stats.rows as u64,
        qap_rows: stats.qap_rows() as u64,
        variables: stats.variables as u64,
        entries: stats.non_zero.iter().sum::<usize>() as u64,
    })
}

/// The one with the fewest proofs among those that are hardly slower in sum than the fastest.
fn preferred(choices: &[Choice]) -> Option<Choice> {
    let seconds = choices.iter().map(Choice::total_seconds);
    let least = seconds.fold(f64::INFINITY, f64::min);
    let close = |choice: &&Choice| choice.total_seconds() <= least * TOLERANCE;
    choices
        .iter()
        .filter(close)
        .min_by_key(|choice| choice.proofs)
        .copied()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SMALL: Demand = Demand {
        signups: 12,
        messages: 30,
        options: 5,
        mode: Mode::Qv,
    };

    #[test]
    fn depths_are_the_smallest_that_hold_the_poll() {
        assert_eq!(
            [1, 2, 3, 4, 5, 8, 9].map(|n| depth_for(n, 2)),
            [1, 1, 2, 2, 3, 3, 4]
        );
        assert_eq!([1, 5, 6, 25, 26].map(|n| depth_for(n, 5)), [1, 1, 2, 2, 3]);
    }

    #[test]
    fn a_plan_holds_the_poll_and_fits_its_domains() {
        let plan = plan(SMALL, MEASURED, None).unwrap();
        let params = plan.params.validate().unwrap();
        assert!(params.max_state_leaves() > SMALL.signups);
        assert!(params.max_vote_options() >= SMALL.options);
        assert_eq!(plan.process.circuit, params.process_circuit());
        assert_eq!(plan.tally.circuit, params.tally_circuit());
        assert_eq!(plan.process.proofs, params.message_batches(31));
        assert_eq!(plan.tally.proofs, params.tally_batches(13));
        let exact = stats(plan.process.circuit).unwrap();
        assert_eq!(plan.process.size.rows, exact.rows as u64);
        // Nothing considered is faster by more than the tolerance, and the law is that of the circuits.
        let total = plan.process.total_seconds();
        for other in &plan.considered {
            assert!(total <= other.total_seconds() * TOLERANCE, "{other:?}");
            let exact = measure(other.circuit).unwrap().numbers();
            for (law, exact) in other.size.numbers().into_iter().zip(exact) {
                assert!(
                    (law - exact).abs() * 50 <= exact,
                    "{other:?}, exact {exact}"
                );
            }
        }
    }

    #[test]
    fn a_memory_limit_is_kept_or_refused() {
        let free = plan(SMALL, MEASURED, None).unwrap();
        let limit = free.process.memory.max(free.tally.memory) - 1;
        if let Ok(limited) = plan(SMALL, MEASURED, Some(limit)) {
            assert!(limited.process.memory <= limit && limited.tally.memory <= limit);
        }
        assert!(matches!(
            plan(SMALL, MEASURED, Some(1)),
            Err(PlanError::Memory { bytes: 1 })
        ));
        let crowd = Demand {
            signups: u64::MAX,
            ..SMALL
        };
        assert!(matches!(
            plan(crowd, MEASURED, None),
            Err(PlanError::Params(_))
        ));
    }
}
