//! The paper's linear experiment at a batch of one, from the published start: weights and samples are in flash, and
//! digests go to the log.
//!
//! The file is the one that the host reads by its header. Here the places of its tensors are constants: were one of
//! them wrong, no digest would be the host's.
#![no_std]
#![no_main]

use static_cell::ConstStaticCell;
use tamis::{Digest, Model, Network, Sampler, Shape};
use tamis_firmware::published::{DIGEST_EVERY, NOISE, ORDER, UPDATES, sgd};
use tamis_firmware::workloads::{W1, Workload};
use tamis_firmware::{end, entry};

type Net = <W1 as Workload>::Net;

static FILE: &[u8] = include_bytes!("../../../tests/reference/synthetic-seed0.safetensors");

/// Where the tensors begin, in numbers after the header: f and its noise, the weights of all layers, the inputs.
const CLEAN: usize = 0;
const DRAWN: usize = 5_000;
const WEIGHTS: usize = 20_000;
const X: usize = 20_690;

/// Samples before they are mirrored, and their inputs.
const ROWS: usize = 5_000;
const INPUTS: usize = 15;

static PARAMS: ConstStaticCell<[f32; Net::PARAMS]> = ConstStaticCell::new([0.0; Net::PARAMS]);
static SCRATCH: ConstStaticCell<[f32; Net::SCRATCH]> = ConstStaticCell::new([0.0; Net::SCRATCH]);
static INDICES: ConstStaticCell<[u16; 2 * ROWS]> = ConstStaticCell::new([0; 2 * ROWS]);

/// Number `place` of the file; its header says in its first word how long it is.
fn number(place: usize) -> f32 {
    let word = |at: usize| FILE.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
    let header = 8 + u32::from_le_bytes(word(0)) as usize;
    f32::from_le_bytes(word(header + 4 * place))
}

/// The weights, rows of the file's matrices being outputs, into the kernel's order, which goes by inputs.
fn load(params: &mut [f32]) {
    for layer in Net::default().layers() {
        for i in 0..layer.inputs {
            for o in 0..layer.outputs {
                let place = WEIGHTS + layer.offset + o * layer.inputs + i;
                params[layer.offset + i * layer.outputs + o] = number(place);
            }
        }
    }
}

/// Row `index` of the mirrored set.
fn row(index: usize, x: &mut [f32; INPUTS]) -> f32 {
    let (row, sign) = if index < ROWS { (index, 1.0) } else { (index - ROWS, -1.0) };
    x.iter_mut().enumerate().for_each(|(i, x)| *x = number(X + row * INPUTS + i));
    number(CLEAN + row) + sign * (NOISE * number(DRAWN + row))
}

#[entry]
fn main() -> ! {
    let params = PARAMS.take();
    load(params);
    let mut net = Model::<Net>::new(params, SCRATCH.take());
    let sgd = end::unless_ok(sgd());
    let mut order = end::unless_ok(Sampler::shuffled(INDICES.take(), ORDER));
    let mut digest = Digest::new();
    let mut x = [0.0; INPUTS];
    for update in 1..=UPDATES {
        let target = row(order.draw().index as usize, &mut x);
        end::unless_ok(net.step(&x, &[target], &sgd));
        digest.update(net.params());
        if update.is_multiple_of(DIGEST_EVERY) {
            defmt::info!("update {=u32} digest {=u32:08x}", update, digest.value());
        }
    }
    end::with(0)
}
