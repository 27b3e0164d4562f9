//! "A task's row k".

use rand_core::Rng;
use tamis::random::{Purpose, fill_normal, normal};
use tamis::{Labels, Target, Task};

/// "The test set is 1,024 rows from index 2^31 on, targets without noise."
pub const TEST_ROWS: u64 = 1024;

/// Row k: inputs, then probes, `width` together; and the label.
pub fn row(task: &Task, k: u64, width: usize) -> (Vec<f32>, f32) {
    // "mirrored: indices k and k + n share x and get opposite noise"
    let mut first = k;
    let mut sign = 1.0;
    if let Labels::Mirrored(n) = task.labels {
        let n = u64::from(n);
        // Open: rows from 2 n on. They are as they would be without a mirror.
        if k >= n && k < 2 * n {
            first = k - n;
            sign = -1.0;
        }
    }
    let (x, f) = inputs(task, first, k, width);
    // "its noise the first normal from (seed, 6, k)"
    let noise = task.noise * normal(&mut task.seed.generator(Purpose::TaskNoise, first));
    let noise = sign * noise;
    (x, label(task, f + noise))
}

/// Row k of the test set.
pub fn test_row(task: &Task, k: u64, width: usize) -> (Vec<f32>, f32) {
    let index = (1 << 31) + k;
    let (x, f) = inputs(task, index, index, width);
    (x, label(task, f))
}

/// Inputs and what the target is without noise.
fn inputs(task: &Task, k: u64, probe: u64, width: usize) -> (Vec<f32>, f32) {
    // "its d inputs are one vector of normals from (seed, 5, k)"
    let mut x = vec![0.0; task.inputs.into()];
    fill_normal(&mut task.seed.generator(Purpose::TaskInputs, k), &mut x);
    let f = target(task.target, &x[..task.relevant.into()]);
    // "Probes are further inputs after the real ones, +1 or -1 by the bits of one `next_u32` from (seed, 4, k), lowest
    // bit first". Open: beyond 32 of them, which nothing here has.
    if x.len() < width {
        let bits = task.seed.generator(Purpose::Probes, probe).next_u32();
        for place in 0..width - x.len() {
            x.push(if bits >> place & 1 == 1 { 1.0 } else { -1.0 });
        }
    }
    (x, f)
}

/// "sums over inputs ascending from +0.0". The formulas are those at the head of the kernel's file.
fn target(target: Target, x: &[f32]) -> f32 {
    let mut sum = 0.0;
    match target {
        Target::Linear => {
            for x in x {
                sum += x;
            }
            sum
        }
        Target::Uneven => {
            let mut weight = 1.0;
            for x in x {
                let term = weight * x;
                sum += term;
                weight /= 2.0;
            }
            sum
        }
        Target::Sine => {
            for x in x {
                sum += x;
            }
            libm::sinf(sum)
        }
        Target::Relu => {
            let mut difference = x[0];
            for x in &x[1..] {
                difference -= x;
            }
            if difference < 0.0 { 0.0 } else { difference }
        }
        Target::Product => {
            let mut product = 1.0;
            for x in x {
                product *= x;
            }
            product
        }
        Target::Xor => {
            let mut negative = 0;
            for &x in x {
                if x < 0.0 {
                    negative += 1;
                }
            }
            if negative % 2 == 1 { -1.0 } else { 1.0 }
        }
        Target::Staircase => {
            let mut product = 1.0;
            for x in x {
                product *= x;
                sum += product;
            }
            sum
        }
        Target::Noise => 0.0,
    }
}

/// A class is floor(y + c/2), at least 0 and at most c - 1.
fn label(task: &Task, y: f32) -> f32 {
    let Labels::Classes(c) = task.labels else { return y };
    let half = f32::from(c) / 2.0;
    let class = libm::floorf(y + half);
    if class < 0.0 {
        0.0
    } else if class > f32::from(c - 1) {
        f32::from(c - 1)
    } else {
        class
    }
}
