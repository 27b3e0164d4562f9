//! tanh, sigmoid and exp as the head of `kernel/src/exponential.rs` has them, one operation a line.

/// "added to 1.5 2^23 ... x / ln 2 rounds to it, and the low bits of that sum are n"
struct Split {
    /// The sum, whose low bits are n.
    sum: f32,
    /// e^r - 1
    p: f32,
}

/// "p = e^r - 1 = r + r^2 E(r), r = x - n ln 2"; `kept` is what the sum keeps back of n.
fn split(x: f32, kept: f32) -> Split {
    let round = 12_582_912.0 - kept;
    let quotient = x * std::f32::consts::LOG2_E;
    let sum = quotient + round;
    let n = sum - round;
    let whole = n * (355.0 / 512.0);
    let high = x - whole;
    let low = n * 2.121_944_4e-4;
    let r = high + low;
    let square = r * r;
    let first = 0.499_999_9 + 0.166_665_05 * r;
    let second = 0.041_668_132 + 0.008_369_661 * r;
    let inner = second + square * 0.001_384_385_4;
    let e = first + square * inner;
    let correction = low + square * e;
    Split { sum, p: high + correction }
}

/// 2^n of the low bits n.
fn power_of_two(n: i32) -> f32 {
    f32::from_bits(((n + 127) << 23) as u32)
}

/// The n in the low bits of a sum near 1.5 2^23.
fn low_bits(sum: f32) -> i32 {
    sum.to_bits() as i32 - 12_582_912.0_f32.to_bits() as i32
}

/// "tail y = c / (c 2^n + (c + c 2^n p))"
fn tail(y: f32) -> f32 {
    let y = if y > 104.0 { 104.0 } else { y };
    let Split { sum, p } = split(y, 32.0);
    let s = power_of_two(low_bits(sum));
    let c = power_of_two(-32);
    let product = s * p;
    let inner = c + product;
    c / (s + inner)
}

/// "tanh x = x + x^3 T(x^2)"
fn tanh_near(x: f32) -> f32 {
    let z = x * x;
    let square = z * z;
    let first = -0.333_332_8 * z + 0.133_314_1 * square;
    let third = -0.053_736_668 + 0.020_627_812 * z;
    let inner = third + -0.005_690_914 * square;
    let cube = z * square;
    let sum = first + cube * inner;
    x + x * sum
}

/// tanh x.
pub fn tanh(x: f32) -> f32 {
    let size = if x < 0.0 { 0.0 - x } else { x };
    if size < 0.625 {
        return tanh_near(x);
    }
    let y = 1.0 - 2.0 * tail(2.0 * size);
    if x < 0.0 { -y } else { y }
}

/// 1 / (1 + e^-x).
pub fn sigmoid(x: f32) -> f32 {
    let size = if x < 0.0 { 0.0 - x } else { x };
    if size < 1.25 {
        return 0.5 + 0.5 * tanh_near(0.5 * x);
    }
    if x < 0.0 { tail(size) } else { 1.0 - tail(size) }
}

/// e^x.
pub fn exp(x: f32) -> f32 {
    let size = if x < 0.0 { 0.0 - x } else { x };
    if size < 104.0 {
        let Split { sum, p } = split(x, 0.0);
        let n = low_bits(sum);
        let half = n >> 1; // rounded down; the kernel's halves add up to the same n
        let s = power_of_two(half);
        let product = s * p;
        return (s + product) * power_of_two(n - half);
    }
    if x < 0.0 { 0.0 } else { x * f32::INFINITY }
}
