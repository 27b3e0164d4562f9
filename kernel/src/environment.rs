//! The float environment: flush-to-zero or another rounding mode would change bits, so it is checked.
//!
//! Start-up code may set FPSCR on a Cortex-M, a library may set MXCSR on x86. Four pieces of arithmetic tell,
//! without reading a register.

use core::fmt;
use core::hint::black_box;

/// What the processor does otherwise than the contract says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum FloatEnvironmentError {
    /// Results below the smallest normal number become zero.
    FlushesResults,
    /// Operands below the smallest normal number are taken for zero.
    FlushesOperands,
    /// Results are not rounded to the nearest number.
    Rounding,
}

impl fmt::Display for FloatEnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FlushesResults => "the processor flushes subnormal results to zero",
            Self::FlushesOperands => "the processor takes subnormal operands for zero",
            Self::Rounding => "the processor does not round to the nearest number",
        })
    }
}

impl core::error::Error for FloatEnvironmentError {}

/// Whether this processor, as it is set now, computes as the contract says.
pub fn check() -> Result<(), FloatEnvironmentError> {
    let half_of_smallest_normal = black_box(f32::MIN_POSITIVE) * black_box(0.5);
    if half_of_smallest_normal.to_bits() != 0x0040_0000 {
        return Err(FloatEnvironmentError::FlushesResults);
    }
    let subnormal_as_normal = black_box(f32::from_bits(1)) * black_box(f32::from_bits(0x7180_0000)); // 2^-149 * 2^100
    if subnormal_as_normal.to_bits() != 0x2700_0000 {
        return Err(FloatEnvironmentError::FlushesOperands);
    }
    // A quarter and three quarters of the distance from 1 to the next number.
    let quarter = black_box(1.0_f32) + black_box(f32::EPSILON * 0.25);
    let three_quarters = black_box(1.0_f32) + black_box(f32::EPSILON * 0.75);
    if quarter.to_bits() != 0x3f80_0000 || three_quarters.to_bits() != 0x3f80_0001 {
        return Err(FloatEnvironmentError::Rounding);
    }
    Ok(())
}
