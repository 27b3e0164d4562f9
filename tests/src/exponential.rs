//! tanh, sigmoid and exp of the kernel beside their true values in f64, over as many f32 as are asked for.
//!
//! A library that is asked about each of 2^32 numbers takes long. Numbers are taken in blocks of neighbours instead:
//! the library is asked about the middle m of a block, and an addition theorem gives the value at m + d,
//!
//! ```text
//! e^(m+d) = e^m e^d      tanh(m+d) = (tanh m + tanh d) / (1 + tanh m tanh d)
//! ```
//!
//! with |d| <= 2^-14 |m| and |d| < 0.01, where the first terms of a series are as good as a library.

use tamis::exponential;
use tamis_host::pool;

/// Neighbours that share one question to the library; a power of two, so that all have one exponent.
const BLOCK: u32 = 1 << 10;
/// Neighbours that one core takes at a time.
const PIECE: u32 = 1 << 16;
/// Beyond it each of the functions has long been 0, 1, -1 or infinite, and its true value need not be another.
const SETTLED: f64 = 150.0;
/// Where something happens: below 2^-13 the functions are the first terms of their series, beyond 105 they are settled.
const LIVELY: std::ops::Range<u32> = 0x3900_0000..0x42D2_0000;
const INFINITY: u32 = 0x7F80_0000;
const SIGN: u32 = 0x8000_0000;

/// A function of the kernel, and the truth about it.
pub trait Function {
    /// Its name.
    const NAME: &str;
    /// Its largest error in units of the last place: what the kernel publishes.
    const BOUND: f64;
    /// Its smallest and its largest value.
    const RANGE: (f32, f32);

    /// The kernel's.
    fn value(x: f32) -> f32;

    /// What a library says about the middle of a block.
    fn ask(middle: f64) -> f64;

    /// The true value at `middle + d`, from the answer.
    fn truth(answer: f64, d: f64) -> f64;
}

/// tanh x.
pub struct Tanh;
/// 1 / (1 + e^-x).
pub struct Sigmoid;
/// e^x.
pub struct Exp;

impl Function for Tanh {
    const NAME: &str = "tanh";
    const BOUND: f64 = 1.23;
    const RANGE: (f32, f32) = (-1.0, 1.0);

    fn value(x: f32) -> f32 {
        exponential::tanh(x)
    }

    fn ask(middle: f64) -> f64 {
        middle.tanh()
    }

    fn truth(answer: f64, d: f64) -> f64 {
        let z = d * d;
        let small = d + d * z * (-1.0 / 3.0 + z * (2.0 / 15.0 - z * (17.0 / 315.0)));
        (answer + small) / (1.0 + answer * small)
    }
}

impl Function for Sigmoid {
    const NAME: &str = "sigmoid";
    const BOUND: f64 = 1.60;
    const RANGE: (f32, f32) = (0.0, 1.0);

    fn value(x: f32) -> f32 {
        exponential::sigmoid(x)
    }

    fn ask(middle: f64) -> f64 {
        (-middle).exp()
    }

    fn truth(answer: f64, d: f64) -> f64 {
        1.0 / (1.0 + answer * near_one(-d))
    }
}

impl Function for Exp {
    const NAME: &str = "exp";
    const BOUND: f64 = 0.92;
    const RANGE: (f32, f32) = (0.0, f32::INFINITY);

    fn value(x: f32) -> f32 {
        exponential::exp(x)
    }

    fn ask(middle: f64) -> f64 {
        middle.exp()
    }

    fn truth(answer: f64, d: f64) -> f64 {
        answer * near_one(d)
    }
}

/// e^d; the next term is below 1e-15.
fn near_one(d: f64) -> f64 {
    1.0 + d * (1.0 + d * (1.0 / 2.0 + d * (1.0 / 6.0 + d * (1.0 / 24.0 + d * (1.0 / 120.0)))))
}

/// Neighbouring numbers of one sign.
#[derive(Clone, Copy)]
pub struct Piece {
    sign: u32,
    /// The bits of the first, without the sign.
    first: u32,
}

impl Piece {
    /// All numbers, infinities and NaN excepted.
    pub fn all() -> Vec<Self> {
        let of_sign = |sign| (0..INFINITY).step_by(PIECE as usize).map(move |first| Self { sign, first });
        [0, SIGN].into_iter().flat_map(of_sign).collect()
    }

    /// All numbers with 2^-13 <= |x| < 105, and one in 64 pieces of the others.
    pub fn lively() -> Vec<Self> {
        let mut pieces = Self::all();
        pieces.retain(|piece| LIVELY.contains(&piece.first) || (piece.first / PIECE).is_multiple_of(64));
        pieces
    }

    /// Whether its numbers are above zero.
    pub fn is_positive(&self) -> bool {
        self.sign == 0
    }

    /// Its numbers, away from zero.
    pub fn numbers(self) -> impl Iterator<Item = f32> {
        (self.first..self.first + PIECE).map(move |bits| f32::from_bits(self.sign | bits))
    }
}

/// What was found in some numbers.
#[derive(Clone, Copy, Default)]
pub struct Found {
    /// The largest error, in spacings of f32 at the true value.
    pub worst: f64,
    /// Where it is.
    pub at: f32,
    /// Numbers with 2^-13 <= |x| whose true value is a normal number that does not round to 1, -1 or infinity.
    pub counted: u64,
    /// Those of them whose value is the f32 nearest to the true one.
    pub rounded: u64,
    /// A number whose value is nearer to that of zero than its neighbour's, which is nearer to zero.
    pub steps_back: Option<f32>,
    /// A number whose value is not in the range.
    pub out_of_range: Option<f32>,
}

/// `F` on all numbers of the pieces.
pub fn measure<F: Function>(pieces: &[Piece]) -> Found {
    pool::map(pieces, walk::<F>).into_iter().fold(Found::default(), Found::and)
}

fn walk<F: Function>(&Piece { sign, first }: &Piece) -> Found {
    let number = |bits: u32| f32::from_bits(sign | bits);
    let wide = |x: f32| f64::from(x).clamp(-SETTLED, SETTLED);
    let (low, high) = F::RANGE;
    let mut found = Found::default();
    let mut before = F::value(number(first.saturating_sub(1)));
    for block in (first..first + PIECE).step_by(BLOCK as usize) {
        let middle = wide(number(block + BLOCK / 2));
        let answer = F::ask(middle);
        for x in (block..block + BLOCK).map(number) {
            let y = F::value(x);
            found.judge(x, y, F::truth(answer, wide(x) - middle));
            let is_in_order = if sign == 0 { before <= y } else { y <= before };
            if !is_in_order {
                found.steps_back = Some(x);
            }
            if !(low..=high).contains(&y) {
                found.out_of_range = Some(x);
            }
            before = y;
        }
    }
    found
}

impl Found {
    fn judge(&mut self, x: f32, y: f32, truth: f64) {
        let error = error(y, truth);
        if error.is_nan() || error > self.worst {
            (self.worst, self.at) = (if error.is_nan() { f64::INFINITY } else { error }, x);
        }
        let nearest = truth as f32;
        if x.abs().to_bits() >= LIVELY.start && nearest.is_normal() && nearest.abs() != 1.0 {
            self.counted += 1;
            self.rounded += u64::from(y == nearest);
        }
    }

    fn and(self, other: Self) -> Self {
        let worse = if other.worst > self.worst { other } else { self };
        Self {
            worst: worse.worst,
            at: worse.at,
            counted: self.counted + other.counted,
            rounded: self.rounded + other.rounded,
            steps_back: self.steps_back.or(other.steps_back),
            out_of_range: self.out_of_range.or(other.out_of_range),
        }
    }

    /// The share of correctly rounded values, in percent.
    pub fn share(&self) -> f64 {
        100.0 * self.rounded as f64 / self.counted as f64
    }
}

/// |y - truth| in spacings of f32 at the truth; what is infinite in f32 counts as 2^128.
pub fn error(y: f32, truth: f64) -> f64 {
    const END: f64 = 2.0 * (1u128 << 127) as f64;
    let truth = truth.clamp(-END, END);
    let exponent = ((truth.to_bits() >> 52 & 0x7FF) as i64 - 1023).clamp(-126, 127);
    let spacings = f64::from_bits(((1023 + 23 - exponent) as u64) << 52);
    (f64::from(y).clamp(-END, END) - truth).abs() * spacings
}
