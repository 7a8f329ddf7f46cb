//! One circuit of a wanted size with its key and witness, in the form that each prover takes.

// Keys and witnesses are too long to print.
#![allow(missing_debug_implementations)]

use std::error::Error;
use std::path::{Path, PathBuf};

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ff::{AdditiveGroup, Field};
use ark_groth16::Groth16;
use ark_relations::gr1cs::Matrix;
use maci_circuits::{Circuit, Inputs, matrices, sample_inputs};
use maci_keys::snarkjs::{Wtns, Zkey, dev_zkey, write_wtns};
use maci_keys::{AllowInsecureDevKeys, ProvingKey, R1cs, Textbook, store::insecure_dev_key};
use maci_prover::groth16::{self, Points, Work};
use maci_prover::{Backend, Cancel, Step, circom, witness::Assignment};
use maci_verifier::{CircuitId, Mode, PollParams};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// A poll of state depth 10 with 25 options.
fn params(messages: u8) -> PollParams {
    PollParams {
        state_tree_depth: 10,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 2,
        message_batch_size: messages,
        vote_options: 25,
        mode: Mode::Qv,
    }
}

/// The message processor of such a poll, for a batch of messages.
pub fn message_processor(messages: u8) -> CircuitId {
    params(messages).process_circuit()
}

/// The message processor with as many messages as a domain holds, or the tally where it holds none.
pub fn circuit_that_fills(domain: usize) -> Fallible<CircuitId> {
    let rows = |id| -> Fallible<usize> { Ok(R1cs::of(id)?.qap_rows()) };
    let (one, two) = (rows(message_processor(1))?, rows(message_processor(2))?);
    if one > domain {
        return Ok(params(1).tally_circuit());
    }
    let more = domain.saturating_sub(one) / (two - one);
    Ok(message_processor(u8::try_from(more + 1)?))
}

/// A key and a witness, for provers in this process.
pub struct Subject {
    /// Our key.
    pub key: ProvingKey,
    /// The circuit's inputs.
    inputs: Inputs,
    /// The witness.
    pub assignment: Assignment,
}

/// The same for ark-groth16.
pub struct Ark {
    key: ark_groth16::ProvingKey<Bn254>,
    matrices: [Matrix<Fr>; 3],
    instance_variables: usize,
}

/// Fixed blinding: these proofs are timed and thrown away.
fn blinding() -> (Fr, Fr) {
    (Fr::from(3u64), Fr::from(5u64))
}

/// Whether we and ark-groth16 make the same proof where the ways of blinding meet.
pub fn agree(subject: &Subject, ark: &Ark) -> Fallible<bool> {
    let s = Fr::from(5u64);
    let cancel = Cancel::new();
    let (key, assignment) = (&subject.key, &subject.assignment);
    let ours = groth16::create(key, assignment, (Fr::ONE, s), &mut Work::new(&cancel))?;
    Ok(ours == ark.prove_with(assignment, (Fr::ZERO, s))?)
}

impl Subject {
    /// Makes a dev key.
    pub fn new(id: CircuitId) -> Fallible<Self> {
        let key = insecure_dev_key(id, R1cs::of(id)?, &mut |_| {})?
            .accept(Some(AllowInsecureDevKeys::because_the_user_said_so()))?;
        let inputs = sample_inputs(id)?;
        let assignment = Assignment::of(Circuit::new(id, inputs.clone())?)?;
        Ok(Self {
            key,
            inputs,
            assignment,
        })
    }

    /// Inputs to values to proof.
    pub fn assign_and_prove(&self) -> Fallible<Points> {
        let id = self.key.circuit();
        let assignment = Assignment::of(Circuit::new(id, self.inputs.clone())?)?;
        let cancel = Cancel::new();
        let mut work = Work::new(&cancel);
        Ok(groth16::create(
            &self.key,
            &assignment,
            blinding(),
            &mut work,
        )?)
    }

    /// Our proof.
    pub fn prove(&self, backend: Backend, done: &mut (dyn FnMut(Step) + Send)) -> Fallible<Points> {
        let cancel = Cancel::new();
        let mut work = Work::new(&cancel).with_backend(backend).reporting(done);
        Ok(groth16::create(
            &self.key,
            &self.assignment,
            blinding(),
            &mut work,
        )?)
    }

    /// Key and matrices in the form of ark-groth16.
    pub fn ark(&self) -> Fallible<Ark> {
        let points = self.key.verifying_key().points();
        let token = AllowInsecureDevKeys::because_the_user_said_so();
        let textbook = Textbook::new(&self.key, token)?;
        let key = ark_groth16::ProvingKey {
            vk: ark_groth16::VerifyingKey {
                alpha_g1: *points.alpha_g1(),
                beta_g2: *points.beta_g2(),
                gamma_g2: *points.gamma_g2(),
                delta_g2: *points.delta_g2(),
                gamma_abc_g1: points.ic().to_vec(),
            },
            beta_g1: textbook.beta_g1(),
            delta_g1: textbook.delta_g1(),
            a_query: textbook.a(),
            b_g1_query: textbook.b_g1(),
            b_g2_query: textbook.b_g2(),
            h_query: textbook.h(),
            l_query: textbook.l(),
        };
        let matrices = matrices(self.key.circuit())?;
        Ok(Ark {
            key,
            instance_variables: matrices.instance_variables,
            matrices: [matrices.a, matrices.b, matrices.c],
        })
    }

    /// Writes key and witness in snarkjs' formats.
    pub fn files(&self, directory: &Path) -> Fallible<Files> {
        let files = Files {
            zkey: directory.join("circuit.zkey"),
            prepared: directory.join("circuit.prepared"),
            wtns: directory.join("witness.wtns"),
            proof: directory.join("proof.json"),
            public: directory.join("public.json"),
        };
        let token = AllowInsecureDevKeys::because_the_user_said_so();
        dev_zkey(&self.key, &files.zkey, token)?;
        write_wtns(&files.wtns, self.assignment.values())?;
        Zkey::prepare(&files.zkey, &files.prepared)?;
        Ok(files)
    }
}

impl Ark {
    /// Bytes of key and matrices.
    pub fn memory_bytes(&self) -> usize {
        let key = &self.key;
        let g1 = key.a_query.len() + key.b_g1_query.len() + key.h_query.len() + key.l_query.len();
        let points = g1 * size_of::<G1Affine>() + key.b_g2_query.len() * size_of::<G2Affine>();
        let rows = self.matrices.iter().flatten();
        let matrices = rows.map(|row| size_of_val(row) + size_of_val(row.as_slice()));
        points + matrices.sum::<usize>()
    }

    /// The proof of ark-groth16.
    pub fn prove(&self, assignment: &Assignment) -> Fallible<Points> {
        self.prove_with(assignment, blinding())
    }

    fn prove_with(&self, assignment: &Assignment, (r, s): (Fr, Fr)) -> Fallible<Points> {
        let proof = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
            &self.key,
            r,
            s,
            &self.matrices,
            self.instance_variables,
            self.matrices[0].len(),
            assignment.values(),
        )?;
        Ok(Points {
            a: proof.a,
            b: proof.b,
            c: proof.c,
        })
    }
}

/// Key and witness as files, and where a program leaves its proof.
pub struct Files {
    /// The key.
    pub zkey: PathBuf,
    /// The same, prepared for us.
    pub prepared: PathBuf,
    /// The witness.
    pub wtns: PathBuf,
    /// The proof.
    pub proof: PathBuf,
    /// Its public inputs.
    pub public: PathBuf,
}

impl Files {
    /// The arguments of both `snarkjs groth16 prove` and rapidsnark's `prover`.
    pub fn args(&self) -> [&Path; 4] {
        [&self.zkey, &self.wtns, &self.proof, &self.public]
    }

    /// Reads a key, as snarkjs or as we wrote it, and the witness.
    pub fn read(&self, key: &Path) -> Fallible<(Zkey, Wtns)> {
        Ok((Zkey::open(key)?, Wtns::open(&self.wtns)?))
    }
}

/// Our proof with snarkjs' key; it has been verified.
pub fn prove_zkey((key, witness): &(Zkey, Wtns), backend: Backend) -> Fallible<()> {
    let cancel = Cancel::new();
    let work = Work::new(&cancel).with_backend(backend);
    circom::prove_with(key, witness, blinding(), work)?;
    Ok(())
}
